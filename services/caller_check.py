"""Makes sure who is calling: a code read out, or documents (clause 9; PIPA decree 46).

What failed is counted in the case and noted; after a few within a day nobody of this member's
callers can be verified any more until the day is over. Calling back is in `services.call_back`.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ARRAY, Text, bindparam, delete, func, insert, select, update

from db.law import law
from db.tables.cases import case as cases
from db.tables.ops import one_time
from db.words import N_, Caller, PaperKind, VerifiedBy
from services import case_noting, case_papers, files, guardian_calls, jobs
from services.cases import CaseRefused
from services.house import house
from services.identity.recovery import code_of, digits_of
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.cases import Case
    from services.subject import Subject

LASTS: Final = timedelta(minutes=10)
_TRIES: Final = 5
CODES_A_DAY: Final = 10
"""Codes that a member gets at the most, in all their cases together."""
WAYS: Final = {VerifiedBy.MOBILE_CODE: "sms", VerifiedBy.EMAIL_CODE: "email"}


def _use(case_id: UUID) -> str:
    return f"case:{case_id}"


def send(subject: Subject, case: Case, by: VerifiedBy) -> None:
    """Send a code to the registered mobile or e-mail; an earlier one of this case ends.

    Raise `CaseRefused` where too many have failed, or were sent, or the guardian may not act.
    """
    _guardian_acts(subject, case)
    if not tries_left(subject.connection, case, subject.at):
        raise _no_more()
    counting = func.ops.count_code(subject.actor.person, case.case_id, subject.at, CODES_A_DAY)
    if not subject.connection.scalar(select(counting)):
        raise CaseRefused(
            N_("Too many codes were sent to this member today. Please call back, or look at "
               "documents.")
        )  # fmt: skip
    key = secrets.token_bytes(32)
    table, use = one_time.c, _use(case.case_id)
    mine = (table.member_id == case.member_id, table.use == use)
    subject.connection.execute(delete(one_time).where(*mine))
    subject.connection.execute(
        insert(one_time).values(
            digest=key, member_id=case.member_id, use=use, channel=by.value,
            expires_at=subject.at + LASTS, tries_left=_TRIES,
        )
    )  # fmt: skip
    jobs.defer(
        subject.connection, jobs.CASE_CODE, key=key.hex(), case_id=str(case.case_id),
        channel=WAYS[by], language=subject.actor.language,
    )  # fmt: skip
    _note(subject, case, EventName.CALLER_CODE_SENT, by)


def sent(connection: Connection, case: Case, now: datetime) -> datetime | None:
    """Return until when a code that was sent counts; None when there is none."""
    table = one_time.c
    ends: datetime | None = connection.scalar(
        select(table.expires_at).where(
            table.member_id == case.member_id, table.use == _use(case.case_id),
            table.used_at.is_(None), table.expires_at > now, table.tries_left > 0,
        )
    )  # fmt: skip
    return ends


def check_code(subject: Subject, case: Case, typed: str) -> bool:
    """Return whether this is the code that was sent; then the caller is verified.

    A wrong one is counted: don't raise after it, or the count is lost. Raise `CaseRefused` where
    nothing counts any more.
    """
    if not tries_left(subject.connection, case, subject.at):
        raise _no_more()
    table = one_time.c
    row = subject.connection.execute(
        update(one_time)
        .where(
            table.member_id == case.member_id, table.use == _use(case.case_id),
            table.used_at.is_(None), table.expires_at > subject.at, table.tries_left > 0,
        )
        .values(tries_left=table.tries_left - 1)
        .returning(table.digest, table.channel)
    ).one_or_none()  # fmt: skip
    given = digits_of(typed)
    right = row is not None and secrets.compare_digest(
        code_of(house().keyring, bytes(row.digest)), given
    )
    if row is None or not right:
        failed(subject, case, VerifiedBy(row.channel) if row is not None else None)
        return False
    used = update(one_time).where(table.digest == row.digest).values(used_at=subject.at)
    subject.connection.execute(used)
    verified(subject, case, VerifiedBy(row.channel))
    return True


def by_documents(subject: Subject, case: Case, content: bytes | None = None) -> None:
    """Note that documents showed who the caller is; a copy is kept sealed, if one is given.

    Raise `FileRefused` for a file that isn't taken.
    """
    if content:
        kind = files.check(content)
        key = case_papers.sealer(case.member_id, case.case_id)
        if key is None:
            raise CaseRefused(N_("The key of this case is missing."))
        whose = (case.member_id, case.case_id)
        paper = (PaperKind.PROOF, content, kind.value)
        case_papers.keep(subject.connection, key, whose, paper, subject.at)
    verified(subject, case, VerifiedBy.DOCUMENTS)


def failed(subject: Subject, case: Case, by: VerifiedBy | None) -> None:
    """Count that the caller could not show who they are."""
    counting = func.ops.fail_call(subject.actor.person, case.case_id, subject.at)
    subject.connection.execute(select(counting))
    _note(subject, case, EventName.CALLER_NOT_VERIFIED, by)


def tries_left(connection: Connection, case: Case, now: datetime) -> int:
    """Return how many failures are left, of those within 24 hours in all cases of the member."""
    c = cases.c
    since = now - timedelta(hours=24)
    failures = select(func.unnest(c.failed_at).label("at")).where(c.member_id == case.member_id)
    each = failures.subquery()
    made = connection.scalar(select(func.count()).select_from(each).where(each.c.at > since))
    return max(law().calls.tries - int(made or 0), 0)


def verified(subject: Subject, case: Case, by: VerifiedBy) -> None:
    """Note how it showed who the caller is, and give the rights that they asked for.

    Raise `CaseRefused` where too many tries have failed, or the guardian may not act.
    """
    _guardian_acts(subject, case)
    rights = bindparam("rights", sorted(case.rights), type_=ARRAY(Text))
    until = subject.connection.scalar(
        select(
            func.ops.verify_call(
                subject.actor.person, case.case_id, subject.at, by.value, rights, law().calls.tries
            )
        )
    )
    if until is None:
        raise _no_more()
    _note(subject, case, EventName.CALLER_VERIFIED, by)


def _guardian_acts(subject: Subject, case: Case) -> None:
    """Raise `CaseRefused` in the case of a guardian who may not act for the child today."""
    if case.caller is not Caller.GUARDIAN:
        return
    if case.nameless:
        raise CaseRefused(N_("Please say first which guardian is calling."))
    if guardian_calls.guardian_of(subject) is None:
        raise CaseRefused(guardian_calls.NO_MORE)


def _no_more() -> CaseRefused:
    return CaseRefused(
        N_("Too many tries have failed, so that nobody can be verified for this member today. "
           "Please ask the caller to write or to come by, and tell the privacy officer.")
    )  # fmt: skip


def _note(subject: Subject, case: Case, name: EventName, by: VerifiedBy | None) -> None:
    whose = (case.member_id, case.case_id)
    case_noting.note(subject.connection, subject.actor, name, whose, by)
