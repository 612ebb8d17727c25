"""What the overview says of a member at first sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import places
from db.declarations import ITEMS
from services import coming_of_age, open_matters, own_sessions, profile, profile_queries, records

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.gathering import Row
    from services.open_matters import OpenMatters
    from services.own_sessions import OpenSession
    from services.records import KindSummary
    from services.subject import Subject


_NOBODY: Row = {
    "joined_on": None, "last_used_on": None, "sealed": None, "turns_14_on": None,
    "answers_until": None, "child": False, "disputed": False,
}  # fmt: skip


@dataclass(frozen=True)
class Child:
    """A child for whom the member may act; `access.open` decides it again."""

    member_id: UUID
    started_on: date


@dataclass(frozen=True)
class Brief:
    """What the overview says of a member at first sight. `sessions` are those of who looks."""

    nickname: str | None
    joined_on: date | None
    last_used_on: date | None
    uses: tuple[profile.ServiceUse, ...]
    children: tuple[Child, ...]
    kinds: tuple[KindSummary, ...]
    sessions: tuple[OpenSession, ...]
    member: bool
    matters: OpenMatters
    store_only: bool
    """A child under 14 without a guardian's recorded consent (P41)."""
    turns_14_on: date | None
    """The birthday on which a child decides alone; None of anybody who is 14."""
    answers_until: date | None
    """The last day to answer what a guardian agreed to, of who is 14 by now."""
    disputed: bool


def brief(subject: Subject) -> Brief:
    """Return the overview's facts: one query."""
    actor = subject.actor
    rows = profile_queries.overview(subject.tables.store).ask(
        subject.connection,
        member=subject.member_id,
        today=subject.today,
        **own_sessions.asked(actor.person, actor.at),
    )
    row = next(iter(rows["member"]), _NOBODY)
    place = places.profile("nickname", 0)
    nickname = profile.shown(subject, ITEMS["nickname"], row["sealed"], place, plain=False)
    return Brief(
        nickname,
        row["joined_on"],
        row["last_used_on"],
        profile.uses(rows["uses"]),
        tuple(Child(**child) for child in rows["children"]),
        records.summary(subject, rows["counts"]),
        own_sessions.open_ones(rows["sessions"], actor.session_id),
        member=bool(rows["member"]),
        matters=open_matters.of(
            rows["requests"], rows["restrictions"], rows["bars"], rows["cases"]
        ),
        store_only=any(row["young"] and row["unproved"] for row in rows["child"]),
        turns_14_on=row["turns_14_on"] if row["child"] else None,
        answers_until=_waits(row, subject.today),
        disputed=row["disputed"],
    )


def _waits(row: Row, today: date) -> date | None:
    """Return until when answers are waited for: also before the hourly run of the birthday."""
    until: date | None = row["answers_until"]
    if until is None and row["turns_14_on"] is not None and not row["child"]:
        until = coming_of_age.last_answer(row["turns_14_on"])
    return until if until is not None and until >= today else None
