"""Leaving, as the member meets it: what it would do, asked for, and watched (clause 9; P05, P34).

The same plan (`leaving_plan`) that the worker carries out is shown before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Date, Uuid, bindparam, literal, select
from sqlalchemy.dialects.postgresql import insert

from db import policy
from db.declarations import ITEMS
from db.errors import PortalError
from db.tables.member import STORES
from db.tables.moves import move
from db.words import N_, Change, MoveKind, Noted, Purpose, StepWhat
from services import bar_rows, guarding, jobs, journal, leaving_facts, restriction, telling
from services.actor import Relation
from services.gathering import Gathered
from services.holding_back import held_back
from services.leaving_plan import Fate, plan

if TYPE_CHECKING:
    from datetime import date

    from db.words import Store
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
    `barred_until`: the last day on which they could not join again, None where nothing bars it.
    """

    day: date
    policy_version: str
    lines: tuple[Line, ...]
    open_requests: int
    running: tuple[Continues, ...]
    companies: tuple[str, ...]
    wards: tuple[Ward, ...]
    under_way: bool
    barred_until: date | None
    disputed: bool = False
    """Whether it waits until it is decided who acts for the child."""

    def of(self, fate: Fate) -> tuple[Line, ...]:
        """Return the lines of one fate."""
        return tuple(line for line in self.lines if line.fate is fate)


def preview(subject: Subject) -> Preview:
    """Return what leaving today would do: two queries, whether or not the member sleeps."""
    today, given = subject.today, {"member": subject.member_id, "today": subject.today}
    found = _COUNTED.ask(subject.connection, **given) | _asked(subject.tables.store).ask(
        subject.connection, **given, items=list(ITEMS), change=Change.LEFT
    )
    facts, holds = leaving_facts.facts(found["held"]), leaving_facts.reaching(found["holding"])
    rules = policy.in_force(today)
    return Preview(
        today,
        rules.version,
        plan(rules, facts.held, holds, today),
        facts.open_requests,
        tuple(one for one in restriction.going_on(Purpose, found["last"], today) if one.until),
        tuple(row["name"] for row in found["companies"]),
        leaving_facts.wards(found["wards"]) if subject.relation is Relation.SELF else (),
        under_way=bool(found["asked"]),
        barred_until=next((row["barred_until"] for row in found["barred"]), None),
        disputed=bool(found["disputed"]),
    )


# By itself: together with the others it takes the database twice as long as one after the other.
_COUNTED = Gathered(
    held=leaving_facts.HELD, holding=leaving_facts.HOLDING, wards=leaving_facts.WARDS
)


@cache
def _asked(store: Store) -> Gathered:
    return Gathered(
        last=restriction.last_events(store),
        companies=telling.who_has(store),
        barred=bar_rows.UNTIL,
        disputed=select(literal(value=True).label("disputed")).where(
            guarding.disputed(
                STORES[store], bindparam("member", type_=Uuid), bindparam("today", type_=Date)
            )
        ),
        asked=select(move.c.kind).where(move.c.member_id == bindparam("member", type_=Uuid)),
    )


def ready(subject: Subject) -> None:
    """Raise what `ask` would raise, and ask for nothing: several leave together or not at all."""
    _check(subject)
    asked = select(move.c.member_id).where(move.c.member_id == subject.member_id)
    if subject.connection.scalar(asked) is not None:
        raise _asked_before()


def _check(subject: Subject) -> None:
    subject.actor.require_verification()
    subject.second_word(StepWhat.LEAVE)
    held_back(subject)


def _asked_before() -> LeavingError:
    return LeavingError(N_("This is under way already, in another tab."))


def ask(subject: Subject, certificate: Certificate) -> None:
    """Have the worker end the membership; `certificate` is shown to the member meanwhile.

    Raise `StepUpRequired` unless freshly verified (P30), `LeavingError` where it was asked for
    before: only the number and secret of the first time count; `HeldBack` during a dispute.
    """
    _check(subject)
    actor = subject.actor
    number, secret = certificate.digests
    # Of two tabs that leave at once, the second waits for the first and then writes nothing.
    row = {
        "member_id": subject.member_id, "kind": MoveKind.WITHDRAW, "asked_at": subject.at,
        "actor_kind": actor.kind, "actor_id": actor.person, "session_id": actor.session_id,
        "case_id": subject.case_id, "language": actor.language,
        "number_digest": number, "secret_digest": secret,
    }  # fmt: skip
    asked = subject.connection.scalar(
        insert(move).values(row).on_conflict_do_nothing().returning(move.c.member_id)
    )
    if asked is None:
        raise _asked_before()
    # The number and secret are on a screen, maybe on paper: they must lead somewhere.
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=[(move, row)]
    )
    jobs.defer(subject.connection, jobs.WITHDRAW, member_id=str(subject.member_id))
