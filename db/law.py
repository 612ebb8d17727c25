"""What the law asks on top of the policy, read from `db/policies/law-2026-11.toml`.

Deadlines, reasons for a refusal, what goes on after a stop, and the rules of advertising messages,
each with its citation; and what somebody has to look at outside the portal.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from db.period import Period  # noqa: TC001 (pydantic reads it at run time)
from db.policy import POLICIES
from db.policy_facts import ChannelName, KindName, Part, PurposeName, Words
from db.words import RefusalReason, RequestKind, WatchRule

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

LAW = POLICIES / "law-2026-11.toml"

Kind = Annotated[RequestKind, Field(strict=False)]


class Deadline(Part):
    """How many days after the day of receipt a kind of request is answered at the latest."""

    id: Kind
    days: int = Field(ge=1)
    citation: Words


class Refusal(Part):
    """A reason for which requests of some kinds may be refused."""

    id: Annotated[RefusalReason, Field(strict=False)]
    kinds: tuple[Kind, ...] = Field(min_length=1)
    name: Words
    citation: Words


class Continuing(Part):
    """What goes on although a member stops it, and why.

    `records`: only for whom a record of one of these kinds is held (none named: for everyone);
    `within_days`: until that many days after the last of them (None: without an end).
    """

    id: str
    purposes: tuple[PurposeName, ...] = Field(min_length=1)
    records: tuple[KindName, ...] = ()
    within_days: int | None = Field(None, ge=1)
    name: Words
    why: Words
    citation: Words


class Advertising(Part):
    """Advertising messages; hours are those of the clock in Seoul."""

    confirm_again: Period
    told_within_days: int = Field(ge=1)
    night_from: int = Field(ge=0, le=23)
    night_until: int = Field(ge=0, le=23)
    night_exempt: tuple[ChannelName, ...]
    citation: Words


class Check(Part):
    """One thing to look at."""

    id: str
    name: Words


class Outside(Part):
    """A safeguard of clause 8 outside the portal: what to look at, and how long a look counts."""

    id: str
    every: Period
    checks: tuple[Check, ...] = Field(min_length=1)


class Calls(Part):
    """How requests by phone, mail or letter are handled; what no law states is our own setting.

    `answer_days` after the day of receipt, put off once by `postponed_days`. A caller who was
    verified is so for `verified_hours`; of `tries` that failed within a day none is left. Nobody is
    called back for `number_rests_days` at a number that staff changed.
    """

    answer_days: int = Field(ge=1)
    postponed_days: int = Field(ge=1)
    lookups_a_day: int = Field(ge=1)
    tries: int = Field(ge=1)
    verified_hours: int = Field(ge=1)
    number_rests_days: int = Field(ge=1)
    confirm_hours: int = Field(ge=1)
    recovery_wait_hours: int = Field(ge=1)
    kept: Period
    citation: Words


class Unusual(Part):
    """A rule of what is unusual: more than `most` of it on a day of one of the staff."""

    id: Annotated[WatchRule, Field(strict=False)]
    most: int = Field(ge=0)
    name: Words


class Watching(Part):
    """How the staff's access is watched; work is from `opens_at` to before `shuts_at` (P28)."""

    opens_at: int = Field(ge=0, le=23)
    shuts_at: int = Field(ge=1, le=24)
    review_every: Period
    rules: tuple[Unusual, ...]
    citation: Words


class ReportRules(Part):
    """How reports are answered, and how many are taken (P35).

    `rule` is the retention rule of the policy whose period counts from the day of receipt.
    """

    days: int = Field(ge=1)
    rule: KindName
    citation: Words


class StaffRules(Part):
    """What staff need to see members' data, and how long it is kept who could (P26, P27)."""

    password_days: int = Field(ge=1)
    first_password_days: int = Field(ge=1)
    warn_days: int = Field(ge=1)
    kept: Period
    citation: Words


class Law(Part):
    """What the file holds."""

    version: str
    deadlines: tuple[Deadline, ...]
    refusals: tuple[Refusal, ...]
    continuing: tuple[Continuing, ...]
    advertising: Advertising
    outside: tuple[Outside, ...]
    calls: Calls
    staff: StaffRules
    reports: ReportRules
    unusual: Watching

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sorted(d.id for d in self.deadlines) != sorted(RequestKind):
            msg = "there must be one deadline for each kind of request"
            raise ValueError(msg)
        if sorted(r.id for r in self.refusals) != sorted(RefusalReason):
            msg = "there must be one entry for each reason of a refusal"
            raise ValueError(msg)
        if sorted(r.id for r in self.unusual.rules) != sorted(WatchRule):
            msg = "there must be one rule for each kind of unusual access"
            raise ValueError(msg)
        return self

    def due_on(self, kind: RequestKind, received_on: date) -> date:
        """Return the last day for the answer to what was received on a Seoul day."""
        days = next(d.days for d in self.deadlines if d.id == kind)
        return received_on + timedelta(days=days)

    def refusal(self, reason: RefusalReason) -> Refusal:
        """Return what the law says of a reason."""
        return next(r for r in self.refusals if r.id == reason)

    def reasons(self, kind: RequestKind) -> tuple[Refusal, ...]:
        """Return the reasons for which a request of this kind may be refused."""
        return tuple(r for r in self.refusals if kind in r.kinds)


@lru_cache(maxsize=2)
def law(path: Path = LAW) -> Law:
    """Return what the law asks. Raise pydantic's `ValidationError` for a wrong file."""
    return Law.model_validate(_frozen(tomllib.loads(path.read_text(encoding="utf-8"))))


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
