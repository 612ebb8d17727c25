"""“Something is wrong” on the pages of child, guardians and officer; the 14th birthday (P29)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.clock import SEOUL
from db.drafts import ConsentDraft, GuardianshipDraft, ValueDraft
from db.tables.member import DORMANT, LIVE
from db.tables.ops import one_time
from db.tables.ops import outbox as told
from db.words import ActorKind, Caller, CallWish, CaseChannel, ConsentKind, LinkMeans, StaffRole
from services import case_opening
from services.identity.recovery import code_of
from tests.people import NOW, PLAIN, acting, agent, granted, member
from tests.portal import keyed, portal, statements, text_of
from tests.services.test_custody import sleeping

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal", "statements"]

pytestmark = pytest.mark.promise("P29")

WAITS = "보호책임자가 살펴보고 있어요"


def child(db: PortalDb, *guardians: UUID, born: str = "2016-05-05", email: bool = True,
          consents: tuple[ConsentDraft, ...] = ()) -> UUID:  # fmt: skip
    names = ("nickname", "address", "mobile", "email") if email else ("nickname", "address")
    values = [ValueDraft(name, PLAIN[name]) for name in names]
    links = tuple(
        GuardianshipDraft(who, date(2024, 1, 1 + n), LinkMeans.JOINING, proof=True)
        for n, who in enumerate(guardians)
    )
    return member(
        db, values=(*values, ValueDraft("birth_date", born)), records=(), devices=(),
        guardianships=links, consents=consents,
    )  # fmt: skip


def acting_for(portal: Portal, guardian: UUID) -> AppTest:
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open()
    return tab.button(key="child_1").click().run()


def tell(tab: AppTest, words: str = "무서워요") -> AppTest:
    tab.button(key="dispute").click().run()
    assert "112" in text_of(tab) or "취소할 수는 없어요" in text_of(tab)
    tab.radio[0].set_value(tab.radio[0].options[2])
    tab.text_area[0].set_value(words)
    submit = next(b for b in tab.button if b.label == "알리기")
    return submit.click().run()


def test_a_child_says_it_and_an_open_tab_of_a_guardian_shows_it(portal: Portal) -> None:
    father, mother = member(portal.db), member(portal.db)
    who = child(portal.db, father, mother)
    tab = acting_for(portal, father)
    tab.switch_page("member/my_data.py").run()
    assert "강남구" in text_of(tab)
    theirs = portal.token
    portal.sign_in(who)
    own = portal.open()
    assert "나를 돌보는 사람에 대해 문제가 있나요?" in text_of(own)
    own = tell(own)
    shown = text_of(own)
    assert "알려 주셔서 고마워요" in shown
    assert WAITS in shown
    assert "어떤 보호자" in shown or "아무에게도" in shown
    portal.token = theirs
    tab.run()
    shown = text_of(tab)
    assert WAITS in shown
    assert "강남구" not in shown
    assert "결정할 때까지 보호자에게 보이지 않아요: 주소" in shown
    assert "무서워요" not in shown
    edit = text_of(tab.switch_page("member/edit.py").run())
    assert WAITS in edit
    tab.session_state[keyed(tab, "jk_form_item")] = "address"
    edit = text_of(tab.run())
    assert "결정할 때까지 이 일은 기다려야 해요" in edit
    assert "강남구" not in edit
    leave = tab.switch_page("member/leave.py").run()
    assert keyed(leave, "leave") not in {b.key for b in leave.button}
    assert "기다려야 해요" in text_of(leave)


def test_the_family_page_leads_to_it_for_each_child_and_for_the_child_itself(
    portal: Portal, statements: list[str]
) -> None:
    father = member(portal.db)
    children = [child(portal.db, father) for _ in range(2)]
    portal.sign_in(father, verified=NOW)
    tab = portal.open("member/family.py")
    statements.clear()
    tab.run()
    asked = len(statements)
    tab.button(key="wrong_2").click().run()
    tab.switch_page("member/overview.py").run()  # where the button had led
    tab.radio[0].set_value(tab.radio[0].options[2])
    next(b for b in tab.button if b.label == "알리기").click().run()
    with portal.db.work.data.connect() as data:
        disputed = data.execute(select(LIVE.dispute.c.member_id, LIVE.dispute.c.opened_by)).all()
    assert [row.opened_by for row in disputed] == [father]
    assert disputed[0].member_id in children
    portal.sign_in(next(one for one in children if one != disputed[0].member_id))
    own = portal.open("member/family.py")
    own.button(key="wrong").click().run()
    own.switch_page("member/overview.py").run()
    assert "가족 중에 무서운 사람이 있어요" in own.radio[0].options
    assert asked <= 4, asked


def test_without_a_choice_nothing_is_sent(portal: Portal) -> None:
    who = child(portal.db, member(portal.db))
    portal.sign_in(who)
    tab = portal.open()
    tab.button(key="dispute").click().run()
    tab.text_area[0].set_value("그대로 남아요")
    next(b for b in tab.button if b.label == "알리기").click().run()
    assert "무엇에 대한 것인지 골라 주세요" in text_of(tab)
    assert tab.text_area[0].value == "그대로 남아요"
    with portal.db.work.data.connect() as data:
        assert data.execute(select(LIVE.dispute)).all() == []


def test_an_officer_decides_and_sees_children_without_a_guardian(portal: Portal) -> None:
    father, mother = member(portal.db), member(portal.db)
    who = child(portal.db, father, mother)
    portal.sign_in(who)
    tell(portal.open())
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    tab = portal.open("desk/officer.py")
    tab.pills[0].set_value("children").run()
    shown = text_of(tab)
    assert "가족 중에 무서운 사람이 있어요" in shown
    assert "무서워요" not in shown
    tab.button(key="take_dispute").click().run()
    shown = text_of(tab)
    assert "무서워요" in shown
    assert "보호자 1" in shown
    tab.radio[0].set_value(tab.radio[0].options[1])
    tab.selectbox[0].set_value(1)
    tab.selectbox[1].set_value(tab.selectbox[1].options[0])
    tab.text_area[0].set_value("법원 서류를 확인했습니다.")
    next(b for b in tab.button if b.label == "결정하기").click().run()
    assert "결정했어요" in text_of(tab)
    with portal.db.work.data.connect() as data:
        stopped = data.execute(
            select(LIVE.guardianship.c.guardian_id).where(
                LIVE.guardianship.c.suspended_on.is_not(None)
            )
        ).all()
    assert [row[0] for row in stopped] == [father]
    portal.sign_in(father)
    assert "child_1" not in {b.key for b in portal.open().button}


# ---- the birthday ---------------------------------------------------------------------------


def test_a_guardian_enters_the_childs_own_address_before_the_birthday(portal: Portal) -> None:
    guardian = member(portal.db)
    who = child(portal.db, guardian, born="2012-12-10", email=False)
    tab = acting_for(portal, guardian)
    shown = text_of(tab)
    assert "아이가 2026. 12. 10.에 만 14세가 돼요" in shown
    assert "보관만" in shown

    def enter(typed: str) -> str:
        field = next(f for f in tab.text_input if f.key == keyed(tab, "jk_form_own_contact"))
        field.set_value(typed)
        next(b for b in tab.button if b.label == "링크나 인증번호 보내기").click().run()
        return text_of(tab)

    assert "아이만 보는 것을" in enter(PLAIN["email"])
    assert "링크를 보냈어요" in enter("kid@example.com")
    with portal.db.work.data.connect() as data:
        sent = data.execute(select(told.c.template).where(told.c.member_id == who)).scalars().all()
        links = data.execute(select(one_time.c.use).where(one_time.c.member_id == who)).all()
    assert list(sent) == ["email_link"]
    assert [row.use for row in links] == ["confirm_email"]


@pytest.mark.parametrize(
    ("now", "line", "form"),
    [
        (datetime(2025, 12, 9, 12, tzinfo=SEOUL), False, False),
        (datetime(2025, 12, 10, 12, tzinfo=SEOUL), True, False),
        (datetime(2026, 11, 9, 12, tzinfo=SEOUL), True, False),
        (datetime(2026, 11, 10, 12, tzinfo=SEOUL), True, True),
    ],
)
def test_the_birthday_is_named_for_a_year_and_the_form_stands_for_a_month(
    portal: Portal, now: datetime, *, line: bool, form: bool
) -> None:
    portal.now = now
    guardian = member(portal.db)
    who = child(portal.db, guardian, born="2012-12-10", email=False)
    portal.sign_in(guardian, verified=now)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    assert ("아이가 2026. 12. 10.에 만 14세가 돼요" in text_of(tab)) is line
    assert ('id="fourteen"' in text_of(tab)) is form
    assert (keyed(tab, "jk_form_own_contact") in {f.key for f in tab.text_input}) is form
    portal.sign_in(who, verified=now)
    own = text_of(portal.open())
    assert ("2026. 12. 10.에 만 14세가 돼요" in own) is line
    assert ('id="fourteen"' in own) is form


def press(tab: AppTest, label: str) -> str:
    next(b for b in tab.button if b.label == label).click().run()
    return text_of(tab)


@pytest.mark.parametrize("on_edit", [False, True])
def test_a_number_waits_on_screen_for_its_code(portal: Portal, *, on_edit: bool) -> None:
    guardian = member(portal.db)
    who = child(portal.db, guardian, born="2012-12-10", email=False)
    tab = acting_for(portal, guardian)
    key, send = "jk_form_own_contact", "링크나 인증번호 보내기"
    if on_edit:
        tab.button(key="edit").click().run()
        tab.selectbox(key=keyed(tab, "jk_form_item")).select("mobile").run()
        assert "그때부터 새 번호를 써요" in text_of(tab)
        key, send = "jk_form_mobile_0", "바꾸기"
    next(f for f in tab.text_input if f.key == keyed(tab, key)).set_value("010-7777-8888")
    assert "인증번호를 보냈어요" in press(tab, send)
    with portal.db.work.data.connect() as data:
        mine = one_time.c.member_id == who
        code = code_of(portal.db.keyring, data.scalars(select(one_time.c.digest).where(mine)).one())

    def enter(typed: str) -> str:
        next(f for f in tab.text_input if f.key == keyed(tab, "jk_form_own_code")).set_value(typed)
        return press(tab, "번호 확인하기")

    assert "인증번호가 맞지 않거나" in enter(f"{(int(code) + 1) % 1_000_000:06d}")
    assert "번호를 확인했어요" in enter(code)
    assert keyed(tab, "jk_form_own_code") not in {f.key for f in tab.text_input}
    value = LIVE.profile_value.c
    with portal.db.work.data.connect() as data:
        held = select(value.seq).where(value.member_id == who, value.item == "mobile")
        assert data.scalars(held).all() == [0]


def test_a_number_can_be_let_go_of(portal: Portal) -> None:
    guardian = member(portal.db)
    child(portal.db, guardian, born="2012-12-10", email=False)
    tab = acting_for(portal, guardian)
    next(f for f in tab.text_input if f.key == keyed(tab, "jk_form_own_contact")).set_value(
        "010-7777-8888"
    )
    press(tab, "링크나 인증번호 보내기")
    assert "새 번호를 지웠어요" in press(tab, "이 번호 쓰지 않기")
    assert keyed(tab, "jk_form_own_code") not in {f.key for f in tab.text_input}


def test_at_14_a_running_tab_of_the_guardian_ends_and_the_child_answers(portal: Portal) -> None:
    portal.now = datetime(2026, 12, 9, 23, 50, tzinfo=SEOUL)
    guardian = member(portal.db)
    consents = tuple(
        ConsentDraft(uuid4(), one.kind, granted=True, decided_at=NOW,
                     decided_by=ActorKind.GUARDIAN)
        for one in granted(ConsentKind.MARKETING, ConsentKind.PERSONALISATION)
    )  # fmt: skip
    who = child(portal.db, guardian, born="2012-12-10", consents=consents)
    tab = acting_for(portal, guardian)
    assert "아이가 2026. 12. 10.에 만 14세가 돼요" in text_of(tab)
    portal.later(minutes=10)
    shown = text_of(tab.run())
    assert "이제 이 아이를 대신할 수 없어요" in shown
    assert "아이는 이용 중인 회원" not in shown
    portal.sign_in(who, verified=portal.now)
    own = portal.open()
    assert "이제 직접 정해요" in text_of(own)
    assert "2027. 1. 9.까지 답해 주세요" in text_of(own)
    page = own.switch_page("member/consents.py").run()
    assert "보호자가 대신 동의한 것" in text_of(page)
    assert "보호자가 2026. 11. 22.에 동의했어요" in text_of(page)
    page.button(key="go_on_marketing").click().run()
    page.button(key="end_personalisation").click().run()
    assert "보호자가 대신 동의한 것" not in text_of(page)
    with portal.db.work.data.connect() as data:
        rows = data.execute(
            select(LIVE.consent.c.kind, LIVE.consent.c.granted)
            .where(LIVE.consent.c.decided_by == "self")
            .order_by(LIVE.consent.c.kind)
        ).all()
    assert [tuple(row) for row in rows] == [("marketing", True), ("personalisation", False)]


def test_the_pages_of_a_child_take_few_more_statements(
    portal: Portal, statements: list[str]
) -> None:
    """The frame asks once, the overview twice about disputes and once for a way in."""
    guardian = member(portal.db)
    child(portal.db, guardian)
    tab = acting_for(portal, guardian)
    statements.clear()
    tab.run()
    assert len(statements) <= 14, statements


# ---- what came on paper ---------------------------------------------------------------------


def with_letter(portal: Portal, who: UUID) -> tuple[AppTest, UUID]:
    """Let an officer open a case for a letter about a child, and come to the desk's section."""
    officer = agent(portal.db, StaffRole.OFFICER)
    draft = case_opening.Draft(
        who, CaseChannel.LETTER, Caller.SELF, frozenset({CallWish.SEE}), NOW.date()
    )
    portal.sign_in(staff=officer, verified=NOW)
    with portal.db.web.data.begin() as data:
        case_opening.open_case(
            data, acting(officer, kind=ActorKind.STAFF, role=StaffRole.OFFICER), draft
        )
    tab = portal.open("desk/officer.py")
    tab.pills[0].set_value("children").run()
    return tab, officer


def test_an_officer_enters_what_came_by_letter(portal: Portal, statements: list[str]) -> None:
    father = member(portal.db)
    who = child(portal.db, father)
    tab, officer = with_letter(portal, who)

    def press(label: str) -> str:
        next(b for b in tab.button if b.label == label).click().run()
        return text_of(tab)

    assert "상담을 고르거나 번호를 적어" in press("보호자 고르기")
    tab.text_input[0].set_value("000000-AAAA")
    assert "이 번호로 진행 중인 상담이 없어요" in press("보호자 고르기")
    own = next(s for s in tab.selectbox if s.label == "내가 맡은 상담")
    own.set_value(own.options[0])
    shown = press("보호자 고르기")
    assert "보호자 1" in shown
    assert PLAIN["email"] not in shown
    next(s for s in tab.selectbox if s.label == "어느 보호자").set_value(1)
    tab.radio[0].set_value(tab.radio[0].options[0])
    tab.text_area[0].set_value("서울가정법원 결정문을 받았습니다.")
    assert "어떻게 되는지 골라" in press("입력하기")
    assert tab.text_area[0].value == "서울가정법원 결정문을 받았습니다."
    tab.radio[1].set_value(tab.radio[1].options[0])
    assert "입력했어요" in press("입력하기")
    portal.sign_in(father)
    assert "child_1" not in {b.key for b in portal.open().button}
    portal.sign_in(staff=officer, verified=NOW)
    tab = portal.open("desk/officer.py")
    tab.pills[0].set_value("children").run()
    statements.clear()
    tab.run()
    assert len(statements) <= 16, statements


def test_a_sleeping_childs_guardian_is_stopped_on_screen(portal: Portal) -> None:
    who = sleeping(portal.db, member(portal.db))
    tab, _officer = with_letter(portal, who)
    own = next(s for s in tab.selectbox if s.label == "내가 맡은 상담")
    own.set_value(own.options[0])
    shown = press(tab, "보호자 고르기")
    assert "아이 계정은 휴면 중이고" in shown
    assert "보호자 1" in shown
    next(s for s in tab.selectbox if s.label == "어느 보호자").set_value(1)
    for radio in tab.radio:
        radio.set_value(radio.options[0])
    tab.text_area[0].set_value("서울가정법원 결정문을 받았습니다.")
    assert "입력했어요" in press(tab, "입력하기")
    with portal.db.work.data.connect() as data:
        link = data.execute(select(DORMANT.guardianship)).one()
        assert (link.member_id, link.suspended_on) == (who, NOW.date())
