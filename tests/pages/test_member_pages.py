"""What a member sees, page by page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from db.declarations import ITEMS, KINDS
from db.drafts import ConsentDraft, Origin, RecordDraft, UseDraft, ValueDraft
from db.tables import keys
from db.tables.cases import case as cases
from db.tables.ledger import event
from db.words import Caller, ConsentKind, RecordKind, Source
from tests.calling import opened, staff_actor
from tests.people import NOW, PLAIN, agent, child_of, draft, join, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from tests.portal import Portal


__all__ = ["portal", "statements"]

MY_DATA = "member/my_data.py"


def payments(count: int) -> tuple[RecordDraft, ...]:
    return tuple(
        RecordDraft(
            uuid4(), RecordKind.PAYMENT, date(2026, 1, 1) - timedelta(days=n), date(2031, 1, 1),
            {"what": f"물건 {n:06d}"},
        )
        for n in range(count)
    )  # fmt: skip


@pytest.mark.promise("P02")
def test_my_data_shows_every_item_held_by_group(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    shown = text_of(tab)
    for name, value in PLAIN.items():
        if name not in {"sex", "birth_date", "baby_date", "pregnancy"}:
            assert value in shown, name
        assert f'id="item-{name}"' in shown
    for words in ("여성", "1987. 5. 6.", "2027. 2. 3.", "IMEI-354210098765432"):
        assert words in shown
    for group in ("required", "additional", "custom", "generated"):
        assert f'id="group-{group}"' in shown


@pytest.mark.parametrize("page", [MY_DATA, "member/edit.py"])
def test_a_damaged_picture_says_that_it_cannot_be_opened(portal: Portal, page: str) -> None:
    whole = PLAIN["profile_image"]
    for text, drawn in ((whole, True), (whole[:-24], False), ("bm8gcGljdHVyZQ==", False)):
        one = member(portal.db, values=(ValueDraft("profile_image", text),))
        portal.sign_in(one, verified=NOW)
        tab = portal.open(page)
        if page == MY_DATA:
            tab.button(key="show").click().run()
        else:
            tab.session_state["jk_form_item"] = "profile_image"
            tab.run()
        shown = text_of(tab)
        assert ("data:image/png;base64" in shown) is drawn
        assert ("이 값을 열 수 없어요" in shown) is not drawn


@pytest.mark.promise("P02")
def test_until_verified_no_value_is_in_the_page(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    shown = text_of(portal.open(MY_DATA))
    masked = [v for n, v in PLAIN.items() if ITEMS[n].mask != "none"]
    for value in [*masked, "1987. 5. 6.", "여성", "354210098765432"]:
        assert value not in shown
    assert "ha***@example.com" in shown
    assert "010-****-6789" in shown


@pytest.mark.promise("P03")
def test_each_value_says_its_source_date_partner_and_what_nobody_recorded(portal: Portal) -> None:
    known = Origin(Source.PARTNER, date(2023, 4, 5), "2021-03-15", "엄마와", "[가상] 아기띠상점")
    values = (ValueDraft("nickname", "하나", known), ValueDraft("email", "a@example.com"))
    portal.sign_in(member(portal.db, values=values))
    shown = text_of(portal.open(MY_DATA))
    for fact in ("제휴사 · [가상] 아기띠상점", "2023. 4. 5.", "엄마와", "2021-03-15"):
        assert fact in shown
    email = shown[shown.index('id="item-email"') :]
    email = email[: email.index("</article>")]
    assert email.count("기록 없음") == 4


@pytest.mark.promise("P01")
def test_each_item_says_why_and_on_which_basis(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    shown = text_of(portal.open(MY_DATA))
    address = shown[shown.index('id="item-address"') :]
    address = address[: address.index("</article>")]
    assert "약속한 서비스와 정산" in address
    assert "물품 배송" in address


def test_a_consent_is_shown_with_its_evidence_or_as_not_recorded(portal: Portal) -> None:
    day = datetime(2024, 3, 2, 1, 0, tzinfo=UTC)
    consents = (
        ConsentDraft(uuid4(), ConsentKind.COLLECTION, granted=True, decided_at=day),
        ConsentDraft(uuid4(), ConsentKind.COLLECTION, granted=False, decided_at=day, item="phone"),
        ConsentDraft(uuid4(), ConsentKind.SENSITIVE, granted=True),  # without evidence
    )
    portal.sign_in(member(portal.db, consents=consents))
    shown = text_of(portal.open(MY_DATA))

    def article(item: str) -> str:
        start = shown.index(f'id="item-{item}"')
        return shown[start : shown.index("</article>", start)]

    assert "2024. 3. 2. 동의" in article("name")
    assert "2024. 3. 2. 거부" in article("phone")
    assert "기록 없음" in article("pregnancy").split("</dl>")[0]
    assert "동의하지 않은 것으로" in article("pregnancy")
    assert "동의하지 않은 것으로" not in article("nickname")


@pytest.mark.promise("P39")
def test_the_family_services_are_listed_with_first_and_last_use(portal: Portal) -> None:
    uses = (UseDraft("클래스파트라", date(2020, 1, 2), date(2026, 9, 8)), UseDraft("엄마와"))
    portal.sign_in(member(portal.db, uses=uses))
    shown = text_of(portal.open(MY_DATA))
    table = shown[shown.index('id="services"') :]
    assert "클래스파트라" in table
    assert "2020. 1. 2." in table
    assert "2026. 9. 8." in table
    assert "기록 없음" in table[table.index("엄마와") :]


def test_a_password_is_listed_and_never_shown(portal: Portal) -> None:
    from services.identity import passwords  # noqa: PLC0415

    one = member(portal.db)
    with portal.db.work.data.begin() as connection:
        passwords.set_password(connection, one, "correct horse", NOW)
    portal.sign_in(one, verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    shown = text_of(tab)
    assert 'id="item-password"' in shown
    assert "argon2" not in shown
    assert "correct horse" not in shown


@pytest.mark.promise("P30")
def test_unmasking_wants_a_verification_not_older_than_15_minutes(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    portal.later(minutes=14, seconds=59)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    assert PLAIN["email"] in text_of(tab)
    portal.later(seconds=2)
    tab.run()
    assert PLAIN["email"] not in text_of(tab)


def test_unmasking_is_an_event_of_its_own(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    with portal.db.work.data.connect() as connection:
        names = connection.scalars(select(event.c.name).order_by(event.c.event_id)).all()
    assert names == ["overview_viewed", "profile_viewed", "values_unmasked"]


def test_records_page_through_any_number_with_the_same_queries(
    portal: Portal, statements: list[str]
) -> None:
    few, many = draft(records=payments(25)), draft(records=payments(3000))
    join(portal.db, few, many)
    counts = []
    for one in (few, many):
        portal.sign_in(one.member_id)
        tab = portal.open(MY_DATA)
        tab.session_state["jk_kind"] = "payment"
        statements.clear()
        tab.run()
        counts.append(len(statements))
        assert "물건 000000" in text_of(tab)
        assert "물건 000019" in text_of(tab)
        assert "물건 000020" not in text_of(tab)
    # Session row; event (which names the subject too); everything, key; page.
    assert counts == [5, 5]


def test_the_last_page_holds_the_oldest_record(portal: Portal) -> None:
    portal.sign_in(member(portal.db, records=payments(301)))
    tab = portal.open(MY_DATA)
    tab.session_state["jk_kind"] = "payment"
    tab.session_state["jk_page_payment"] = 16
    tab.run()
    assert "물건 000300" in text_of(tab)
    assert "물건 000299" not in text_of(tab)


def test_the_overview_takes_the_same_queries_whatever_is_held(
    portal: Portal, statements: list[str]
) -> None:
    nothing = draft(values=(), records=(), devices=(), uses=())
    few, many = draft(records=payments(1)), draft(records=payments(500))
    # Session row; event (which names the subject too); everything; key, if anything is sealed.
    for one, expected in ((nothing, 3), (few, 4), (many, 4)):
        join(portal.db, one)
        portal.sign_in(one.member_id)
        tab = portal.open()
        statements.clear()
        tab.run()
        assert len(statements) == expected, statements


def test_a_case_that_staff_have_open_is_an_open_matter_until_it_is_closed(
    portal: Portal, statements: list[str]
) -> None:
    guardian, someone_else = member(portal.db), member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    staff = staff_actor(agent(portal.db))
    case, other = opened(staff, child, caller=Caller.GUARDIAN), opened(staff, someone_else)
    line = (
        f'<a href="/history" target="_self">직원이 맡고 있는 상담 {case.no}</a> '
        '<span class="jk-soft">전화로 · 2026. 11. 22.부터 · 2026. 12. 2.까지 답해 드려요</span>'
    )
    portal.sign_in(child)
    tab = portal.open()
    assert line in text_of(tab)
    assert other.no not in text_of(tab)
    statements.clear()
    tab.run()
    asked = len(statements)
    portal.sign_in(guardian)
    tab = portal.open()
    assert case.no not in text_of(tab)
    shown = text_of(tab.button(key="child_1").click().run())
    assert line.replace("/history", f"/history?child={tab.query_params['child']}") in shown
    with portal.db.work.data.begin() as connection:
        connection.execute(update(cases).values(closed_at=NOW, outcome="done"))
    portal.sign_in(child)
    tab = portal.open()
    assert case.no not in text_of(tab)
    statements.clear()
    tab.run()
    assert len(statements) == asked


def test_the_overview_draws_until_when_each_kind_is_kept(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    shown = text_of(portal.open())
    for kind in ("결제", "계약", "불만", "본인", "광고", "방문"):
        assert kind in shown
    assert "2027. 11. 22." in shown
    assert "2027. 10. 1." in shown


def test_a_guardian_sees_the_childs_data_under_a_banner(portal: Portal) -> None:
    guardian = member(portal.db)
    child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    tab = tab.switch_page(MY_DATA).run()
    shown = text_of(tab)
    assert "꼬마" in shown
    assert "하늘맘" not in shown
    assert "jk-banner" in shown
    tab.button(key="act_for_self").click().run()
    assert "하늘맘" in text_of(tab)


def test_a_guardian_whose_child_turned_14_under_the_open_page_sees_nothing(portal: Portal) -> None:
    guardian = member(portal.db)
    child_of(portal.db, guardian, "2012-11-23")
    portal.sign_in(guardian)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    assert "꼬마" in text_of(tab)
    portal.later(hours=13)
    portal.sign_in(guardian)
    tab.run()
    assert "꼬마" not in text_of(tab)


def test_a_value_whose_key_is_missing_says_so_and_the_page_still_works(portal: Portal) -> None:
    one = member(portal.db)
    with portal.db.owner_keys.begin() as connection:
        connection.execute(delete(keys.member_key).where(keys.member_key.c.member_id == one))
    portal.sign_in(one, verified=NOW)
    tab = portal.open(MY_DATA)
    tab.session_state["jk_kind"] = "payment"
    tab.run()
    shown = text_of(tab)
    assert "jk-broken" in shown
    assert 'id="records"' in shown
    assert not tab.exception


@pytest.mark.parametrize(
    "name",
    [
        "👶🏻" * 40,
        "\u202e\u0639\u0627\u0626\u0644\u0629",
        "가" * 200,
        '<img src=x onerror="alert(1)">',
        "{{ 7*7 }}",
        "a\u0000b"[:1],
    ],
)
def test_unusual_names_are_shown_as_they_are_and_never_run(portal: Portal, name: str) -> None:
    portal.sign_in(member(portal.db, values=(ValueDraft("nickname", name),)))
    shown = text_of(portal.open(MY_DATA))
    assert "<img src=x" not in shown
    from markupsafe import escape  # noqa: PLC0415

    assert f"<bdi>{escape(name)}</bdi>" in shown


def test_a_member_with_nothing_at_all_sees_that_nothing_is_held(portal: Portal) -> None:
    portal.sign_in(member(portal.db, values=(), records=(), devices=(), uses=()))
    tab = portal.open(MY_DATA)
    shown = text_of(tab)
    for item in ITEMS.values():
        assert f'id="item-{item.name}"' not in shown
    assert "이메일" in shown
    assert not tab.exception


def test_every_kind_of_record_shows_its_fields(portal: Portal) -> None:
    portal.sign_in(member(portal.db), verified=NOW)
    tab = portal.open(MY_DATA)
    tab.button(key="show").click().run()
    for kind in KINDS:
        tab.session_state["jk_kind"] = kind.value
        tab.run()
        assert 'class="jk-records"' in text_of(tab)
    assert not tab.exception


def test_a_dormant_member_is_told_that_the_account_sleeps(portal: Portal) -> None:
    from db.words import Store  # noqa: PLC0415

    portal.sign_in(member(portal.db, Store.DORMANT), store="dormant")
    tab = portal.open()
    assert "휴면" in text_of(tab)
    assert "하늘맘" not in text_of(tab)


def test_staff_see_no_member_page(portal: Portal) -> None:
    member(portal.db)
    portal.sign_in(staff=agent(portal.db))
    tab = portal.open(MY_DATA)
    shown = text_of(tab)
    assert "jk-item" not in shown
    assert not tab.exception
