"""Destruction on the officer's desk: none is overdue, an import waits, what ends when (P04)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db.drafts import RecordDraft
from db.words import RecordKind, StaffRole
from services import destruction, first_run
from tests.people import FIELDS, NOW, ORIGIN, agent, member
from tests.portal import Portal, portal, text_of

if TYPE_CHECKING:
    from tests.database import PortalDb

__all__ = ["portal"]

TODAY = date(2026, 11, 22)
PAGE = "desk/destruction.py"


def holder(db: PortalDb, *days: date) -> None:
    kind = RecordKind.VISIT
    records = tuple(
        RecordDraft(uuid4(), kind, day - timedelta(90), day, FIELDS[kind], ORIGIN) for day in days
    )
    member(db, records=records)


@pytest.mark.promise("P04")
def test_the_desk_says_what_is_overdue_and_none_after_the_run(portal: Portal) -> None:
    holder(portal.db, TODAY - timedelta(3), TODAY + timedelta(40))
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    before = text_of(portal.open(PAGE))
    assert "2026. 11. 19." in before
    destruction.run(portal.db.work, NOW)
    after = text_of(portal.open(PAGE))
    assert "2026. 11. 19." not in after
    assert "없어요" in after
    assert "2027. 1." in after


def test_the_officer_confirms_what_an_import_brought(portal: Portal) -> None:
    holder(portal.db, TODAY - timedelta(300))
    with portal.db.work.data.begin() as data:
        first_run.expect(data, "shop", NOW)
    destruction.run(portal.db.work, NOW)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    tab = portal.open(PAGE)
    [button] = [b for b in tab.button if "shop" in b.label]
    button.click()
    tab.run()
    assert not [b for b in tab.button if "shop" in b.label]
    assert destruction.run(portal.db.work, NOW).rows == 1
