"""Leaving, as the member meets it: what it would do, asked for, and watched (clause 9; P05, P34).

The same plan (`leaving_plan`) that the worker carries out is shown before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import policy
from db.declarations import ITEMS
from db.errors import PortalError
from db.tables.moves import move
from db.words import N_, Change, MoveKind, Purpose
from services import jobs, leaving_facts, restriction, telling
from services.actor import Relation
from services.leaving_plan import Fate, plan

if TYPE_CHECKING:
    from datetime import date

    from services.certificate import Certificate
    from services.leaving_facts import Ward
    from services.leaving_plan import Line
    from services.restriction import Continues
    from services.subject import Subject


class LeavingError(PortalError):
    """Leaving can't be asked for just now; the sentence says why."""


@dataclass(frozen=True)
class Preview:
    """What leaving today would do, and whom it concerns.

    `under_way`: it was asked for already. `running`: what of a purchase still goes on. `companies`
    are names of those who would be asked to delete; `wards` are the children of who leaves.
    """

    day: date
    policy_version: str
    lines: tuple[Line, ...]
    open_requests: int
    running: tuple[Continues, ...]
    companies: tuple[str, ...]
    wards: tuple[Ward, ...]
    under_way: bool

    def of(self, fate: Fate) -> tuple[Line, ...]:
        """Return the lines of one fate."""
        return tuple(line for line in self.lines if line.fate is fate)


def preview(subject: Subject) -> Preview:
    """Return what leaving today would do: at most six queries, whether or not the member sleeps."""
    connection, today = subject.connection, subject.today
    found = leaving_facts.facts(connection, subject.member_id, today)
    holds = leaving_facts.holds(connection, subject.member_id, today)
    rules = policy.in_force(today)
    own = subject.relation is Relation.SELF
    asked = select(move.c.kind).where(move.c.member_id == subject.member_id)
    return Preview(
        today,
        rules.version,
        plan(rules, found.held, holds, today),
        found.open_requests,
        tuple(one for one in restriction.what_continues(subject, Purpose) if one.until),
        telling.concerned(subject, tuple(ITEMS), Change.LEFT),
        leaving_facts.wards(connection, subject.member_id, today) if own else (),
        connection.scalar(asked) is not None,
    )


def ask(subject: Subject, certificate: Certificate) -> None:
    """Have the worker end the membership; `certificate` is shown to the member meanwhile.

    Raise `StepUpRequired` unless freshly verified (P30), `LeavingError` where it was asked for
    before: only the number and secret of the first time count.
    """
    actor = subject.actor
    actor.require_verification()
    number, secret = certificate.digests
    # Of two tabs that leave at once, the second waits for the first and then writes nothing.
    asked = subject.connection.scalar(
        insert(move)
        .values(
            member_id=subject.member_id, kind=MoveKind.WITHDRAW, asked_at=subject.at,
            actor_kind=actor.kind, actor_id=actor.person, session_id=actor.session_id,
            case_id=subject.case_id, language=actor.language,
            number_digest=number, secret_digest=secret,
        )
        .on_conflict_do_nothing()
        .returning(move.c.member_id)
    )  # fmt: skip
    if asked is None:
        raise LeavingError(N_("This is under way already, in another tab."))
    jobs.defer(subject.connection, jobs.WITHDRAW, member_id=str(subject.member_id))
