"""Plain links drawn while acting for a child keep the child, and one's own never carry one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from db.settings import ROOT
from db.words import Purpose, ReportKind
from pages.components import acting, frame
from services import access, notify, restriction
from services.actor import Permission
from services.ledger import EventName
from services.reports import Wish, make
from tests.families import a_child
from tests.pages.test_family import parent
from tests.people import NOW, portal_house
from tests.people import acting as actor_of
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]

LOOK = access.Look(EventName.RESTRICTIONS_VIEWED, Permission.PROCESSING_STOP, "/stop")
PAGES = [None, *(file for lines in frame.MEMBER.values() for _path, file, _title in lines),
         *(file for _path, file, _title in frame.PUBLIC)]  # fmt: skip
HREF = re.compile(r'href="(/[^"]*)"')


def busy(one: Portal, who: UUID, as_whom: UUID) -> None:
    """Have something stopped, something told with a button, and something reported."""
    portal_house(one.db)
    actor = actor_of(as_whom, acting_for=None if who == as_whom else who)
    with access.open(actor, who, Purpose.SHOW, look=LOOK) as subject:
        restriction.stop(subject, "marketing")
        notify.notify(subject, "password_changed", key="k")
    with one.db.web.data.begin() as data:
        make(data, actor_of(who), Wish(ReportKind.QUESTION, "?"), "ko", NOW)


def links(tab: AppTest) -> dict[str, list[str]]:
    """Return each link to a page of the portal, and the children its address names."""
    found = [urlsplit(one.replace("&amp;", "&")) for one in HREF.findall(text_of(tab))]
    return {
        one.geturl(): parse_qs(one.query).get(acting.CHILD, [])
        for one in found
        if one.path in acting.CARRYING
    }


@pytest.mark.promise("P29")
def test_every_link_keeps_the_child_and_ones_own_names_none(portal: Portal) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother)
    busy(portal, child, mother)
    busy(portal, mother, mother)
    portal.sign_in(mother, verified=NOW)
    tab = portal.open()
    own = {page: links(tab.switch_page(page).run() if page else tab) for page in PAGES}
    tab = portal.open()
    tab.button(key="child_1").click().run()
    word = str(tab.query_params[acting.CHILD])
    theirs = {page: links(tab.switch_page(page).run() if page else tab) for page in PAGES}
    for page in PAGES:
        assert not any(own[page].values()), page
        assert all(named == [word] for named in theirs[page].values()), (page, theirs[page])
    # What led astray before is really there: matters, buttons of messages, the policy's versions.
    there = (
        (None, "/stop"), (None, "/requests"), ("member/messages.py", "/requests"),
        ("member/messages.py", "/contact"), ("member/sharing.py", "/consents"),
        ("member/leave.py", "/policy"), ("public/notices.py", "/policy"),
    )  # fmt: skip
    for page, path in there:
        for found in (own[page], theirs[page]):
            assert path in {urlsplit(one).path for one in found}, (page, path)


def test_trouble_leads_back_to_the_child(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    mother = parent(portal)
    a_child(portal.db, mother)
    portal.sign_in(mother)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    monkeypatch.setattr(restriction, "in_force", lambda _subject: 1 // 0)
    found = links(tab.switch_page("member/stop.py").run())
    assert {urlsplit(one).path for one in found} == {"/", "/contact"}
    assert all(found.values())


def test_leaving_says_whose_requests_end(portal: Portal) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother)
    busy(portal, child, mother)
    busy(portal, mother, mother)
    portal.sign_in(mother)
    own = text_of(portal.open("member/leave.py"))
    assert "아직 끝나지 않은 요청이 1건 있어요" in own
    assert "탈퇴하기 전에 본인인지" in own
    tab = portal.open()
    tab.button(key="child_1").click().run()
    shown = text_of(tab.switch_page("member/leave.py").run())
    assert tab.button(key="export").label == "먼저 아이 자료 받기"
    assert "아직 끝나지 않은 아이의 요청이 1건 있어요" in shown
    assert "보호자 본인인지" in shown


@pytest.mark.parametrize(
    ("address", "kept"),
    [("/requests", "/requests?child=w"), ("/edit?item=name", "/edit?item=name&child=w"),
     ("/policy#clause-3", "/policy?child=w#clause-3"), ("/", "/?child=w"),
     ("/confirm-email?token=t", None), ("/export/file?of=x", None), ("/signin/first", None),
     ("/desk-cases", None), ("//elsewhere.example/edit", None), ("https://a.example/", None),
     ("", None)],
    ids=["page", "query", "fragment", "first", "mail", "file", "sign-in", "desk", "no-scheme",
         "elsewhere", "empty"],
)  # fmt: skip
def test_only_an_address_of_a_page_gets_the_word(
    address: str, kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "kept", lambda: {acting.CHILD: "w"})
    assert acting.link(address) == (kept or address)
    monkeypatch.setattr(acting, "kept", dict)
    assert acting.link(address) == address


def test_every_page_a_guardian_may_open_is_known_and_no_template_names_one_bare() -> None:
    members = {f"/{path}" for lines in frame.MEMBER.values() for path, _file, _title in lines}
    public = {f"/{path}" for path, _file, _title in (*frame.PUBLIC, frame.MAILBOX)}
    assert {"/", *members, *public} == acting.CARRYING
    bare = {
        (path.name, address)
        for path in (ROOT / "pages" / "components" / "templates").glob("*.html")
        for address in HREF.findall(path.read_text(encoding="utf-8"))
        if re.split(r"[?#]", address)[0] in acting.CARRYING
    }
    assert not bare
