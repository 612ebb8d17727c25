"""Values as sources write them, and the one form in which we store them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.importer import parse
from db.importer.parse import BadValueError, Reading

READING = Reading(date(2026, 11, 22), formats=("%d/%m/%Y",))


@pytest.mark.parametrize(
    ("written", "country", "stored"),
    [
        ("01012345678", "KR", "010-1234-5678"),
        ("+82 10-1234-5678", "KR", "010-1234-5678"),
        ("+82 10-1234-5678", "US", "010-1234-5678"),
        ("(212) 555-0142", "US", "+1 212-555-0142"),
        ("+44 020 7707 0707", "KR", "+44 20 7707 0707"),
        ("+453  3331 9991", "KR", "+453 3331 9991"),
    ],
)
def test_phones(written: str, country: str, stored: str) -> None:
    assert parse.phone(written, country) == stored


@pytest.mark.parametrize(
    "written", ["", "12", "phone", "+82 1", "+1 x 555", "+1234567890123456789"]
)
def test_what_is_no_phone(written: str) -> None:
    with pytest.raises(BadValueError):
        parse.phone(written, "KR")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-29 23:59:59", date(2024, 2, 29)),
        ("2024-02-28T15:00:00+00:00", date(2024, 2, 29)),
        ("29/02/2024", date(2024, 2, 29)),
        (datetime(2024, 2, 28, 15, tzinfo=UTC), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (20240229, date(2024, 2, 29)),
    ],
)
def test_days_are_days_in_seoul(written: object, day: date) -> None:
    assert READING.past_day(written) == day


@pytest.mark.parametrize(
    ("raw", "text"),
    [(7, "7"), (7.0, "7"), (Decimal("7.00"), "7"), ("7", "7"), (b"\x07", "07"), (None, None)],
)
def test_keys_are_alike_however_they_are_stored(raw: object, text: str | None) -> None:
    assert parse.key_text(raw) == text


def test_images_come_as_bytes_or_base64() -> None:
    assert parse.image(b"abc") == parse.image("YWJj") == "YWJj"
    with pytest.raises(BadValueError):
        parse.image("no image!")


@given(st.one_of(st.text(), st.integers(), st.binary(), st.floats(), st.datetimes(), st.dates()))
def test_whatever_is_written_is_read_or_refused_without_repeating_it(raw: object) -> None:
    for item in ("email", "mobile", "birth_date", "baby_date", "nickname", "profile_image"):
        try:
            READING.item(item, raw)
        except BadValueError as error:
            assert not isinstance(raw, str) or len(raw) < 8 or raw not in str(error)  # noqa: PT017
