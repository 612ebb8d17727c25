"""A number is found however it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import normal, sealing

WIDE = "".join(chr(ord(digit) + 0xFEE0) for digit in "01012345678")
"""As a Korean or Japanese keyboard may give it."""


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("010-1234-5678", "010-1234-5678"),
        ("01012345678", "010-1234-5678"),
        (" 010 1234 5678 ", "010-1234-5678"),
        ("+82 10-1234-5678", "010-1234-5678"),
        ("+821012345678", "010-1234-5678"),
        (WIDE, "010-1234-5678"),
        ("02-345-6789", "02-345-6789"),
        ("+81 90-1234-5678", "+81 90-1234-5678"),
    ],
)
def test_one_form(typed: str, stored: str) -> None:
    assert normal.normalise("mobile", typed) == stored


@pytest.mark.parametrize("typed", ["", "haneul87", "12", "010-abc", "1" * 40, "🙂"])
def test_what_is_no_number_stays(typed: str) -> None:
    assert normal.mobile(typed) is None
    assert normal.normalise("mobile", typed) == typed


@given(st.text(max_size=40))
def test_the_one_form_is_its_own(typed: str) -> None:
    for kind in ("mobile", "email", "login_id"):
        once = normal.normalise(kind, typed)
        assert normal.normalise(kind, once) == once


@given(st.from_regex(r"010[2-9][0-9]{7}", fullmatch=True), st.lists(st.integers(1, 10), max_size=4))
def test_dashes_and_spaces_do_not_matter(digits: str, places: list[int]) -> None:
    typed = digits
    for place in places:
        typed = f"{typed[:place]} {typed[place:]}"
    expected = f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    assert normal.normalise("mobile", typed) == expected
    key = b"k" * 32
    assert sealing.blind(key, "mobile", expected) == sealing.blind(
        key, "mobile", normal.normalise("mobile", typed)
    )


@given(st.text(max_size=60))
def test_what_somebody_types_always_means_something(typed: str) -> None:
    pairs = normal.identifiers(typed)
    assert ("login_id", typed.strip()) in pairs
    assert len(pairs) <= 2
