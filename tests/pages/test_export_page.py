"""`/export`: said before, watched while it is made, handed over and destroyed (P29, P30)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from db.tables import ops
from db.tables.exports import export
from db.tables.ops import session
from db.words import ExportGroup, Store
from services import export_ending, export_link, exporting, exports
from tests.exporting import files, folder, keys, made, no_files, row, shop
from tests.leaving import worker_house
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house
from tests.portal import keyed, portal, statements, text_of

if TYPE_CHECKING:
    from sqlalchemy import Row
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["no_files", "portal", "statements"]

EXPORT = "member/export.py"


def buttons(tab: AppTest) -> set[str | None]:
    return {button.key for button in tab.button if button.key}


def rows(one: Portal) -> list[Row[tuple[object, ...]]]:
    with one.db.owner_data.connect() as data:
        return list(data.execute(select(export).order_by(export.c.asked_at)))


def work(one: Portal) -> None:
    """Let the worker make what waits, then be the portal again."""
    for waiting in rows(one):
        exporting.make(shop(one.db), (waiting.member_id, waiting.export_id), one.now)
    export_ending.destroy(worker_house(one.db), folder(one.db), one.now)
    portal_house(one.db)


def link_in(tab: AppTest) -> str | None:
    found = re.search(r'href="/export/file\?of=([^"]+)"', text_of(tab))
    return found[1] if found else None


@pytest.mark.promise("P29", "P30")
def test_from_the_choice_to_the_link_and_its_end(portal: Portal) -> None:
    who = member(portal.db)
    session_id = portal.sign_in(who, verified=NOW)
    tab = portal.open(EXPORT)
    for said in ("<h1>내 자료 받기</h1>", "7일 동안", "열람 기록", "이렇게 진행돼요"):
        assert said in text_of(tab)
    tab.checkbox(key="jk_export_group_messages").uncheck()
    tab.checkbox(key="jk_export_workbook").check()
    tab.radio(key="jk_export_language").set_value("en")
    tab.button(key="make").click().run()
    assert "자료를 만들고 있어요" in text_of(tab)
    assert buttons(tab) & {"make", "cancel", "destroy"} == {"cancel"}
    (asked,) = rows(portal)
    groups = [one for one in ExportGroup if one is not ExportGroup.MESSAGES]
    assert (asked.groups, asked.language, asked.workbook) == (groups, "en", True)
    assert (asked.actor_kind, asked.actor_id, asked.session_id) == ("self", who, session_id)
    work(portal)
    tab.run()
    shown = text_of(tab)
    for said in (
        "자료가 준비됐어요",
        "2026. 11. 29.까지",
        "Excel",
        "English",
        "2026. 11. 22. 12:15",
    ):
        assert said in shown
    assert not any(value in shown for value in PLAIN.values())
    link = link_in(tab)
    assert link
    found = export_link.open_again(portal.db.keyring, link, NOW)
    assert found == export_link.Link(who, asked.export_id, session_id)
    tab.button(key="destroy").click().run()
    assert "파기하는 중이에요" in text_of(tab)
    assert link_in(tab) is None
    work(portal)
    tab.run()
    assert "지난번 자료를 파기했어요" in text_of(tab)
    assert "make" in buttons(tab)
    assert (files(portal.db), keys(portal.db)) == ([], [])


@pytest.mark.promise("P30")
def test_a_verification_is_asked_for_and_the_choice_is_not_lost(portal: Portal) -> None:
    who = member(portal.db)
    portal.sign_in(who, verified=NOW - timedelta(minutes=16))
    tab = portal.open(EXPORT)
    assert "본인 확인하고 만들기" in text_of(tab)
    for group in ExportGroup:
        if group is not ExportGroup.RECORDS:
            tab.checkbox(key=f"jk_export_group_{group}").uncheck()
    tab.button(key="make").click().run()
    assert rows(portal) == []
    with portal.db.owner_data.begin() as data:
        kept = data.scalar(select(ops.session.c.resume))
        assert kept == {"export": {"groups": ["records"], "language": "ko", "workbook": False}}
        data.execute(update(session).values(verified_at=NOW))
    tab = portal.open()
    tab.session_state["jk_resume"] = kept
    tab.switch_page(EXPORT).run()
    (asked,) = rows(portal)
    assert asked.groups == ["records"]


@pytest.mark.promise("P30")
def test_a_copy_that_is_ready_waits_for_a_verification(portal: Portal) -> None:
    who = member(portal.db)
    made(portal.db, who)
    portal.sign_in(who, verified=NOW - timedelta(minutes=16))
    portal_house(portal.db)
    tab = portal.open(EXPORT)
    assert link_in(tab) is None
    assert {"verify", "destroy"} <= buttons(tab)


def test_choosing_nothing_is_said(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(EXPORT)
    for group in ExportGroup:
        tab.checkbox(key=f"jk_export_group_{group}").uncheck()
    tab.button(key="make").click().run()
    assert "받을 것을 하나 이상 골라 주세요." in text_of(tab)
    assert rows(portal) == []


def test_two_tabs_that_ask_make_one_copy(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    first, second = portal.open(EXPORT), portal.open(EXPORT)
    first.button(key="make").click().run()
    second.button(key="make").click().run()
    assert len(rows(portal)) == 1
    assert "자료를 만들고 있어요" in text_of(second)


def test_it_says_how_far_it_is_and_can_be_stopped(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(EXPORT)
    tab.button(key="make").click().run()
    with portal.db.owner_data.begin() as data:
        values = {"state": "running", "started_at": NOW, "rows_done": 420, "rows_total": 1000}
        data.execute(update(export).values(values))
    portal.later(seconds=21)
    tab.run()
    assert 'aria-valuenow="42"' in text_of(tab)
    assert "약 29초 남음" in text_of(tab)
    tab.button(key="cancel").click().run()
    assert "만들기를 그만뒀어요" in text_of(tab)
    assert [one.state for one in rows(portal)] == ["cancelled"]


@pytest.mark.parametrize(
    ("why", "said"), [("storage", "자리가 없거나"), ("trouble", "저희 쪽에 문제가")]
)
def test_a_failure_says_why_and_is_tried_again_as_it_was_chosen(
    portal: Portal, why: str, said: str
) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(EXPORT)
    tab.checkbox(key="jk_export_group_records").uncheck()
    tab.button(key="make").click().run()
    with portal.db.owner_data.begin() as data:
        data.execute(update(export).values(state="failed", why=why))
    portal.later(minutes=1)
    tab.run()
    assert said in text_of(tab)
    tab.button(key="retry").click().run()
    first, again = rows(portal)
    assert (again.state, again.groups) == ("asked", first.groups)
    assert "자료를 만들고 있어요" in text_of(tab)


def test_leaving_the_page_loses_nothing(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(EXPORT)
    tab.button(key="make").click().run()
    tab.switch_page("member/history.py").run()
    work(portal)
    assert link_in(portal.open(EXPORT))


@pytest.mark.promise("P12")
def test_who_sleeps_takes_it_without_waking(portal: Portal) -> None:
    who = member(portal.db, Store.DORMANT)
    portal.sign_in(who, store="dormant", verified=NOW)
    tab = portal.open()
    tab.button(key="export").click().run()
    assert "깨어나지 않아요" in text_of(tab)
    tab.button(key="make").click().run()
    work(portal)
    assert link_in(tab.run())
    with portal.db.owner_data.connect() as data:
        assert data.scalar(text("select count(*) from dormant.member")) == 1


@pytest.mark.promise("P29")
def test_a_guardian_takes_a_childs_and_no_longer_at_14(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2020-01-01")
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    tab.switch_page(EXPORT).run()
    assert "아이에 대해 보관하는" in text_of(tab)
    tab.button(key=keyed(tab, "make")).click().run()
    with portal.db.web.data.begin() as data:
        reader = acting(guardian, acting_for=child)
        found = exports.follow(data, reader)  # what the page asks every second
    assert found is not None
    assert found.waiting
    work(portal)
    assert link_in(tab.run())
    (asked,) = rows(portal)
    assert (asked.member_id, asked.actor_kind, asked.actor_id) == (child, "guardian", guardian)
    with portal.db.owner_data.begin() as data:
        data.execute(text("update live.member set turns_14_on = :d"), {"d": NOW.date()})
    tab.run()
    assert link_in(tab) is None
    assert "destroy" not in buttons(tab)


def test_a_copy_whose_time_is_over_is_not_offered(portal: Portal) -> None:
    who = member(portal.db)
    which = made(portal.db, who)
    portal.later(days=7, hours=11)  # the last day has not ended in Seoul
    portal.sign_in(who, verified=portal.now)
    portal_house(portal.db)
    assert link_in(portal.open(EXPORT))
    portal.later(hours=1)
    portal.sign_in(who, verified=portal.now)
    tab = portal.open(EXPORT)
    assert link_in(tab) is None
    assert row(portal.db, which).state == "done"
    tab.button(key="make").click().run()
    assert "자료를 만들고 있어요" in text_of(tab)


def test_it_is_one_click_away_from_the_overview_and_from_leaving(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    for page in (None, "member/leave.py"):
        tab = portal.open(page)
        tab.button(key="export").click().run()
        assert "<h1>내 자료 받기</h1>" in text_of(tab)


@pytest.mark.parametrize("state", ["none", "waiting", "ready"])
def test_the_page_asks_a_fixed_number_of_times(
    portal: Portal, statements: list[str], state: str
) -> None:
    who = member(portal.db)
    portal.sign_in(who, verified=NOW)
    tab = portal.open(EXPORT)
    if state != "none":
        tab.button(key="make").click().run()
    if state == "ready":
        work(portal)
        tab.run()
    statements.clear()
    tab.run()
    assert len(statements) <= (10 if state == "waiting" else 7), statements
