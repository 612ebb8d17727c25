"""`/sharing`: who received what, in words and as a picture; what is missing is said to be."""

from __future__ import annotations

import base64
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from db.drafts import ConsentDraft, DisclosureDraft
from db.tables.member import LIVE
from db.tables.ops import case
from db.words import ConsentKind, Ground, Purpose, StaffRole
from tests.companies import PARCEL, company
from tests.people import NOW, agent, child_of, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal", "statements"]

SHARING = "member/sharing.py"
TODAY = NOW.date()


def parcel(recipient: str, days: int = 3, **more: Any) -> DisclosureDraft:  # noqa: ANN401
    given = {"purpose": Purpose.DELIVERY, "ground": Ground.PURCHASE} | more
    return DisclosureDraft(uuid4(), recipient, PARCEL, TODAY - timedelta(days=days), **given)


@pytest.mark.promise("P17")
def test_who_received_what_when_why_on_which_ground_and_until_when(portal: Portal) -> None:
    shop = company(portal.db, name="[가상] 가게")
    one = member(
        portal.db, disclosures=(parcel(shop, kept_until=date(2027, 5, 6)), parcel("옛 회사", 900))
    )
    portal.sign_in(one)
    shown = text_of(portal.open(SHARING))
    for words in ("[가상] 가게", "옛 회사", "2026. 11. 19.", "물품 배송", "2027. 5. 6.", "이름",
                  "거기에서 산 것이 있어서", "정보를 2번"):  # fmt: skip
        assert words in shown, words
    assert "적혀 있지 않아요" in shown  # how long the old one keeps it
    assert shop not in shown
    assert shown.count("이름, 주소, 휴대전화") == 3  # each time, and what the company may get
    assert "built-in" not in shown


def test_a_missing_ground_says_what_is_missing(portal: Portal) -> None:
    portal.sign_in(member(portal.db, disclosures=(parcel("옛 회사", ground=None),)))
    assert "어떤 근거로 주었는지 기록 없음" in text_of(portal.open(SHARING))


@pytest.mark.promise("P17")
def test_missing_facts_are_shown_as_missing(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    shown = text_of(portal.open(SHARING))
    assert shown.count("적혀 있지 않아요") == 3
    assert "남에게 준 기록이 여기에 없어요" in shown
    assert "jk-flows" not in shown
    company(portal.db, kept=None)
    company(portal.db, role="processor", name="[가상] 택배", purpose=None, items=[])
    shown = text_of(portal.open(SHARING))
    assert "보관 기간: 적혀 있지 않아요" in shown
    assert "[가상] 택배" in shown


def test_what_the_picture_says_the_table_says_too(portal: Portal) -> None:
    shop = company(portal.db)
    past = parcel(shop, 300, kept_until=TODAY - timedelta(days=1))
    portal.sign_in(member(portal.db, disclosures=(past,)))
    shown = text_of(portal.open(SHARING))
    image = re.search(r'data:image/svg\+xml;base64,([^"]+)"', shown)
    assert image
    drawn = base64.b64decode(image[1]).decode()
    assert drawn.count("<path") == len(PARCEL)
    assert drawn.count("stroke-dasharray") == len(PARCEL)
    assert "점선" in shown


@pytest.mark.promise("P18")
def test_only_consents_that_count_are_shown_as_agreed(portal: Portal) -> None:
    shop = company(portal.db, name="[가상] 가게")
    old = company(portal.db, name="[가상] 조건이 바뀐 곳", terms_from=NOW)
    given = NOW - timedelta(days=9)

    def yes(recipient: str, item: str, **more: Any) -> ConsentDraft:  # noqa: ANN401
        consent = ConsentDraft(uuid4(), ConsentKind.THIRD_PARTY, granted=True, decided_at=given,
                               recipient=recipient, item=item)  # fmt: skip
        return ConsentDraft(**{**vars(consent), **more})

    consents = (
        yes(shop, "mobile", ends_on=date(2027, 1, 2)),
        yes(shop, "name", ends_on=TODAY - timedelta(days=1)),
        yes(shop, "address", decided_at=None),
        yes(old, "mobile"),
    )
    portal.sign_in(member(portal.db, consents=consents))
    shown = text_of(portal.open(SHARING))
    agreed = shown[shown.index('id="sharing-agreed"') : shown.index('id="sharing-recipients"')]
    assert agreed.count("<li>") == 1
    assert "휴대전화" in agreed
    assert "2027. 1. 2." in agreed


@pytest.mark.promise("P17")
def test_however_much_there_is_the_page_asks_the_same_few_times(
    portal: Portal, statements: list[str]
) -> None:
    shop = company(portal.db)
    counts, shown = [], ""
    for many in (0, 1, 45):
        portal.sign_in(member(portal.db, disclosures=tuple(parcel(shop, n) for n in range(many))))
        tab = portal.open()
        statements.clear()
        shown = text_of(tab.switch_page(SHARING).run())
        counts.append(len([s for s in statements if s.lower().startswith(("select", "with"))]))
    assert len(set(counts)) == 1
    # The session, the key, what was shared, and who was told.
    assert counts[0] <= 4
    assert shown.count('class="jk-day"') == 2 * 20


def test_a_guardian_reads_it_about_the_child(portal: Portal) -> None:
    guardian = member(portal.db)
    child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian)
    tab = portal.open().button(key="child_1").click().run()
    assert "아이의 정보를 남에게 준 기록이 여기에 없어요" in text_of(tab.switch_page(SHARING).run())


@pytest.mark.promise("P16")
def test_what_is_shown_later_is_not_shown_before_its_day(portal: Portal) -> None:
    one, officer = member(portal.db), agent(portal.db, StaffRole.OFFICER)
    demanded(portal, one, officer, shown_from=date(2026, 12, 1))
    portal.sign_in(one)
    assert "[가상] 경찰서" not in text_of(portal.open(SHARING))
    portal.later(days=8)
    portal.sign_in(one)
    assert "[가상] 경찰서" not in text_of(portal.open(SHARING))
    portal.later(days=1)
    portal.sign_in(one)
    shown = text_of(portal.open(SHARING))
    assert "[가상] 경찰서" in shown
    assert "법에 따른 요구" in shown


def demanded(portal: Portal, one: UUID, officer: UUID, *, shown_from: date) -> None:
    row = {
        "member_id": one, "disclosure_id": uuid4(), "recipient": "[가상] 경찰서",
        "items": ["name"], "ground": Ground.LEGAL_DEMAND, "disclosed_on": TODAY,
        "shown_from": shown_from,
    }  # fmt: skip
    with portal.db.work.data.begin() as connection:
        connection.execute(insert(LIVE.disclosure).values(row))
        connection.execute(
            insert(case).values(case_id=uuid4(), member_id=one, staff_id=officer, opened_at=NOW,
                                granted_until=NOW, permissions=[])
        )  # fmt: skip
