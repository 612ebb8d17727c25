"""Which page opens to whom, and what is shown on bad days (P25)."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, text, update
from starlette.applications import Starlette

from db import embedded, engines
from db.drafts import ValueDraft
from db.tables.ops import session as rows
from db.words import StaffRole, Store
from pages.components import frame
from pages.http import health
from services import house, profile, sessions
from tests import test_structure
from tests.installing import addresses_in, install
from tests.people import NOW, PLAIN, agent, child_of, member
from tests.portal import Portal, portal, text_of
from tests.signing_in import Http

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

__all__ = ["portal"]

MY_DATA = "member/my_data.py"
PUBLIC = (
    "public/policy.py",
    "public/notices.py",
    "public/contact.py",
    "public/status.py",
    "public/mailbox.py",
)
HOMES = ("public/welcome.py", "member/overview.py", "member/asleep.py", "desk/welcome.py")
PERSONAL = (PLAIN["nickname"], "ha***@example.com", PLAIN["email"], "꼬마")


# ---- which page opens to whom ---------------------------------------------------------------


def signed_out(one: Portal) -> AppTest:
    return one.open()


def as_member(one: Portal) -> AppTest:
    one.sign_in(member(one.db))
    return one.open()


def as_guardian(one: Portal) -> AppTest:
    guardian = member(one.db)
    child_of(one.db, guardian, "2018-03-04")
    one.sign_in(guardian)
    return one.open().button(key="child_1").click().run()


def as_dormant(one: Portal) -> AppTest:
    one.sign_in(member(one.db, Store.DORMANT), store="dormant")
    return one.open()


def as_agent(one: Portal) -> AppTest:
    member(one.db)
    one.sign_in(staff=agent(one.db))
    return one.open()


def as_officer(one: Portal) -> AppTest:
    member(one.db)
    one.sign_in(staff=agent(one.db, StaffRole.OFFICER))
    return one.open()


ROLES: dict[str, Callable[[Portal], AppTest]] = {
    "signed out": signed_out, "member": as_member, "guardian": as_guardian,
    "dormant": as_dormant, "agent": as_agent, "officer": as_officer,
}  # fmt: skip
ORDER = tuple(ROLES)
OPENS_TO: dict[str, tuple[str, ...]] = {
    # signed out, member, guardian, dormant, agent, officer
    # `/` is another page for everyone; none of them opens by mistake to somebody else's.
    "public/welcome.py": ("sign-in",) * 6,
    "member/overview.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/asleep.py": ("sign-in",) + ("opens",) * 5,
    "desk/welcome.py": ("sign-in",) + ("opens",) * 5,
    MY_DATA: ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/consents.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    # Its verification is older than the page; see test_edit.py for what it shows with one.
    "member/edit.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/history.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/sharing.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/family.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    # Who sleeps may take their data, and leave, without waking.
    "member/export.py": ("sign-in", "opens", "opens", "opens", "refused", "refused"),
    "member/leave.py": ("sign-in", "opens", "opens", "opens", "refused", "refused"),
    "member/stop.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/requests.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "member/messages.py": ("sign-in", "opens", "opens", "refused", "refused", "refused"),
    "desk/officer.py": ("sign-in", "refused", "refused", "refused", "refused", "opens"),
    "desk/cases.py": ("sign-in", "refused", "refused", "refused", "opens", "opens"),
    "desk/queue.py": ("sign-in", "refused", "refused", "refused", "opens", "opens"),
    "desk/destruction.py": ("sign-in", "refused", "refused", "refused", "refused", "opens"),
    "desk/companies.py": ("sign-in", "refused", "refused", "refused", "refused", "opens"),
    "desk/reports.py": ("sign-in", "refused", "refused", "refused", "opens", "opens"),
    "desk/staff.py": ("sign-in", "refused", "refused", "refused", "refused", "opens"),
    "desk/bars.py": ("sign-in", "refused", "refused", "refused", "refused", "opens"),
    **dict.fromkeys(PUBLIC, ("opens",) * 6),
}
"""What each page does for each role. A new page belongs in here."""
SHOWS_DATA = {MY_DATA, "member/overview.py"}


def outcome(tab: AppTest) -> str:
    assert not tab.exception
    if any(button.key == "sign_in" for button in tab.button):
        return "sign-in"
    return "refused" if 'role="alert"' in text_of(tab) else "opens"


def test_the_table_names_every_page() -> None:
    assert set(OPENS_TO) == test_structure.registered()


@pytest.mark.promise("P25")
@pytest.mark.parametrize("role", ROLES)
def test_what_opens_to_whom(portal: Portal, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    tab = ROLES[role](portal)
    for page, outcomes in OPENS_TO.items():
        if page in HOMES:  # the tab is still at `/`
            # Even if navigation chose the wrong one, the page itself decides.
            monkeypatch.setattr(frame, "_home", lambda _here, page=page: page)
            shown = tab.run()
        else:
            shown = tab.switch_page(page).run()
        assert outcome(shown) == outcomes[ORDER.index(role)], (role, page)
        opened = outcome(shown) == "opens" and page in SHOWS_DATA
        assert any(value in text_of(shown) for value in PERSONAL) == opened, (role, page)
        if role == "guardian":
            assert PLAIN["nickname"] not in text_of(shown), page


# ---- who is here ----------------------------------------------------------------------------


def ask(one: Portal, provider: str = "member") -> None:
    one.token = one.token or "a browser"
    with one.db.web.data.begin() as connection:
        sessions.ask(connection, one.token, provider, one.now, return_to="/")


def claims(one: Portal, **more: object) -> dict[str, object]:
    at = int(one.now.timestamp())
    return {
        "is_logged_in": True, "provider": "member", "iss": "https://id.example.com",
        "sub": "stranger-7", "iat": at, "auth_time": at, **more,
    }  # fmt: skip


def test_an_unknown_subject_is_told_so_and_whom_to_ask(portal: Portal) -> None:
    member(portal.db)
    ask(portal)
    tab = portal.open(user=claims(portal, email="stranger@example.com", email_verified=True))
    shown = text_of(tab)
    assert "로그인하지 않았어요" in shown
    assert "해당하는 회원을 찾지 못했어요" in shown
    assert 'href="/contact"' in shown
    assert "stranger" not in shown
    assert outcome(tab) == "sign-in"
    # Told once: the next run starts afresh.
    assert "해당하는 회원을 찾지 못했어요" not in text_of(tab.run())


@pytest.mark.promise("P25")
def test_a_month_old_cookie_of_streamlit_signs_nobody_in(portal: Portal) -> None:
    one = member(portal.db)
    own = claims(portal, iss="http://localhost:8501/signin", sub=str(one))
    assert outcome(portal.open(user=own)) == "sign-in"
    ask(portal)
    portal.later(days=29)
    assert outcome(portal.open(user=own)) == "sign-in"
    ask(portal)
    assert outcome(portal.open(user=own)) == "sign-in"
    assert (
        outcome(portal.open(user=claims(portal) | {"iss": own["iss"], "sub": str(one)})) == "opens"
    )


@pytest.mark.promise("P25")
def test_a_tab_that_showed_one_person_says_so_before_it_shows_another(portal: Portal) -> None:
    first = member(portal.db)
    second = member(portal.db, values=(ValueDraft("nickname", "바다아빠"),))
    portal.sign_in(first, verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    assert PLAIN["email"] in text_of(tab)
    portal.sign_in(second, verified=NOW)
    shown = text_of(tab.run())
    assert "다른 사람" in shown
    assert "바다아빠" in shown
    assert not any(value in shown for value in PLAIN.values() if value != "female")
    # What the first person had asked for (values in full) is not done for the second.
    assert any(button.key == "show" for button in tab.button)


def test_a_child_is_not_carried_over_to_another_person(portal: Portal) -> None:
    tab = as_guardian(portal)
    assert "꼬마" in text_of(tab)
    portal.sign_in(member(portal.db, values=(ValueDraft("nickname", "바다아빠"),)))
    shown = text_of(tab.run())
    assert "꼬마" not in shown
    assert "jk-banner" not in shown
    assert "바다아빠" in shown


@pytest.mark.promise("P25")
def test_a_session_that_ended_idle_says_so_and_shows_nothing(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open(MY_DATA)
    portal.later(minutes=30)
    shown = text_of(tab.run())
    assert "한동안 쓰지 않아서" in shown
    assert outcome(tab) == "sign-in"
    assert not any(value in shown for value in PERSONAL)


ENDINGS = {
    "revoked": update(rows).values(revoked_at=NOW, revoked_why="signed_out"),
    "deleted": delete(rows),
}


@pytest.mark.promise("P25")
@pytest.mark.parametrize("how", ENDINGS)
def test_a_session_that_ends_under_a_running_tab_ends_it(portal: Portal, how: str) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    with portal.db.work.data.begin() as connection:
        connection.execute(ENDINGS[how])
    shown = text_of(tab.run())
    assert "로그아웃됐어요" in shown
    assert outcome(tab) == "sign-in"
    assert not any(value in shown for value in PERSONAL)


def test_a_refused_verification_keeps_the_sign_in_and_does_not_deny_it(portal: Portal) -> None:
    other = member(portal.db, values=())
    portal.sign_in(member(portal.db))
    ask(portal, "verify")
    own = claims(portal, provider="verify", iss="http://localhost:8501/signin", sub=str(other))
    shown = text_of(portal.open(user=own))
    assert "다른 사람으로" in shown
    assert "로그인하지 않았어요" not in shown
    assert PLAIN["nickname"] in shown


def test_signing_out_ends_the_row(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    portal.open().button(key="sign_out").click().run()
    with portal.db.work.data.connect() as connection:
        assert connection.scalars(select(rows.c.revoked_why)).all() == ["signed_out"]
    assert outcome(portal.open()) == "sign-in"


# ---- what goes wrong ------------------------------------------------------------------------


def test_an_unexpected_error_shows_a_number_and_tells_no_value(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_given: object, **_more: object) -> Any:  # noqa: ANN401
        message = f"no such thing: {PLAIN['name']} {PLAIN['email']}"
        raise LookupError(message)

    portal.sign_in(member(portal.db))
    monkeypatch.setattr(profile, "held", fail)
    with caplog.at_level(logging.DEBUG):
        tab = portal.open(MY_DATA)
    shown = text_of(tab)
    number = re.search(r'jk-code">([0-9a-f]{8})<', shown)
    assert number
    assert f"{number[1]}: LookupError at " in caplog.text
    assert "test_frame.py" in caplog.text
    for secret in (PLAIN["name"], PLAIN["email"]):
        assert secret not in caplog.text
        assert secret not in shown
    assert not tab.exception
    # The frame stays: one can go elsewhere or sign out.
    assert any(button.key == "sign_out" for button in tab.button)


def test_a_wrong_statement_is_no_database_away(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(subject: Any, **_more: object) -> Any:  # noqa: ANN401
        subject.connection.execute(text("select :value::int"), {"value": PLAIN["email"]})

    def unsendable(subject: Any, **_more: object) -> Any:  # noqa: ANN401
        subject.connection.execute(text("select cast(:v as text)"), {"v": PLAIN["email"] + "\0"})

    portal.sign_in(member(portal.db))
    for wrong in (fail, unsendable):
        monkeypatch.setattr(profile, "held", wrong)
        tab = portal.open(MY_DATA)
        assert "jk-code" in text_of(tab), wrong
        assert PLAIN["email"] not in caplog.text


def healthz() -> tuple[int, dict[str, str]]:
    answer = Http(Starlette(routes=[health.ROUTE])).get("/healthz")
    return answer.status_code, answer.json()


def test_the_database_goes_away_and_comes_back_without_a_restart(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    db = install(own_folder)
    request.addfinalizer(db.web.dispose)
    request.addfinalizer(db.work.dispose)
    one = Portal.on(db, monkeypatch)
    one.sign_in(member(db))
    tab = one.open(MY_DATA)
    assert outcome(tab) == "opens"
    assert healthz() == (200, {"status": "ok"})
    embedded.stop(own_folder)
    for away in (tab.run(), one.open()):
        shown = text_of(away)
        assert "지금은" in shown
        assert "jk-code" not in shown
        assert not any(value in shown for value in PERSONAL)
        assert not away.exception
    assert healthz() == (503, {"status": "failing", "part": "data"})
    addresses_in(own_folder)
    assert healthz() == (200, {"status": "ok"})
    assert PLAIN["nickname"] in text_of(tab.run())
    assert outcome(one.open(MY_DATA)) == "opens"


def test_keys_away_are_said_to_be(portal: Portal) -> None:
    """Nothing is shown as if it were empty."""
    nowhere = portal.db.addresses.roles["portal_web"][1].set(database="nowhere")
    gone = engines.connect((nowhere, nowhere))
    portal.sign_in(member(portal.db))
    given = house.house()
    half = engines.Databases(given.databases.data, gone.keys)
    house.open_house(replace(given, databases=half))
    assert healthz() == (503, {"status": "failing", "part": "keys"})
    tab = portal.open()
    assert not tab.exception
    assert 'role="alert"' in text_of(tab)
    half.dispose()
    gone.dispose()
