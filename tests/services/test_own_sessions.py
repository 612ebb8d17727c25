"""A member's own sessions: the list, ending the others, and word of a new browser."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from db import seal_keys
from db.sealing import digest
from db.tables.ops import outbox
from db.tables.ops import session as rows
from db.words import ActorKind
from services import daily, ledger, own_sessions, sessions, time_limit
from services.actor import Actor
from services.gathering import Gathered
from services.ledger import EventName
from services.relations import as_subject
from services.sessions import IDLE, LONGEST, STAFF_IDLE
from tests.people import NOW, agent, member

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"


def signed_in(db: PortalDb, one: UUID | None, token: str, **changes: object) -> UUID:
    row = {
        "session_id": uuid4(),
        "member_id": one,
        "token_digest": digest(token),
        "device_digest": digest(f"the device of {token}"),
        "started_at": NOW,
        "signed_in_at": NOW,
        "last_active_at": NOW,
    }
    with db.work.data.begin() as connection:
        connection.execute(insert(rows).values(row | changes))
    return (row | changes)["session_id"]  # type: ignore[return-value]


def listed(db: PortalDb, one: UUID, this: UUID) -> dict[UUID, bool]:
    with db.web.data.connect() as connection:
        rows = Gathered(open=own_sessions.OPEN).ask(connection, **own_sessions.asked(one, NOW))
    found = own_sessions.open_ones(rows["open"], this)
    return {s.session_id: s.this_one for s in found}


def test_open_sessions_are_listed_and_nobody_elses(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    this = signed_in(portal_db, one, "a")
    second = signed_in(portal_db, one, "b")
    signed_in(portal_db, other, "c")
    signed_in(portal_db, one, "d", revoked_at=NOW)
    signed_in(portal_db, one, "e", last_active_at=NOW - IDLE)
    signed_in(portal_db, one, "f", signed_in_at=NOW - LONGEST)
    assert listed(portal_db, one, this) == {this: True, second: False}


def test_ending_the_others_ends_all_but_this(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    this = signed_in(portal_db, one, "a")
    signed_in(portal_db, one, "b")
    theirs = signed_in(portal_db, other, "c")
    with portal_db.web.data.begin() as connection:
        assert own_sessions.end_others(connection, one, this, NOW) == 1
    assert listed(portal_db, one, this) == {this: True}
    assert listed(portal_db, other, theirs) == {theirs: True}


@pytest.mark.parametrize(
    ("header", "words"),
    [(PHONE, "Chrome Mobile · Android"), (None, None), ("", None), ("nonsense", None)],
    ids=["phone", "silent", "empty", "nonsense"],
)
def test_a_browser_is_named_in_two_words(header: str | None, words: str | None) -> None:
    assert own_sessions.agent_words(header) == words


def noted(db: PortalDb, one: UUID, session_id: UUID) -> bool:
    with db.web.data.begin() as connection:
        as_subject(connection, one)
        return own_sessions.note_browser(connection, session_id, PHONE, "ko", NOW)


def forgotten(db: PortalDb) -> int:
    with db.work.data.begin() as connection:
        return sessions.forget(connection, NOW)


def messages(db: PortalDb) -> list[str]:
    with db.work.data.connect() as connection:
        return list(connection.scalars(select(outbox.c.template)))


def test_a_new_browser_is_told_once_and_the_first_one_never(portal_db: PortalDb) -> None:
    one = member(portal_db)
    assert not noted(portal_db, one, signed_in(portal_db, one, "home", revoked_at=NOW))
    assert not noted(portal_db, one, signed_in(portal_db, one, "home", revoked_at=NOW))
    assert messages(portal_db) == []
    assert noted(portal_db, one, signed_in(portal_db, one, "elsewhere", revoked_at=NOW))
    assert not noted(portal_db, one, signed_in(portal_db, one, "elsewhere"))
    assert messages(portal_db) == ["new_device"]


def test_a_browser_that_another_member_used_is_new_for_this_one(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    signed_in(portal_db, one, "mine", revoked_at=NOW)
    signed_in(portal_db, other, "shared", revoked_at=NOW)
    assert noted(portal_db, one, signed_in(portal_db, one, "shared"))


def test_a_browser_is_known_by_its_own_cookie_whatever_its_sessions(portal_db: PortalDb) -> None:
    one, known = member(portal_db), digest("a device")
    signed_in(portal_db, one, "first", device_digest=known, revoked_at=NOW)
    assert not noted(portal_db, one, signed_in(portal_db, one, "second", device_digest=known))
    assert noted(portal_db, one, signed_in(portal_db, one, "none", device_digest=None))
    assert noted(portal_db, one, signed_in(portal_db, one, "none again", device_digest=None))


def test_after_its_sessions_are_forgotten_a_browser_is_new_and_no_sign_in_the_first(
    portal_db: PortalDb,
) -> None:
    one, never = member(portal_db), member(portal_db)
    long_ago = NOW - sessions.KEPT - timedelta(seconds=1)
    old = {"started_at": long_ago, "signed_in_at": long_ago, "last_active_at": long_ago}
    before = signed_in(portal_db, one, "home", **old)
    with portal_db.work.data.begin() as connection:
        actor = Actor(ActorKind.SELF, one, before, long_ago)
        ledger.write(connection, actor, ledger.Entry(EventName.SIGNED_IN, one))
    assert forgotten(portal_db) == 1
    assert noted(portal_db, one, signed_in(portal_db, one, "home"))
    assert not noted(portal_db, never, signed_in(portal_db, never, "another home"))


def test_only_sessions_that_ended_long_ago_are_forgotten(portal_db: PortalDb) -> None:
    one, limit = member(portal_db), NOW - sessions.KEPT
    past = limit - timedelta(seconds=1)
    signed_in(portal_db, one, "past", started_at=past, last_active_at=past)
    signed_in(portal_db, one, "revoked", started_at=past, last_active_at=past, revoked_at=past)
    signed_in(portal_db, None, "never in", started_at=past, last_active_at=past, signed_in_at=None)
    signed_in(portal_db, None, "staff", started_at=past, last_active_at=past,
              staff_id=agent(portal_db))  # fmt: skip
    left = {
        signed_in(portal_db, one, "just so", started_at=limit, last_active_at=limit),
        signed_in(portal_db, one, "asked late", started_at=past, last_active_at=NOW),
        signed_in(portal_db, one, "here"),
    }
    assert forgotten(portal_db) == 4
    with portal_db.work.data.connect() as connection:
        assert set(connection.scalars(select(rows.c.session_id))) == left
    assert forgotten(portal_db) == 0


def test_the_daily_run_forgets_them_but_on_no_pretended_day(
    portal_db: PortalDb, tmp_path: Path
) -> None:
    seal_keys.create(tmp_path / "keys")
    here = signed_in(portal_db, member(portal_db), "here")
    data, later = portal_db.work.data, NOW + sessions.KEPT + timedelta(days=1)
    for now, real, expected in ((later, NOW, {here}), (later, later, set())):
        daily.run(data, tmp_path, now, real)
        with data.connect() as connection:
            assert set(connection.scalars(select(rows.c.session_id))) == expected


def ends(db: PortalDb, token: str) -> object:
    with db.web.data.connect() as connection:
        return time_limit.ends_at(connection, token)


def test_the_end_of_a_session_is_the_earlier_of_its_limits(portal_db: PortalDb) -> None:
    one = member(portal_db)
    signed_in(portal_db, one, "fresh")
    signed_in(portal_db, one, "long", signed_in_at=NOW - LONGEST + timedelta(minutes=5))
    signed_in(portal_db, None, "staff", staff_id=agent(portal_db))
    signed_in(portal_db, one, "gone", revoked_at=NOW)
    assert ends(portal_db, "fresh") == NOW + IDLE
    assert ends(portal_db, "long") == NOW + timedelta(minutes=5)
    assert ends(portal_db, "staff") == NOW + STAFF_IDLE
    assert ends(portal_db, "gone") is None
    assert ends(portal_db, "never") is None
