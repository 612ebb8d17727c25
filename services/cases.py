"""The case of a caller: opened, gone on with, taken over, put off and closed (clause 9; P31).

Only functions of the database change a case, and they ask again: this one of the staff, in office,
not about themselves. What is noted of a case goes into the ledger in the same transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Text, bindparam, func, or_, select

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from db.law import law
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
    Noted,
    PaperKind,
    Postponed,
    Purpose,
    RefusalReason,
    VerifiedBy,
)
from services import case_papers, files, guardian_calls, guarding, journal, ledger, notify
from services.access import as_subject
from services.actor import WISHES, Grant
from services.ledger import EventName
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE: Final = "/desk-cases"
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of case numbers, which are said on the phone: none sounds or looks like another one."""
LONGEST: Final = 4000
"""Characters of what a caller said, or of an answer."""
_TEXTS: Final = ARRAY(Text)


class CaseRefused(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """A case can't be opened or changed like this."""


class CaseTaken(CaseRefused):
    """The member has an open case already, maybe in a colleague's hand; `case_id` is it."""

    def __init__(self, case_id: UUID, message: str, /, **params: object) -> None:
        """Keep which case it is, so that it can be taken over."""
        super().__init__(message, **params)
        self.case_id = case_id


@dataclass(frozen=True)
class Draft:
    """A case as it is opened: who asks, how, for what, in which words, since when."""

    member_id: UUID
    channel: CaseChannel
    caller: Caller
    asked: frozenset[CallWish]
    received_on: date
    words: str = field(default="", repr=False)
    authority: bytes | None = field(default=None, repr=False)
    guardian_id: UUID | None = None
    """Which guardian asks; may be left out where the child has one who may act."""


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


def open_case(connection: Connection, actor: Actor, draft: Draft) -> UUID:
    """Open a case with the caller on the line; nothing of the member may be seen in it yet.

    Raise `CaseRefused` for oneself or a linked member and for a guardian who isn't named or may not
    act, `FileRefused` for a bad authority, and `CaseTaken` when the member has an open case: they
    have one at a time.
    """
    _check(actor, draft)
    guardian = _guardian(connection, actor, draft)
    case_id, opened = uuid4(), _new_number(actor.at)
    recovery = CallWish.SIGN_IN in draft.asked
    about = CaseKind.RECOVERY if recovery else CaseKind.CALL
    due = draft.received_on + timedelta(days=law().calls.answer_days)
    wishes = sorted(draft.asked)
    made = connection.scalar(
        select(
            func.ops.open_call(
                actor.person, draft.member_id, case_id, opened, about.value, actor.at,
                draft.channel.value, draft.caller.value, bindparam("asked", wishes, type_=_TEXTS),
                draft.received_on, due, guardian,
            )
        )
    )  # fmt: skip
    if not made:
        raise _not_opened(connection, actor, draft.member_id)
    as_subject(connection, draft.member_id)
    _keep_papers(connection, actor, draft, case_id)
    journal_row(connection, actor, draft.member_id, case_id)
    note(connection, actor, EventName.CASE_OPENED, (draft.member_id, case_id), draft.channel)
    _tell(connection, actor, (draft.member_id, guardian), case_id)
    return case_id


def _tell(
    connection: Connection, actor: Actor, whose: tuple[UUID, UUID | None], case_id: UUID
) -> None:
    """Tell the member, and a child's guardian, before anybody sees anything: they can stop it.

    `whose`: the member, and the guardian who asks; else the first of theirs is told.
    """
    member_id, asks = whose
    message = Message("case_opened", "either", actor.language, key=f"case:{case_id}")
    guardian = asks or guarding.first(connection, member_id, seoul_day(actor.at))
    for who in (guardian, member_id):
        if who is not None:
            notify.from_desk(connection, who, message, actor.at)


def _new_number(at: datetime) -> str:
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{at.astimezone(SEOUL):%y%m%d}-{drawn}"


def _check(actor: Actor, draft: Draft) -> None:
    if not draft.asked:
        raise CaseRefused(N_("Please choose what the caller asks for."))
    if draft.received_on > seoul_day(actor.at):
        raise CaseRefused(N_("It can't have come in the future."))
    if draft.caller is Caller.AGENT and not draft.authority:
        raise CaseRefused(N_("Somebody else than the member needs a written authority: add it."))
    if draft.authority:
        files.check(draft.authority)


def _guardian(connection: Connection, actor: Actor, draft: Draft) -> UUID | None:
    """Return which guardian asks. Raise `CaseRefused` where none may, or several and none is named.

    Of one alone it is clear; of several the first would be as good as any, and see what isn't
    theirs.
    """
    if draft.caller is not Caller.GUARDIAN:
        return None
    as_subject(connection, draft.member_id)
    known = guardian_calls.of_child(connection, draft.member_id, seoul_day(actor.at))
    may = [one.guardian_id for one in known if one.acts]
    if not may:
        raise CaseRefused(
            N_("No guardian is known of this member, or they are 14 already and ask themselves.")
        )
    if draft.guardian_id is None and len(may) == 1:
        return may[0]
    if draft.guardian_id not in may:
        raise CaseRefused(N_("Please say first which guardian is calling."))
    return draft.guardian_id


def _not_opened(connection: Connection, actor: Actor, member_id: UUID) -> CaseRefused:
    row = connection.execute(
        select(_C.case_id, _C.case_no, _C.staff_id, staff.c.staff_no)
        .join(staff, staff.c.staff_id == _C.staff_id)
        .where(_C.member_id == member_id, _C.closed_at.is_(None), _C.kind.in_(OF_CALLERS))
    ).one_or_none()
    if row is None:
        return CaseRefused(
            N_("Nobody opens a case about themselves, their child or their guardian. "
               "Please pass the caller on to a colleague.")
        )  # fmt: skip
    if row.staff_id == actor.person:
        message = N_("You have an open case for this member: {no}. Go on in it.")
        return CaseTaken(row.case_id, message, no=row.case_no)
    message = N_("Staff {number} has an open case for this member: {no}. You can take it over.")
    return CaseTaken(row.case_id, message, number=row.staff_no, no=row.case_no)


def _keep_papers(connection: Connection, actor: Actor, draft: Draft, case_id: UUID) -> None:
    key = case_papers.new_key(draft.member_id, case_id, actor.at)
    whose, words = (draft.member_id, case_id), draft.words.strip()[:LONGEST]
    if words:
        said = (PaperKind.WORDS, words.encode(), None)
        case_papers.keep(connection, key, whose, said, actor.at)
    if draft.authority:
        given = (PaperKind.AUTHORITY, draft.authority, files.check(draft.authority).value)
        case_papers.keep(connection, key, whose, given, actor.at)


_OF_TODAY: Final = frozenset({"permissions", "granted_until", "failed_at", "codes_at"})


def journal_row(connection: Connection, actor: Actor, member_id: UUID, case_id: UUID) -> None:
    """Note a case as it stands: the days for its answer must not be lost with the data."""
    row = connection.execute(select(cases).where(_C.case_id == case_id)).mappings().one()
    plain = {name: row[name] for name in row if name not in _OF_TODAY}
    # After a restore nobody has a right in it: whoever goes on verifies the caller anew.
    held = plain | {"permissions": [], "granted_until": row["opened_at"]}
    rows = [(cases, held)]
    journal.note(connection, Noted.REQUESTED, member_id, actor.at, rows=rows)


def note(
    connection: Connection,
    actor: Actor,
    name: EventName,
    whose: tuple[UUID, UUID],
    reason: str | None = None,
    items: tuple[str, ...] = (),
) -> None:
    """Write an event of a case; `whose`: the member and the case; `reason` in a word of ours."""
    member_id, case_id = whose
    why = str(reason) if reason else None
    entry = ledger.Entry(name, member_id, Purpose.SHOW, PAGE, items, case_id, reason=why)
    ledger.write(connection, actor, entry)


def over() -> CaseRefused:
    """Return what is said of a case that is closed, suspended, or a colleague's by now."""
    return CaseRefused(N_("This case is closed, suspended, or in a colleague's hand by now."))
