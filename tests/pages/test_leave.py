"""`/leave` and `/status`: shown before, done once, and looked up afterwards (P30, P34)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from db.tables import ops
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.moves import move
from db.words import Store
from services import certificate, child_link, leaving, withdrawing
from services.ledger import EventName
from tests.leaving import leave, signer, status, worker_house
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house
from tests.portal import keyed, portal, statements, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

LEAVE, STATUS = "member/leave.py", "public/status.py"


def buttons(tab: AppTest) -> set[str | None]:
    return {button.key for button in tab.button}


def work(one: Portal) -> None:
    """Let the worker do what waits, then be the portal again."""
    assert withdrawing.withdraw_all(worker_house(one.db), signer(one.db), one.now) > 0
    portal_house(one.db)


@pytest.mark.promise("P05", "P30", "P34")
def test_what_happens_is_shown_before_and_one_button_does_it(portal: Portal) -> None:
    who = member(portal.db)
    portal.sign_in(who, verified=NOW)
    tab = portal.open(LEAVE)
    shown = text_of(tab)
    assert "<h1>회원탈퇴</h1>" in shown
    for said in ("임신 정보", "2027. 11. 22.까지", "탈퇴한 회원의 정보", "광고만 끄기"):
        assert said in shown
    assert not any(value in shown for value in PLAIN.values())
    tab.button(key="leave").click().run()
    (given,) = tab.session_state["jk_certificates"]
    assert given.number in text_of(tab)
    assert given.secret in text_of(tab)
    assert "leave" not in buttons(tab)
    work(portal)
    tab.run()  # the session is gone by now; the tab goes on to the status by itself
    after = text_of(tab)
    for said in (given.number, given.secret, "이 포털: 파기됨", "2026. 11. 22. 12:00에 탈퇴했어요"):
        assert said in after
    assert not any(value in after for value in PLAIN.values())
    assert "sign_out" not in buttons(tab)
    assert status(portal.db, given).left_at == NOW
    # Whoever comes to this browser afterwards starts with nothing.
    assert given.number not in text_of(portal.open(STATUS))


@pytest.mark.promise("P30")
def test_without_a_fresh_verification_there_is_no_way_to_leave(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW - timedelta(minutes=16))
    tab = portal.open(LEAVE)
    assert {"verify"} <= buttons(tab)
    assert "leave" not in buttons(tab)
    assert "임신 정보" in text_of(tab)


@pytest.mark.promise("P12")
def test_who_sleeps_leaves_without_waking(portal: Portal) -> None:
    who = member(portal.db, Store.DORMANT)
    portal.sign_in(who, store="dormant", verified=NOW)
    tab = portal.open()
    tab.button(key="leave").click().run()
    assert "깨우지 않고 탈퇴할 수 있어요" in text_of(tab)
    assert "임신 정보" in text_of(tab)
    tab.button(key="leave").click().run()
    work(portal)
    tab.run()
    assert "이 포털: 파기됨" in text_of(tab)


@pytest.mark.promise("P29")
def test_each_child_stays_or_leaves_as_its_guardian_chose(portal: Portal) -> None:
    guardian = member(portal.db)
    first = child_of(portal.db, guardian, "2020-01-01")
    second = child_of(portal.db, guardian, "2019-01-01")
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open(LEAVE)
    one, two = tab.radio
    assert (one.value, two.value) == ("stays", "stays")
    two.set_value("leaves").run()
    tab.button(key="leave").click().run()
    assert len(tab.session_state["jk_certificates"]) == 2
    work(portal)
    tab.run()
    with portal.db.owner_data.connect() as data:
        left = set(data.scalars(select(event.c.member_id).where(event.c.name == EventName.LEFT)))
    assert guardian in left
    assert len(left & {first, second}) == 1


class Home:
    """A guardian of two children on the page of leaving; `first` and `second` as drawn."""

    def __init__(self, one: Portal) -> None:
        self.portal, self.guardian = one, member(one.db)
        made = [child_of(one.db, self.guardian, f"20{year}-01-01") for year in (19, 20)]
        self.actor = acting(self.guardian, session_id=one.sign_in(self.guardian, verified=NOW))
        self.tab = one.open(LEAVE)
        self.keys = {child: f"jk_child_{child_link.token(self.actor, child)}" for child in made}
        drawn = [radio.key for radio in self.tab.radio]
        self.first, self.second = sorted(made, key=lambda one: drawn.index(self.keys[one]))

    def grow(self, child: UUID) -> None:
        with self.portal.db.owner_data.begin() as data:
            mine = LIVE.member.c.member_id == child
            data.execute(update(LIVE.member).where(mine).values(turns_14_on=NOW.date()))

    def dispute(self, child: UUID) -> None:
        with self.portal.db.owner_data.begin() as data:
            data.execute(insert(LIVE.dispute).values(
                member_id=child, dispute_id=uuid4(), why="fear", opened_by=child, opened_at=NOW,
            ))  # fmt: skip

    def choose(self, *children: UUID) -> None:
        for child in children:
            self.tab.radio(key=self.keys[child]).set_value("leaves").run()

    def leave(self) -> str:
        self.tab.button(key="leave").click().run()
        return text_of(self.tab)

    def asked(self) -> set[UUID]:
        with self.portal.db.owner_data.connect() as data:
            return set(data.scalars(select(move.c.member_id)))


@pytest.mark.promise("P29")
def test_a_child_leaves_by_its_name_and_not_by_its_place(portal: Portal) -> None:
    home = Home(portal)
    assert [radio.label for radio in home.tab.radio] == ["아이 1 · 꼬마", "아이 2 · 꼬마"]
    home.choose(home.first)
    home.grow(home.first)
    said = "고르신 것을 다시 한번 살펴봐 주세요"
    assert said in home.leave()
    assert home.asked() == set()
    assert [(one.key, one.value) for one in home.tab.radio] == [(home.keys[home.second], "stays")]
    assert said not in home.leave()
    assert home.asked() == {home.guardian}


@pytest.mark.promise("P29")
@pytest.mark.parametrize("grown", [False, True], ids=["same", "other"])
def test_the_choice_comes_back_from_a_verification_for_the_same_children(
    portal: Portal, *, grown: bool
) -> None:
    home = Home(portal)
    tokens = {child: key.removeprefix("jk_child_") for child, key in home.keys.items()}
    if grown:
        home.grow(home.first)
    home.tab = portal.open()
    home.tab.session_state["jk_resume"] = {
        "leaving_too": [tokens[home.first]], "leaving_of": list(tokens.values()),
    }  # fmt: skip
    home.tab.switch_page(LEAVE).run()
    assert [one.value for one in home.tab.radio] == (["stays"] if grown else ["leaves", "stays"])
    assert ("고르신 것을 다시 한번" in text_of(home.tab)) is grown
    home.leave()
    assert home.asked() == ({home.guardian} if grown else {home.guardian, home.first})


@pytest.mark.promise("P29")
def test_nobody_leaves_when_one_of_them_is_held_back(portal: Portal) -> None:
    home = Home(portal)
    home.choose(home.first, home.second)
    home.dispute(home.second)
    assert "결정할 때까지" in home.leave()
    assert home.asked() == set()
    assert "jk_certificates" not in home.tab.session_state


@pytest.mark.promise("P34")
def test_what_was_asked_for_has_its_certificate_when_the_next_fails(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(portal)
    home.choose(home.first, home.second)
    home.dispute(home.second)
    monkeypatch.setattr(leaving, "ready", lambda _subject: None)  # the dispute came a moment later
    shown = home.leave()
    assert home.asked() == {home.first}
    (given,) = home.tab.session_state["jk_certificates"]
    assert given.number in shown
    assert "결정할 때까지" in shown


def test_a_guardian_ends_a_childs_membership_and_stays(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2020-01-01")
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    tab.switch_page(LEAVE).run()
    assert "아이가 탈퇴하면" in text_of(tab)
    assert not tab.radio
    tab.button(key=keyed(tab, "leave")).click().run()
    work(portal)
    with portal.db.owner_data.connect() as data:
        left = data.scalars(select(event.c.member_id).where(event.c.name == EventName.LEFT)).all()
    assert left == [child]
    assert PLAIN["nickname"] in text_of(portal.open())


@pytest.mark.promise("P34")
def test_the_status_opens_by_number_and_secret_and_slows_who_guesses(portal: Portal) -> None:
    given = leave(portal.db, member(portal.db))
    portal_house(portal.db)
    tab = portal.open(STATUS)

    def look(number: str, secret: str) -> str:
        tab.text_input(key="number").set_value(number)
        tab.text_input(key="secret").set_value(secret)
        tab.button[-1].click().run()
        return text_of(tab)

    assert "이 포털: 파기됨" in look(given.number.lower(), given.secret.replace("-", ""))
    assert "맞는 확인서가 없어요" in look(given.number, certificate.new().secret)
    for _ in range(4):
        look(given.number, certificate.new().secret)
    assert "이후에 다시 해 주세요" in look(given.number, certificate.new().secret)
    assert "이 포털: 파기됨" not in look(given.number, given.secret)
    portal.later(hours=1)
    assert "이 포털: 파기됨" in look(given.number, given.secret)


def test_who_confirmed_is_named_and_who_has_not_is_waited_for(portal: Portal) -> None:
    with portal.db.owner_data.begin() as data:
        data.execute(
            insert(ops.company).values(
                company_id="app", role="source_system", name="엄마와 앱", items=[], means="none",
                service="엄마와", terms_from=NOW, added_at=NOW,
            )
        )  # fmt: skip
    given = leave(portal.db, member(portal.db))
    portal_house(portal.db)
    tab = portal.open(STATUS)
    for answered, said in ((None, "엄마와 앱: 답 기다림"), (NOW, "엄마와 앱: 2026. 11. 22. 확인")):
        with portal.db.owner_data.begin() as data:
            data.execute(ops.dispatch.update().values(answered_at=answered))
        tab.text_input(key="number").set_value(given.number)
        tab.text_input(key="secret").set_value(given.secret)
        tab.button[-1].click().run()
        assert said in text_of(tab)


def test_the_page_asks_a_fixed_number_of_times(portal: Portal, statements: list[str]) -> None:
    guardian = member(portal.db)
    child_of(portal.db, guardian, "2020-01-01")
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open(LEAVE)
    statements.clear()
    tab.run()
    # The session row; the event, which names the subject too; counts; others.
    assert len(statements) == 4, statements
