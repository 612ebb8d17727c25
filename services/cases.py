"""The case of a caller, as it stands: whose, in whose hand, what may be done in it (clause 9; P31).

Only functions of the database change a case, and they ask again: this one of the staff, in office,
not about themselves. It is opened by `case_opening`, gone on with, taken over and put off by
`case_going_on`, answered and closed by `case_ending`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, or_, select

from db.errors import PortalError
from db.prepared import Prepared
from db.tables.cases import case as cases
from db.tables.ops import staff
from db.words import (
    N_,
    AnsweredBy,
    Caller,
    CallWish,
    CaseChannel,
    CaseKind,
    CaseOutcome,
    GrantEnded,
    Postponed,
    RefusalReason,
    VerifiedBy,
)
from services.actor import WISHES, Grant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE: Final = "/desk-cases"
LONGEST: Final = 4000
"""Characters of what a caller said, or of an answer."""


class CaseRefused(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """A case can't be opened or changed like this."""


@dataclass(frozen=True)
class Case:
    """A case of a caller. The right to act lasts until `granted_until`, unless `suspended_at`."""

    case_id: UUID
    member_id: UUID
    staff_id: UUID
    kind: CaseKind
    no: str
    channel: CaseChannel
    caller: Caller
    asked: frozenset[CallWish]
    opened_at: datetime
    received_on: date
    due_on: date
    postponed: Postponed | None
    verified_by: VerifiedBy | None
    verified_at: datetime | None
    failed_tries: int
    permissions: frozenset[str]
    granted_until: datetime
    grant_ended: GrantEnded | None
    suspended_at: datetime | None
    closed_at: datetime | None
    outcome: CaseOutcome | None
    refusal: RefusalReason | None
    answered_by: AnsweredBy | None
    guardian_id: UUID | None
    """Of a guardian's case: the one who calls; None in an old one where it was not said."""
    staff_no: str

    def runs(self, now: datetime) -> bool:
        """Return whether its staff may act in it now."""
        open_ = self.closed_at is None and self.suspended_at is None
        return open_ and self.opened_at <= now < self.granted_until

    @property
    def verified(self) -> bool:
        """Return whether the caller's identity was verified and still counts."""
        return self.verified_at is not None and self.grant_ended is None

    @property
    def nameless(self) -> bool:
        """Return whether a guardian called and it has not been said which."""
        return self.caller is Caller.GUARDIAN and self.guardian_id is None

    @property
    def rights(self) -> frozenset[str]:
        """Return the rights that what is asked for gives, once the caller is verified."""
        return frozenset(p.value for p in rights_of(self.asked))

    def grant(self, shown: frozenset[str]) -> Grant:
        """Return what its staff may do in it, for the pages of the member."""
        return Grant(self.case_id, self.granted_until, self.permissions, self.channel, shown)


def rights_of(asked: Iterable[CallWish]) -> list[Any]:
    """Return the rights that what is asked for needs, in order."""
    return sorted({permission for wish in asked for permission in WISHES[wish]})


_C = cases.c
_COLUMNS = (
    _C.case_id, _C.member_id, _C.staff_id, _C.kind, _C.case_no, _C.channel, _C.caller, _C.asked,
    _C.opened_at, _C.received_on, _C.due_on, _C.postponed, _C.verified_by, _C.verified_at,
    _C.failed_tries, _C.permissions, _C.granted_until, _C.grant_ended, _C.suspended_at,
    _C.closed_at, _C.outcome, _C.refusal, _C.answered_by, _C.guardian_id,
    staff.c.staff_no,
)  # fmt: skip
OF_CALLERS: Final = (CaseKind.CALL.value, CaseKind.RECOVERY.value)
_READ = Prepared(
    select(*_COLUMNS)
    .join(staff, staff.c.staff_id == _C.staff_id)
    .where(_C.case_id == bindparam("case"), or_(_C.kind == "call", _C.kind == "recovery"))
)


def of_row(row: tuple[Any, ...]) -> Case:
    """Return the case of a row of `COLUMNS`."""

    def word(kind: type[Any], value: str | None) -> Any:  # noqa: ANN401 (one of our words)
        return kind(value) if value is not None else None

    (case_id, member_id, staff_id, kind, no, channel, caller, asked, opened, received, due,
     postponed, by, verified_at, failed, permissions, until, ended, suspended, closed, outcome,
     refusal, answered, guardian_id, staff_no) = row  # fmt: skip
    return Case(
        case_id, member_id, staff_id, CaseKind(kind), no, CaseChannel(channel), Caller(caller),
        frozenset(CallWish(one) for one in asked), opened, received, due,
        word(Postponed, postponed), word(VerifiedBy, by), verified_at, failed,
        frozenset(permissions), until, word(GrantEnded, ended), suspended, closed,
        word(CaseOutcome, outcome), word(RefusalReason, refusal), word(AnsweredBy, answered),
        guardian_id, staff_no,
    )  # fmt: skip


COLUMNS: Final = _COLUMNS
"""What `of_row` takes; of a select that joins `ops.staff`."""


def read(connection: Connection, case_id: UUID) -> Case | None:
    """Return a case of a caller, whoever has it in hand: one query. No value stands in it."""
    rows = _READ.rows(connection, {"case": case_id})
    return of_row(rows[0]) if rows else None


def own(connection: Connection, actor: Actor, case_id: UUID) -> Case | None:
    """Return a case that this one of the staff has in hand and that is open."""
    found = read(connection, case_id)
    mine = found is not None and found.staff_id == actor.person and found.closed_at is None
    return found if mine else None


def over() -> CaseRefused:
    """Return what is said of a case that is closed, suspended, or a colleague's by now."""
    return CaseRefused(N_("This case is closed, suspended, or in a colleague's hand by now."))
