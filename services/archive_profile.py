"""The files of what is held about the member: values, membership, devices, services (P02, P39)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, Text, func, literal, select

from db import places
from db.declarations import ITEMS
from db.policy_facts import AFTER_WITHDRAWAL
from db.tables.ops import credential
from db.words import N_, ExportGroup, Store
from services.archive_columns import Column, File, Form
from services.archive_common_columns import marks, opened, provenance, unopened
from services.archive_guardians import DISPUTES, GUARDIANS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_GROUP: Final = ExportGroup.PROFILE
IMAGE: Final = "profile_image"
KEPT_BACK: Final = frozenset(name for name, one in ITEMS.items() if not one.exportable)
"""Items that are never exported: the password, of which nobody knows more than its hash."""
_BEGINS: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
STORES: Final = {
    Store.LIVE: N_("In use"),
    Store.DORMANT: N_("Asleep"),
}


def _place(row: Any) -> str:  # noqa: ANN401
    return places.profile(row.item, row.seq)


def image_file(content: str) -> tuple[str, bytes]:
    """Return the name and the bytes of a profile image; as it is stored where it is no picture."""
    try:
        plain = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return f"files/{IMAGE}.txt", content.encode()
    kind = next((kind for begin, kind in _BEGINS.items() if plain.startswith(begin)), "bin")
    return f"files/{IMAGE}.{kind}", plain


def _value(reading: Reading) -> Callable[[Any], Value]:
    def read(row: Any) -> Value:  # noqa: ANN401
        text = reading.source.open(row.sealed, _place(row))
        return image_file(text)[0] if text is not None and row.item == IMAGE else text

    return read


def _values(source: Source) -> Select[Any]:
    """Return the values, in the order of the declarations."""
    table = source.tables.profile_value
    order = func.array_position(literal(list(ITEMS), ARRAY(Text)), table.c.item)
    return (
        select(table)
        .where(table.c.member_id == source.member_id, table.c.item.not_in(KEPT_BACK))
        .order_by(order, table.c.item, table.c.seq)
    )


_VALUE, _SHUT = opened("sealed", _place)
PROFILE: Final = File(
    "profile", N_("My data"), _GROUP, "profile_value",
    (
        Column("item", N_("Item"), Form.ITEM),
        Column("seq", N_("Number"), Form.NUMBER),
        Column("value", N_("Value"), holds=("profile_value.sealed",), read=_value),
        *marks(),
        *provenance(),
        Column("changed_at", N_("Changed here on"), Form.MOMENT),
        Column("cleared_at", N_("Cleared on"), Form.MOMENT),
        Column("ends_on", N_("Kept until"), Form.DAY),
        unopened(_SHUT),
    ),
    _values, AFTER_WITHDRAWAL,
)  # fmt: skip


def _member(source: Source) -> Select[Any]:
    table = source.tables.member
    own = credential.c.member_id == table.c.member_id
    return (
        select(table, credential.c.set_at, literal(source.tables.store.value).label("store"))
        .select_from(table.outerjoin(credential, own))
        .where(table.c.member_id == source.member_id)
    )


MEMBERSHIP: Final = File(
    "membership", N_("Membership"), _GROUP, "member",
    (
        Column("joined_on", N_("Member since"), Form.DAY),
        Column("created_at", N_("In this portal since"), Form.MOMENT),
        Column("store", N_("The account is"), Form.WORD, STORES, holds=()),
        Column("last_used_on", N_("Last used"), Form.DAY),
        Column("last_counted_on", N_("Last use that counts"), Form.DAY),
        Column("told_for", N_("Told that I will sleep, after the last use on"), Form.DAY),
        Column("usage_told_on", N_("Yearly notice of use"), Form.DAY),
        Column("turns_14_on", N_("Turns 14 on"), Form.DAY),
        Column("turns_19_on", N_("Turns 19 on"), Form.DAY),
        Column("age_known", N_("My age was worked out from my birth date"), Form.YES_NO),
        Column("unclaimed_on", N_("Kept only, since nobody reaches me, since"), Form.DAY),
        Column("answers_until", N_("To answer a guardian's consents until"), Form.DAY),
        Column("set_at", N_("Password set on"), Form.MOMENT, holds=("credential.set_at",)),
    ),
    _member,
)  # fmt: skip


def _devices(source: Source) -> Select[Any]:
    table = source.tables.device
    query = select(table, literal("device_id").label("item"))
    return query.where(table.c.member_id == source.member_id).order_by(
        table.c.obtained_on, table.c.device_row_id
    )


_DEVICE, _DEVICE_SHUT = opened("sealed", lambda row: places.device(row.device_row_id))
DEVICES: Final = File(
    "devices", N_("Device ID"), _GROUP, "device",
    (
        Column("device_row_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("device_id", N_("Device ID"), holds=("device.sealed",), read=_DEVICE),
        Column("last_used_on", N_("Last used"), Form.DAY),
        Column("refused_at", N_("Refused on"), Form.MOMENT),
        *marks(),
        *provenance(),
        unopened(_DEVICE_SHUT),
    ),
    _devices,
)  # fmt: skip


def _uses_of(source: Source) -> Select[Any]:
    table = source.tables.service_use
    return (
        select(table)
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.last_used_on.desc().nulls_last(), table.c.service)
    )


SERVICES: Final = File(
    "services_used", N_("Services used"), _GROUP, "service_use",
    (
        Column("service", N_("Service")),
        Column("since", N_("Since"), Form.DAY),
        Column("last_used_on", N_("Last used"), Form.DAY),
    ),
    _uses_of,
)  # fmt: skip


def _pending(source: Source) -> Select[Any]:
    table = source.tables.pending_value
    return (
        select(table)
        .where(table.c.member_id == source.member_id, table.c.item.not_in(KEPT_BACK))
        .order_by(table.c.asked_at, table.c.item)
    )


_NEW, _NEW_SHUT = opened("sealed", lambda row: places.pending(row.item))
PENDING: Final = File(
    "values_to_confirm", N_("New values not confirmed yet"), _GROUP, "pending_value",
    (
        Column("item", N_("Item"), Form.ITEM),
        Column("value", N_("Value"), holds=("pending_value.sealed",), read=_NEW),
        Column("asked_at", N_("Asked on"), Form.MOMENT),
        Column("expires_at", N_("To be confirmed until"), Form.MOMENT),
        unopened(_NEW_SHUT),
    ),
    _pending,
)  # fmt: skip

FILES: Final = (
    PROFILE, MEMBERSHIP,
    *((DEVICES,) if ITEMS["device_id"].exportable else ()),
    SERVICES, GUARDIANS, DISPUTES, PENDING,
)  # fmt: skip
