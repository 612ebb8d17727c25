"""`/history`: who looked, in plain words."""
# ruff: noqa: RUF001 (Korean quotation marks)

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette

from db import seal_keys
from db.settings import Settings
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import StaffRole
from pages.http import proof as route
from services import daily, history_words, proof, sessions
from services.ledger import EventName
from tests.asgi import Answer, ask
from tests.people import NOW, agent, child_of, member, told_of_use
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

HISTORY = "member/history.py"
YESTERDAY = NOW - timedelta(days=1)


def happen(portal: Portal, whose: UUID, kind: str, actor: UUID | None, **changes: Any) -> None:  # noqa: ANN401
    row = {
        "at": YESTERDAY, "member_id": whose, "name": "profile_viewed", "purpose": "show",
        "allowed": True, "actor_kind": kind, "actor_id": actor, "session_id": uuid4(),
    }  # fmt: skip
    with portal.db.work.data.begin() as connection:
        connection.execute(insert(event).values(row | changes).inline())


def lines(tab: AppTest) -> list[str]:
    """Return the text of each line, without its tags."""
    found = re.findall(r"<li[^>]*>(.*?)</li>", text_of(tab), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in found]


def test_own_looks_are_one_line_a_day_and_looking_here_is_one_of_them(portal: Portal) -> None:
    one = member(portal.db)
    for minutes in range(3):
        happen(portal, one, "self", one, at=YESTERDAY + timedelta(minutes=minutes))
    happen(portal, one, "self", one, name="signed_in", purpose=None)
    portal.sign_in(one)
    assert lines(portal.open(HISTORY)) == [
        "내가 내 정보를 봤어요 · 2번",
        "내가 내 정보를 봤어요 · 3번",
        "12:00 내가 로그인했어요",
    ]


def test_others_have_a_line_each_with_role_number_items_and_reason(portal: Portal) -> None:
    one = member(portal.db)
    support, officer = agent(portal.db), agent(portal.db, StaffRole.OFFICER)
    happen(portal, one, "staff", support, purpose="complaints", items=["email", "address"])
    happen(portal, one, "staff", officer, name="values_unmasked", at=YESTERDAY - timedelta(1))
    happen(portal, one, "system", None, purpose="delivery", at=YESTERDAY - timedelta(2))
    portal.sign_in(one)
    helper, head = f"상담 직원({support.hex[:6]})", f"개인정보 보호책임자({officer.hex[:6]})"
    assert lines(portal.open(HISTORY))[1:] == [
        f"12:00 {helper}이 ‘내 정보’를 봤어요 (이메일, 주소) 불만과 민원 처리하기",
        f"12:00 {head}가 가린 값을 모두 봤어요 보관된 정보를 확인하려고",
        "12:00 시스템이 ‘내 정보’를 봤어요 물품 배송",
    ]


def test_a_refused_look_says_that_it_was_refused(portal: Portal) -> None:
    one, stranger = member(portal.db), member(portal.db)
    happen(portal, one, "self", stranger, allowed=False, reason="no_relation")
    happen(portal, one, "staff", agent(portal.db), allowed=False, at=YESTERDAY - timedelta(1))
    portal.sign_in(one)
    shown = lines(portal.open(HISTORY))
    assert shown[1].startswith("12:00 다른 회원이 정보를 보려고 했어요 거절됐어요")
    assert "정보를 보려고 했어요 거절됐어요" in shown[2]


def test_guardians_are_numbered_and_never_named(portal: Portal) -> None:
    first, second = member(portal.db), member(portal.db)
    child = child_of(portal.db, first, "2018-03-04")
    with portal.db.work.data.begin() as connection:
        connection.execute(
            insert(LIVE.guardianship).values(
                member_id=child, guardian_id=second, started_on=NOW.date(), proof=True
            )
        )
    happen(portal, child, "guardian", second)
    happen(portal, child, "guardian", first, at=YESTERDAY - timedelta(1))
    happen(portal, child, "guardian", uuid4(), at=YESTERDAY - timedelta(2))
    happen(portal, child, "self", child, at=YESTERDAY - timedelta(3))
    portal.sign_in(child)
    assert [line.split("‘")[0] for line in lines(portal.open(HISTORY))[1:4]] == [
        "12:00 보호자 2께서 ", "12:00 보호자 1께서 ", "12:00 보호자가 ",
    ]  # fmt: skip
    portal.sign_in(first)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    shown = lines(tab.switch_page(HISTORY).run())
    assert "내가 보호자 1로서" in shown[0]
    assert any(line.startswith("12:00 보호자 2께서 ") for line in shown)
    assert shown[-1] == "아이가 자기 정보를 봤어요 · 1번"
    assert "하늘맘" not in " ".join(shown)
    assert "example.com" not in " ".join(shown)


def test_only_others_can_be_shown(portal: Portal) -> None:
    one = member(portal.db)
    happen(portal, one, "self", one)
    portal.sign_in(one)
    tab = portal.open(HISTORY)
    tab.toggle(key="jk_others").set_value(True).run()
    assert lines(tab) == []
    assert "다른 사람이 보거나 바꾼 적이 없어요." in text_of(tab)
    happen(portal, one, "staff", agent(portal.db))
    assert len(lines(tab.run())) == 1


def test_it_pages_through_any_number_with_the_same_queries(
    portal: Portal, statements: list[str]
) -> None:
    counts = []
    for n in (3, 900):
        one, staff = member(portal.db), agent(portal.db)
        with portal.db.work.data.begin() as connection:
            row = {"member_id": one, "name": "profile_viewed", "allowed": True,
                   "actor_kind": "staff", "actor_id": staff, "purpose": "complaints"}  # fmt: skip
            rows = [row | {"at": YESTERDAY - timedelta(minutes=m)} for m in range(n)]
            connection.execute(insert(event).inline(), rows)
        portal.sign_in(one)
        tab = portal.open(HISTORY)
        statements.clear()
        tab.run()
        counts.append(len(statements))
        assert len(lines(tab)) == min(n + 1, 20)
    assert counts == [3, 3]  # session row; event (which names the subject too); everything
    tab = portal.open(HISTORY)
    tab.session_state["jk_page_history_False"] = 46
    tab.run()
    assert len(lines(tab)) == 901 - 45 * 20


def test_another_member_sees_none_of_it(portal: Portal) -> None:
    one, other = member(portal.db), member(portal.db)
    happen(portal, one, "staff", agent(portal.db))
    portal.sign_in(other)
    assert lines(portal.open(HISTORY)) == ["내가 내 정보를 봤어요 · 2번"]


def test_every_event_has_words() -> None:
    assert set(history_words.EVENTS) == set(EventName)


def test_what_an_unknown_event_was_is_still_a_line(portal: Portal) -> None:
    one = member(portal.db)
    happen(portal, one, "staff", agent(portal.db), name="of_a_later_version", items=["shoe_size"])
    portal.sign_in(one)
    assert "어떤 일을 했어요 (shoe_size)" in lines(portal.open(HISTORY))[1]


# The proof's own address.


@pytest.fixture
def sealing(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the portal a folder with keys that sign; return it."""
    shutil.copytree(portal.db.var / "keys", tmp_path / "keys")
    seal_keys.create(tmp_path / "keys")
    monkeypatch.setattr(route, "settings", lambda: Settings(var=tmp_path))
    return tmp_path


def get(portal: Portal, day: str, query: str = "", language: str = "ko") -> Answer:
    cookie = f"portal={portal.token}; portal_language={language}"
    app = Starlette(routes=[route.ROUTE])
    path = f"{route.PATH}/{day}"
    return ask(lambda _inner: app, path, headers={"cookie": cookie}, query=query.encode())


def seal_all(portal: Portal, var: Path) -> None:
    told_of_use(portal.db)
    daily.run(portal.db.work.data, var, NOW, NOW)


def test_today_is_sealed_tonight_and_yesterday_has_a_proof(portal: Portal, sealing: Path) -> None:
    one = member(portal.db)
    happen(portal, one, "self", one)
    seal_all(portal, sealing)
    portal.sign_in(one)
    shown = text_of(portal.open(HISTORY))
    assert 'href="/history/proof/2026-11-21"' in shown
    assert 'href="/history/proof/2026-11-22"' not in shown
    assert shown.count("오늘 밤에 봉인돼요") == 1
    answer = get(portal, "2026-11-21")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert "jikim-proof-2026-11-21.json" in answer.headers["content-disposition"]
    verifier = seal_keys.verifier(sealing / "keys" / seal_keys.PUBLIC)
    proved = proof.check(json.loads(answer.body), verifier)
    assert [e["member_id"] for e in proved.events] == [str(one)]


def names_of(portal: Portal) -> Sequence[str]:
    with portal.db.work.data.connect() as connection:
        return connection.scalars(select(event.c.name).order_by(event.c.event_id)).all()


def test_taking_a_proof_is_an_event(portal: Portal, sealing: Path) -> None:
    one = member(portal.db)
    happen(portal, one, "self", one)
    seal_all(portal, sealing)
    portal.sign_in(one)
    get(portal, "2026-11-21")
    assert names_of(portal) == ["profile_viewed", "proof_taken"]


@pytest.mark.promise("P25")
def test_nobody_gets_anothers_proof(portal: Portal, sealing: Path) -> None:
    one, stranger = member(portal.db), member(portal.db)
    happen(portal, one, "self", one)
    seal_all(portal, sealing)
    assert get(portal, "2026-11-21").status == 401
    portal.sign_in(stranger)
    assert get(portal, "2026-11-21").status == 404
    for given in (one, "1", "%ED%95%9C", "a" * 64):
        assert get(portal, "2026-11-21", f"child={given}").status == 403
    # Nor is anybody's ledger filled by it.
    assert names_of(portal) == ["profile_viewed"]
    portal.sign_in(staff=agent(portal.db))
    assert get(portal, "2026-11-21", f"child={one}").status == 403
    portal.sign_in(one, store="dormant")
    assert get(portal, "2026-11-21").status == 403
    portal.sign_in(one)
    portal.later(hours=1)
    assert get(portal, "2026-11-21").status == 401


def test_a_guardian_gets_the_childs_proof(portal: Portal, sealing: Path) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    happen(portal, child, "self", child)
    seal_all(portal, sealing)
    portal.sign_in(guardian)
    tab = portal.open()
    tab.session_state["jk_acting_for"] = child
    shown = text_of(tab.switch_page(HISTORY).run())
    (link,) = re.findall(r'href="/history/proof/2026-11-21\?(child=[0-9a-f]{64})"', shown)
    assert str(child) not in shown
    assert get(portal, "2026-11-21", link).status == 200
    assert get(portal, "2026-11-21", f"child={child}").status == 403
    portal.sign_in(guardian)  # another session of the same guardian's
    assert get(portal, "2026-11-21", link).status == 403


def test_what_is_no_day_or_not_sealed_is_refused_in_words(portal: Portal, sealing: Path) -> None:
    assert sealing.is_dir()
    portal.sign_in(member(portal.db))
    for day in ("yesterday", "9999-12-31", "0001-01-01", "2026-02-30", "1"):
        assert get(portal, day).status == 400
    assert get(portal, "2026-11-22").body.decode().startswith("이날은 아직 봉인되지")
    assert get(portal, "2026-11-22", language="en").body == (
        b"This day is not sealed yet. Please come back tomorrow."
    )


def test_a_proof_waits_in_words_for_a_database_that_is_away(
    portal: Portal, sealing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError(None, None, Exception())

    assert sealing.is_dir()
    portal.sign_in(member(portal.db))
    monkeypatch.setattr(sessions, "find", away)
    answer = get(portal, "2026-11-21", language="en")
    assert (answer.status, b"Please try again soon." in answer.body) == (503, True)


def test_days_are_those_of_seoul(portal: Portal) -> None:
    one = member(portal.db)
    happen(portal, one, "self", one, at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    happen(portal, one, "self", one, at=datetime(2026, 11, 20, 14, 59, tzinfo=UTC))
    portal.sign_in(one)
    tab = portal.open(HISTORY)
    assert lines(tab)[1:] == ["내가 내 정보를 봤어요 · 1번"] * 2
    assert 'id="day-2026-11-21"' in text_of(tab)
    assert 'id="day-2026-11-20"' in text_of(tab)
