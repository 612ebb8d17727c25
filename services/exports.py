"""A copy of one's data, as the member meets it: asked for, watched, taken, destroyed (clause 9).

The worker makes it (`services.exporting`). Each has one at a time; the next is asked for when the
last has been destroyed. What a guardian had made is that guardian's alone: another guardian, or the
child, neither takes it nor learns that there is one. It holds what only they may read.
What staff had made in a guardian's case is that guardian's and the child's, and holds what both may
read; each lets go of it alone (`services.export_whose`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Row, Uuid, and_, bindparam, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.errors import PortalError
from db.sealing import SealError
from db.tables.exports import export
from db.words import N_, ActorKind, ExportFailure, ExportGroup, ExportState, StepWhat, Store
from services import export_whose, guardian_calls, jobs, ledger
from services.actor import AccessDenied, Relation
from services.archive_source import Order
from services.holding_back import held_back
from services.house import house
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Any

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.export_link import Link
    from services.language import Language
    from services.subject import Subject

_KEY = select(func.keys.export_key(bindparam("member", type_=Uuid), bindparam("which", type_=Uuid)))
WAITING: Final = (ExportState.ASKED, ExportState.RUNNING)
HERE: Final = (*WAITING, ExportState.DONE)
"""In one of these a copy is there or is going to be: the next has to wait."""


class ExportError(PortalError):
    """A copy can't be asked for just now; the sentence says why."""


class GoneError(PortalError):
    """The file is not there any more, or not yet."""


@dataclass(frozen=True)
class Export:
    """One copy: what was asked for and how far it is. `by` is who asked."""

    export_id: UUID
    order: Order
    state: ExportState
    by: ActorKind
    asked_at: datetime
    started_at: datetime | None
    rows_done: int
    rows_total: int | None
    why: ExportFailure | None
    size: int | None
    ends_on: date | None
    seen: bool
    destroyed_at: datetime | None
    shared: bool
    """Whether somebody else may take it: the child, or the guardian who called."""
    let_go: bool
    """Whether the reader has let go of it."""

    @property
    def waiting(self) -> bool:
        """Return whether it is being made for the reader, or soon will be."""
        return self.state in WAITING and not self.let_go

    @property
    def share(self) -> float:
        """Return how much is done, from 0 to 1; never all before it is whole."""
        if self.state is ExportState.DONE:
            return 1.0
        return min(self.rows_done / self.rows_total, 0.99) if self.rows_total else 0.0

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long it will take at the speed so far; None before that can be said."""
        if self.started_at is None or not self.rows_done or not self.rows_total:
            return None
        spent = (now - self.started_at).total_seconds()
        left = max(0, self.rows_total - self.rows_done)
        return round(spent * left / self.rows_done) if spent >= 1 else None


@dataclass(frozen=True)
class Taken:
    """A file that is handed out: its name on disk, its plain size and digest, and what opens it."""

    export_id: UUID
    file: str = field(repr=False)
    size: int
    sha256: bytes
    key: bytes = field(repr=False)
    made_at: datetime


def order_of(row: Row[Any]) -> Order:
    """Return what was asked for."""
    language = cast("Language", row.language)
    return Order(frozenset(ExportGroup(one) for one in row.groups), language, row.workbook)


def latest(subject: Subject) -> Export | None:
    """Return the reader's copy that was asked for last, if it is still known: one query.

    One that is there, or is going to be, comes before those of which nothing is left.
    """
    who = export_whose.reader(subject)
    return _latest(subject.connection, subject.member_id, who, subject.today)


def follow(connection: Connection, actor: Actor) -> Export | None:
    """As `latest`, for a page that has been opened and watches: how far it is is no look at data.

    The page asks every second, and the ledger is not told each time.
    """
    as_subject(connection, actor.subject_id)
    who = actor.person if actor.for_child else actor.subject_id
    return _latest(connection, actor.subject_id, who, seoul_day(actor.at))


def _latest(connection: Connection, member_id: UUID, who: UUID, today: date) -> Export | None:
    here = and_(export.c.state.in_(HERE), export_whose.held(who))
    row = connection.execute(
        select(export, export_whose.shared(who, today).label("shared"))
        .where(export_whose.of(member_id, who))
        .order_by(here.desc(), export.c.asked_at.desc(), export.c.export_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Export(
        row.export_id, order_of(row), ExportState(row.state), ActorKind(row.actor_kind),
        row.asked_at, row.started_at, row.rows_done, row.rows_total,
        ExportFailure(row.why) if row.why else None, row.size, row.ends_on,
        row.seen_at is not None, row.destroyed_at, row.shared, row.let_go_by == who,
    )  # fmt: skip


def ask(subject: Subject, order: Order) -> UUID:
    """Have the worker make a copy; return which.

    Raise `StepUpRequired` unless freshly verified (P30), `ExportError` for none of the groups or
    when there is one already, `HeldBack` for a guardian, and for staff, during a dispute.
    """
    actor = subject.actor
    actor.require_verification()
    subject.second_word(StepWhat.EXPORT)
    held_back(subject, guardians_only=subject.relation is not Relation.STAFF)
    if not order.groups:
        raise ExportError(N_("Please choose at least one part."))
    export_id, caller = uuid4(), guardian_calls.guardian_of(subject)
    _end_old(subject)
    if guardian := caller or subject.guardian:
        _only_one(subject, guardian)
    # Of two tabs that ask at once, the second waits for the first and then writes nothing.
    asked = subject.connection.scalar(
        insert(export)
        .values(
            member_id=subject.member_id, export_id=export_id, asked_at=subject.at,
            actor_kind=actor.kind, actor_id=actor.person, session_id=actor.session_id,
            case_id=subject.case_id, guardian_id=caller, language=order.language,
            groups=[one for one in ExportGroup if one in order.groups], workbook=order.workbook,
            state=ExportState.ASKED,
        )
        .on_conflict_do_nothing()
        .returning(export.c.export_id)
    )  # fmt: skip
    if asked is None:
        raise _there()
    who = str(subject.member_id)
    jobs.defer(subject.connection, jobs.EXPORT, member_id=who, export_id=str(export_id))
    return export_id


def _only_one(subject: Subject, guardian: UUID) -> None:
    """Raise `ExportError` where a guardian has a copy already, of their own or asked by phone."""
    there = select(export.c.export_id).where(
        export.c.member_id == subject.member_id, export.c.state.in_(HERE),
        export_whose.guardians(guardian), export_whose.held(guardian),
        export.c.ends_on.is_(None) | (export.c.ends_on >= subject.today),
    )  # fmt: skip
    if subject.connection.execute(there.limit(1)).first() is not None:
        raise _there()


def _there() -> ExportError:
    return ExportError(N_("There is a copy already, or it is being made in another tab."))


def _end_old(subject: Subject) -> None:
    mine = export_whose.of(subject.member_id, export_whose.reader(subject))
    over = (export.c.state == ExportState.DONE, export.c.ends_on < subject.today)
    ended = update(export).where(mine, *over).values(state=ExportState.DESTROYED)
    subject.connection.execute(ended)


def cancel(subject: Subject, which: UUID | None = None) -> bool:
    """Stop the making; return whether there was anything to stop. The worker sees it at once.

    What somebody else waits for as well is made for them.
    """
    return export_whose.give_up(subject, WAITING, ExportState.CANCELLED, which)


def destroy(subject: Subject, which: UUID | None = None) -> bool:
    """Hand the file out no more from now on, and have the worker destroy it with its key.

    What somebody else may take as well stays for them, until they let go of it or its end.
    """
    return export_whose.give_up(subject, (ExportState.DONE,), ExportState.DESTROYED, which)


def seen(subject: Subject, found: Export) -> None:
    """Note that who asked has seen that it is ready: then no mail needs to say so."""
    if found.state is ExportState.DONE and not found.seen:
        subject.connection.execute(
            update(export)
            .where(
                export_whose.taken_by(subject),
                export.c.export_id == found.export_id,
                or_(
                    export.c.actor_id == subject.actor.person,
                    export.c.guardian_id == subject.actor.person,
                ),
                export.c.seen_at.is_(None),
            )
            .values(seen_at=subject.at)
        )


def take(subject: Subject, link: Link) -> Taken:
    """Return the file of a link, for handing it out.

    Raise `StepUpRequired` unless freshly verified, `AccessDenied` in another session than the one
    in which the link was offered, `GoneError` when there is no such file of theirs.
    """
    actor = subject.actor
    actor.require_verification()
    held_back(subject, guardians_only=True)
    if link.session_id != actor.session_id:
        raise AccessDenied(N_("This page is not open to you."))
    row = subject.connection.execute(
        select(export).where(
            export_whose.taken_by(subject),
            export.c.export_id == link.export_id,
            export.c.state == ExportState.DONE,
            export.c.ends_on >= subject.today,
        )
    ).one_or_none()
    key = _key(link) if row else None
    if row is None or key is None:
        raise GoneError(N_("This copy is not there any more. You can have a new one made."))
    return Taken(link.export_id, row.file, row.size, bytes(row.sha256), key, row.finished_at)


def _key(link: Link) -> bytes | None:
    with house().databases.look[1].connect() as keys:
        wrapped = keys.scalar(_KEY, {"member": link.member_id, "which": link.export_id})
    try:
        return house().keyring.key(Store.LIVE, link.export_id, bytes(wrapped)) if wrapped else None
    except SealError:
        return None


def note(subject: Subject, link: Link, known_by: bytes, *, begins: bool) -> None:
    """Note a download in the ledger. What doesn't begin goes on with the same link's, if any."""
    mine = (export_whose.taken_by(subject), export.c.export_id == link.export_id)
    new = true() if begins else export.c.taken_digest.is_distinct_from(known_by)
    values = {"taken_digest": known_by, "seen_at": func.coalesce(export.c.seen_at, subject.at)}
    if subject.connection.execute(update(export).where(*mine, new).values(values)).rowcount:
        entry = ledger.Entry(EventName.EXPORT_TAKEN, subject.member_id, subject.purpose, "/export")
        ledger.write(subject.connection, subject.actor, entry)
