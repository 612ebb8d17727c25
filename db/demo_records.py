"""Records of the demo family, within the periods of clause 3.2, some near their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.demo_companies import APP, MAIN, RECIPES, SHOP
from db.words import RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.demo_person import Demo
    from db.drafts import RecordDraft

K = RecordKind
_GOODS = (
    ("기저귀 4단계", 34_900, SHOP),
    ("이유식 12팩", 42_000, RECIPES),
    ("육아 강의 한 달 이용권", 9_900, MAIN),
    ("아기 물티슈 10팩", 15_800, SHOP),
    ("동화책 세트", 58_000, SHOP),
    ("임산부 요가 수업", 25_000, APP),
    ("유기농 쌀과자", 6_500, RECIPES),
)
_METHODS = ("신용카드", "휴대전화 결제", "계좌 이체")


def spread(demo: Demo, kind: RecordKind, count: int, ends_in: int) -> list[int]:
    """Return days before today, even apart; a record of the first ends in `ends_in` days."""
    first = (demo.today - demo.ending_in(kind, ends_in)).days
    return [round(first * (count - at) / count) for at in range(count)]


def payments(demo: Demo, address: str, days: Sequence[int]) -> list[RecordDraft]:
    """Return payments, so many days ago."""
    found = []
    for at, day in enumerate(days):
        what, price, service = _GOODS[at % len(_GOODS)]
        pieces = at % 3 + 1
        found.append(
            demo.record(
                K.PAYMENT,
                demo.ago(day),
                service,
                what=what,
                amount=f"{price * pieces:,}원",
                method=_METHODS[at % len(_METHODS)],
                address=address,
                lines=f"{what} {pieces}개 · {price:,}원",
            )
        )
    return found


def contracts(demo: Demo) -> list[RecordDraft]:
    """Return contracts and a cancellation, the oldest to end in twenty days."""
    told = (
        (demo.ending_in(K.CONTRACT, 20), "육아 강의 정기 구독", "가입"),
        (demo.ago(1_200), "클래스 1년 이용권", "가입"),
        (demo.ago(700), "이유식 정기 배송", "가입"),
        (demo.ago(690), "이유식 정기 배송", "청약 철회"),
        (demo.ago(40), "임산부 요가 수업", "가입"),
    )
    return [demo.record(K.CONTRACT, day, what=what, action=act) for day, what, act in told]


def complaints(demo: Demo) -> list[RecordDraft]:
    """Return complaints with their answers."""
    told = (
        (demo.ending_in(K.COMPLAINT, 7), "배송이 늦어요", "배송을 다시 보내 드렸어요"),
        (demo.ago(400), "결제가 두 번 됐어요", "한 번을 취소해 드렸어요"),
        (demo.ago(25), "강의 영상이 멈춰요", "고쳤고 이용권을 일주일 늘려 드렸어요"),
    )
    return [demo.record(K.COMPLAINT, day, subject=about, answer=a) for day, about, a in told]


def checks(demo: Demo, days: Sequence[int]) -> list[RecordDraft]:
    """Return identity checks, so many days ago."""
    means = ("휴대전화 본인 확인", "비밀번호 다시 입력")
    return [
        demo.record(K.IDENTITY_CHECK, demo.ago(d), means=means[at % 2], result="확인됨")
        for at, d in enumerate(days)
    ]


def advertisements(demo: Demo, days: Sequence[int]) -> list[RecordDraft]:
    """Return advertisements that were sent, so many days ago."""
    titles = ("봄맞이 강의 안내", "새 이유식 소식", "임산부 요가 모집", "주말 할인 소식")
    return [
        demo.record(K.ADVERTISEMENT, demo.ago(day), title=titles[at % 4], channel="email")
        for at, day in enumerate(days)
    ]


def visits(demo: Demo, days: Sequence[int]) -> list[RecordDraft]:
    """Return visits, so many days ago; network addresses are those kept for examples."""
    pages = ("홈", "강의 목록", "이유식 달력", "내 주문", "요가 수업")
    return [
        demo.record(
            K.VISIT,
            demo.ago(day),
            (MAIN, APP)[at % 2],
            page=pages[at % len(pages)],
            network=f"203.0.113.{10 + at % 40}",
        )
        for at, day in enumerate(days)
    ]
