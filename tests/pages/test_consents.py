"""The page of consents: each switch counts at once, and says what it did (P16, P18, P22)."""
# ruff: noqa: RUF001 (Korean quotation marks)

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from db.drafts import ConsentDraft
from db.tables import ops
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import Channel, CompanyRole, ConsentKind, NoticeMeans, Purpose
from pages.components import sign_in_panel
from tests.people import NOW, child_of, granted, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal", "statements"]

PAGE = "member/consents.py"
C = ConsentKind


def ads(channel: Channel = Channel.EMAIL, days: int = 10, kind: C = C.ADVERTISING) -> ConsentDraft:
    return ConsentDraft(uuid4(), kind, True, NOW - timedelta(days=days), channel)  # noqa: FBT003


def company(db: PortalDb, company_id: str = "recipient-1", **changes: Any) -> str:  # noqa: ANN401
    row = {
        "company_id": company_id, "role": CompanyRole.RECIPIENT, "name": "[가상] 우리아이보험",
        "purpose": Purpose.EVENTS, "items": ["email", "baby_date"], "kept": {"years": 1},
        "means": NoticeMeans.NONE, "terms_from": NOW - timedelta(days=500),
        "added_at": NOW - timedelta(days=500), "fictional": True,
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(ops.company).values(row | changes))
    return company_id


def records(db: PortalDb, who: UUID) -> list[Any]:
    table = LIVE.consent
    query = select(table).where(table.c.member_id == who, table.c.source == "portal")
    with db.owner_data.connect() as connection:
        return list(connection.execute(query.order_by(table.c.decided_at)).all())


def events(db: PortalDb, who: UUID) -> list[str]:
    with db.owner_data.connect() as connection:
        query = select(event.c.name).where(event.c.member_id == who).order_by(event.c.event_id)
        return list(connection.scalars(query))


def switch(tab: AppTest, consent: str) -> Any:  # noqa: ANN401
    return tab.toggle(key=f"consent_{consent}")


def test_a_switch_counts_at_once_and_is_on_record_with_its_words(portal: Portal) -> None:
    who = member(portal.db, consents=(*granted(C.MARKETING), ads()))
    portal.sign_in(who)
    tab = portal.open(PAGE)
    assert switch(tab, "advertising.email").value
    assert "끄면: 바로 광고 이메일을 보내지 않아요." in text_of(tab)
    portal.later(minutes=1)
    switch(tab, "advertising.email").set_value(False).run()
    assert not tab.exception
    shown = text_of(tab)
    assert not switch(tab, "advertising.email").value
    assert "방금 껐어요" in shown
    (row,) = records(portal.db, who)
    assert (row.kind, row.channel, row.granted, row.shown) == ("advertising", "email", False, True)
    assert (row.decided_by, row.actor_id, row.language) == ("self", who, "ko")
    assert row.policy_version == "2021-03-15/2026-11"
    assert "이메일로 받는 데 동의해요" in row.wording
    assert f"/consents/receipt/{row.consent_id}" in shown
    assert "consent_withdrawn" in events(portal.db, who)
    # A rerun decides nothing again.
    tab.run()
    assert len(records(portal.db, who)) == 1


def test_a_switch_needs_the_consent_it_counts_with(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open(PAGE)
    assert switch(tab, "advertising.sms").disabled
    assert "먼저 켜 주세요: 마케팅에 활용하기" in text_of(tab)
    switch(tab, "marketing").set_value(True).run()
    portal.later(minutes=1)
    switch(tab, "advertising.sms").set_value(True).run()
    assert switch(tab, "advertising.sms").value
    assert "2028. 11. 22.까지" in text_of(tab)
    # Without marketing nothing is sent, and the page says so; off stays possible.
    switch(tab, "marketing").set_value(False).run()
    assert switch(tab, "advertising.sms").value
    assert not switch(tab, "advertising.sms").disabled
    assert "이 동의가 꺼져 있어서 지금은 쓰지 않아요: 마케팅에 활용하기" in text_of(tab)


def test_two_tabs_decide_the_same_and_each_says_what_stands(portal: Portal) -> None:
    who = member(portal.db, consents=(*granted(C.MARKETING), ads()))
    portal.sign_in(who)
    first, second = portal.open(PAGE), portal.open(PAGE)
    portal.later(minutes=1)
    switch(first, "advertising.email").set_value(False).run()
    portal.later(minutes=1)
    switch(second, "advertising.email").set_value(False).run()
    assert "그사이 다른 창에서 이미 껐어요" in text_of(second)
    assert len(records(portal.db, who)) == 2
    # What the first tab still shows as off is switched on in the second; a rerun shows it.
    portal.later(minutes=1)
    switch(second, "advertising.email").set_value(True).run()
    assert switch(first.run(), "advertising.email").value


def test_all_advertisements_go_off_in_one_action(portal: Portal) -> None:
    who = member(
        portal.db,
        consents=(*granted(C.MARKETING), ads(), ads(Channel.SMS),
                  ads(Channel.SMS, kind=C.ADVERTISING_NIGHT)),
    )  # fmt: skip
    portal.sign_in(who)
    tab = portal.open(PAGE)
    portal.later(minutes=1)
    tab.button(key="advertising_off").click().run()
    found = records(portal.db, who)
    assert {(r.kind, r.channel) for r in found} == {
        ("advertising", "email"), ("advertising", "sms"), ("advertising_night", "sms"),
    }  # fmt: skip
    assert not any(r.granted for r in found)
    assert not switch(tab, "advertising.sms").value
    assert switch(tab, "marketing").value
    tab.button(key="advertising_off").click().run()
    assert "끌 것이 없었어요" in text_of(tab)
    with portal.db.owner_data.connect() as connection:
        sent = connection.scalars(select(ops.outbox.c.template)).all()
    assert sent == ["consent_receipt"]


@pytest.mark.promise("P18")
def test_a_company_gets_each_item_by_itself_until_a_day(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(portal.db)
    who = member(portal.db)
    portal.sign_in(who, verified=NOW)
    tab = portal.open(PAGE)
    third = [str(t.key) for t in tab.toggle if str(t.key).startswith("consent_third_party")]
    key = next(key for key in third if key.endswith("email"))
    assert "‘[가상] 우리아이보험’에 ‘이메일’ 항목을 주는 데 동의해요" in text_of(tab)
    assert "2027. 11. 22.까지예요" in text_of(tab)
    tab.toggle(key=key).set_value(True).run()
    (row,) = records(portal.db, who)
    assert (row.recipient, row.item, row.granted) == ("recipient-1", "email", True)
    assert row.ends_on.isoformat() == "2027-11-22"
    assert "2027. 11. 22." in row.wording
    # Its terms change: what was agreed to was something else.
    portal.later(minutes=5)
    with portal.db.work.data.begin() as connection:
        connection.execute(update(ops.company).values(terms_from=portal.now))
    assert not tab.run().toggle(key=key).value
    assert "이후 내용이 바뀌어서 다시 여쭤봐요" in text_of(tab)
    # Without a fresh verification the yes waits for one.
    asked: list[Any] = []
    monkeypatch.setattr(sign_in_panel, "ask_verification", asked.append)
    portal.later(minutes=15)
    tab.toggle(key=key).set_value(True).run()
    assert asked == [{"consent": key.removeprefix("consent_")}]
    assert len(records(portal.db, who)) == 1


def test_what_is_stopped_stays_stopped_whatever_the_switch_says(portal: Portal) -> None:
    who = member(portal.db, consents=(*granted(C.MARKETING), ads()))
    with portal.db.work.data.begin() as connection:
        connection.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=uuid4(), item="email", started_at=NOW
            )
        )
    portal.sign_in(who)
    tab = portal.open(PAGE)
    assert "정지를 풀 때까지는 쓰지 않아요" in text_of(tab)
    portal.later(minutes=1)
    switch(tab, "advertising.email").set_value(False).run()
    assert [r.granted for r in records(portal.db, who)] == [False]


def test_what_has_no_record_or_ran_out_is_a_no_and_says_why(portal: Portal) -> None:
    undated = ConsentDraft(uuid4(), C.ADVERTISING, True, channel=Channel.PUSH)  # noqa: FBT003
    who = member(portal.db, consents=(undated, ads(days=900), *granted(C.MARKETING)))
    portal.sign_in(who)
    tab = portal.open(PAGE)
    shown = text_of(tab)
    assert "동의한 기록이 없어서 동의하지 않은 것으로 둬요" in shown
    assert "동의했지만 기간이 끝났어요" in shown
    assert not switch(tab, "advertising.push").value
    assert not switch(tab, "advertising.email").value


def test_advertising_that_soon_ends_can_be_kept(portal: Portal) -> None:
    who = member(portal.db, consents=(*granted(C.MARKETING), ads(days=715)))
    portal.sign_in(who)
    tab = portal.open(PAGE)
    assert "곧 끝나요" in text_of(tab)
    tab.button(key="advertising_keep").click().run()
    assert "2028. 11. 22.까지" in text_of(tab)
    assert not any(b.key == "advertising_keep" for b in tab.button)


@pytest.mark.promise("P22")
def test_refusing_a_device_says_what_stops_removes_the_id_and_tells_the_app(portal: Portal) -> None:
    company(
        portal.db, "app", role=CompanyRole.SOURCE_SYSTEM, name="엄마와 앱", service="엄마와",
        purpose=None, items=[], kept=None,
    )  # fmt: skip
    who = member(portal.db)
    portal.sign_in(who)
    tab = portal.open(PAGE)
    assert "이 기기에서는 엄마와를 쓸 수 없게 돼요" in text_of(tab)
    tab.button(key="refuse_1").click().run()
    tab.button(key="refuse_no_1").click().run()
    assert records(portal.db, who) == []
    tab.button(key="refuse_1").click().run()
    tab.button(key="refuse_yes_1").click().run()
    assert "식별번호를 지웠어요" in text_of(tab)
    with portal.db.owner_data.connect() as connection:
        device = connection.execute(select(LIVE.device)).one()
        told = connection.execute(select(ops.dispatch)).one()
    assert (device.sealed, device.refused_at) == (None, NOW)
    assert (told.company_id, told.change) == ("app", "device_refused")
    (row,) = records(portal.db, who)
    assert (row.kind, row.granted) == ("device", False)
    assert "device_refused" in events(portal.db, who)


def test_a_guardian_decides_for_the_child_in_the_childs_name(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian)
    tab = portal.open()
    tab.button(key="child_1").click().run()
    tab = tab.switch_page(PAGE).run()
    assert "<h1>아이의 동의 관리" in text_of(tab)
    switch(tab, "marketing").set_value(True).run()
    (row,) = records(portal.db, child)
    assert (row.decided_by, row.actor_id) == ("guardian", guardian)
    assert "보호자가 정함" in text_of(tab)
    assert str(child) not in text_of(tab)
    # Back at one's own, nothing of the child's is switched.
    tab = tab.button(key="act_for_self").click().run().switch_page(PAGE).run()
    assert not switch(tab, "marketing").value
    assert records(portal.db, guardian) == []


def test_the_page_asks_the_same_few_questions_however_much_there_is(
    portal: Portal, statements: list[str]
) -> None:
    small = member(portal.db)
    many = tuple(c for _ in range(30) for c in (*granted(C.MARKETING), ads()))
    big = member(portal.db, consents=many)
    counts = []
    for who in (small, big):
        portal.sign_in(who)
        tab = portal.open(PAGE)
        statements.clear()
        tab.run()
        counts.append(len(statements))
        statements.clear()
        switch(tab, "personalisation")
        switch(tab, "marketing").set_value(who == small).run()
        counts.append(len(statements))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]
    assert counts[0] <= 5, statements
    assert counts[1] <= 14, statements
