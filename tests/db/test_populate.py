"""Made-up members in bulk: the same people each time, sealed and found like real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import populate
from db.normal import normalise
from db.settings import settings
from db.tables import keys
from db.tables.member import LIVE
from db.words import Purpose
from services import access, overview, records
from services.__main__ import main
from services.access import Look
from services.ledger import EventName
from tests.people import NOW, acting, portal_house

if TYPE_CHECKING:
    from tests.database import PortalDb


def fill(db: PortalDb, count: int, *, seed: int = 1, records: int = 4) -> list[int]:
    heard: list[int] = []
    populate.populate(
        db.work, db.keyring, count, seed=seed, records=records, now=NOW, progress=heard.append
    )
    return heard


def count(db: PortalDb, table: str) -> int:
    with db.work.data.connect() as connection:
        return connection.scalar(select(func.count()).select_from(getattr(LIVE, table))) or 0


def test_members_come_with_records_and_keys_in_batches(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(populate, "BATCH", 5)
    assert fill(portal_db, 12) == [5, 10, 12]
    assert (count(portal_db, "member"), count(portal_db, "record")) == (12, 48)
    with portal_db.work.keys.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(keys.member_key)) == 12


def test_each_opens_through_the_gate_and_is_found_by_mail(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    fill(portal_db, 3)
    draft = populate.made_up(2, 1, 4, NOW)
    known = {value.item: value.value for value in draft.values}
    exact = portal_db.keyring.blind("email", normalise("email", known["email"]))
    with portal_db.work.keys.connect() as connection:
        found = select(keys.blind_index.c.member_id).where(keys.blind_index.c.digest == exact)
        assert connection.scalars(found).all() == [draft.member_id]
    look = Look(EventName.PROFILE_VIEWED)
    who = draft.member_id
    with access.open(acting(who), who, Purpose.SHOW, look=look) as subject:
        brief = overview.brief(subject)
        kept = brief.kinds
        page = records.page(subject, kept[0].kind.name, 1, plain=False)
    assert brief.nickname == known["nickname"]
    assert sum(kind.count for kind in kept) == 4
    assert all(kind.last_end >= draft.records[0].event_date for kind in kept)
    assert page[0].fields


def test_the_same_seed_makes_the_same_people_and_another_others() -> None:
    assert populate.made_up(7, 1, 9, NOW) == populate.made_up(7, 1, 9, NOW)
    assert populate.made_up(7, 2, 9, NOW).member_id != populate.made_up(7, 1, 9, NOW).member_id


def test_no_record_is_past_its_end(portal_db: PortalDb) -> None:
    fill(portal_db, 40, records=30)
    with portal_db.work.data.connect() as connection:
        assert connection.scalar(select(func.min(LIVE.record.c.ends_on))) >= NOW.date()


def test_a_seed_counts_once(portal_db: PortalDb) -> None:
    fill(portal_db, 2)
    with pytest.raises(populate.PopulatedError, match="seed 1"):
        fill(portal_db, 2)
    assert count(portal_db, "member") == 2
    fill(portal_db, 2, seed=2)
    assert count(portal_db, "member") == 4


def test_a_portal_with_a_public_address_stays_free_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_BASE_URL", "https://my.example.kr")
    settings.cache_clear()
    assert main(["populate", "3"]) == 1
    assert "made-up members" in capsys.readouterr().err
    settings.cache_clear()
