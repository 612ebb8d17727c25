"""Whole members move between stores, and a crash anywhere leaves each in exactly one (P09)."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from db import asleep, places
from db.tables import keys as keys_tables
from db.tables.member import DORMANT, LIVE, STORES
from db.words import Store
from services import moving
from services.house import House
from services.outbox import sealer_of
from services.relations import as_subject
from tests.people import NOW, PLAIN, member
from tests.rows import one_of_each, row

if TYPE_CHECKING:
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P09")


def house_of(db: PortalDb) -> House:
    return House(db.work, db.keyring)


def held(db: PortalDb, store: Store, who: UUID) -> dict[str, set[tuple[Any, ...]]]:
    """Return the member's rows in a store, table by table; the notice of sleeping changes one."""
    with db.owner_data.connect() as data:
        return {
            t.name: {
                tuple(map(str, r))
                for r in data.execute(
                    select(*(c for c in t.c if c.name != "told_for")).where(t.c.member_id == who)
                )
            }
            for t in STORES[store].all
        }


def stores_of(db: PortalDb, who: UUID) -> list[Store]:
    """Return where any row of the member is."""
    return [s for s in Store if any(held(db, s, who).values())]


def email(db: PortalDb, who: UUID) -> str:
    """Open the member's e-mail with the key that the worker finds, wherever the row is."""
    (store,) = stores_of(db, who)
    with db.work.keys.connect() as secret, db.work.data.connect() as data:
        _known, sealer = sealer_of(secret, db.keyring, who)
        value = STORES[store].profile_value.c
        sealed = data.scalar(
            select(value.sealed).where(value.member_id == who, value.item == "email")
        )
    assert sealed is not None
    return sealer.open(sealed, places.profile("email", 0)).decode()


def key_of(db: PortalDb, who: UUID) -> Any:  # noqa: ANN401
    table = keys_tables.member_key
    with db.owner_keys.connect() as secret:
        return secret.execute(select(table).where(table.c.member_id == who)).one()


def full(db: PortalDb) -> UUID:
    """Write a member with a row in every table."""
    who = member(db)
    with db.owner_data.begin() as data:
        one_of_each(data, LIVE, who)
    return who


def announce(db: PortalDb, members: list[UUID], source: Store, target: Store) -> None:
    with db.work.keys.begin() as secret:
        assert set(moving.rewrap(secret, db.keyring, members, source, target)) == set(members)


def move(db: PortalDb, members: list[UUID], source: Store, target: Store) -> None:
    with db.work.data.begin() as data:
        assert moving.lock(data, source, members) == sorted(members)
        announce(db, members, source, target)
        if target is Store.DORMANT:
            rows = data.execute(select(LIVE.member).where(LIVE.member.c.member_id.in_(members)))
            asleep.prove(data, [dict(r) for r in rows.mappings()])
        assert moving.rows(data, members, source, target) == len(members)


def settle(db: PortalDb, members: list[UUID], target: Store) -> None:
    with db.work.keys.begin() as secret:
        moving.settle(secret, members, target, NOW)


def test_every_row_of_many_members_moves_and_comes_back_as_it_was(portal_db: PortalDb) -> None:
    members, other = [full(portal_db), full(portal_db)], full(portal_db)
    before = {who: held(portal_db, Store.LIVE, who) for who in (*members, other)}
    assert all(all(tables.values()) for tables in before.values())
    move(portal_db, members, Store.LIVE, Store.DORMANT)
    settle(portal_db, members, Store.DORMANT)
    for who in members:
        assert stores_of(portal_db, who) == [Store.DORMANT]
        assert held(portal_db, Store.DORMANT, who) == before[who]
        assert key_of(portal_db, who).store == "dormant"
        assert email(portal_db, who) == PLAIN["email"]
    assert held(portal_db, Store.LIVE, other) == before[other]
    move(portal_db, members, Store.DORMANT, Store.LIVE)
    settle(portal_db, members, Store.LIVE)
    for who in members:
        assert stores_of(portal_db, who) == [Store.LIVE]
        assert held(portal_db, Store.LIVE, who) == before[who]
        assert email(portal_db, who) == PLAIN["email"]


def test_the_wrap_of_the_store_before_is_gone(portal_db: PortalDb) -> None:
    who = member(portal_db)
    before = key_of(portal_db, who).wrapped
    move(portal_db, [who], Store.LIVE, Store.DORMANT)
    settle(portal_db, [who], Store.DORMANT)
    after = key_of(portal_db, who)
    assert after.wrapped != before
    assert after.next_wrapped is None
    with portal_db.web.keys.connect() as secret:
        assert secret.scalar(select(func.keys.live_key(who))) is None


@pytest.mark.parametrize("way", [(Store.LIVE, Store.DORMANT), (Store.DORMANT, Store.LIVE)])
@pytest.mark.parametrize("moved", [False, True])
def test_a_crash_before_or_after_the_rows_moved_is_finished(
    portal_db: PortalDb, way: tuple[Store, Store], *, moved: bool
) -> None:
    who = member(portal_db, way[0])
    if moved:
        move(portal_db, [who], *way)
    else:
        announce(portal_db, [who], *way)
    there = way[1] if moved else way[0]
    assert email(portal_db, who) == PLAIN["email"]
    if there is Store.LIVE:
        with portal_db.web.keys.connect() as secret:
            wrapped = secret.scalar(select(func.keys.live_key(who)))
        portal_db.keyring.sealer(Store.LIVE, who, wrapped or b"")
    assert moving.finish(house_of(portal_db), NOW) == 1
    key = key_of(portal_db, who)
    assert (key.store, key.next_store, key.next_wrapped) == (there, None, None)
    assert stores_of(portal_db, who) == [there]
    assert email(portal_db, who) == PLAIN["email"]
    assert moving.finish(house_of(portal_db), NOW) == 0


def test_who_is_being_moved_now_is_left_alone(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as data:
        moving.lock(data, Store.LIVE, [who])
        announce(portal_db, [who], Store.LIVE, Store.DORMANT)
        assert moving.finish(house_of(portal_db), NOW) == 0
        with portal_db.work.data.begin() as second:
            assert moving.lock(second, Store.LIVE, [who]) == []
    assert key_of(portal_db, who).next_store == "dormant"


def test_a_row_added_meanwhile_waits_and_is_refused_not_lost(portal_db: PortalDb) -> None:
    who, failed = member(portal_db), []

    def add() -> None:
        try:
            with portal_db.web.data.begin() as data:
                as_subject(data, who)
                data.execute(insert(LIVE.record).values(row(LIVE.record, who)))
        except IntegrityError as error:
            failed.append(error)

    other = Thread(target=add)
    with portal_db.work.data.begin() as data:
        moving.lock(data, Store.LIVE, [who])
        other.start()
        announce(portal_db, [who], Store.LIVE, Store.RETAINED)
        moving.rows(data, [who], Store.LIVE, Store.RETAINED)
    other.join()
    assert failed
    assert stores_of(portal_db, who) == [Store.RETAINED]


def test_a_member_without_a_key_that_opens_stays(portal_db: PortalDb) -> None:
    who = member(portal_db)
    wrong = type(portal_db.keyring)(dict.fromkeys(Store, b"x" * 32), portal_db.keyring.index)
    with portal_db.work.keys.begin() as secret:
        assert moving.rewrap(secret, wrong, [who, uuid4()], Store.LIVE, Store.DORMANT) == []
    assert key_of(portal_db, who).next_wrapped is None


def test_what_leaves_is_found_no_more(portal_db: PortalDb) -> None:
    who, other = member(portal_db), member(portal_db, values=())
    with portal_db.owner_keys.begin() as secret:
        for m in (who, other):
            secret.execute(insert(keys_tables.sign_in).values(
                digest=m.bytes, member_id=m, provider="x", linked_at=NOW))  # fmt: skip
            secret.execute(insert(keys_tables.import_origin).values(
                source="x", digest=m.bytes, member_id=m, imported_at=NOW))  # fmt: skip
    move(portal_db, [who], Store.LIVE, Store.RETAINED)
    settle(portal_db, [who], Store.RETAINED)
    with portal_db.owner_keys.connect() as secret:
        found = secret.scalars(select(keys_tables.blind_index.c.member_id)).all()
        assert who not in found
        assert secret.scalars(select(keys_tables.sign_in.c.member_id)).all() == [other]
        origin = keys_tables.import_origin.c
        left = dict(map(tuple, secret.execute(select(origin.member_id, origin.left_at))))
    assert left == {who: NOW, other: None}


def test_nobody_is_in_the_dormant_store_without_a_separation(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with (
        pytest.raises(IntegrityError, match="fk_member_separation"),
        portal_db.work.data.begin() as data,
    ):
        moving.rows(data, [who], Store.LIVE, Store.DORMANT)
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert held(portal_db, Store.DORMANT, who) == {t.name: set() for t in DORMANT.all}
