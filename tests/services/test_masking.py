"""Masks: the same everywhere, and never the whole value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.declarations import ITEMS, KINDS, Mask
from services.masking import mask

HIDING = st.sampled_from([m for m in Mask if m is not Mask.NONE])


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        (Mask.NAME, "홍길동", "홍*동"),
        (Mask.NAME, "홍길", "홍*"),
        (Mask.NAME, "홍", "*"),
        (Mask.NAME, "남궁옥분", "남**분"),
        (Mask.NAME, "가나다라마바사아자차", "가********차"),
        (Mask.NAME, "가" + "나" * 198 + "다", "가********다"),
        (Mask.NAME, "콩콩이 (태명)", "콩*******"),
        (Mask.PHONE, "010-1234-5678", "010-****-5678"),
        (Mask.PHONE, "02-345-6789", "02-3**-6789"),
        (Mask.PHONE, "+49 0711 2842222", "+49 0*** ***2222"),
        (Mask.PHONE, "1588-1234", "****-**34"),
        (Mask.PHONE, "112", "***"),
        (Mask.EMAIL, "abcdef@example.com", "ab***@example.com"),
        (Mask.EMAIL, "ab@example.com", "a***@example.com"),
        (Mask.DATE, "1987", "***"),
        (Mask.EMAIL, "a@example.com", "***@example.com"),
        (Mask.EMAIL, "no address", "***"),
        (Mask.ADDRESS, "서울시 강남구 테헤란로 1길 2", "서울시 강남구 ***"),
        (Mask.ADDRESS, "세종시 한누리대로", "세종시 ***"),
        (Mask.ADDRESS, "서울", "***"),
        (Mask.DATE, "1987-05-06", "1987. **. **."),
        (Mask.LOGIN, "haneul87", "ha***"),
        (Mask.LOGIN, "abc", "a***"),
        (Mask.TEXT, "딸 하나", "딸***"),
        (Mask.WHOLE, "female", "***"),
        (Mask.NONE, "하늘맘", "하늘맘"),
    ],
)
def test_each_rule(rule: Mask, value: str, shown: str) -> None:
    assert mask(rule, value) == shown


@given(HIDING, st.text(min_size=1))
def test_what_hides_never_shows_the_whole_value(rule: Mask, value: str) -> None:
    assert mask(rule, value) != value or set(value) <= {"*"}


@given(HIDING, st.text(alphabet="가나다라마바사아자차", min_size=4))
def test_at_most_half_of_a_word_is_shown(rule: Mask, value: str) -> None:
    shown = [c for c in mask(rule, value) if c in value]
    assert len(shown) * 2 <= len(value)


@pytest.mark.parametrize("rule", Mask)
def test_an_empty_value_stays_empty(rule: Mask) -> None:
    assert mask(rule, "") == ""


def test_only_the_nickname_is_shown_without_a_mask() -> None:
    bare = {name for name, item in ITEMS.items() if item.mask is Mask.NONE}
    assert bare == {"nickname"}


def test_addresses_in_records_are_masked_like_the_items() -> None:
    masks = {f.name: f.mask for kind in KINDS.values() for f in kind.fields}
    assert masks["address"] is ITEMS["address"].mask
