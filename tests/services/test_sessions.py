"""How long a session lasts, and that nothing but its row decides it (P25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from db.sealing import digest
from db.tables.ops import session as rows
from db.tables.ops import staff as staff_rows
from db.words import ActorKind, StaffRole, Store
from services import sessions
from services.sessions import Session
from tests.people import NOW, agent

if TYPE_CHECKING:
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P25")

TOKEN = "a browser's cookie"
SECONDS = st.integers(-20 * 3600, 20 * 3600).map(lambda n: timedelta(seconds=n))
SHORT = st.integers(0, 90 * 60).map(lambda n: timedelta(seconds=n))


def session(
    *, staff: bool = False, active: datetime = NOW, signed_in: datetime | None = NOW
) -> Session:
    return Session(
        uuid4(), None if staff else uuid4(), uuid4() if staff else None,
        StaffRole.AGENT if staff else None, None if staff else Store.LIVE,
        signed_in or active, active, signed_in, None, None, None, None, None,
    )  # fmt: skip


def write(db: PortalDb, **changes: object) -> UUID:
    """Write the row of this browser, signed in at `NOW`, and return its id."""
    row: dict[str, Any] = {
        "session_id": uuid4(), "token_digest": digest(TOKEN), "member_id": uuid4(), "store": "live",
        "started_at": NOW, "last_active_at": NOW, "signed_in_at": NOW, **changes,
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(rows).values(row))
    return UUID(str(row["session_id"]))


def find(db: PortalDb, now: datetime = NOW, token: str | None = TOKEN) -> Session | None:
    with db.web.data.begin() as connection:
        return sessions.find(connection, token, now)


def found(db: PortalDb, now: datetime = NOW) -> Session:
    one = find(db, now)
    assert one
    return one


def active_at(db: PortalDb) -> datetime | None:
    with db.work.data.connect() as connection:
        return connection.scalar(select(rows.c.last_active_at))


@given(staff=st.booleans(), away=SHORT)
def test_a_session_ends_after_30_idle_minutes_and_staffs_after_10(
    *, staff: bool, away: timedelta
) -> None:
    limit = timedelta(minutes=10 if staff else 30)
    one = session(staff=staff)
    assert one.ended(NOW + away) == (away >= limit)
    assert (one.actor(NOW + away) is None) == (away >= limit)


@given(staff=st.booleans(), minutes=st.integers(0, 24 * 60), idle=st.integers(0, 9))
def test_no_activity_makes_it_last_12_hours(*, staff: bool, minutes: int, idle: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    active = max(NOW, now - timedelta(minutes=idle))
    assert session(staff=staff, active=active, signed_in=NOW).ended(now) == (minutes >= 12 * 60)


@given(staff=st.booleans(), away=SHORT, since=st.integers(0, 12 * 60))
def test_when_it_ends_is_when_it_has_ended(*, staff: bool, away: timedelta, since: int) -> None:
    """If nobody looks after `now`, which the row noted unless it did a minute before."""
    now = NOW + away
    one = session(staff=staff, signed_in=NOW - timedelta(minutes=since))
    if one.ended(now):
        return
    ends = one.ends_at(now)
    assert ends
    noted = now if away >= timedelta(minutes=1) else NOW
    left_alone = session(staff=staff, active=noted, signed_in=one.signed_in_at)
    assert left_alone.ended(ends)
    assert not left_alone.ended(ends - timedelta(seconds=1))


@given(jump=SECONDS, staff=st.booleans())
def test_it_is_never_open_longer_because_a_clock_jumped(jump: timedelta, *, staff: bool) -> None:
    """Whatever the clock says, an open session was active within its limit of it, either way."""
    one = session(staff=staff)
    now = NOW + jump
    if not one.ended(now):
        assert now - one.last_active_at >= -sessions.AHEAD
        assert now - one.last_active_at < timedelta(minutes=10 if staff else 30)
        assert now - NOW < timedelta(hours=12)


def test_machines_whose_clocks_differ_a_little_end_nothing() -> None:
    assert not session().ended(NOW - timedelta(seconds=30))
    assert session().ended(NOW - timedelta(minutes=6))


@given(jump=SECONDS)
def test_nobody_acts_in_a_session_without_a_sign_in(jump: timedelta) -> None:
    nobody = session(signed_in=None)
    assert nobody.actor(NOW + jump) is None


def test_an_actor_is_who_the_row_says() -> None:
    member, staff = session(), session(staff=True)
    actor = member.actor(NOW)
    assert actor
    assert (actor.kind, actor.person, actor.session_id, actor.at, actor.role) == (
        ActorKind.SELF, member.member_id, member.session_id, NOW, None,
    )  # fmt: skip
    actor = staff.actor(NOW)
    assert actor
    assert (actor.kind, actor.person, actor.role) == (
        ActorKind.STAFF,
        staff.staff_id,
        StaffRole.AGENT,
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.integers(1, 200), min_size=1, max_size=12))
def test_activity_is_written_at_most_once_a_minute_and_never_forgotten(
    portal_db: PortalDb, gaps: list[int]
) -> None:
    with portal_db.work.data.begin() as connection:
        connection.execute(delete(rows))
    write(portal_db)
    now, written = NOW, NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        assert find(portal_db, now) is not None
        if now - written >= timedelta(minutes=1):
            written = now
        assert active_at(portal_db) == written


def test_a_look_at_an_ended_session_does_not_revive_it(portal_db: PortalDb) -> None:
    write(portal_db)
    late = NOW + timedelta(minutes=30)
    assert found(portal_db, late).actor(late) is None
    assert active_at(portal_db) == NOW
    assert found(portal_db, late).actor(late) is None


def test_a_clock_that_jumps_back_writes_nothing(portal_db: PortalDb) -> None:
    write(portal_db)
    earlier = NOW - timedelta(hours=2)
    assert found(portal_db, earlier).actor(earlier) is None
    assert active_at(portal_db) == NOW


def test_only_a_digest_of_the_cookie_is_kept(portal_db: PortalDb) -> None:
    with portal_db.web.data.begin() as connection:
        sessions.ask(connection, TOKEN, "member", NOW, return_to="/")
    with portal_db.work.data.connect() as connection:
        (row,) = connection.execute(select(rows)).mappings().all()
    assert row["token_digest"] == digest(TOKEN)
    assert TOKEN not in str(dict(row))
    assert TOKEN.encode() not in row["token_digest"]


@pytest.mark.parametrize("token", [None, "", "another browser's", digest(TOKEN).hex()])
def test_another_cookie_finds_nothing(portal_db: PortalDb, token: str | None) -> None:
    write(portal_db)
    assert find(portal_db, token=token) is None


def test_a_revoked_or_deleted_session_is_gone_at_once(portal_db: PortalDb) -> None:
    one = write(portal_db)
    assert found(portal_db).actor(NOW) is not None
    with portal_db.web.data.begin() as connection:
        sessions.revoke(connection, one, NOW, "signed_out")
    assert find(portal_db) is None
    write(portal_db)
    with portal_db.work.data.begin() as connection:
        connection.execute(delete(rows))
    assert find(portal_db) is None


def test_a_revocation_keeps_its_first_time_and_reason(portal_db: PortalDb) -> None:
    one = write(portal_db)
    for minutes, why in ((1, "signed_out"), (2, "expired")):
        with portal_db.web.data.begin() as connection:
            sessions.revoke(connection, one, NOW + timedelta(minutes=minutes), why)
    with portal_db.work.data.connect() as connection:
        said = connection.execute(select(rows.c.revoked_at, rows.c.revoked_why)).one()
    assert said == (NOW + timedelta(minutes=1), "signed_out")


def test_asking_in_an_ended_session_starts_another(portal_db: PortalDb) -> None:
    ended = write(portal_db)
    late = NOW + timedelta(hours=1)
    with portal_db.web.data.begin() as connection:
        sessions.ask(connection, TOKEN, "member", late, return_to="/my-data")
    fresh = found(portal_db, late)
    assert fresh.session_id != ended
    assert (fresh.person, fresh.asked_provider, fresh.return_to) == (None, "member", "/my-data")


def test_asking_in_an_open_session_keeps_who_is_here(portal_db: PortalDb) -> None:
    one = write(portal_db)
    with portal_db.web.data.begin() as connection:
        sessions.ask(connection, TOKEN, "verify", NOW, return_to="/", resume={"plain": True})
        sessions.resumed(connection, one)
    open_one = found(portal_db)
    assert (open_one.session_id, open_one.asked_provider) == (one, "verify")
    assert (open_one.return_to, open_one.resume) == (None, None)


def test_staff_who_left_act_no_more_in_their_open_session(portal_db: PortalDb) -> None:
    left = agent(portal_db)
    write(portal_db, member_id=None, staff_id=left, store=None)
    actor = found(portal_db).actor(NOW)
    assert actor
    assert actor.role is StaffRole.AGENT
    with portal_db.work.data.begin() as connection:
        connection.execute(update(staff_rows).values(ended_at=NOW))
    assert found(portal_db).actor(NOW) is None
