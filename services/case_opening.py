"""Opens the case of a caller: for whom, who asks, and what they say (clause 9; P31).

The member hears of it before anybody sees anything of theirs.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Text, bindparam, func, select

from db.clock import SEOUL, seoul_day
from db.law import law
from db.tables.cases import case as cases
from db.tables.ops import staff
from db.words import N_, Caller, CallWish, CaseKind, PaperKind
from services import case_noting, case_papers, files, guardian_calls, guarding, notify
from services.cases import LONGEST, OF_CALLERS, CaseRefused
from services.ledger import EventName
from services.outbox import Message
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from db.words import CaseChannel
    from services.actor import Actor

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of case numbers, which are said on the phone: none sounds or looks like another one."""
_TEXTS: Final = ARRAY(Text)


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
    case_noting.journal_row(connection, actor, draft.member_id, case_id)
    case_noting.note(
        connection, actor, EventName.CASE_OPENED, (draft.member_id, case_id), draft.channel
    )
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
        select(cases.c.case_id, cases.c.case_no, cases.c.staff_id, staff.c.staff_no)
        .join(staff, staff.c.staff_id == cases.c.staff_id)
        .where(
            cases.c.member_id == member_id,
            cases.c.closed_at.is_(None),
            cases.c.kind.in_(OF_CALLERS),
        )
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
