"""What a company is told of a corrected value: exactly what it had, if it may have it today (P33).

Composed when the notice leaves and stored nowhere. It goes on the ground on which the company had
the old value, and is written down as a disclosure like that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import func, insert, select

from db import places
from db.clock import seoul_day
from db.declarations import ITEMS
from db.sealing import SealError
from db.tables.member import STORES
from db.words import RIGHTS, Change, CompanyRole, Ground, Noted, Purpose, Store
from services import blocking, journal, use
from services.use import Why

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.use import Standing


@dataclass(frozen=True)
class NewValues:
    """Values by item, and the disclosure that each goes on; both empty where nothing may go."""

    by_item: dict[str, list[str]] = field(default_factory=dict, repr=False)
    like: dict[str, Row[Any]] = field(default_factory=dict)
    tables: MemberTables | None = None


def compose(
    data: Connection, opened: tuple[Store, Sealer] | None, notice: Row[Any], now: datetime
) -> NewValues:
    """Return what may go with a notice. A stop that keeps a value away counts (P32)."""
    if opened is None or notice.change != Change.CORRECTED or opened[0] is Store.RETAINED:
        return NewValues()
    store, sealer = opened
    tables = STORES[store]
    standing = use.standing(data, tables, notice.member_id, seoul_day(now))
    had = _had(data, tables, notice)
    may = []
    for item in notice.items:
        why, purpose = _why(item, notice, had.get(item), standing)
        if why is Why.ALLOWED:
            may.append(item)
        elif why is Why.RESTRICTED and purpose is not None:
            blocking.count(data, tables, notice.member_id, item, purpose, now)
    found = _opened(data, tables, sealer, notice, may)
    return NewValues(found, {item: had[item] for item in found if item in had}, tables)


def write_down(data: Connection, values: NewValues, notice: Row[Any], now: datetime) -> None:
    """Write what went as disclosures, each on the ground of the earlier one."""
    if values.tables is None:
        return
    earlier = {row.disclosure_id: row for row in values.like.values()}
    for disclosure_id, row in earlier.items():
        items = [item for item, like in values.like.items() if like.disclosure_id == disclosure_id]
        copied = {
            name: getattr(row, name)
            for name in ("purpose", "ground", "ground_id", "kept_until", "shown_from")
        }
        made = {
            "member_id": notice.member_id, "disclosure_id": uuid4(),
            "recipient": notice.company_id, "items": items, "disclosed_on": seoul_day(now),
            "disclosed_at": now, **copied,
        }  # fmt: skip
        data.execute(insert(values.tables.disclosure).values(made))
        rows = [(values.tables.disclosure, made)]
        journal.note(data, Noted.DISCLOSED, notice.member_id, now, rows=rows)


def _had(data: Connection, tables: MemberTables, notice: Row[Any]) -> dict[str, Row[Any]]:
    """Return the newest disclosure of each item to this company."""
    table = tables.disclosure
    rows = data.execute(
        select(table, func.unnest(table.c["items"]).label("item"))
        .where(table.c.member_id == notice.member_id, table.c.recipient == notice.company_id)
        .order_by(table.c.disclosed_on, table.c.disclosed_at.nulls_first())
    )
    return {row.item: row for row in rows}


def _why(
    item: str, notice: Row[Any], had: Row[Any] | None, standing: Standing
) -> tuple[Why, Purpose | None]:
    """Return whether a value may go, and the use that was asked about."""
    if item not in ITEMS or not ITEMS[item].shown:
        return Why.UNDECLARED_ITEM, None
    if notice.role == CompanyRole.SOURCE_SYSTEM:
        return _for_source(item, standing)
    if had is None or had.purpose not in list(Purpose) or had.ground is None:
        return Why.UNDECLARED_PURPOSE, None
    consented = (notice.company_id, item) in standing.shared
    purpose = Purpose(had.purpose)
    why = use.decide(item, purpose, standing).why
    if had.ground == Ground.CONSENT and not consented and why is not Why.RESTRICTED:
        return Why.NO_CONSENT, purpose
    return why, purpose


def _for_source(item: str, standing: Standing) -> tuple[Why, Purpose | None]:
    """Let a system of the family's own have what is still used for anything at all."""
    uses = sorted(ITEMS[item].purposes - RIGHTS)
    whys = {use.decide(item, purpose, standing).why: purpose for purpose in reversed(uses)}
    for why in (Why.ALLOWED, Why.RESTRICTED):
        if why in whys:
            return why, whys[why]
    return Why.NO_CONSENT, None


def _opened(
    data: Connection, tables: MemberTables, sealer: Sealer, notice: Row[Any], items: list[str]
) -> dict[str, list[str]]:
    value = tables.profile_value.c
    rows = data.execute(
        select(value["item"], value.seq, value.sealed)
        .where(
            value.member_id == notice.member_id,
            value["item"].in_(items),
            value.sealed.is_not(None),
        )
        .order_by(value["item"], value.seq)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        try:
            text = sealer.open(row.sealed, places.profile(row.item, row.seq)).decode()
        except SealError:
            continue
        found.setdefault(row.item, []).append(text)
    return found
