"""The gate: who may open whose data, and what the ledger says of it (P25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import ActorKind, Purpose, StaffRole
from services import access
from services.actor import AccessDenied, Permission, Relation
from services.ledger import EventName
from tests.people import NOW, acting, agent, child_of, member, open_case, portal_house

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Row

    from services.access import Look
    from services.actor import Actor
    from tests.database import PortalDb


pytestmark = pytest.mark.promise("P25")

LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data", ("email",))


@pytest.fixture(autouse=True)
def _house(portal_db: PortalDb) -> None:
    portal_house(portal_db)


def events(db: PortalDb) -> Sequence[Row[Any]]:
    with db.work.data.connect() as connection:
        return connection.execute(select(event).order_by(event.c.event_id)).all()


def look(actor: Actor, whose: UUID, case: UUID | None = None, kind: Look = LOOK) -> Relation:
    with access.open(actor, whose, Purpose.SHOW, case, look=kind) as subject:
        return subject.relation


def test_a_member_opens_their_own_data_and_the_ledger_says_so(portal_db: PortalDb) -> None:
    one = member(portal_db)
    actor = acting(one)
    assert look(actor, one) is Relation.SELF
    (row,) = events(portal_db)
    assert (row.member_id, row.actor_kind, row.actor_id, row.purpose, row.allowed) == (
        one, "self", one, "show", True,
    )  # fmt: skip
    assert (row.page, row.items, row.session_id, row.at) == (
        "/my-data",
        ["email"],
        actor.session_id,
        NOW,
    )


def test_nobody_else_does_and_the_denial_outlives_the_rollback(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    with pytest.raises(AccessDenied):
        look(acting(other), one)
    (row,) = events(portal_db)
    assert (row.allowed, row.member_id, row.actor_id) == (False, one, other)


def test_own_looks_fold_for_ten_minutes_a_page_and_session(portal_db: PortalDb) -> None:
    one = member(portal_db)
    actor = acting(one)
    for minutes in (0, 1, 4):
        look(replace(actor, at=NOW + timedelta(minutes=minutes)), one)
    assert len(events(portal_db)) == 1
    look(replace(actor, at=NOW + timedelta(minutes=11)), one)
    look(replace(actor, session_id=uuid4()), one)
    look(actor, one, kind=replace(LOOK, page="/"))
    assert len(events(portal_db)) == 4


def test_a_guardian_opens_a_child_under_14_each_look_an_event(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2014-01-05")
    for _ in range(2):
        assert look(acting(guardian), child) is Relation.GUARDIAN
    assert [r.actor_kind for r in events(portal_db)] == ["guardian", "guardian"]


@pytest.mark.parametrize(
    ("born", "opens"),
    [("2012-11-23", True), ("2012-11-22", False), ("2012-11-21", False)],
)
def test_at_14_the_right_passes_to_the_child(
    portal_db: PortalDb, born: str, *, opens: bool
) -> None:
    """`NOW` is 2026-11-22 in Seoul."""
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, born)
    if opens:
        assert look(acting(guardian), child) is Relation.GUARDIAN
    else:
        with pytest.raises(AccessDenied):
            look(acting(guardian), child)


def test_a_guardian_whose_link_ended_sees_nothing(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2016-01-05", ended_on=NOW.date())
    with pytest.raises(AccessDenied):
        look(acting(guardian), child)


def test_a_child_does_not_open_the_guardian(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2016-01-05")
    with pytest.raises(AccessDenied):
        look(acting(child), guardian)


def test_staff_open_only_inside_their_own_open_case(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    first, second = agent(portal_db), agent(portal_db)
    case = open_case(portal_db, first, one)
    staff = acting(first, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    assert look(staff, one, case) is Relation.STAFF
    refused = [
        (staff, one, None),
        (staff, other, case),
        (replace(staff, person=second), one, case),
        (staff, one, open_case(portal_db, first, one, closed_at=NOW)),
        (staff, one, open_case(portal_db, first, one, granted_until=NOW)),
        (staff, one, open_case(portal_db, first, one, permissions=["portal_open"])),
    ]
    for actor, whose, which in refused:
        with pytest.raises(AccessDenied):
            look(actor, whose, which)
    rows = events(portal_db)
    assert [r.allowed for r in rows] == [True] + [False] * len(refused)
    assert rows[0].case_id == case


def test_an_officer_opens_nothing_without_a_case(portal_db: PortalDb) -> None:
    officer = acting(
        agent(portal_db, StaffRole.OFFICER), kind=ActorKind.STAFF, role=StaffRole.OFFICER
    )
    with pytest.raises(AccessDenied):
        look(officer, member(portal_db))


def test_an_error_in_the_block_leaves_no_event_and_no_subject(portal_db: PortalDb) -> None:
    one = member(portal_db)

    class BoomError(Exception):
        pass

    def look_and_fail() -> None:
        with access.open(acting(one), one, Purpose.SHOW, look=LOOK):
            raise BoomError

    with pytest.raises(BoomError):
        look_and_fail()
    assert events(portal_db) == []


def test_the_subject_of_one_opening_is_not_that_of_the_next(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    for who in (one, other):
        with access.open(acting(who), who, Purpose.SHOW, look=LOOK) as subject:
            seen = set(subject.connection.scalars(select(LIVE.profile_value.c.member_id)))
            assert seen == {who}


def test_opening_ones_own_data_takes_one_statement_and_one_for_the_key(portal_db: PortalDb) -> None:
    one = member(portal_db)
    statements: list[str] = []

    def count(*args: object) -> None:
        statements.append(str(args[2]))

    engines = (portal_db.web.data, portal_db.web.keys, *portal_db.web.look)
    for engine in engines:
        sqlalchemy_event.listen(engine, "before_cursor_execute", count)
    try:
        look(acting(one), one)
        # The event, which tells the database whose rows in the same statement.
        assert len(statements) == 1, statements
        with access.open(acting(one), one, Purpose.SHOW, look=LOOK) as subject:
            # Only now the key, once.
            assert subject.sealer is subject.sealer is not None
        assert len(statements) == 3, statements
    finally:
        for engine in engines:
            sqlalchemy_event.remove(engine, "before_cursor_execute", count)
