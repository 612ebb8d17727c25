"""Two languages, one way to write a day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.language import format_date, format_datetime, format_short, plural, translate


def test_korean_and_english() -> None:
    assert translate("ko", "Nickname") == "닉네임"
    assert translate("en", "Nickname") == "Nickname"


def test_a_message_without_korean_stays_english() -> None:
    assert translate("ko", "Nobody has said {word} yet", word="this") == "Nobody has said this yet"


def test_params_are_filled_but_never_read_as_a_sentence() -> None:
    assert translate("en", "{name} said", name="{name} {0}") == "{name} {0} said"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Decided by {day}. Then it ends.", "Decided by 2026. 11. 22. Then it ends."),
        ("It ends on {day}.", "It ends on 2026. 11. 22."),
        ("Until {day}, or later...", "Until 2026. 11. 22., or later..."),
        ("{day}... and on", "2026. 11. 22.... and on"),
    ],
    ids=["within", "at the end", "comma", "ellipsis"],
)
def test_a_sentence_that_ends_with_a_day_has_one_full_stop(message: str, shown: str) -> None:
    assert translate("en", message, day=format_date(date(2026, 11, 22))) == shown


def test_one_and_many() -> None:
    assert plural("en", "{n} day", "{n} days", 1) == "1 day"
    assert plural("en", "{n} day", "{n} days", 30) == "30 days"


def test_counts_are_grouped_by_thousands() -> None:
    assert plural("ko", "{n} record", "{n} records", 1667) == "기록 1,667건"
    assert plural("en", "{n} record", "{n} records", 1) == "1 record"


def test_large_numbers_are_short() -> None:
    assert [format_short("ko", n) for n in (0, 16, 120_000)] == ["0", "16", "12만"]
    assert [format_short("en", n) for n in (0, 16, 120_000)] == ["0", "16", "120K"]


def test_days_are_written_one_way() -> None:
    assert format_date(date(2026, 3, 5)) == "2026. 3. 5."
    assert format_datetime(datetime(2026, 11, 22, 6, 5, tzinfo=UTC)) == "2026. 11. 22. 15:05"


def test_a_moment_falls_on_its_day_in_seoul() -> None:
    assert format_date(datetime(2026, 11, 22, 15, 0, tzinfo=UTC)) == "2026. 11. 23."


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_date(datetime(2026, 11, 22))  # noqa: DTZ001 - that is the point
