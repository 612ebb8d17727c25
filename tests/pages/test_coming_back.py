"""What Streamlit keeps of a sign-in counts once, within the minute of skew too (P25)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from db.tables.ops import answer
from pages.components import gate
from services import sessions, used_answers
from tests.people import NOW, member
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P25")


def ask(one: Portal, token: str) -> None:
    one.token = token
    with one.db.web.data.begin() as connection:
        sessions.ask(connection, token, "member", one.now, return_to="/")


def test_an_answer_that_a_tab_still_holds_signs_nobody_in_again(portal: Portal) -> None:
    at = int(NOW.timestamp())
    held: dict[str, Any] = {
        "is_logged_in": True, "provider": "member", "iss": gate.issuer(),
        "sub": str(member(portal.db)), "iat": at, "auth_time": at, "nonce": "one",
    }  # fmt: skip
    ask(portal, "first")
    tab = portal.open(user=held)
    assert "하늘맘" in text_of(tab)
    tab.button(key="sign_out").click().run()
    portal.later(seconds=20)
    for token in ("first", "another browser's"):
        ask(portal, token)
        assert "하늘맘" not in text_of(portal.open(user=held))
    # A sign-in of now does count.
    assert "하늘맘" in text_of(portal.open(user=held | {"nonce": "two"}))


def first_time(db: PortalDb, later: timedelta, **claims: object) -> bool:
    with db.web.data.begin() as connection:
        return used_answers.first_time(connection, claims, NOW + later)


def test_used_answers_are_digests_and_go_after_a_day(portal_db: PortalDb) -> None:
    now, day = timedelta(0), used_answers.KEPT
    assert first_time(portal_db, now, sub="kim", iat=1)
    assert not first_time(portal_db, day, iat=1, sub="kim")
    assert first_time(portal_db, day + timedelta(seconds=1), sub="kim", iat=2)
    with portal_db.work.data.connect() as connection:
        (kept,) = connection.scalars(select(answer.c.digest))
    assert len(kept) == 32
    assert b"kim" not in kept
