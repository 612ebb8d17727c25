"""`/messages` and the page on which a company confirms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from starlette.applications import Starlette

from db import company_keys
from db.sealing import digest
from db.settings import Settings
from db.tables.member import LIVE
from db.tables.ops import company, dispatch
from db.words import Purpose
from pages.http import answering
from pages.signin.context import SignInContext
from services import access, dispatching, inbox, notify
from services.actor import Permission
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, agent, child_of, member, portal_house
from tests.portal import portal, statements, text_of
from tests.signing_in import Http

if TYPE_CHECKING:
    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal", "statements"]

PAGE = "member/messages.py"
LOOK = access.Look(EventName.INBOX_VIEWED, Permission.INBOX_READ, "/messages")


def tell(db: PortalDb, who: UUID, times: int = 1) -> None:
    portal_house(db)
    for number in range(times):
        actor = replace(acting(who), at=NOW - timedelta(minutes=number))
        with access.open(actor, who, Purpose.SHOW, look=LOOK) as subject:
            notify.notify(subject, "password_changed", key=f"k{number}")


def test_messages_are_shown_newest_first_and_new_ones_marked(portal: Portal) -> None:
    who = member(portal.db)
    tell(portal.db, who, 2)
    portal.sign_in(who)
    shown = text_of(portal.open(PAGE))
    assert shown.count("jk-unread") == 2
    assert "비밀번호가 바뀌었어요" in shown
    assert shown.index("2026. 11. 22. 12:00") < shown.index("2026. 11. 22. 11:59")
    assert 'href="/contact"' in shown
    assert "jk-unread" not in text_of(portal.open(PAGE))


def test_nothing_told_is_said_kindly(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    assert "아직 받은 알림이 없어요" in text_of(portal.open(PAGE))


def test_many_messages_come_in_pages_by_few_statements(
    portal: Portal, statements: list[str]
) -> None:
    who = member(portal.db)
    tell(portal.db, who, inbox.PAGE_ROWS + 1)
    portal.sign_in(who)
    tab = portal.open()
    statements.clear()
    tab.switch_page(PAGE).run()
    assert text_of(tab).count("jk-letter") >= inbox.PAGE_ROWS
    assert len([s for s in statements if "inbox" in s]) == 2  # all; marked as read
    statements.clear()
    tab.run()
    assert len([s for s in statements if "inbox" in s]) == 1


def test_another_members_messages_stay_theirs(portal: Portal) -> None:
    who, other = member(portal.db), member(portal.db)
    tell(portal.db, other)
    portal.sign_in(who)
    assert "jk-letter" not in text_of(portal.open(PAGE))


def test_a_guardian_reads_what_a_child_was_told(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    tell(portal.db, child)
    portal.sign_in(guardian)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    assert "아이가 받은 알림" in text_of(tab.switch_page(PAGE).run())


@pytest.fixture
def site(portal_db: PortalDb) -> Http:
    portal_house(portal_db)
    settings = Settings(var=portal_db.var)
    context = SignInContext(portal_db.web, portal_db.keyring, settings, lambda: NOW)
    return Http(Starlette(routes=[answering.route(context)]))


@pytest.fixture
def token(portal_db: PortalDb) -> str:
    """The secret of a notice that was sent about somebody."""
    who, dispatch_id = member(portal_db), uuid4()
    secret = company_keys.load(portal_db.var / "keys").token(dispatch_id)
    with portal_db.work.data.begin() as data:
        data.execute(
            insert(company).values(
                company_id="seller",
                role="recipient",
                name="아기물티슈",
                items=[],
                means="email",
                address="a@seller.kr",
                terms_from=NOW,
                added_at=NOW,
            )
        )
        data.execute(
            insert(dispatch).values(
                member_id=who, dispatch_id=dispatch_id, company_id="seller", change="corrected",
                items=["email"], key="k", created_at=NOW, sent_at=NOW, answer_digest=digest(secret),
            )
        )  # fmt: skip
    return secret


def answered(db: PortalDb) -> bool:
    with db.owner_data.connect() as data:
        return data.scalar(select(dispatch.c.answered_at)) is not None


@pytest.mark.promise("P33")
def test_opening_the_link_confirms_nothing_and_the_button_does(
    portal_db: PortalDb, site: Http, token: str
) -> None:
    shown = site.get(f"/answer?token={token}")
    with portal_db.owner_data.connect() as data:
        who = data.scalar(select(LIVE.member.c.member_id))
    assert who
    assert shown.status_code == 200
    assert str(dispatching.called_there("seller", who)) in shown.text
    assert "이메일" in shown.text
    assert "아기물티슈" in shown.text
    assert not any(value in shown.text for value in PLAIN.values())
    assert not answered(portal_db)
    posted = site.post("/answer", data={"token": token})
    assert "확인했어요" in posted.text
    assert answered(portal_db)
    assert "<button" not in posted.text
    assert "확인했어요" in site.get(f"/answer?token={token}").text


def test_the_language_switch_does_not_repeat_the_secret(site: Http, token: str) -> None:
    shown = site.get(f"/answer?token={token}")
    assert "back=%2Fanswer" in shown.text
    assert token not in shown.text.split("<main>")[0]
    site.cookies.set("portal_language", "en")
    assert "We have done this" in site.get("/answer").text


@pytest.mark.parametrize("given", ["", "?token=", "?token=guess", "?token=%00"])
def test_any_other_secret_opens_nothing(portal_db: PortalDb, site: Http, given: str) -> None:
    assert site.get(f"/answer{given}").status_code in {400, 404}
    assert site.post("/answer", data={"token": "guess"}).status_code == 404
    assert site.post("/answer", content=b"\xff").status_code == 400
    with portal_db.owner_data.connect() as data:
        assert not data.scalar(select(dispatch.c.answered_at))


@pytest.mark.promise("P33")
@pytest.mark.usefixtures("token")
def test_the_desk_sees_which_company_is_late_and_not_with_whom(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db))
    assert "아기물티슈" not in text_of(portal.open("desk/queue.py"))
    with portal.db.work.data.begin() as data:
        data.execute(update(dispatch).values(created_at=NOW - timedelta(days=11)))
    shown = text_of(portal.open("desk/queue.py"))
    assert "아기물티슈" in shown
    assert "알림 1건 기다리는 중" in shown
    with portal.db.owner_data.connect() as data:
        who = data.scalar(select(LIVE.member.c.member_id))
    assert str(who) not in shown
