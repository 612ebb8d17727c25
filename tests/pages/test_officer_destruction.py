"""Destruction on the officer's desk: none is overdue, an import waits, what ends when (P04)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db.drafts import RecordDraft
from db.words import RecordKind, StaffRole
from pages.components.officer_destruction import months
from services import destruction, first_run
from services.due import Ending
from services.officer_destruction import View
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


def test_the_forecast_has_a_bar_for_each_month_however_little_ends() -> None:
    january, march = date(2027, 1, 1), date(2027, 3, 1)
    ends = (Ending(january, "visit", 10_000), Ending(march, "visit", 1), Ending(march, "inbox", 1))
    found = months(View(ends, date(2027, 11, 22), ()), TODAY)
    assert [one.first.month for one in found] == [11, 12, *range(1, 12)]
    assert [one.rows for one in found[:5]] == [0, 0, 10_000, 0, 2]
    assert [one.height for one in found[:3]] == [0, 0, 1]
    assert 0 < found[4].height < 0.1
    assert len(found[4].kinds) == 2


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
    assert "한 시간 안에 파기해요" in text_of(tab)
    assert destruction.run(portal.db.work, NOW).rows == 1


def test_who_has_not_confirmed_lets_nothing_be_destroyed(portal: Portal) -> None:
    holder(portal.db, TODAY - timedelta(300))
    with portal.db.work.data.begin() as data:
        first_run.expect(data, "shop", NOW)
    destruction.run(portal.db.work, NOW)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    tab = portal.open(PAGE)
    assert [b.label for b in tab.button if b.key == "verify_imports"]
    assert not [b for b in tab.button if "shop" in b.label]
