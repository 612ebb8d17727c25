"""Calendar months and years, by Seoul days."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.period import Period

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))
MONTHS = st.integers(1, 120)


@pytest.mark.parametrize(
    ("period", "event", "end"),
    [
        (Period(years=1), date(2024, 2, 29), date(2025, 2, 28)),
        (Period(years=4), date(2024, 2, 29), date(2028, 2, 29)),
        (Period(months=6), date(2025, 8, 31), date(2026, 2, 28)),
        (Period(months=3), date(2025, 11, 30), date(2026, 2, 28)),
        (Period(months=6), date(2026, 6, 15), date(2026, 12, 15)),
        (Period(months=1), date(2025, 12, 31), date(2026, 1, 31)),
        (Period(years=5), date(2021, 3, 15), date(2026, 3, 15)),
    ],
)
def test_ends(period: Period, event: date, end: date) -> None:
    assert period.ends_on(event) == end


@given(DAYS, MONTHS)
def test_the_end_is_that_many_months_on(day: date, months: int) -> None:
    end = Period(months=months).ends_on(day)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    last = monthrange(end.year, end.month)[1]
    assert end.day == day.day or (end.day == last < day.day)


@given(DAYS, MONTHS)
def test_what_happened_later_never_ends_earlier(day: date, months: int) -> None:
    period = Period(months=months)
    assert period.ends_on(day) <= period.ends_on(day + timedelta(days=1))


@given(DAYS, st.integers(1, 10))
def test_years_are_twelve_months(day: date, years: int) -> None:
    assert Period(years=years).ends_on(day) == Period(months=12 * years).ends_on(day)


@pytest.mark.parametrize(("months", "years"), [(None, None), (1, 1), (0, None), (None, -1)])
def test_a_period_has_one_unit(months: int | None, years: int | None) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        Period(months=months, years=years)


def test_past_the_calendar() -> None:
    with pytest.raises(OverflowError):
        Period(years=100).ends_on(date(9950, 1, 1))
