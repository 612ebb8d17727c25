"""What the overview says of a member at first sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import places
from db.declarations import ITEMS
from services import profile, profile_queries

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.subject import Subject


@dataclass(frozen=True)
class Child:
    """A child whose guardian the member is; `access.open` decides whether still under 14."""

    member_id: UUID
    since: date


@dataclass(frozen=True)
class Brief:
    """What the overview says of a member at first sight."""

    nickname: str | None
    joined_on: date | None
    last_used_on: date | None
    uses: tuple[profile.ServiceUse, ...]
    children: tuple[Child, ...]
    member: bool


def brief(subject: Subject) -> Brief:
    """Return the overview's facts: three queries."""
    row = profile.ask(subject, profile_queries.brief).one_or_none()
    sealed, place = row.sealed if row else None, places.profile("nickname", 0)
    nickname = profile.shown(subject, ITEMS["nickname"], sealed, place, plain=False)
    return Brief(
        nickname,
        row.joined_on if row else None,
        row.last_used_on if row else None,
        profile.uses(subject),
        _children(subject),
        member=row is not None,
    )


def _children(subject: Subject) -> tuple[Child, ...]:
    rows = profile.ask(subject, profile_queries.children, today=subject.today)
    return tuple(Child(r.member_id, r.started_on) for r in rows)
