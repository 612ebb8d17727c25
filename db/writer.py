"""Writes whole new members, sealed, many at a time: for the importer, the demo family, benchmarks.

Keys are committed before data by the caller: a key without rows is harmless, rows without a key
are unreadable.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert

from db import asleep, places
from db.children_rules import rules
from db.clock import seoul_day
from db.declarations import ITEMS, KINDS
from db.errors import PortalError
from db.normal import normalise
from db.tables import keys
from db.tables.member import STORES
from db.words import N_, Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.drafts import MemberDraft, Origin, RecordDraft, ValueDraft
    from db.keyring import Keyring
    from db.sealing import Sealer

BLIND_KINDS = ("email", "mobile", "login_id")
"""Items by which a member is found exactly; with them `name_birth` (name and birth date)."""

Row = dict[str, Any]
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: a new one for each record takes as long as sealing it."""


class UndeclaredError(PortalError):
    """Something tried to store an item or a field that nobody declared."""


def turns(birth_date: str, age: int) -> date:
    """Return a birthday; somebody born on February 29 turns on March 1 of a common year."""
    born = date.fromisoformat(birth_date)
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def birthdays(birth_date: str | None, today: date) -> dict[str, date | None]:
    """Return the columns of birthdays that are still to come on `today` (a Seoul day).

    The 14th, until which a guardian acts for a child, and the day on which somebody is of age to be
    a guardian. They say the birth date, so they are kept unsealed only while clause 9 needs them.
    """
    ages = {"turns_14_on": 14, "turns_19_on": rules().guardian.age}
    days = {name: turns(birth_date, age) if birth_date else None for name, age in ages.items()}
    return {name: day if day and day > today else None for name, day in days.items()}


def blind_values(draft: MemberDraft) -> list[tuple[str, str]]:
    """Return the (kind, value) pairs by which this member is found."""
    first = {v.item: v.value for v in draft.values if v.seq == 0}
    pairs = [(k, normalise(k, first[k])) for k in BLIND_KINDS if first.get(k)]
    if first.get("name") and first.get("birth_date"):
        pairs.append(("name_birth", f"{first['name']}\0{first['birth_date']}"))
    return pairs


@lru_cache(maxsize=64)
def _origin(origin: Origin) -> Row:
    """Return the columns of an origin; many values of a batch share one."""
    return asdict(origin)


def value_row(sealer: Sealer, draft: MemberDraft, value: ValueDraft) -> Row:
    """Return the row of one profile value. Raise `UndeclaredError` for an unknown item."""
    item = ITEMS.get(value.item)
    if item is None or not (item.shown or item.others) or (value.seq and not item.repeated):
        raise UndeclaredError(N_("The item {item} is not declared."), item=value.item)
    place = places.profile(value.item, value.seq)
    return {
        "member_id": draft.member_id,
        "item": value.item,
        "seq": value.seq,
        "sealed": sealer.seal(value.value.encode(), place),
        **_origin(value.origin),
    }


def record_row(sealer: Sealer, draft: MemberDraft, record: RecordDraft) -> Row:
    """Return the row of one record. Raise `UndeclaredError` for a field its kind lacks."""
    unknown = record.fields.keys() - {f.name for f in KINDS[record.kind].fields}
    if unknown:
        raise UndeclaredError(N_("The item {item} is not declared."), item=min(unknown))
    plain = _JSON.encode(record.fields)
    return {
        "member_id": draft.member_id,
        "record_id": record.record_id,
        "kind": record.kind,
        "event_date": record.event_date,
        "ends_on": record.ends_on,
        "sealed": sealer.seal(plain.encode(), places.record(record.kind, record.record_id)),
        **_origin(record.origin),
    }


def _device_rows(sealer: Sealer, draft: MemberDraft) -> list[Row]:
    return [
        {
            "member_id": draft.member_id,
            "device_row_id": d.device_row_id,
            "sealed": sealer.seal(d.identifier.encode(), places.device(d.device_row_id)),
            "last_used_on": d.last_used_on,
            **_origin(d.origin),
        }
        for d in draft.devices
    ]


def _member_row(draft: MemberDraft) -> Row:
    births = [v.value for v in draft.values if v.item == "birth_date"]
    used = [u.last_used_on for u in draft.uses if u.last_used_on]
    today = seoul_day(draft.created_at)
    return {
        "member_id": draft.member_id,
        "joined_on": draft.joined_on,
        **birthdays(births[0] if births else None, today),
        "age_known": bool(births),
        "last_used_on": max(used, default=None),
        "created_at": draft.created_at,
    }


def _plain_rows(draft: MemberDraft, parts: Sequence[Any]) -> list[Row]:
    return [{"member_id": draft.member_id, **asdict(part)} for part in parts]


def _disclosure_rows(draft: MemberDraft) -> list[Row]:
    rows = _plain_rows(draft, draft.disclosures)
    return [row | {"items": list(row["items"])} for row in rows]


def rows_of(draft: MemberDraft, sealer: Sealer) -> dict[str, list[Row]]:
    """Return the member's rows by table name, parents first."""
    return {
        "member": [_member_row(draft)],
        "profile_value": [value_row(sealer, draft, v) for v in draft.values],
        "record": [record_row(sealer, draft, r) for r in draft.records],
        "device": _device_rows(sealer, draft),
        "service_use": _plain_rows(draft, draft.uses),
        "consent": _plain_rows(draft, draft.consents),
        "disclosure": _disclosure_rows(draft),
        "guardianship": _plain_rows(draft, draft.guardianships),
    }


def sealed(
    keyring: Keyring, drafts: Iterable[MemberDraft], store: Store = Store.LIVE
) -> dict[str, list[Row]]:
    """Return the rows of new members by table, sealed under fresh keys, and those keys' rows."""
    tables: dict[str, list[Row]] = {}
    for draft in drafts:
        sealer, wrapped = keyring.new_sealer(store, draft.member_id)
        _add_keys(tables, keyring, draft, wrapped, store)
        for name, rows in rows_of(draft, sealer).items():
            tables.setdefault(name, []).extend(rows)
    return tables


def write(
    data: Connection,
    keys_connection: Connection,
    keyring: Keyring,
    drafts: Iterable[MemberDraft],
    store: Store = Store.LIVE,
) -> None:
    """Insert new members into one store, as `portal_work`. The caller commits keys, then data."""
    tables = sealed(keyring, drafts, store)
    for connection, targets in (
        (keys_connection, (keys.member_key, keys.blind_index)),
        (data, STORES[store].all),
    ):
        for table in targets:
            if found := tables.get(table.name):
                connection.execute(insert(table), found)
    if store is Store.DORMANT:
        asleep.prove(data, tables["member"])


def _add_keys(
    tables: dict[str, list[Row]], keyring: Keyring, draft: MemberDraft, wrapped: bytes, store: Store
) -> None:
    tables.setdefault("member_key", []).append(
        {
            "member_id": draft.member_id,
            "store": store,
            "wrapped": wrapped,
            "created_at": draft.created_at,
        }
    )
    tables.setdefault("blind_index", []).extend(
        {"kind": kind, "digest": keyring.blind(kind, value), "member_id": draft.member_id}
        for kind, value in blind_values(draft)
    )
