"""The daily check: each disclosure against its ground, set-based; exceptions go to the desk (P20).

Each disclosure is looked at once, so that the check's cost follows what is new. A killed run leaves
the rest for the next; of two runs at once each row is checked by one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
)

from db.tables.ledger import event
from db.tables.member import DORMANT, LIVE, STORES
from db.tables.ops import company, finding
from db.words import ConsentKind, FindingKind, Ground, RecordKind
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import CTE, Connection
    from sqlalchemy.sql.dml import ReturningInsert
    from sqlalchemy.sql.selectable import LateralFromClause

    from db.tables.member import MemberTables
    from db.words import Store

_AT = bindparam("at", type_=DateTime(timezone=True))


def due(connection: Connection) -> int:
    """Return how many disclosures nobody has checked yet."""
    counts = (
        select(func.count()).where(tables.disclosure.c.checked_at.is_(None))
        for tables in (LIVE, DORMANT)
    )
    return sum(connection.scalar(count) or 0 for count in counts)


def run(connection: Connection, now: datetime) -> int:
    """Check what is new, as `portal_work`, and return how many findings that made."""
    return sum(
        len(connection.execute(_statement(tables.store), {"at": now}).all())
        for tables in (LIVE, DORMANT)
    )


@cache
def _statement(store: Store) -> ReturningInsert[UUID]:
    """Return one statement: mark what is new as checked, and note what has no ground."""
    tables = STORES[store]
    new = _new(tables)
    kind = _kind(tables, new)
    found = select(new.c.member_id, new.c.disclosure_id, kind.label("kind")).cte("found")
    chosen = select(
        func.gen_random_uuid(), found.c.kind, found.c.member_id, found.c.disclosure_id, _AT
    ).where(found.c.kind.is_not(None))
    columns = ["finding_id", "kind", "member_id", "row_id", "found_at"]
    return insert(finding).from_select(columns, chosen).returning(finding.c.finding_id)


def _new(tables: MemberTables) -> CTE:
    """Return what nobody has checked yet, marked as checked by the same statement."""
    row = tables.disclosure.c
    given = (
        row.member_id, row.disclosure_id, row.recipient, row["items"], row.ground, row.ground_id,
        row.disclosed_on, row.disclosed_at,
    )  # fmt: skip
    # As text: an update as a part of an insert is more than the library's compiler can write.
    marked = text(
        f"update {tables.disclosure.fullname} set checked_at = :at where checked_at is null "  # noqa: S608 (constants)
        f"returning {', '.join(one.name for one in given)}"
    )
    typed = {one.name: one.type for one in given}
    return marked.bindparams(_AT).columns(**typed).cte("new")


def _kind(tables: MemberTables, new: CTE) -> ColumnElement[str | None]:
    """Return what is wrong with a disclosure, None for nothing. The first that holds counts."""
    ours = new.c.disclosed_at.is_not(None)
    unknown = or_(
        new.c.ground.is_(None), and_(new.c.ground != Ground.CONSENT, new.c.ground_id.is_(None))
    )
    grounds: dict[Ground, ColumnElement[bool]] = {
        Ground.CONSENT: ~_uncovered(tables, new),
        Ground.PURCHASE: _purchase(tables, new),
        Ground.LEGAL_DEMAND: _demand(tables, new),
        # Who asked stands in the ledger.
        Ground.REQUEST: ours,
    }
    holds = or_(*(and_(new.c.ground == ground, shown) for ground, shown in grounds.items()))
    undated = and_(new.c.ground == Ground.CONSENT, _undated(tables, new))
    return case(
        (and_(ours, ~_in_ledger(new)), FindingKind.NOT_IN_LEDGER.value),
        (and_(new.c.ground == Ground.REQUEST, ours), cast(literal(None), Text)),
        (unknown, FindingKind.GROUND_NOT_RECORDED.value),
        (holds, cast(literal(None), Text)),
        (undated, FindingKind.GROUND_NOT_RECORDED.value),
        else_=FindingKind.WITHOUT_GROUND.value,
    )


def _instant(new: CTE) -> ColumnElement[datetime]:
    """Return when it was given; of a day without a time, its last moment in Seoul."""
    day: Any = func.timezone("Asia/Seoul", cast(new.c.disclosed_on + 1, DateTime()))
    return func.coalesce(new.c.disclosed_at, day, type_=DateTime(timezone=True))


def _in_ledger(new: CTE) -> ColumnElement[bool]:
    """Return whether the ledger tells of it: given, or a correction sent after what was given."""
    return exists(
        select(literal(1)).where(
            event.c.member_id == new.c.member_id,
            event.c.at == new.c.disclosed_at,
            event.c.name.in_((EventName.DISCLOSED, EventName.COMPANY_TOLD)),
            event.c["items"].contains(new.c["items"]),
        )
    )


def _latest(tables: MemberTables, new: CTE, item: ColumnElement[str]) -> LateralFromClause:
    """Return the last decision before it was given; of two at one instant the refusal."""
    consent = tables.consent.c
    return (
        select(consent.granted, consent.ends_on, consent.decided_at)
        .where(
            consent.member_id == new.c.member_id,
            consent.kind == ConsentKind.THIRD_PARTY,
            consent.recipient == new.c.recipient,
            consent["item"] == item,
            consent.decided_at <= _instant(new),
        )
        .order_by(consent.decided_at.desc(), consent.granted)
        .limit(1)
        .correlate_except(tables.consent)
        .lateral("latest")
    )


def _uncovered(tables: MemberTables, new: CTE) -> ColumnElement[bool]:
    """Return whether an item had no consent that counted then, under the terms of then (P18)."""
    item = func.unnest(new.c["items"]).table_valued("item", name="one").render_derived(name="one")
    latest = _latest(tables, new, item.c["item"])
    at = _instant(new)
    counted = and_(
        latest.c.granted,
        or_(latest.c.ends_on.is_(None), latest.c.ends_on >= new.c.disclosed_on),
        # What the terms were before they were changed is not on record.
        or_(
            company.c.company_id.is_(None),
            company.c.terms_from > at,
            latest.c.decided_at >= company.c.terms_from,
        ),
        or_(company.c.ended_at.is_(None), company.c.ended_at > at),
    )
    return exists(
        select(literal(1))
        .select_from(
            item.outerjoin(latest, true()).outerjoin(
                company, company.c.company_id == new.c.recipient
            )
        )
        .where(~func.coalesce(counted, False))
    )


def _undated(tables: MemberTables, new: CTE) -> ColumnElement[bool]:
    """Return whether there is a consent to this recipient of which nobody recorded the day."""
    consent = tables.consent.c
    return exists(
        select(literal(1)).where(
            consent.member_id == new.c.member_id,
            consent.kind == ConsentKind.THIRD_PARTY,
            consent.recipient == new.c.recipient,
            consent.granted,
            consent.decided_at.is_(None),
        )
    )


def _purchase(tables: MemberTables, new: CTE) -> ColumnElement[bool]:
    """Return whether the purchase is there, at this seller, and not later than the disclosure."""
    record = tables.record.c
    seller = (
        select(literal(1))
        .where(
            company.c.company_id == new.c.recipient,
            company.c["items"].contains(new.c["items"]),
            or_(
                record.service == company.c.service,
                record.partner.in_((company.c.company_id, company.c.name)),
            ),
        )
        .correlate_except(company)
    )
    return exists(
        select(literal(1)).where(
            record.member_id == new.c.member_id,
            record.record_id == cast(new.c.ground_id, Uuid),
            record.kind.in_((RecordKind.PAYMENT, RecordKind.CONTRACT)),
            record.event_date <= new.c.disclosed_on,
            seller.exists(),
        )
    )


def _demand(tables: MemberTables, new: CTE) -> ColumnElement[bool]:
    """Return whether an officer had approved a demand of this authority, for these items."""
    demand = tables.demand.c
    return exists(
        select(literal(1)).where(
            demand.member_id == new.c.member_id,
            demand.demand_id == new.c.ground_id,
            demand.authority == new.c.recipient,
            demand.approved_at <= _instant(new),
            demand.refused_at.is_(None),
            demand.approved_items.contains(new.c["items"]),
        )
    )
