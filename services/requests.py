"""What a member asks that somebody decides: made, seen, taken back (PIPA art. 36 to 38)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import places
from db.errors import PortalError
from db.law import law
from db.tables.member import STORES
from db.words import (
    N_,
    ActorKind,
    Change,
    Noted,
    Purpose,
    RefusalReason,
    RequestKind,
    RequestState,
    RestrictionWhy,
)
from services import (
    bar_rows,
    bars,
    evidence,
    journal,
    ledger,
    report_standing,
    request_notices,
    restriction_rows,
    telling,
)
from services.actor import Relation
from services.gathering import Gathered, ordered
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import ScalarSelect

    from db.tables.member import MemberTables
    from db.words import Store
    from services.bars import Bar
    from services.journal_rows import Held
    from services.report_standing import Standing
    from services.subject import Subject
    from services.telling import Progress


class RequestRefused(PortalError):  # noqa: N818 (the sentence is what happened, not a failure)
    """A request can't be made or taken back as asked; the sentence says why."""


ANOTHER = N_("You entered this request for the member, so somebody else decides it.")


@dataclass(frozen=True)
class Request:
    """One request. `due_on`: the last Seoul day for the answer. `files`: proofs still held.

    `told`: which companies were told of what came of it, where that was asked.

    `purpose` is what a stop is about: a use, a group of uses (clause 1), or None for all.
    `answer` are the words of the decision to the member.
    """

    request_id: UUID
    kind: RequestKind
    state: RequestState
    item: str | None
    seq: int | None
    purpose: str | None
    received_at: datetime
    due_on: date
    objects_to: UUID | None
    decided_at: datetime | None
    reason: RefusalReason | None
    answer: str | None
    files: int
    told: tuple[Progress, ...] = ()
    asked_by: ActorKind | None = None
    """Who asked for it; None where nobody recorded it."""


def make(
    subject: Subject,
    kind: RequestKind,
    *,
    item: str | None = None,
    purpose: str | None = None,
    proposed: dict[str, str] | None = None,
    objects_to: UUID | None = None,
) -> UUID:
    """Write a request, to be answered within the days of `db.law`; return its id.

    `proposed` is sealed and forgotten at the decision: `value` as it would be stored, `note` with
    the member's words. A correction restricts its item at once (clause 9, P32). Raise
    `RequestRefused` when the same is already asked and not yet decided.
    """
    request_id = uuid4()
    row = {
        "member_id": subject.member_id, "request_id": request_id, "kind": kind,
        "state": RequestState.OPEN, "item": item, "purpose": purpose,
        "sealed": _sealed(subject, request_id, proposed), "received_at": subject.at,
        "due_on": law().due_on(kind, subject.today), "objects_to": objects_to,
        "asked_by": subject.actor.kind,
        "asked_by_staff": subject.actor.person if subject.actor.kind is ActorKind.STAFF else None,
    }  # fmt: skip
    # Two tabs that ask the same at once: the index lets one in, and the other comes here.
    made = subject.connection.scalar(
        insert(subject.tables.request)
        .values(row)
        .on_conflict_do_nothing()
        .returning(subject.tables.request.c.request_id)
    )
    if made is None:
        raise RequestRefused(N_("You have already asked for this. We will answer that request."))
    _keep(subject, row)
    if kind is RequestKind.CORRECTION:
        scope = (item, None, subject.at)
        restriction_rows.begin(subject, RestrictionWhy.DISPUTED, request_id, [scope])
        _tell(subject, Change.RESTRICTED, item, request_id)
    request_notices.received(subject, request_id, kind, item, purpose)
    note(subject, EventName.REQUEST_MADE, item)
    return request_id


def _keep(subject: Subject, row: Held) -> None:
    """Note a request as it stands now: neither it nor its end may be lost with the data."""
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at,
        rows=[(subject.tables.request, row)],
    )  # fmt: skip


def _tell(subject: Subject, change: Change, item: str | None, request_id: UUID) -> None:
    if item is not None:
        request_notices.companies_of_item(subject, change, item, request_id)


def _sealed(subject: Subject, request_id: UUID, proposed: dict[str, str] | None) -> bytes:
    if subject.sealer is None:
        raise RequestRefused(N_("We can't read your data just now. Please try again later."))
    # The answer goes out in the language in which was asked, whoever decides.
    told = {"language": subject.actor.language} | (proposed or {})
    plain = json.dumps(told, ensure_ascii=False).encode()
    return subject.sealer.seal(plain, places.request(request_id))


def note(
    subject: Subject, name: EventName, item: str | None, *, case_id: UUID | None = None
) -> None:
    """Write the ledger's event of a step of a request."""
    items = (item,) if item else ()
    entry = ledger.Entry(name, subject.member_id, Purpose.CORRECT, None, items, case_id)
    ledger.write(subject.connection, subject.actor, entry)


def mine(subject: Subject) -> tuple[Request, ...]:
    """Return every request of the member, open ones first, then the latest: one query."""
    return all_asked(subject).requests


@dataclass(frozen=True)
class Asked:
    """What somebody asked: requests as of `mine`, the bar they may object to, their own reports."""

    requests: tuple[Request, ...]
    barred: Bar | None
    reports: tuple[Standing, ...]


def all_asked(subject: Subject) -> Asked:
    """Return everything that waits for an answer of ours, and what came of it: one query.

    Reports are their reporter's own affair, who may have reported staff or a guardian: nobody who
    acts for them sees those.
    """
    own = subject.relation is Relation.SELF
    found = _asked(subject.tables.store).ask(
        subject.connection, member=subject.member_id, today=subject.today,
        reporter=subject.member_id if own else None,
    )  # fmt: skip
    told = telling.progress(found["told"], subject.at)
    held = tuple(
        replace(one, told=tuple(p for p in told if p.key.endswith(str(one.request_id))))
        for one in (read(subject, row) for row in found["requests"])
    )
    return Asked(
        held,
        bars.standing(found["barred"]),
        tuple(report_standing.standing(row) for row in found["reports"]),
    )


@cache
def _asked(store: Store) -> Gathered:
    table, files = STORES[store].request, files_of(STORES[store])
    own = select(table, files.label("files")).where(
        table.c.member_id == bindparam("member", type_=Uuid)
    )
    first = (table.c.decided_at.desc().nulls_first(), table.c.due_on, table.c.request_id)
    return Gathered(
        requests=ordered(own, *first), told=telling.TOLD, barred=bar_rows.STANDING,
        reports=report_standing.OWN,
    )  # fmt: skip


def files_of(tables: MemberTables) -> ScalarSelect[int]:
    """Return the count of proofs still held of a row of `request`, to be selected with it."""
    table, asked = tables.evidence, tables.request
    return (
        select(func.count())
        .where(
            table.c.member_id == asked.c.member_id,
            table.c.request_id == asked.c.request_id,
            table.c.destroyed_at.is_(None),
        )
        .scalar_subquery()
    )


def read(subject: Subject, row: Mapping[Any, Any]) -> Request:
    """Return the request of a row with its count of `files`."""
    return Request(
        row["request_id"], RequestKind(row["kind"]), RequestState(row["state"]), row["item"],
        row["seq"], row["purpose"], row["received_at"], row["due_on"], row["objects_to"],
        row["decided_at"], RefusalReason(row["reason"]) if row["reason"] else None,
        subject.open(row["answer"], places.answer(row["request_id"])), row["files"],
        asked_by=ActorKind(row["asked_by"]) if row["asked_by"] else None,
    )  # fmt: skip


def take_back(subject: Subject, request_id: UUID) -> None:
    """End an open request at its member's wish, with what it restricts and its proofs.

    Raise `RequestRefused` when it is not open any more.
    """
    item = close(subject, request_id, {"state": RequestState.TAKEN_BACK})
    note(subject, EventName.REQUEST_TAKEN_BACK, item)


def close(subject: Subject, request_id: UUID, values: dict[str, Any]) -> str | None:
    """Give an open request its end: forget what was proposed, destroy proofs; return its item.

    A dispute ends with it, and so does a stop unless it is kept (state DONE). Raise
    `RequestRefused` when somebody else was faster: of two decisions at once the first counts.
    """
    table = subject.tables.request
    row = subject.connection.execute(
        update(table)
        .where(
            table.c.member_id == subject.member_id,
            table.c.request_id == request_id,
            table.c.state == RequestState.OPEN,
        )
        .values({"decided_at": subject.at, "sealed": None} | values)
        .returning(table)
    ).one_or_none()
    if row is None:
        raise RequestRefused(N_("This request is not open any more."))
    _keep(subject, row._mapping)  # noqa: SLF001 (SQLAlchemy's own name for it)
    evidence.destroy(subject, request_id)
    if row.kind == RequestKind.RESTRICTION and values["state"] != RequestState.DONE:
        restriction_rows.end(subject, request_id)
    elif row.kind == RequestKind.CORRECTION:
        restriction_rows.end(subject, request_id)
        _tell(subject, Change.RESTRICTION_LIFTED, row.item, request_id)
    item: str | None = row.item
    return item


def object_to(subject: Subject, request_id: UUID, words: str) -> UUID:
    """Object to a refusal, in the member's own words (PIPA art. 38(5)); return the objection.

    Once for each refusal. Raise `RequestRefused` for what was not refused, or objected to before.
    """
    table = subject.tables.request
    row = subject.connection.execute(
        select(table.c.item, table.c.purpose, table.c.state, table.c.kind).where(
            table.c.member_id == subject.member_id, table.c.request_id == request_id
        )
    ).one_or_none()
    if row is None or row.state != RequestState.REFUSED or row.kind == RequestKind.OBJECTION:
        raise RequestRefused(N_("There is no refusal to object to."))
    again = select(table.c.request_id).where(
        table.c.member_id == subject.member_id, table.c.objects_to == request_id
    )
    if subject.connection.execute(again).first() is not None:
        raise RequestRefused(N_("You have already objected to this."))
    said = {"note": words} if words else None
    return make(
        subject, RequestKind.OBJECTION, item=row.item, purpose=row.purpose, proposed=said,
        objects_to=request_id,
    )  # fmt: skip
