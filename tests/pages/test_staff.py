"""`/desk-staff`, and what staff see instead of the desk when something of theirs is over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from db.settings import settings
from db.tables import ops
from db.words import StaffRole
from pages.components import frame
from pages.http import consent_receipt, demand, evidence, staff_register
from tests.asgi import Answer, ask
from tests.people import NOW, agent, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal", "statements"]

STAFF = "desk/staff.py"
LOST: dict[str, dict[str, Any]] = {
    "assignment": {"assigned_until": date(2026, 11, 21)},
    "training": {"trained_until": None},
    "password": {"password_set_on": date(2026, 8, 23)},
}
DESK = [file for _path, file, _title in (*frame.DESK, *frame.OFFICER)]


def change(db: PortalDb, who: UUID, **values: object) -> None:
    with db.work.data.begin() as connection:
        connection.execute(update(ops.staff).where(ops.staff.c.staff_id == who).values(values))


def shut(tab: AppTest) -> bool:
    return "지금은 업무 화면이 닫혀 있어요" in text_of(tab)


@pytest.mark.promise("P26", "P27")
@pytest.mark.parametrize("what", LOST)
def test_what_is_over_shuts_every_page_of_the_desk_in_a_running_session(
    portal: Portal, what: str
) -> None:
    who = agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=who, verified=NOW)
    tab = portal.open()
    assert not shut(tab)
    change(portal.db, who, **LOST[what])
    for page in (None, *DESK):
        shown = tab.switch_page(page).run() if page else tab.run()
        assert shut(shown), page
        assert [b.key for b in shown.button] == ["sign_out"], page
        assert not shown.selectbox
        assert not shown.text_input
    # What anybody may see opens all the same.
    assert not shut(tab.switch_page("public/contact.py").run())
    with_link = "/signin/password?for=staff" in text_of(tab.switch_page(STAFF).run())
    assert with_link == (what == "password")
    assert "정종훈" in text_of(tab), "the officer is named"


@pytest.mark.promise("P26")
def test_another_sign_in_that_does_not_say_when_is_no_password_at_all(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = settings().model_copy(update={"staff_metadata_url": "https://id.example.kr"})
    monkeypatch.setattr("pages.components.standing_panel.settings", lambda: changed)
    portal.sign_in(staff=agent(portal.db, password_set_on=None))
    shown = text_of(portal.open())
    assert "로그인하는 곳에서 바꾼 뒤" in shown
    assert "/signin/password" not in shown


@pytest.mark.promise("P26", "P27")
def test_files_of_the_desk_are_shut_as_well(portal: Portal) -> None:
    who = agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=who)
    paths = (staff_register.PATH, f"{evidence.PATH}/{uuid4()}/{uuid4()}",
             f"{demand.PATH}/{uuid4()}", consent_receipt.ROUTES[0].path)  # fmt: skip

    def get(path: str) -> Answer:
        routes = [staff_register.ROUTE, evidence.ROUTE, demand.ROUTE, *consent_receipt.ROUTES]
        headers = {"cookie": f"portal={portal.token}"}
        return ask(lambda _inner: Starlette(routes=routes), path, headers=headers)

    given = get(paths[0])
    assert given.status == 200
    assert given.headers["content-disposition"].startswith("attachment")
    change(portal.db, who, trained_until=None)
    for path in paths:
        refused = get(path)
        assert refused.status == 403, path
        assert "오늘은 업무 화면이 닫혀 있어요" in refused.body.decode(), path


def test_the_register_is_the_officers(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db))
    headers = {"cookie": f"portal={portal.token}"}
    app = Starlette(routes=[staff_register.ROUTE])
    assert ask(lambda _inner: app, staff_register.PATH, headers=headers).status == 403


def test_what_ends_soon_stands_on_the_first_page(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, assigned_until=date(2026, 12, 6)))
    assert "담당 기간 마지막 날: 2026. 12. 6." in text_of(portal.open())


@pytest.mark.promise("P26", "P27")
def test_an_officer_adds_somebody_trains_them_and_ends_their_access(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    tab = portal.open(STAFF)
    tab.text_input[-3].set_value("D-100")
    tab.text_input[-2].set_value("mina")
    tab.text_input[-1].set_value("새 담당")
    tab = tab.button[-1].click().run()
    shown = text_of(tab)
    assert "D-100" in shown
    assert "지금 한 번만 보여요" in shown
    assert "지금 한 번만 보여요" not in text_of(tab.run())
    assert "없음: 비밀번호, 교육" in text_of(tab)
    for deed, fields in (("train", ["개인정보 다루기", "정기 교육"]), ("end", ["그만둠"])):
        tab.selectbox[0].set_value("D-100").run()
        tab.selectbox[1].set_value(deed).run()
        for field, value in zip(tab.text_input, fields, strict=False):
            field.set_value(value)
        tab = next(b for b in tab.button if f"staff_{deed}" in str(b.key)).click().run()
        assert not tab.exception
    assert "에 끝남" in text_of(tab)
    with portal.db.work.data.connect() as connection:
        mine = select(ops.staff).where(ops.staff.c.staff_no == "D-100")
        row = connection.execute(mine).one()
    assert (row.login_id, row.ended_at) == ("mina", NOW)
    assert row.trained_until == NOW.date() + timedelta(days=365)
    tab.pills[0].set_value("register").run()
    assert all(word in text_of(tab) for word in ("권한 줌", "교육 기록함", "권한 끝냄", "그만둠"))


def test_a_reason_that_is_missing_loses_nothing(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    tab = portal.open(STAFF)
    tab.text_input[-3].set_value("D-100")
    tab = tab.button[-1].click().run()
    assert "이유를 적어 주세요." in text_of(tab)
    assert tab.text_input[-3].value == "D-100"


def test_nothing_is_done_before_a_confirmation(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    tab = portal.open(STAFF)
    assert [b.key for b in tab.button] == ["sign_out", "verify_staff"]


def test_the_page_asks_the_same_however_many_work_here(
    portal: Portal, statements: list[str]
) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    for _ in range(30):
        agent(portal.db)
    member(portal.db)
    tab = portal.open(STAFF)
    statements.clear()
    tab.run()
    # The session's row and the accounts.
    assert len(statements) == 2, statements
