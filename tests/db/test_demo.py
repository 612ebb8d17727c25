"""The demo family: everything is there, dates follow today, and a second run changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from db import demo
from db.clock import seoul_day
from db.declarations import ITEMS
from db.demo_people import FAMILY
from db.importer.rules import Identities
from db.tables import keys, ops
from db.tables.member import DORMANT, LIVE
from db.words import Channel, ConsentKind, RecordKind
from services import reconfirming, use
from services.identity import hashing, passwords

if TYPE_CHECKING:
    from tests.database import PortalDb

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TODAY = seoul_day(NOW)


def make(db: PortalDb, now: datetime = NOW) -> tuple[demo.Account, ...]:
    return demo.make(
        db.work.data, db.work.keys, db.keyring, now, passwords.set_password, hashing.make
    )


def ids(db: PortalDb) -> dict[str, UUID]:
    made = Identities(db.keyring, demo.SOURCE)
    origin = keys.import_origin
    with db.work.keys.begin() as connection:
        found = {bytes(r.digest): r.member_id for r in connection.execute(select(origin))}
    return {name: found[made.member(name)] for name in FAMILY}


def everything(db: PortalDb) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    with db.owner_data.begin() as data, db.owner_keys.begin() as secret:
        tables = [(data, t) for t in (*LIVE.all, *DORMANT.all, ops.staff, ops.credential)]
        tables += [(secret, t) for t in (keys.member_key, keys.blind_index, keys.import_origin)]
        for connection, table in tables:
            rows = connection.execute(select(table).order_by(*table.primary_key)).all()
            found[table.fullname] = [tuple(row) for row in rows]
    return found


def test_the_mother_has_every_item_and_every_kind_of_record(portal_db: PortalDb) -> None:
    make(portal_db)
    mother = ids(portal_db)["member"]
    with portal_db.work.data.begin() as data:
        values, records = LIVE.profile_value, LIVE.record
        items = set(data.scalars(select(values.c.item).where(values.c.member_id == mother)))
        counted = data.execute(
            select(records.c.kind, func.count(), func.min(records.c.ends_on))
            .where(records.c.member_id == mother)
            .group_by(records.c.kind)
        ).all()
    assert items == {i.name for i in ITEMS.values() if i.shown and i.name != "device_id"}
    assert {row[0] for row in counted} == set(RecordKind)
    assert {row[0]: row[1] for row in counted}[RecordKind.PAYMENT] == 120
    soonest = min(row[2] for row in counted)
    assert TODAY <= soonest <= TODAY + timedelta(days=5), "some records are near their end"


def test_no_record_of_the_family_is_past_its_period(portal_db: PortalDb) -> None:
    make(portal_db)
    with portal_db.work.data.begin() as data:
        for tables in (LIVE, DORMANT):
            ends_on = tables.record.c.ends_on
            assert data.scalar(select(func.count()).where(ends_on < TODAY)) == 0


def test_a_second_run_changes_nothing(portal_db: PortalDb) -> None:
    make(portal_db)
    before = everything(portal_db)
    make(portal_db, NOW + timedelta(days=40))
    assert everything(portal_db) == before
    assert before["live.member"]


def test_somebody_who_left_does_not_come_back(portal_db: PortalDb) -> None:
    make(portal_db)
    gone = ids(portal_db)["newparent"]
    with portal_db.owner_keys.begin() as secret, portal_db.owner_data.begin() as data:
        origin = keys.import_origin
        secret.execute(update(origin).where(origin.c.member_id == gone).values(left_at=NOW))
        secret.execute(keys.member_key.delete().where(keys.member_key.c.member_id == gone))
        data.execute(LIVE.member.delete().where(LIVE.member.c.member_id == gone))
    make(portal_db)
    with portal_db.work.data.begin() as data:
        assert gone not in set(data.scalars(select(LIVE.member.c.member_id)))
        assert data.scalar(select(func.count()).select_from(LIVE.member)) == 9


def test_a_run_that_died_between_keys_and_rows_is_completed(portal_db: PortalDb) -> None:
    made = Identities(portal_db.keyring, demo.SOURCE)
    half = UUID(int=7)
    with portal_db.owner_keys.begin() as secret:
        origin = {"source": "demo", "digest": made.member("quiet"), "member_id": half}
        secret.execute(insert(keys.import_origin), {**origin, "imported_at": NOW})
        key = {"member_id": half, "store": "live", "wrapped": b"x", "created_at": NOW}
        secret.execute(insert(keys.member_key), key)
    make(portal_db)
    assert ids(portal_db)["quiet"] == half
    with portal_db.work.data.begin() as data:
        assert half in set(data.scalars(select(LIVE.member.c.member_id)))


def test_child_and_paper_member_have_no_password_and_the_sleeper_sleeps(
    portal_db: PortalDb,
) -> None:
    accounts = make(portal_db)
    people = ids(portal_db)
    with portal_db.owner_data.begin() as data:
        with_password = set(data.scalars(select(ops.credential.c.member_id)))
        asleep = set(data.scalars(select(DORMANT.member.c.member_id)))
        table = LIVE.guardianship
        theirs = select(table).where(table.c.member_id == people["child"])
        first, second = data.execute(theirs.order_by(table.c.started_on)).all()
        teen = select(table.c.guardian_id).where(table.c.member_id == people["teen"])
        assert data.scalars(teen).all() == [people["guardian"]]
        soon = select(LIVE.member.c.turns_14_on).where(LIVE.member.c.member_id == people["teen"])
        assert TODAY < data.execute(soon).scalar_one() <= TODAY + timedelta(days=30)
        turns_14 = data.scalar(
            select(LIVE.member.c.turns_14_on).where(LIVE.member.c.member_id == people["child"])
        )
    signing_in = {a.name for a in accounts if a.signs_in} & people.keys()
    assert {name for name, who in people.items() if who in with_password} == signing_in
    assert {"child", "daughter", "teen", "paper"}.isdisjoint(signing_in)
    assert asleep == {people["dormant"]}
    assert (first.member_id, first.guardian_id) == (people["child"], people["guardian"])
    assert (second.member_id, second.guardian_id) == (people["child"], people["guardian2"])
    assert first.proof
    assert second.proof
    assert turns_14
    assert turns_14 > TODAY


def test_staff_may_work_and_sign_in(portal_db: PortalDb) -> None:
    make(portal_db)
    with portal_db.work.data.begin() as data:
        staff = data.execute(select(ops.staff).order_by(ops.staff.c.login_id)).all()
    assert [row.login_id for row in staff] == ["agent", "agent2", "officer", "officer2"]
    assert all(hashing.matches(row.password_hash, demo.PASSWORD) for row in staff)
    assert all(row.assigned_until > TODAY < row.trained_until for row in staff)


@pytest.mark.parametrize(
    "day", [datetime(2028, 2, 29, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
)
def test_the_family_can_be_made_on_any_day(portal_db: PortalDb, day: datetime) -> None:
    make(portal_db, day)
    assert len(ids(portal_db)) == 11


def test_the_mothers_advertising_soon_ends_and_can_be_kept(portal_db: PortalDb) -> None:
    make(portal_db)
    with portal_db.work.data.begin() as data:
        found = use.standing(data, LIVE, ids(portal_db)["member"], TODAY)
        assert (ConsentKind.ADVERTISING, Channel.EMAIL) in found.channels
        later = use.standing(data, LIVE, ids(portal_db)["member"], TODAY + timedelta(days=30))
        assert (ConsentKind.ADVERTISING, Channel.EMAIL) not in later.channels
        assert reconfirming.run(data, NOW) == 3  # the mother, the father and who is quiet
