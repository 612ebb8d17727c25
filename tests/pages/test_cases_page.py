"""`/desk-cases` and the member's pages with a case in hand (P31)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select, update

from db.drafts import ValueDraft
from db.tables.cases import case as cases
from db.tables.cases import case_paper, case_step
from db.tables.keys import blind_index
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import Caller, CallWish, CaseReason, Purpose, StaffRole, StepWhat
from pages.components import frame
from services import access, case_asking, case_going_on, case_list, correction
from services.actor import Permission
from services.ledger import EventName
from tests import test_structure
from tests.calling import (
    HANDLE,
    code_for,
    guardians_case,
    in_case,
    opened,
    read,
    staff_actor,
    verified_case,
)
from tests.people import NOW, PLAIN, agent, child_of, member
from tests.portal import Portal, portal, statements, text_of
from tests.services.test_disputes import Family

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

__all__ = ["portal", "statements"]

DESK, MY_DATA, EDIT = "desk/cases.py", "member/my_data.py", "member/edit.py"


def find(tab: AppTest, typed: str = PLAIN["email"]) -> AppTest:
    tab.text_input(key="case_typed").input(typed)
    return submit(tab, "찾아보기")


def key(tab: AppTest, kind: str, name: str) -> str:
    """Return the key of a field of the form, which ends with whose form it is."""
    found = [one.key for one in tab.get(kind) if re.match(rf"{name}_", one.key or "")]
    assert len(found) == 1, found
    return str(found[0])


def submit(tab: AppTest, label: str) -> AppTest:
    return next(b for b in tab.button if b.label == label).click().run()


@pytest.mark.promise("P31")
def test_a_call_from_ring_to_close(portal: Portal) -> None:
    who, staff = member(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    tab = find(portal.open(DESK))
    shown = text_of(tab)
    assert "홍*순" in shown
    assert PLAIN["mobile"] not in shown
    tab.button_group(key=key(tab, "button_group", "case_asked")).set_value(
        [CallWish.SEE, CallWish.CORRECT]
    )
    tab = submit(tab, "상담 열기")
    assert not tab.exception
    case_id = only_case(portal)
    assert "누구신지 확인" in text_of(tab)
    # Not verified yet: the member's pages stay shut.
    assert 'role="alert"' in text_of(tab.switch_page(MY_DATA).run())
    tab = tab.switch_page(DESK).run().button(key="send_mobile_code").click().run()
    tab.text_input(key="case_code_typed").input(code_for(read(case_id)))
    tab = submit(tab, "맞춰 보기")
    assert "본인이에요" in text_of(tab)
    tab = tab.button(key="to_my_data").click().run()
    tab = tab.switch_page(MY_DATA).run()
    shown = text_of(tab)
    assert "ha***@example.com" in shown
    assert PLAIN["email"] not in shown
    assert "홍*순" in shown  # the banner says for whom
    tab.selectbox(key="unmask_item").set_value("email")
    tab = submit(tab, "보기")
    assert PLAIN["email"] in text_of(tab)
    assert PLAIN["address"] not in text_of(tab)
    with portal.db.work.data.connect() as connection:
        seen = connection.execute(
            select(event).where(event.c.name == EventName.VALUES_UNMASKED)
        ).one()
    assert (seen.items, seen.case_id) == (["email"], case_id)
    assert seen.reason == "caller_asks_for_it"
    assert seen.member_id == who
    tab = tab.switch_page(DESK).run()
    tab.selectbox(key="case_outcome").set_value("done")
    tab = submit(tab, "답 쓰기")
    tab = tab.button(key="case_close").click().run()
    assert "닫았어요" in text_of(tab)
    assert read(case_id).outcome == "done"
    assert 'role="alert"' in text_of(tab.switch_page(MY_DATA).run())


def only_case(portal: Portal) -> UUID:
    with portal.db.work.data.connect() as connection:
        found: UUID = connection.execute(select(cases.c.case_id)).scalar_one()
    return found


def test_what_was_typed_survives_the_end_of_the_half_hour(portal: Portal) -> None:
    who, staff = member(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    case = verified_case(staff_actor(staff), who, CallWish.CORRECT)
    tab = portal.open(DESK).button(key="case_take").click().run()
    tab.switch_page(EDIT).run()
    key = "jk_form_nickname_0"
    tab.text_input(key=key).input("새별명")
    for _ in range(3):  # nobody was away: the session lasts
        portal.later(minutes=8)
        tab.run()
    tab.text_input(key=key).input("새별명")
    portal.later(minutes=8)
    tab = submit(tab, "바꾸기")
    assert "적은 내용은 그대로 있어요" in text_of(tab)
    assert not [e for e in events(portal, who) if e == EventName.VALUE_CORRECTED]
    tab = tab.button(key="case_renew").click().run()
    assert tab.text_input(key=key).value == "새별명"
    tab = submit(tab, "바꾸기")
    assert EventName.VALUE_CORRECTED in events(portal, who)
    assert read(case.case_id).permissions >= {"profile_correct"}


def named(portal: Portal, name: str, mobile: str) -> UUID:
    values = {**PLAIN, "name": name, "mobile": mobile, "email": f"{mobile}@example.com"}
    kept = ("name", "birth_date", "email", "mobile", "nickname")
    return member(portal.db, values=tuple(ValueDraft(item, values[item]) for item in kept))


def take(tab: AppTest, no: str) -> AppTest:
    which = tab.selectbox(key="case_which")
    which.select_index(next(n for n, text in enumerate(which.options) if text.startswith(no)))
    return tab.button(key="case_take").click().run()


def test_nothing_shown_of_one_caller_is_seen_in_the_case_of_the_next(portal: Portal) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    first, second = (
        opened(staff_actor(staff), named(portal, name, mobile))
        for name, mobile in (("홍길순", "010-1111-2222"), ("김철수", "010-3333-4444"))
    )
    tab = take(portal.open(DESK), first.no).button(key="case_numbers").click().run()
    assert "010-1111-2222" in text_of(tab)
    tab = tab.button(key="case_aside").click().run()
    tab = take(tab.switch_page(DESK).run(), second.no)
    assert not tab.exception
    assert "case_numbers" in {b.key for b in tab.button}
    shown = text_of(tab)
    assert "김*수" in shown
    assert "010-1111-2222" not in shown
    assert "홍*순" not in shown  # nor in the banner, which is drawn before the case


def test_the_numbers_of_a_child_are_not_offered_to_call_a_guardian_back(portal: Portal) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    child = child_of(portal.db, member(portal.db), "2018-03-04")
    case = opened(staff_actor(staff), child, caller=Caller.GUARDIAN)
    tab = take(portal.open(DESK), case.no)
    assert "보호자의 전화번호가 없어요" in text_of(tab)
    assert "case_numbers" not in {b.key for b in tab.button}
    box = next(one for one in tab.selectbox if one.label == "답이 늦어지는 까닭")
    box.select_index(0)
    tab = submit(tab, "답 미루기")
    assert "까닭을 직접 알려 주세요" in text_of(tab)  # nobody is written to before


def test_a_number_that_staff_have_just_changed_is_not_offered_to_call_back(
    portal: Portal,
) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    case = verified_case(staff_actor(staff), member(portal.db), CallWish.CORRECT)
    look = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
    actor = in_case(staff_actor(staff), case)
    with access.open(actor, case.member_id, Purpose.CORRECT, look=look) as subject:
        correction.correct(subject, "phone", 0, "02-777-8888")
    with portal.db.work.data.begin() as connection:
        connection.execute(
            update(cases).values(verified_by=None, verified_at=None, permissions=["case_handle"])
        )
    tab = take(portal.open(DESK), case.no).button(key="case_numbers").click().run()
    shown = text_of(tab)
    assert PLAIN["mobile"] in shown
    assert "보여 드리지 않는 번호: 전화번호" in shown
    assert "02-777-8888" not in shown


def test_staff_choose_which_of_two_guardians_calls(portal: Portal) -> None:
    family, staff = Family(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    with portal.db.work.keys.begin() as keys:
        # Found by the number that the child's own record holds, and by nobody else's.
        keys.execute(delete(blind_index).where(blind_index.c.member_id != family.child))
    tab = find(portal.open(DESK), PLAIN["mobile"])
    looks = [e for e in events(portal, family.mother) if e == EventName.CALLER_FOUND]
    assert not looks, "of guardians nothing is looked at before one is said to call"
    tab = tab.selectbox(key=key(tab, "selectbox", "case_caller")).set_value(Caller.GUARDIAN).run()
    shown = text_of(tab)
    assert "보호자 1" in shown
    assert "보호자 2" in shown
    assert "홍*순" in shown
    assert PLAIN["name"] not in shown
    tab.button_group(key=key(tab, "button_group", "case_asked")).set_value([CallWish.SEE])
    tab = submit(tab, "상담 열기")
    assert "어느 보호자" in text_of(tab)
    assert tab.button_group(key=key(tab, "button_group", "case_asked")).value, (
        "what was chosen stays"
    )
    tab.radio(key=key(tab, "radio", "case_guardian")).set_value(2)
    tab = submit(tab, "상담 열기")
    assert read(only_case(portal)).guardian_id == family.mother
    assert "보호자 2" in text_of(tab)
    looks = [e for e in events(portal, family.mother) if e == EventName.CALLER_FOUND]
    assert len(looks) == 1, "a click is no new look"


def test_a_case_from_before_asks_which_guardian_it_is_for(portal: Portal) -> None:
    family, staff = Family(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    case = guardians_case(staff_actor(staff), family.child, guardian_id=family.father)
    with portal.db.work.data.begin() as connection:
        connection.execute(update(cases).values(guardian_id=None))
    tab = take(portal.open(DESK), case.no)
    assert "누구신지 확인" not in text_of(tab)
    tab = submit(tab, "이 보호자예요")
    assert "어느 보호자" in text_of(tab)
    tab.radio(key=key(tab, "radio", "case_guardian")).set_value(1)
    tab = submit(tab, "이 보호자예요")
    assert read(case.case_id).guardian_id == family.father
    assert "누구신지 확인" in text_of(tab)
    end = LIVE.guardianship.c.guardian_id == family.father
    with portal.db.work.data.begin() as connection:
        connection.execute(update(LIVE.guardianship).where(end).values(ended_on=NOW.date()))
    shown = text_of(tab.run())
    assert "더는 이 아이를 대신할 수 없어요" in shown
    assert "누구신지 확인" not in shown


def test_what_was_typed_in_one_case_is_not_filled_into_the_next(portal: Portal) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    first = opened(staff_actor(staff), member(portal.db))
    tab = take(portal.open(DESK), first.no)
    key = "jk_form_case_told"
    for _ in range(3):  # nobody was away: the session lasts
        portal.later(minutes=8)
        tab.run()
    tab.text_area(key=key).input("첫 분께 드리는 답")
    portal.later(minutes=8)
    tab = submit(tab, "답 쓰기")
    assert not tab.text_area  # the half hour is over
    later = replace(staff_actor(staff), at=NOW + timedelta(minutes=32))
    second = opened(later, member(portal.db))
    tab = tab.button(key="case_aside").click().run()
    tab = take(tab.switch_page(DESK).run(), second.no)
    assert not tab.text_area(key=key).value


def two_found(portal: Portal) -> tuple[AppTest, UUID]:
    """Look for somebody, and find two of the same name and birth date."""
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    values = tuple(ValueDraft(item, PLAIN[item]) for item in ("name", "birth_date"))
    for _ in range(2):
        member(portal.db, values=values)
    tab = portal.open(DESK)
    tab.date_input(key="case_born").set_value(date.fromisoformat(PLAIN["birth_date"]))
    tab = find(tab, PLAIN["name"])
    return tab, staff


def test_a_case_is_taken_over_only_with_whom_it_is_about_chosen(portal: Portal) -> None:
    tab, staff = two_found(portal)
    held = tab.session_state["jk_callers"][0].member_id
    opened(staff_actor(staff), held)
    tab.button_group(key=key(tab, "button_group", "case_asked")).set_value([CallWish.SEE])
    tab = submit(tab, "상담 열기")
    assert "case_own" in {b.key for b in tab.button}
    tab = tab.radio(key="case_who").set_value(2).run()
    assert "case_own" not in {b.key for b in tab.button}
    tab = tab.radio(key="case_who").set_value(1).run()
    assert "case_own" in {b.key for b in tab.button}


@pytest.mark.promise("P31")
def test_words_typed_for_one_person_go_to_no_other(portal: Portal) -> None:
    tab, _staff = two_found(portal)
    tab.text_area(key=key(tab, "text_area", "case_words")).input("첫 분의 이야기")
    tab.button_group(key=key(tab, "button_group", "case_asked")).set_value([CallWish.LEAVE])
    tab.selectbox(key=key(tab, "selectbox", "case_caller")).set_value(Caller.AGENT)
    tab = tab.radio(key="case_who").set_value(2).run()
    assert not tab.text_area(key=key(tab, "text_area", "case_words")).value
    assert not tab.button_group(key=key(tab, "button_group", "case_asked")).value
    assert tab.selectbox(key=key(tab, "selectbox", "case_caller")).value is Caller.SELF
    second = tab.session_state["jk_callers"][1].member_id
    tab.button_group(key=key(tab, "button_group", "case_asked")).set_value([CallWish.SEE])
    tab = submit(tab, "상담 열기")
    case = read(only_case(portal))
    assert case.member_id == second
    assert case.asked == {CallWish.SEE}
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(case_paper)) == 0


def events(portal: Portal, member_id: UUID) -> list[str]:
    with portal.db.work.data.connect() as connection:
        return list(connection.scalars(select(event.c.name).where(event.c.member_id == member_id)))


def test_the_desk_and_a_case_ask_a_fixed_number_of_times(
    portal: Portal, statements: list[str]
) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    tab = portal.open(DESK)
    statements.clear()
    tab.run()
    empty = len(statements)
    for _ in range(3):
        verified_case(staff_actor(staff), member(portal.db), CallWish.SEE)
    statements.clear()
    tab.run()
    assert len(statements) == empty <= 6


def test_of_many_cases_in_hand_it_says_which_are_shown_and_leads_to_the_others(
    portal: Portal, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_list, "PAGE_ROWS", 2)
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    plain = (ValueDraft("nickname", "하나"),)
    numbers = [
        opened(staff_actor(staff), member(portal.db, values=plain, records=(), devices=()),
               received_on=NOW.date() - timedelta(days=5 - n)).no
        for n in range(5)
    ]  # fmt: skip
    opened(staff_actor(agent(portal.db)), member(portal.db, values=plain, records=(), devices=()))

    def shown(tab: AppTest) -> list[str]:
        mine = text_of(tab).split('id="cases-mine"')[1].split("</section>")[0]
        return [no for no in numbers if no in mine]

    tab = portal.open(DESK)
    statements.clear()
    tab.run()
    asked = len(statements)
    assert "전체 5건 가운데 1~2번째" in text_of(tab)
    assert shown(tab) == numbers[:2]
    assert "own_before" not in {b.key for b in tab.button}
    statements.clear()
    tab = tab.button(key="own_after").click().run()
    assert len(statements) == asked
    assert "전체 5건 가운데 3~4번째" in text_of(tab)
    assert shown(tab) == numbers[2:4]
    tab = tab.button(key="own_after").click().run()
    assert shown(tab) == numbers[4:]
    assert "own_after" not in {b.key for b in tab.button}
    tab = take(tab, numbers[4])
    assert "전체 4건 가운데" in text_of(tab)  # the others, from the first: there is no third page
    assert shown(tab) == numbers[:2]
    tab = tab.button(key="case_aside").click().run()
    tab = tab.switch_page(DESK).run()
    tab = tab.button(key="own_before").click().run()
    assert shown(tab) == numbers[2:4]


def test_each_page_of_the_member_asks_for_what_the_frame_says() -> None:
    files = {path: file for lines in frame.MEMBER.values() for path, file, _ in lines}
    for path, needed in frame._NEEDED.items():
        assert test_structure.gate_of(test_structure.PAGES / files[path]) is needed, path


@pytest.mark.promise("P31")
def test_every_page_of_the_member_works_for_staff_in_a_case(portal: Portal) -> None:
    who, staff = member(portal.db), agent(portal.db)
    # The staff's own sign-in is old by now; the caller's identity is what counts here.
    portal.sign_in(staff=staff, verified=NOW - timedelta(minutes=20))
    case = verified_case(
        staff_actor(staff), who, CallWish.SEE, CallWish.CORRECT, CallWish.CONSENT, CallWish.STOP
    )
    tab = portal.open(DESK).button(key="case_take").click().run()
    for lines in frame.MEMBER.values():
        for path, file, _title in lines:
            shown = text_of(tab.switch_page(file).run())
            assert not tab.exception
            refused = 'role="alert"' in shown
            assert refused == (path in {"export", "leave", "family"}), path
            assert case.no in shown  # the banner is on every page
            for hidden in (PLAIN["email"], PLAIN["mobile"], PLAIN["address"]):
                assert hidden not in shown, path
    tab = tab.switch_page("member/consents.py").run()
    switch = next(t for t in tab.toggle if (t.key or "").endswith("consent_marketing"))
    tab = switch.set_value(True).run()
    granted = [e for e in events(portal, who) if e == EventName.CONSENT_GRANTED]
    assert granted


def test_a_second_one_sees_who_it_is_about_and_agrees(portal: Portal) -> None:
    who, staff, other = member(portal.db), agent(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    verified_case(staff_actor(staff), who, CallWish.CORRECT)
    tab = portal.open(DESK).button(key="case_take").click().run()
    tab.selectbox(key="step_what").set_value("email").run()
    tab.text_input(key="jk_form_step_email").input("neu@example.org")
    tab = submit(tab, "요청하기")
    assert "한 번 더 확인을 기다림" in text_of(tab)
    portal.sign_in(staff=other, verified=NOW)
    tab = portal.open(DESK)
    tab = tab.button(key="step_look").click().run()
    shown = text_of(tab)
    assert "홍*순" in shown
    assert "ne***@example.org" in shown or "n***@example.org" in shown
    assert "neu@example.org" not in shown
    tab = tab.button(key="step_yes").click().run()
    assert "동의했어요" in text_of(tab)
    assert EventName.CONFIRMATION_ASKED in events(portal, who)
    assert EventName.STEP_APPROVED in events(portal, who)


def test_what_waits_for_a_second_word_says_so_and_is_not_offered_again(portal: Portal) -> None:
    staff = agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    verified_case(staff_actor(staff), member(portal.db), CallWish.CORRECT, CallWish.EXPORT)
    tab = portal.open(DESK).button(key="case_take").click().run()
    every = tab.selectbox(key="step_what").options
    assert len(every) == 3
    tab = submit(tab.selectbox(key="step_what").set_value("export").run(), "요청하기")
    waits = "2026. 11. 23. 12:00까지 회원이 링크에서 동의하거나 다른 직원이 동의해야 해요"
    assert waits in text_of(tab)
    left = tab.selectbox(key="step_what")
    assert (len(left.options), left.value) == (2, None)
    tab.selectbox(key="step_what").set_value("clear").run()
    tab.multiselect[0].select("pregnancy")
    tab = submit(tab, "요청하기")
    tab.selectbox(key="step_what").set_value("clear").run()
    assert "임신" not in "".join(tab.multiselect[0].options)
    tab = submit(tab, "거둬들이기: 내 자료 파일 만들기")
    assert tab.selectbox(key="step_what").options == every
    with portal.db.work.data.begin() as connection:
        connection.execute(update(case_step).values(expires_at=NOW))
    shown = text_of(tab.run())
    assert "기한 안에 답이 없음" in shown
    assert "까지 회원이 링크에서" not in shown


def test_a_second_one_sees_which_guardian_asks(portal: Portal) -> None:
    family, staff = Family(portal.db), staff_actor(agent(portal.db))
    case = guardians_case(staff, family.child, CallWish.EXPORT, guardian_id=family.mother)
    with access.open(staff, family.child, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        case_asking.ask(subject, case, StepWhat.EXPORT)
    portal.sign_in(staff=agent(portal.db), verified=NOW)
    tab = portal.open(DESK).button(key="step_look").click().run()
    assert "만 14세 미만 아이의 보호자 · 보호자 2" in text_of(tab)


def test_a_tab_says_who_has_its_case_now(portal: Portal) -> None:
    who, staff, other = member(portal.db), agent(portal.db), agent(portal.db)
    portal.sign_in(staff=staff, verified=NOW)
    case = verified_case(staff_actor(staff), who, CallWish.SEE)
    tab = portal.open(DESK).button(key="case_take").click().run()
    assert "다음에 할 일" in text_of(tab)
    with portal.db.web.data.begin() as connection:
        case_going_on.take_over(
            connection, staff_actor(other), case.case_id, CaseReason.COLLEAGUE_AWAY
        )
    shown = text_of(tab.run())
    assert case.no in shown
    assert "이제" in shown
    assert 'role="alert"' in text_of(tab.switch_page(MY_DATA).run())


def test_the_officer_notes_who_of_the_staff_is_a_member(portal: Portal) -> None:
    own, staff = member(portal.db), agent(portal.db)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    tab = portal.open(DESK)
    box = next(one for one in tab.selectbox if one.label == "직원 번호")
    box.set_value(staff.hex[:6])
    next(one for one in tab.text_input if "회원 계정" in one.label).input(PLAIN["email"])
    tab = submit(tab, "적어 두기")
    assert "이유를 골라 주세요" in text_of(tab)
    tab.selectbox(key="staff_member_why").set_value(CaseReason.THEY_SAID_SO)
    tab = submit(tab, "적어 두기")
    assert "적어 두었어요" in text_of(tab)
    assert EventName.STAFF_LINKED in events(portal, own)
    portal.sign_in(staff=staff, verified=NOW)
    assert "찾은 회원이 없어요" in text_of(find(portal.open(DESK)))
