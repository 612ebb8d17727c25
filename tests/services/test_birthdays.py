"""The one day that says a birth date unsealed is a child's, and goes when it has come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db import seal_keys
from db.drafts import ValueDraft
from db.tables.member import DORMANT, LIVE
from db.words import Store
from services import daily
from tests.people import NOW, child_of, member

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.tables.member import MemberTables
    from tests.database import PortalDb

TOMORROW = date(2026, 11, 23)


def birthday(db: PortalDb, who: UUID, tables: MemberTables = LIVE) -> date | None:
    with db.work.data.begin() as connection:
        column = tables.member.c
        query = select(column.turns_14_on).where(column.member_id == who)
        day: date | None = connection.execute(query).scalar_one()
    return day


@pytest.mark.parametrize(
    ("born", "kept"), [("1987-05-06", False), ("2012-11-22", False), ("2012-11-23", True)]
)
def test_only_a_childs_birthday_is_kept_unsealed(
    portal_db: PortalDb, born: str, *, kept: bool
) -> None:
    who = member(portal_db, values=(ValueDraft("birth_date", born),))
    assert birthday(portal_db, who) == (TOMORROW if kept else None)


def test_it_goes_with_the_first_daily_run_of_that_day(portal_db: PortalDb, tmp_path: Path) -> None:
    seal_keys.create(tmp_path / "keys")
    data = portal_db.work.data
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2012-11-23")
    younger = child_of(portal_db, guardian, "2012-11-24")
    born = (ValueDraft("birth_date", "2012-11-23"),)
    asleep = member(portal_db, Store.DORMANT, values=born, records=(), devices=())
    assert daily.run(data, tmp_path, NOW, NOW).birthdays == 0
    assert birthday(portal_db, child) == TOMORROW
    later = NOW + timedelta(days=1)
    assert daily.due(data, later).birthdays == 2
    assert daily.run(data, tmp_path, later, later).birthdays == 2
    assert birthday(portal_db, child) is None
    assert birthday(portal_db, asleep, DORMANT) is None
    assert birthday(portal_db, younger) == date(2026, 11, 24)
    assert daily.run(data, tmp_path, later, later).birthdays == 0
