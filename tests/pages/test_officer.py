"""`/desk-officer`: open questions about data given out, and what closes them (P20)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from db.drafts import DisclosureDraft
from db.tables.ledger import event
from db.tables.ops import finding
from db.words import Ground, StaffRole
from services import disclosure_check
from tests.companies import company
from tests.people import NOW, PLAIN, agent, member
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

OFFICER = "desk/officer.py"


@pytest.mark.promise("P20")
def test_the_officer_sees_what_has_no_ground_and_closes_it(portal: Portal) -> None:
    shop = company(portal.db, name="[가상] 가게")
    given = DisclosureDraft(uuid4(), shop, ("name",), NOW.date(), "delivery", Ground.CONSENT)
    member(portal.db, disclosures=(given,))
    officer = agent(portal.db, StaffRole.OFFICER)
    with portal.db.work.data.begin() as connection:
        disclosure_check.run(connection, NOW)
    portal.sign_in(staff=officer)
    tab = portal.open(OFFICER)
    # It opens where something waits: nobody has reviewed the access of the last month yet.
    assert tab.pills[0].value == "unusual"
    tab.pills[0].set_value("findings").run()
    shown = text_of(tab)
    assert "[가상] 가게" in shown
    assert "맞는 근거가 없어요" in shown
    assert PLAIN["name"] not in shown
    tab.button[-1].click().run()
    assert 'role="alert"' in text_of(tab)
    tab.radio[0].set_value("deleted_there")
    shown = text_of(tab.button[-1].click().run())
    assert "모두 근거가 있어요" in shown
    with portal.db.work.data.connect() as connection:
        row = connection.execute(select(finding)).one()
        names = connection.scalars(select(event.c.name)).all()
    assert (row.closed_by, row.note) == (officer, "deleted_there")
    assert "finding_closed" in names


def test_support_staff_see_none_of_it(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db))
    tab = portal.open(OFFICER)
    assert "열 수 없어요" in text_of(tab) or 'role="alert"' in text_of(tab)
    assert not tab.pills
