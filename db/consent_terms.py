"""The consents that members are asked for, read from `db/policies/consents-YYYY-MM.toml`.

A later file replaces an earlier one as a whole on its day. A member's decision is stored with the
wording that was shown; whether it still counts is decided by the terms in force (PIPA art. 17, 22,
23; network act art. 50).
"""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, time
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from db.clock import SEOUL
from db.law import law
from db.period import Period  # noqa: TC001 (pydantic reads it at run time)
from db.policy import POLICIES
from db.policy_facts import ChannelName, ItemName, Items, Part, PurposeName, Words
from db.words import Channel, ConsentKind

if TYPE_CHECKING:
    from pathlib import Path

ADVERTISING = frozenset({ConsentKind.ADVERTISING, ConsentKind.ADVERTISING_NIGHT})
"""Kinds that end unless they are confirmed again (network act art. 50(8))."""
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
"""Before everything that is on record."""

Group = Literal["advertising", "personalisation", "sensitive", "third_party", "device"]


class Term(Items):
    """One consent that is asked for.

    `items` are what it is about, `purposes` what for; `needs` are the ids of consents without which
    it doesn't count. What was decided before `asked_since` (a Seoul day) doesn't count either.
    """

    id: Annotated[str, Field(pattern=r"^[a-z_.]+$")]
    kind: Annotated[ConsentKind, Field(strict=False)]
    channel: ChannelName | None = None
    group: Group
    each: Literal["item", "recipient", "device"] | None = None
    items: tuple[ItemName, ...] = ()
    purposes: tuple[PurposeName, ...] = ()
    needs: tuple[str, ...] = ()
    sensitive: bool = False
    asked_since: date | None = None
    lasts: Period | None = None
    title: Words
    wording: Words
    yes: Words
    no: Words

    @property
    def confirmed_again(self) -> bool:
        """Return whether it ends unless it is confirmed again."""
        return self.kind in ADVERTISING

    def since(self, today: date) -> datetime:
        """Return the instant before which nothing that was decided counts today."""
        days = [self.asked_since] if self.asked_since else []
        if self.confirmed_again:
            days.append(confirmed_since(today))
        return datetime.combine(max(days), time(), SEOUL) if days else ALWAYS


class Terms(Part):
    """The consents asked for from a day on."""

    version: Annotated[str, Field(pattern=r"^\d{4}-\d\d$")]
    in_force_from: date
    consents: tuple[Term, ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        ids = [term.id for term in self.consents]
        if len(set(ids)) < len(ids) or len(self.by_kind) < len(ids):
            msg = "each consent once: by its id, and by its kind and channel"
            raise ValueError(msg)
        if any(need not in ids for term in self.consents for need in term.needs):
            msg = "`needs` names a consent that is not asked for"
            raise ValueError(msg)
        if ids and not self.together:
            msg = "a consent needs itself"
            raise ValueError(msg)
        return self

    @cached_property
    def by_kind(self) -> dict[tuple[ConsentKind, Channel | None], Term]:
        """Return each consent by its kind and channel."""
        return {(term.kind, term.channel): term for term in self.consents}

    def named(self, consent: str) -> Term | None:
        """Return the consent of this id; None for one that these terms don't know."""
        return next((term for term in self.consents if term.id == consent), None)

    @cached_property
    def together(self) -> dict[str, tuple[Term, ...]]:
        """Return each consent with all that it needs; nothing where one needs itself."""
        found = {term.id: self._needed(term) for term in self.consents}
        return found if all(term not in found[term.id][1:] for term in self.consents) else {}

    def _needed(self, term: Term) -> tuple[Term, ...]:
        found, waiting = [term], list(term.needs)
        while waiting:
            name = waiting.pop()
            needed = next(one for one in self.consents if one.id == name)
            if needed in found[1:]:
                continue
            found.append(needed)
            waiting += needed.needs
        return tuple(found)


def confirmed_since(today: date) -> date:
    """Return the first Seoul day whose consent to advertising has not run out today.

    A consent counts until the day of the same number two years later, that day included (network
    act art. 50(8), decree 62-3).
    """
    period = law().advertising.confirm_again
    day = _months_before(today, period.in_months)
    return day if period.ends_on(day) >= today else date.fromordinal(day.toordinal() + 1)


def _months_before(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    wanted = day.day
    while True:
        try:
            return date(years, month + 1, wanted)
        except ValueError:
            wanted -= 1


def is_night(channel: Channel, at: datetime) -> bool:
    """Return whether advertising by `channel` at this instant needs the consent for the night."""
    rule = law().advertising
    hour = at.astimezone(SEOUL).hour
    late = hour >= rule.night_from or hour < rule.night_until
    return late and channel not in rule.night_exempt


def parse(text: str) -> Terms:
    """Return the terms of a file's text. Raise pydantic's `ValidationError` for a wrong one."""
    return Terms.model_validate_json(json.dumps(tomllib.loads(text), default=str))


@lru_cache(maxsize=8)
def versions(folder: Path = POLICIES) -> tuple[Terms, ...]:
    """Return every version in the folder, the oldest first."""
    found = [parse(path.read_text(encoding="utf-8")) for path in folder.glob("consents-*.toml")]
    return tuple(sorted(found, key=lambda terms: terms.in_force_from))


@cache
def _none() -> Terms:
    return Terms(version="0000-00", in_force_from=date.min, consents=())


def in_force(day: date, known: tuple[Terms, ...] | None = None) -> Terms:
    """Return the terms of a Seoul day; before the first ones nothing is asked."""
    begun = [terms for terms in known or versions() if terms.in_force_from <= day]
    return begun[-1] if begun else _none()
