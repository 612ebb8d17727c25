"""`/family`: linking, acting for a child, and what a parent's own record holds (P29, P41)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from db.drafts import ValueDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import ConsentKind
from tests.families import BORN, NAME, a_child, verified, work
from tests.people import NOW, ORIGIN, PLAIN, agent, granted, member, portal_house
from tests.portal import keyed, portal, statements, text_of
from tests.services.test_linking import asked_by_document
from tests.signing_in import Letters

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

FAMILY, EDIT, CONSENTS = "member/family.py", "member/edit.py", "member/consents.py"
SENT = "그런 아이가 있으면, 가입할 때 적은 연락처로"


def parent(one: Portal, *babies: tuple[str, str], **more: str) -> UUID:
    more.setdefault("birth_date", PLAIN["birth_date"])
    values = [ValueDraft("nickname", "하늘맘", ORIGIN)]
    for seq, (name, born) in enumerate(babies):
        values += [ValueDraft("baby_name", name, ORIGIN, seq),
                   ValueDraft("baby_date", born, ORIGIN, seq)]  # fmt: skip
    values += [ValueDraft(item, text, ORIGIN) for item, text in more.items() if text]
    return member(one.db, values=tuple(values), records=(), devices=())


def typed(tab: AppTest, name: str = NAME, born: str = "2018. 3. 4.") -> AppTest:
    """Fill the form and ask for a code."""
    if any(one.key == "link_again" for one in tab.button):
        tab.button(key="link_again").click().run()
    tab.text_input(key="jk_form_link_name").set_value(name)
    tab.text_input(key="jk_form_link_born").set_value(born)
    pressed: AppTest = button(tab, "인증번호 보내기").click().run()
    return pressed


def button(tab: AppTest, label: str) -> Any:  # noqa: ANN401 (a button)
    return next(one for one in tab.button if one.label == label)


def enter(tab: AppTest, code: str) -> AppTest:
    tab.text_input(key="jk_link_code").set_value(code)
    tab.radio(key="jk_link_reason_code").set_value("parent")
    tab.checkbox(key="jk_link_agreed_code").check()
    pressed: AppTest = button(tab, "동의하고 연결하기").click().run()
    return pressed


def mailed(one: Portal, letters: Letters) -> str:
    work(one.db, letters, one.now)
    portal_house(one.db)
    found = re.search(r"\b(\d{6})\b", letters.mails[-1].text)
    assert found
    return found[1]


def end_links(one: Portal, child: UUID) -> None:
    table = LIVE.guardianship
    with one.db.owner_data.begin() as data:
        mine = table.c.member_id == child
        data.execute(update(table).where(mine).values(ended_on=one.now.date()))


@pytest.mark.promise("P41")
def test_a_guardian_links_acts_and_comes_back(portal: Portal) -> None:
    letters, mother = Letters(), parent(portal)
    a_child(portal.db)
    portal.sign_in(mother)
    tab = portal.open(FAMILY)
    # Nothing to fill in before it is known who asks.
    assert not tab.text_input
    assert any(one.key == "link_verify" for one in tab.button)
    portal.sign_in(mother, verified=NOW)
    tab = typed(portal.open(FAMILY))
    assert SENT in text_of(tab)
    assert "5번 더 입력할 수 있어요" in text_of(tab)
    code = mailed(portal, letters)
    wrong = enter(tab, "1" if code != "1" else "2")
    assert "인증번호가 맞지 않아요" in text_of(wrong)
    tab.text_input(key="jk_link_code").set_value(code)
    tab.checkbox(key="jk_link_agreed_code").uncheck()
    assert "동의하셔야 연결할 수 있어요" in text_of(button(tab, "동의하고 연결하기").click().run())
    shown = text_of(enter(tab, code))
    assert "아이와 연결됐고, 동의도 기록했어요" in shown
    for words in ("아이 1 · 꼬마", "보호자 1 (나)", "2026. 11. 22.", "부모",
                  "가입할 때 적은 보호자 연락처로 받은 인증번호"):  # fmt: skip
        assert words in shown
    tab.button(key="act_1").click().run()
    assert "jk-banner" in text_of(tab)
    assert "꼬마" in text_of(tab)
    acting = text_of(tab.switch_page(FAMILY).run())
    assert "<h1>아이의 보호자</h1>" in acting
    assert "연락처 1" in acting
    # Only the guardian's own page links a further child.
    assert "아이 연결하기" not in acting
    tab.button(key="act_for_self").click().run()
    assert "jk-banner" not in text_of(tab)


def test_the_page_says_the_same_whoever_is_here(portal: Portal) -> None:
    a_child(portal.db)
    pages = []
    for name in (NAME, "아무개"):
        portal.sign_in(parent(portal), verified=NOW)
        shown = text_of(typed(portal.open(FAMILY), name))
        assert SENT in shown
        assert name not in shown
        pages.append(shown)
    assert pages[0] == pages[1]


def test_what_is_typed_wrongly_is_said_and_not_lost(portal: Portal) -> None:
    portal.sign_in(parent(portal), verified=NOW)
    tab = typed(portal.open(FAMILY), NAME, "2018년")
    assert 'role="alert"' in text_of(tab)
    assert tab.text_input(key="jk_form_link_name").value == NAME
    tab = typed(tab, NAME, "2010. 3. 4.")
    assert "만 14세가 넘어서" in text_of(tab)
    for _ in range(3):
        tab = typed(portal.open(FAMILY))
    assert "12:10:01" in text_of(typed(portal.open(FAMILY)))
    portal.sign_in(member(portal.db, values=(ValueDraft("birth_date", "2009-03-04"),)),
                   verified=NOW)  # fmt: skip
    assert "만 19세부터" in text_of(typed(portal.open(FAMILY)))


@pytest.mark.promise("P29")
def test_who_has_no_birth_date_is_told_what_to_do_and_goes_on_for_their_child(
    portal: Portal,
) -> None:
    mother = parent(portal, birth_date="")
    portal.sign_in(mother, verified=NOW)
    shown = text_of(portal.open(FAMILY))
    assert "생년월일이 없어서" in shown
    assert 'href="/edit?item=birth_date"' in shown
    assert "그대로예요" not in shown
    a_child(portal.db, mother)
    tab = portal.open(FAMILY)
    assert "지금 돌보고 있는 아이는 그대로예요" in text_of(tab)
    assert not any(one.key == "jk_form_link_name" for one in tab.text_input)
    assert "꼬마" in text_of(tab)


def test_the_same_few_queries_however_many_children(portal: Portal, statements: list[str]) -> None:
    counts = []
    for children in (1, 4):
        mother, other = parent(portal), parent(portal)
        for _ in range(children):
            a_child(portal.db, mother, other)
        portal.sign_in(mother)
        tab = portal.open(FAMILY)
        statements.clear()
        assert f"아이 {children} · 꼬마" in text_of(tab.run())
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert counts[0] <= 4, statements


def test_a_look_at_a_childs_name_is_noted_once_a_tab(portal: Portal) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother)
    portal.sign_in(mother)
    portal.open(FAMILY).run().run()
    with portal.db.owner_data.connect() as data:
        rows = data.execute(
            select(event.c.name, event.c.actor_kind, event.c["items"]).where(
                event.c.member_id == child
            )
        ).all()
    assert [tuple(row) for row in rows] == [("family_viewed", "guardian", ["nickname"])]


def test_a_very_long_name_leaves_room_for_what_a_button_does(portal: Portal) -> None:
    guardian = parent(portal)
    a_child(portal.db, guardian, nickname="가" * 200)
    portal.sign_in(guardian)
    labels = [one.label for one in portal.open(FAMILY).button]
    assert f"아이 1 · {'가' * 20}… 정보 보기" in labels


def test_a_name_is_no_markup_on_a_button(portal: Portal) -> None:
    guardian = parent(portal)
    a_child(portal.db, guardian, nickname="**굵게** ![x](/y)")
    portal.sign_in(guardian)
    tab = portal.open(FAMILY)
    assert "아이 1 · 굵게 x y 정보 보기" in [one.label for one in tab.button]
    assert "**굵게** ![x](/y)" in text_of(tab)


def test_a_former_guardian_sees_that_it_ended_and_nobody_else(portal: Portal) -> None:
    mother, father = parent(portal), parent(portal)
    child = a_child(portal.db, mother, father)
    with portal.db.owner_data.begin() as data:
        table = LIVE.guardianship
        ended = update(table).where(table.c.guardian_id == father)
        data.execute(ended.values(ended_on=NOW.date() - timedelta(days=3)))
    portal.sign_in(father)
    shown = text_of(portal.open(FAMILY))
    assert "연결이 끝났어요" in shown
    assert "2026. 11. 19." in shown
    assert "보호자 2 (나)" in shown
    assert "보호자 1" not in shown
    assert "꼬마" not in shown
    portal.sign_in(mother)
    shown = text_of(portal.open(FAMILY))
    assert "보호자 1 (나)" in shown
    assert "보호자 2" in shown
    # The child reads both, as numbers, in words of its own.
    portal.sign_in(child)
    shown = text_of(portal.open(FAMILY))
    assert "나를 돌봐 주는 어른" in shown
    for words in ("보호자 1", "보호자 2", "연락처 1"):
        assert words in shown
    assert "아이 연결하기" not in shown


# ---- bad days ---------------------------------------------------------------------------------


def acting_for(one: Portal, guardian: UUID, page: str) -> AppTest:
    one.sign_in(guardian, verified=one.now)
    tab = one.open()
    tab.button(key="child_1").click().run()
    return tab.switch_page(page).run()


@pytest.mark.promise("P29")
def test_a_guardian_removed_while_the_page_is_open_goes_back_to_their_own(portal: Portal) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother)
    tab = acting_for(portal, mother, EDIT)
    assert "꼬마" in text_of(tab)
    tab.text_input(key=keyed(tab, "jk_form_nickname_0")).set_value("몰래 바꾼 이름")
    end_links(portal, child)
    shown = text_of(button(tab, "바꾸기").click().run())
    assert "이제 이 아이를 대신할 수 없어요" in shown
    assert "내 정보로 돌아왔어요" in shown
    assert "jk-banner" not in shown
    assert "하늘맘" in shown
    for words in ("꼬마", "몰래 바꾼 이름"):
        assert words not in shown
    assert "몰래" not in repr(tab.session_state)
    # Said once; the tab stays where it is, and what was typed reached nobody.
    again = text_of(tab.run())
    assert "대신할 수 없어요" not in again
    assert "하늘맘" in again
    own = text_of(tab.switch_page(EDIT).run())
    assert "몰래" not in own
    portal.sign_in(child)
    assert "꼬마" in text_of(portal.open())


@pytest.mark.promise("P29")
def test_two_guardians_change_one_consent_at_once(portal: Portal) -> None:
    mother, father = parent(portal), parent(portal)
    before = granted(ConsentKind.MARKETING, yes=False, at=NOW - timedelta(days=9))
    child = a_child(portal.db, mother, father, consents=before)
    hers, token = acting_for(portal, mother, CONSENTS), portal.token
    his = acting_for(portal, father, CONSENTS)
    his.toggle(key="consent_marketing").set_value(True).run()
    assert "방금 켰어요" in text_of(his)
    portal.token = token
    portal.later(seconds=1)
    shown = text_of(hers.toggle(key="consent_marketing").set_value(True).run())
    assert "그사이" in shown
    with portal.db.owner_data.connect() as data:
        rows = data.execute(
            select(LIVE.consent.c.decided_by, LIVE.consent.c.actor_id)
            .where(LIVE.consent.c.member_id == child, LIVE.consent.c.granted)
            .order_by(LIVE.consent.c.consent_id)
        ).all()
    # Each decision is a record of its own, with who made it.
    assert {tuple(row) for row in rows} == {("guardian", mother), ("guardian", father)}


@pytest.mark.promise("P41")
@pytest.mark.parametrize("page", ["member/overview.py", "member/my_data.py", CONSENTS, FAMILY])
def test_kept_only_is_said_to_child_and_guardian(portal: Portal, page: str) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother, proof=False)
    tab = acting_for(portal, mother, page)
    shown = text_of(tab)
    assert "보관만 하고 있어요" in shown
    assert "보호자 동의 기록이 없어서예요" in shown
    assert "연결하면서 동의하면" in shown
    portal.sign_in(child)
    shown = text_of(portal.open(page))
    assert "보관만 하고 있어요" in shown
    assert "엄마나 아빠" in shown
    portal.sign_in(mother)
    assert "보관만 하고 있어요" not in text_of(portal.open(page))


@pytest.mark.promise("P41")
def test_a_child_kept_only_can_not_be_consented_for(portal: Portal) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, proof=False)
    tab = acting_for(portal, mother, CONSENTS)
    shown = text_of(tab.toggle(key="consent_marketing").set_value(True).run())
    assert "먼저 보호자가" in shown
    assert tab.toggle(key="consent_marketing").value is False


# ---- children inside a parent's own record ----------------------------------------------------


def test_each_value_about_a_baby_can_be_cleared_alone(portal: Portal) -> None:
    mother = parent(portal, ("콩이", BORN), ("팥이", "2027-02-03"), mother_category="예비맘")
    portal.sign_in(mother)
    tab = portal.open(FAMILY)
    shown = text_of(tab)
    assert "내 정보 안에 있는 아이" in shown
    for words in ("아기 이름 또는 태명", "회원인 동안"):
        assert words in shown
    assert "콩이" not in shown
    portal.sign_in(mother, verified=NOW)
    tab = portal.open(FAMILY)
    tab.button(key="clear_baby_date_1").click().run()
    shown = text_of(tab)
    assert "되살릴 수 없어요" in shown
    tab.button(key="sure_baby_date_1").click().run()
    assert "지웠어요: 출산 예정일 또는 아기 생일" in text_of(tab)
    with portal.db.owner_data.connect() as data:
        table = LIVE.profile_value
        left = data.execute(
            select(table.c.item, table.c.seq).where(
                table.c.member_id == mother, table.c.sealed.is_not(None)
            )
        ).all()
    assert ("baby_date", 1) not in {tuple(row) for row in left}
    assert {("baby_date", 0), ("baby_name", 1), ("mother_category", 0)} <= {
        tuple(row) for row in left
    }


def test_what_the_parent_holds_is_offered_and_moved(portal: Portal) -> None:
    mother = parent(portal, ("콩이", BORN), mother_category="엄마")
    a_child(portal.db, mother, nickname=None)
    portal.sign_in(mother, verified=NOW)
    tab = portal.open(FAMILY)
    tab.button(key="compare_1").click().run()
    before = text_of(tab)
    assert "내 정보에서 빠지고, 되돌릴 수 없어요" in before
    assert "아이 정보에 새로 들어가요" in before
    tab.button(key="move").click().run()
    after = text_of(tab)
    assert "옮겼어요" in after
    assert "아이 정보에 들어간 것: 닉네임" in after
    assert "<h2>내 정보 안에 있는 아이</h2>" not in after
    # The child has its name from there; the parent's page says so in this very tab next time.
    assert "콩이" in text_of(portal.open(FAMILY))


def test_nothing_to_move_is_said(portal: Portal) -> None:
    mother = parent(portal, ("콩이", "2026-01-01"))
    a_child(portal.db, mother)
    portal.sign_in(mother, verified=NOW)
    tab = portal.open(FAMILY)
    tab.button(key="compare_1").click().run()
    assert "태어난 날이 같은 것이 없어서" in text_of(tab)
    tab.button(key="move_leave").click().run()
    assert "태어난 날이 같은" not in text_of(tab)
    assert PLAIN["name"] not in text_of(tab)


# ---- the desk ---------------------------------------------------------------------------------


def test_staff_compare_what_was_typed_with_the_document_and_link(portal: Portal) -> None:
    mother, staff = parent(portal), agent(portal.db)
    child = a_child(portal.db)
    asked_by_document(verified(mother))
    portal.sign_in(mother, verified=NOW)
    assert "서류를 잘 받았어요. 2026. 12. 2.까지" in text_of(portal.open(FAMILY))
    assert "아이 연결 요청" in text_of(portal.open("member/requests.py"))
    portal.sign_in(staff=staff, verified=NOW)
    tab = portal.open("desk/queue.py")
    assert "아이 연결 요청" in text_of(tab)
    tab.button(key="take").click().run()
    shown = text_of(tab)
    assert "강*늘" in shown
    assert "법원이 정한 후견인" in shown
    assert NAME not in shown
    tab.button(key="show").click().run()
    shown = text_of(tab)
    assert NAME in shown
    assert "2018. 3. 4." in shown
    # Whether there is such a child doesn't show before it is decided.
    assert "꼬마" not in shown
    tab.radio[0].set_value("grant")
    button(tab, "결정하기").click().run()
    assert "요청대로" in text_of(tab)
    portal.sign_in(mother)
    shown = text_of(portal.open(FAMILY))
    assert "직원이 확인한 서류" in shown
    assert "아이 1 · 꼬마" in shown
    portal.sign_in(child)
    assert "보관만 하고 있어요" not in text_of(portal.open())
