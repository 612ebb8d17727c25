"""The list of one's own sessions, and the time limit, as a tab shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from streamlit.testing.v1 import AppTest

from services import sessions
from services.sessions import IDLE
from tests.people import member
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]


def glance() -> AppTest:
    """Run the watch alone, as the browser does once a minute."""
    script = "from pages.components import time_limit\ntime_limit.watch()"
    return AppTest.from_string(script, default_timeout=30).run()


def test_signing_out_elsewhere_ends_the_other_tab_at_once(portal: Portal) -> None:
    one = member(portal.db)
    portal.sign_in(one)
    first_token, first = portal.token, portal.open()
    portal.sign_in(one)
    second = portal.open()
    second.button(key="end_others").click().run()
    assert "하늘맘" in text_of(second)
    assert "end_others" not in [b.key for b in second.button]
    portal.token = first_token
    assert "하늘맘" not in text_of(first.run())


def test_a_tab_whose_session_was_ended_ends_nobody_elses(portal: Portal) -> None:
    one = member(portal.db)
    lost = portal.sign_in(one)
    token = portal.token
    portal.sign_in(one)
    tab_of_the_lost = portal.token
    portal.token = token
    tab = portal.open()
    with portal.db.work.data.begin() as connection:
        sessions.revoke(connection, lost, portal.now, "signed_out_elsewhere")
    tab.button(key="end_others").click().run()
    portal.token = tab_of_the_lost
    assert "하늘맘" in text_of(portal.open())


def test_the_end_of_the_session_is_announced_and_can_be_put_off(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open()
    portal.now += IDLE - timedelta(minutes=4)
    assert [b.key for b in glance().button] == []
    portal.later(minutes=2)
    assert [b.key for b in glance().button] == ["stay"]
    assert "12:30" in text_of(glance())
    tab.run()  # what the button does: the page runs again, and that is activity
    assert [b.key for b in glance().button] == []


def test_looking_at_the_clock_is_no_activity(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    portal.open()
    for _ in range(6):
        portal.later(minutes=4)
        glance()
    portal.later(minutes=7)
    assert "하늘맘" not in text_of(portal.open())
