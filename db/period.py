"""Periods of calendar months and years."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_YEAR = 12


class Period(BaseModel):
    """A number of months, or of years; written as the policy writes it, counted alike."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    months: int | None = Field(None, ge=1, le=1200)
    years: int | None = Field(None, ge=1, le=100)

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.months is None) == (self.years is None):
            msg = "a period is a number of months or of years, one of the two"
            raise ValueError(msg)
        return self

    @property
    def in_months(self) -> int:
        """Return the length in months."""
        return self.months if self.months is not None else (self.years or 0) * _YEAR

    def ends_on(self, event_date: date) -> date:
        """Return the last day on which what happened on `event_date` is kept.

        Days are Asia/Seoul days. That day counts in full: destruction is due from the day after it.
        It has the number of the event's day; where its month is shorter, it is that month's last
        day, so a year from 29 February ends on 28 February.

        :raises OverflowError: the day lies after the year 9999.
        """
        years, month = divmod(event_date.month - 1 + self.in_months, _YEAR)
        year = event_date.year + years
        if year > date.max.year:
            msg = "the period ends after the last day of the calendar"
            raise OverflowError(msg)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(event_date.day, last))
