"""Decides requests: staff in the case of one request see its one item, then do it or refuse it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from db import places
from db.declarations import ITEMS
from db.errors import PortalError
from db.law import law
from db.tables.ops import case as cases
from db.words import N_, RefusalReason, RequestKind, RequestState
from services import (
    clearing,
    correction,
    linking_deciding,
    profile,
    request_notices,
    requests,
    restriction,
)
from services.actor import AccessDenied
from services.evidence import Evidence
from services.files import MediaType
from services.ledger import EventName
from services.masking import mask

if TYPE_CHECKING:
    from services.language import Language
    from services.requests import Request
    from services.subject import Subject

FEWEST_WORDS = 10
"""Characters that a refusal says to the member at least."""


class DecisionRefused(PortalError):  # noqa: N818 (the sentence says what is missing)
    """A decision can't be taken like this; the sentence says what is missing."""


@dataclass(frozen=True)
class Asked:
    """An open request as who decides it sees it.

    `proposed` holds what was asked, in plain; `shown` and `present` are the proposed and the held
    value, masked unless asked for in full. `original`: what an objection is about.
    """

    request: Request
    original: Request | None
    proposed: dict[str, str] = field(repr=False)
    shown: str | None = field(repr=False)
    present: tuple[str | None, ...] = field(repr=False)
    proofs: tuple[tuple[UUID, MediaType, int], ...]

    @property
    def request_id(self) -> UUID:
        """Return its id."""
        return self.request.request_id

    @property
    def item(self) -> str | None:
        """Return the item it is about."""
        return self.request.item

    @property
    def seq(self) -> int | None:
        """Return which value of a repeated item."""
        return self.request.seq

    @property
    def language(self) -> Language:
        """Return the language in which the member asked."""
        return "en" if self.proposed.get("language") == "en" else "ko"

    @property
    def about(self) -> tuple[RequestKind, str | None, str | None]:
        """Return what kind of request it is, of which item, of which use."""
        return self.request.kind, self.request.item, self.request.purpose


def read(subject: Subject, *, plain: bool) -> Asked:
    """Return the request of the case that the subject was opened in.

    Raise `DecisionRefused` when it was decided or taken back meanwhile, `StepUpRequired` for
    `plain=True` without a verification.
    """
    if plain:
        subject.actor.require_verification()
    table = subject.tables.request
    rows = subject.connection.execute(
        select(table, requests.files_of(subject.tables).label("files")).where(
            table.c.member_id == subject.member_id
        )
    ).mappings()
    held = {row["request_id"]: row for row in rows}
    row = held.get(_of_case(subject))
    if row is None or row["state"] != RequestState.OPEN:
        raise DecisionRefused(N_("This request is not open any more."))
    request = requests.read(subject, row)
    original = held.get(row["objects_to"])
    proposed = _proposed(subject, row["request_id"], row["sealed"])
    return Asked(
        request, requests.read(subject, original) if original else None, proposed,
        _value(request.item, proposed, plain=plain), _present(subject, request, plain=plain),
        _proofs(subject, request.request_id),
    )  # fmt: skip


def _of_case(subject: Subject) -> UUID:
    """Return the one request that this case is for: it gives no right to another."""
    found = subject.connection.scalar(
        select(cases.c.request_id).where(
            cases.c.case_id == subject.case_id, cases.c.staff_id == subject.actor.person
        )
    )
    if not isinstance(found, UUID):
        raise AccessDenied(N_("This page is not open to you."))
    return found


def _proposed(subject: Subject, request_id: UUID, sealed: bytes | None) -> dict[str, str]:
    text = subject.open(sealed, places.request(request_id))
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def _value(item: str | None, proposed: dict[str, str], *, plain: bool) -> str | None:
    value = proposed.get("value")
    if value is None or item is None or plain:
        return value
    return mask(ITEMS[item].mask, value)


def _present(subject: Subject, request: Request, *, plain: bool) -> tuple[str | None, ...]:
    """Return the values of the item that are held, and of no other."""
    if request.item is None:
        return ()
    table = subject.tables.profile_value
    rows = subject.connection.execute(
        select(table.c.seq, table.c.sealed)
        .where(
            table.c.member_id == subject.member_id,
            table.c.item == request.item,
            table.c.sealed.is_not(None),
        )
        .order_by(table.c.seq)
    )
    item = ITEMS[request.item]
    return tuple(
        profile.shown(subject, item, r.sealed, places.profile(item.name, r.seq), plain=plain)
        for r in rows
    )


def _proofs(subject: Subject, request_id: UUID) -> tuple[tuple[UUID, MediaType, int], ...]:
    table = subject.tables.evidence
    rows = subject.connection.execute(
        select(table.c.evidence_id, table.c.media_type, table.c.size)
        .where(
            table.c.member_id == subject.member_id,
            table.c.request_id == request_id,
            table.c.destroyed_at.is_(None),
        )
        .order_by(table.c.received_at, table.c.evidence_id)
    )
    return tuple((row.evidence_id, MediaType(row.media_type), row.size) for row in rows)


def proof(subject: Subject, evidence_id: UUID) -> Evidence:
    """Return one file of this case's request, opened; needs a verification.

    Raise `DecisionRefused` when it is destroyed, or another request's.
    """
    subject.actor.require_verification()
    table = subject.tables.evidence
    row = subject.connection.execute(
        select(table.c.media_type, table.c.sealed).where(
            table.c.member_id == subject.member_id,
            table.c.evidence_id == evidence_id,
            table.c.request_id == _of_case(subject),
            table.c.sealed.is_not(None),
        )
    ).one_or_none()
    if row is None or subject.sealer is None:
        raise DecisionRefused(N_("This file is not there any more."))
    content = subject.sealer.open(row.sealed, places.evidence(evidence_id))
    return Evidence(evidence_id, MediaType(row.media_type), content)


def grant(subject: Subject, words: str = "") -> Asked:
    """Do what the case's request asks, in one transaction with its end; needs a verification."""
    asked = _deciding(subject)
    ended = {"state": RequestState.DONE} | _signed(subject, asked, words)
    requests.close(subject, asked.request_id, ended)
    kind = asked.original.kind if asked.original else asked.request.kind
    if kind is RequestKind.CLEARING:
        clearing.apply(subject, asked)
    elif asked.request.kind is RequestKind.CORRECTION:
        correction.apply(subject, asked)
    elif asked.request.kind is RequestKind.OBJECTION and kind is RequestKind.RESTRICTION:
        restriction.again(subject, asked.request_id, asked.request.purpose)
    elif asked.request.kind is RequestKind.LINKING:
        linking_deciding.apply(subject, asked)
    original = asked.original.kind if asked.original else None
    request_notices.done(subject, asked.request_id, asked.about, asked.language, original=original)
    return _finish(subject, asked, EventName.REQUEST_GRANTED)


def refuse(subject: Subject, reason: RefusalReason, words: str) -> Asked:
    """Refuse the case's request, with a reason that the law knows for it and words to the member.

    What it restricted is used again. Needs a verification.
    """
    asked = _deciding(subject)
    if reason not in {one.id for one in law().reasons(asked.request.kind)}:
        raise DecisionRefused(N_("This is no reason to refuse such a request."))
    if len(words.strip()) < FEWEST_WORDS:
        raise DecisionRefused(N_("Please tell the member in your own words why."))
    stopped = [o for o in restriction.in_force(subject) if o.request_id == asked.request_id]
    ended = {"state": RequestState.REFUSED, "reason": reason} | _signed(subject, asked, words)
    requests.close(subject, asked.request_id, ended)
    if asked.request.kind is RequestKind.RESTRICTION:
        for one in stopped:
            restriction.ended(subject, asked.request_id, one)
    request_notices.refused(subject, asked.request_id, asked.about, asked.language, reason)
    return _finish(subject, asked, EventName.REQUEST_REFUSED)


def _deciding(subject: Subject) -> Asked:
    subject.actor.require_verification()
    asked = read(subject, plain=False)
    if subject.actor.person == _who(subject, asked.request, "asked_by_staff"):
        raise DecisionRefused(requests.ANOTHER)
    decider = _who(subject, asked.original, "decided_by") if asked.original else None
    if decider == subject.actor.person:
        raise DecisionRefused(
            N_("You refused this request, so somebody else decides the objection.")
        )
    return asked


def _who(subject: Subject, request: Request, column: str) -> UUID | None:
    """Return who of the staff `column` names: who entered a request, or who decided it."""
    table = subject.tables.request
    return subject.connection.scalar(
        select(table.c[column]).where(
            table.c.member_id == subject.member_id, table.c.request_id == request.request_id
        )
    )


def _signed(subject: Subject, asked: Asked, words: str) -> dict[str, Any]:
    """Return who decided, and the sealed words to the member."""
    answer = None
    if words.strip():
        if subject.sealer is None:
            raise DecisionRefused(N_("The member's key is missing."))
        answer = subject.sealer.seal(words.strip().encode(), places.answer(asked.request_id))
    return {"decided_by": subject.actor.person, "answer": answer}


def _finish(subject: Subject, asked: Asked, name: EventName) -> Asked:
    """Note the decision, and close the case: it has served its purpose."""
    requests.note(subject, name, asked.item, case_id=subject.case_id)
    closing = func.ops.close_case(subject.actor.person, subject.case_id, subject.at)
    subject.connection.execute(select(closing))
    return asked
