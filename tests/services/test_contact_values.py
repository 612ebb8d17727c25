"""What may be typed for an item, and what is said when it can't be."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.declarations import ITEMS, Correction
from services import contact_values
from services.contact_values import ValueRefused, accepted
from services.language import format_date

TODAY = date(2026, 11, 22)


def test_every_item_that_can_be_corrected_has_a_rule() -> None:
    wanted = {n for n, i in ITEMS.items() if i.shown and i.correction is not Correction.NEVER}
    assert wanted - {"profile_image"} == contact_values.TYPED


@pytest.mark.parametrize(
    ("item", "typed", "kept"),
    [
        ("email", " New@EXAMPLE.com ", "New@example.com"),
        ("mobile", "01023456789", "010-2345-6789"),
        ("mobile", "\uff10\uff11\uff10 2345 6789", "010-2345-6789"),
        ("mobile", "+81 90 1234 5678", "+81 90-1234-5678"),
        ("phone", "023456789", "02-345-6789"),
        ("birth_date", "1987. 5. 6.", "1987-05-06"),
        ("birth_date", "1987년 5월 6일", "1987-05-06"),
        ("birth_date", "19870506", "1987-05-06"),
        ("birth_date", "1988-02-29", "1988-02-29"),
        ("baby_date", "2027-02-03", "2027-02-03"),
        ("address", "강원특별자치도 춘천시  중앙로 1", "강원특별자치도 춘천시 중앙로 1"),
        ("address", "(06236) 서울시 강남구 테헤란로 1", "(06236) 서울시 강남구 테헤란로 1"),
        ("address", "12 Main St, Springfield", "12 Main St, Springfield"),
        ("nickname", "👨‍👩‍👧‍👦하늘맘 <b>", "👨‍👩‍👧‍👦하늘맘 <b>"),
        ("name", "Mary-Ann O'Neil", "Mary-Ann O'Neil"),
        ("sex", "female", "female"),
    ],
)
def test_it_is_kept_in_one_form(item: str, typed: str, kept: str) -> None:
    assert accepted(item, typed, TODAY) == kept


@pytest.mark.parametrize(
    ("item", "typed", "says"),
    [
        ("email", "a@b", "name@example.com"),
        ("email", "a" * 10_000 + "@example.com", "too long"),
        ("mobile", "02-345-6789", "010-1234-5678"),
        ("mobile", "010-23", "010-1234-5678"),
        ("phone", "911", "area code"),
        ("birth_date", "2026-02-30", "no such day"),
        ("birth_date", "2026-13-01", "no such day"),
        ("birth_date", "2027-01-01", "still to come"),
        ("birth_date", "1887-01-01", "too long ago"),
        ("birth_date", "yesterday", r"like 1990\. 2\. 3\."),
        ("baby_date", "soon", rf"like {TODAY.year + 1}\."),
        ("baby_date", "2028-01-01", "ten months"),
        ("address", "강남구 테헤란로 1길 2", "province"),
        ("address", "서울", "whole address"),
        ("nickname", "   ", "Nothing is typed"),
        ("nickname", "가" * 61, "60 characters"),
        ("nickname", "a\u202eb", "can't be shown"),
        ("nickname", "a\0b", "can't be shown"),
        ("name", "<script>", "letters only"),
        ("sex", "other", "choose one"),
    ],
)
def test_what_cannot_be_says_what_to_do(item: str, typed: str, says: str) -> None:
    with pytest.raises(ValueRefused, match=says):
        accepted(item, typed, TODAY)


@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2040, 12, 31)])
def test_the_example_of_a_date_fits_its_item(today: date) -> None:
    born, due = (contact_values.example(item, today) for item in ("birth_date", "baby_date"))
    assert born < today < due
    for item, day in (("birth_date", born), ("baby_date", due)):
        assert accepted(item, format_date(day), today) == day.isoformat()


@given(st.sampled_from(sorted(contact_values.TYPED)), st.text())
def test_what_is_kept_is_accepted_again_unchanged(item: str, typed: str) -> None:
    try:
        kept = accepted(item, typed, TODAY)
    except ValueRefused:
        return
    assert accepted(item, kept, TODAY) == kept


@given(st.dates(date(1902, 1, 1), TODAY))
def test_any_day_of_a_life_is_a_birth_date(day: date) -> None:
    assert accepted("birth_date", f"{day.year}. {day.month}. {day.day}.", TODAY) == day.isoformat()
