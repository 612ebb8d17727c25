"""Legal demands: a second officer looks at one, then hands out the least or refuses (P16).

Each look and decision carries the demand's case, so that `services.later` shows all of it to the
member from the demand's day on, and none of it before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Date, DateTime, Text, Uuid, column, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from db import places
from db.declarations import ITEMS
from db.tables.ops import case as cases
from db.words import N_, Ground
from services import access, disclosing, ledger, use
from services.actor import AccessDenied, Permission
from services.demand_entry import PAGE, PURPOSE, DemandRefused, close, nobody, officer
from services.desk_queue import CASE_LASTS
from services.evidence import Evidence
from services.files import MediaType
from services.ledger import EventName
from services.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import ColumnClause, Connection, RowMapping

    from services.actor import Actor
    from services.disclosing import Disclosure
    from services.subject import Subject

VIEWING: Final = access.Look(EventName.DEMAND_VIEWED, Permission.DEMAND_ENTER, PAGE)
_NAMING: Final = ("name", "login_id", "email", "mobile")
"""What tells the deciding officer, masked, whether the document means this member."""


class DemandRefusal(StrEnum):
    """Why nothing is handed out; the ledger keeps it."""

    NO_LEGAL_BASIS = "no_legal_basis"
    NOT_AUTHENTIC = "not_authentic"
    TOO_BROAD = "too_broad"
    OTHER_PERSON = "other_person"
    NOT_HELD = "not_held"
    DISPUTED = "disputed"


class DemandGone(DemandRefused):
    """It was decided meanwhile, or its case is over."""


@dataclass(frozen=True)
class Waiting:
    """An open demand in the list: nothing in it names the member to who reads the list."""

    member_id: UUID = field(repr=False)
    demand_id: UUID
    authority: str
    legal_basis: str
    items: tuple[str, ...]
    received_on: date
    entered_no: str | None
    mine: bool
    shown_from: date | None


@dataclass(frozen=True)
class Demand:
    """An open demand in hand. `named`: (item, masked value) of the member it was entered for."""

    demand_id: UUID
    authority: str
    legal_basis: str
    items: tuple[str, ...]
    media_type: MediaType
    received_on: date
    entered_at: datetime
    mine: bool
    shown_from: date | None
    named: tuple[tuple[str, str], ...] = field(repr=False)


_COLUMNS: tuple[ColumnClause[Any], ...] = (
    column("member_id", Uuid), column("demand_id", Uuid), column("authority", Text),
    column("legal_basis", Text), column("items", ARRAY(Text)), column("received_on", Date),
    column("entered_by", Uuid), column("entered_no", Text),
    column("entered_at", DateTime(timezone=True)), column("shown_from", Date),
)  # fmt: skip


def waiting(connection: Connection, actor: Actor) -> tuple[Waiting, ...]:
    """Return the open demands, the oldest first: one query. None for who is no officer."""
    listed = func.ops.open_demands(actor.person).table_valued(*_COLUMNS, name="listed")
    return tuple(
        Waiting(
            row.member_id, row.demand_id, row.authority, row.legal_basis, tuple(row.items),
            row.received_on, row.entered_no, row.entered_by == actor.person, row.shown_from,
        )
        for row in connection.execute(select(listed))
    )  # fmt: skip


def open_case(connection: Connection, actor: Actor, member_id: UUID, demand_id: UUID) -> UUID:
    """Open a case of half an hour for this demand, which gives no other right.

    Raise `DemandRefused` for a member whose data is kept apart.
    """
    officer(actor)
    opening = func.ops.open_demand_case(
        actor.person, member_id, demand_id, actor.at, actor.at + CASE_LASTS, type_=Uuid
    )
    case_id: UUID | None = connection.scalar(select(opening))
    if case_id is None:
        raise nobody()
    return case_id


def read(subject: Subject) -> Demand:
    """Return the demand of the case that the subject was opened in. Raise `DemandGone`."""
    row = _row(subject)
    return Demand(
        row["demand_id"], row["authority"], row["legal_basis"], tuple(row["items"]),
        MediaType(row["media_type"]), row["received_on"], row["entered_at"],
        row["entered_by"] == subject.actor.person, row["shown_from"], _named(subject),
    )  # fmt: skip


def document(subject: Subject) -> Evidence:
    """Return the document of this case's demand, opened; needs a verification."""
    subject.actor.require_verification()
    row = _row(subject)
    if row["document"] is None or subject.sealer is None:
        raise DemandGone(N_("This file is not there any more."))
    content = subject.sealer.open(row["document"], places.demand(row["demand_id"]))
    return Evidence(row["demand_id"], MediaType(row["media_type"]), content)


def approve(subject: Subject, items: Iterable[str]) -> Disclosure:
    """Approve some or all of the items, and hand out exactly these, in one transaction.

    Raise `DemandRefused` for the officer who entered it or for other items, `DisclosureRefused`
    where nothing may leave; then it stays open.
    """
    demand = _deciding(subject)
    asked = set(items)
    chosen = tuple(name for name in demand.items if name in asked)
    if not chosen or len(chosen) != len(asked):
        raise DemandRefused(N_("Please choose at least one item, and none that wasn't demanded."))
    _end(subject, demand, {"approved_by": subject.actor.person, "approved_at": subject.at,
                           "approved_items": list(chosen)})  # fmt: skip
    _note(subject, EventName.DEMAND_APPROVED, chosen)
    made = disclosing.disclose(
        subject, demand.authority, chosen, None, Ground.LEGAL_DEMAND, ground_id=demand.demand_id
    )
    close(subject)
    return made


def refuse(subject: Subject, reason: DemandRefusal) -> None:
    """Refuse the demand: nothing is handed out, and the ledger says why."""
    demand = _deciding(subject)
    _end(subject, demand, {"refused_at": subject.at})
    _note(subject, EventName.DEMAND_REFUSED, demand.items, reason)
    close(subject)


def _deciding(subject: Subject) -> Demand:
    subject.actor.require_verification()
    demand = read(subject)
    if demand.mine:
        raise DemandRefused(N_("You entered this demand, so another officer decides it."))
    return demand


def _end(subject: Subject, demand: Demand, values: dict[str, Any]) -> None:
    """Write the decision; of two officers who decide at once the second is told."""
    table = subject.tables.demand
    ended = subject.connection.execute(
        update(table)
        .where(
            table.c.member_id == subject.member_id,
            table.c.demand_id == demand.demand_id,
            table.c.approved_at.is_(None),
            table.c.refused_at.is_(None),
        )
        .values(values)
    )
    if not ended.rowcount:
        raise _gone()


def _row(subject: Subject) -> RowMapping:
    """Return the open demand of this case: it gives no right to another."""
    table = subject.tables.demand
    of_case = select(cases.c.request_id).where(
        cases.c.case_id == subject.case_id, cases.c.staff_id == subject.actor.person
    )
    demand_id = subject.connection.scalar(of_case)
    if not isinstance(demand_id, UUID):
        raise AccessDenied(N_("This page is not open to you."))
    query = select(table).where(
        table.c.member_id == subject.member_id,
        table.c.demand_id == demand_id,
        table.c.approved_at.is_(None),
        table.c.refused_at.is_(None),
    )
    row = subject.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise _gone()
    return row


def _gone() -> DemandGone:
    return DemandGone(N_("This demand is not open any more."))


def _named(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return masked what tells who is meant.

    What is disputed or stopped is left out, but not counted as tried: that is shown to the member
    at once, and a demand may be one that they learn of later.
    """
    value = subject.tables.profile_value.c
    rows = subject.connection.execute(
        select(value["item"], value.seq, value.sealed)
        .where(
            value.member_id == subject.member_id,
            value["item"].in_(_NAMING),
            value.sealed.is_not(None),
        )
        .order_by(value["item"], value.seq)
    )
    found: list[tuple[str, str]] = []
    for row in rows:
        text = subject.open(row.sealed, places.profile(row.item, row.seq))
        if text and use.decide(row.item, PURPOSE, subject.standing).allowed:
            found.append((row.item, mask(ITEMS[row.item].mask, text)))
    return tuple(sorted(found, key=lambda one: _NAMING.index(one[0])))


def _note(
    subject: Subject, name: EventName, items: tuple[str, ...], reason: str | None = None
) -> None:
    entry = ledger.Entry(
        name, subject.member_id, page=PAGE, items=items, case_id=subject.case_id, reason=reason
    )
    ledger.write(subject.connection, subject.actor, entry)
