"""The files of what is held about the member: values, devices, services, guardians (P02, P39)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, Integer, Text, case, cast, func, literal, select, union_all

from db import places
from db.declarations import ITEMS, Sensitivity
from db.policy import in_force
from db.policy_facts import AFTER_WITHDRAWAL
from db.tables.member import DORMANT, LIVE
from db.tables.ops import credential
from db.words import N_, RIGHTS, ExportGroup, Store
from services import dispute_words
from services.archive_columns import UNOPENED, Column, File, Form
from services.archive_words import PROBLEMS, item
from services.profile_words import BASES, GROUPS, MEANS, REASONS, SOURCES
from services.retention import until

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
SIDES: Final = {
    "guardian_of_mine": N_("A guardian of mine"),
    "child_of_mine": N_("A child whose guardian I am"),
}


def provenance() -> tuple[Column, ...]:
    """Return the columns that say how a value came (P03); a table has room for two of them."""
    return (
        Column("source", N_("From"), Form.WORD, SOURCES),
        Column("partner", N_("Partner company")),
        Column("service", N_("Service")),
        Column("obtained_on", N_("Obtained on"), Form.DAY, shown=False),
        Column("policy_version", N_("Policy version then"), shown=False),
    )


def opened(
    column: str, place: Callable[[Any], str]
) -> tuple[
    Callable[[Reading], Callable[[Any], Value]], Callable[[Reading], Callable[[Any], Value]]
]:
    """Return what reads a sealed column, and what says that it can't be opened."""

    def value(reading: Reading) -> Callable[[Any], Value]:
        return lambda row: reading.source.open(getattr(row, column), place(row))

    def problem(reading: Reading) -> Callable[[Any], Value]:
        def read(row: Any) -> Value:  # noqa: ANN401
            sealed = getattr(row, column)
            shut = sealed is not None and reading.source.open(sealed, place(row)) is None
            return UNOPENED if shut else None

        return read

    return value, problem


def unopened(*read: Callable[[Reading], Callable[[Any], Value]]) -> Column:
    """Return the column that names what can't be opened."""
    first = read[0] if read else None
    return Column("problem", N_("Problem"), Form.WORD, PROBLEMS, holds=(), read=first)


def _of(give: Callable[[Reading, str], Value]) -> Callable[[Reading], Callable[[Any], Value]]:
    """Return what tells something of the item that a row names."""

    def made(reading: Reading) -> Callable[[Any], Value]:
        return lambda row: give(reading, row.item)

    return made


def _if_left(reading: Reading, name: str) -> Value:
    ends = until(in_force(reading.source.today), name, reading.source.today).if_left_today
    return ends.isoformat() if ends else None


def _uses(_reading: Reading, name: str) -> Value:
    return sorted(ITEMS[name].purposes - RIGHTS) if name in ITEMS else []


def _sensitive(_reading: Reading, name: str) -> Value:
    return name in ITEMS and ITEMS[name].sensitivity is Sensitivity.SENSITIVE


def marks() -> tuple[Column, ...]:
    """Return the columns that the declarations and the stops say of a row's `item`."""
    return (
        Column("label", N_("Item name"), holds=(), shown=False,
               read=_of(lambda reading, name: item(reading.language, name))),
        Column("group", N_("Group"), Form.WORD, {g: title for g, (title, _) in GROUPS.items()},
               (), _of(lambda _, name: ITEMS[name].group if name in ITEMS else None), shown=False),
        Column("purposes", N_("Used for"), Form.PURPOSES, None, (), _of(_uses), shown=False),
        Column("legal_basis", N_("Legal basis"), Form.WORD, BASES, (),
               _of(lambda _, name: ITEMS[name].basis if name in ITEMS else None), shown=False),
        Column("restricted", N_("A use of it is stopped"), Form.MARK, holds=(),
               read=_of(lambda reading, name: reading.source.restricts(name))),
        Column("sensitive", N_("Sensitive"), Form.MARK, holds=(), read=_of(_sensitive)),
        Column("kept_if_left_until", N_("If you left today, kept until"), Form.DAY, None, (),
               _of(_if_left), shown=False),
    )  # fmt: skip


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


def _links(source: Source) -> Select[Any]:
    """Return the member's guardians, and whose guardian the member is; each person by a number."""
    mine, me = source.tables.guardianship, source.member_id
    columns = ("started_on", "ended_on", "means", "proof", "reason", "source", "suspended_on",
               "suspended_until", "suspended_why")  # fmt: skip
    sides = [select(
        literal("guardian_of_mine").label("side"), mine.c.guardian_id.label("person"),
        *(mine.c[name] for name in columns[:6]),
        *(_own_only(mine.c[name], mine.c.guardian_id, source) for name in columns[6:]),
    ).where(mine.c.member_id == me)]  # fmt: skip
    for tables in (LIVE, DORMANT):
        child = tables.guardianship
        sides.append(select(
            literal("child_of_mine").label("side"), child.c.member_id.label("person"),
            *(child.c[name] for name in columns),
        ).where(child.c.guardian_id == me))  # fmt: skip
    found = union_all(*sides).subquery("links")
    first = func.min(found.c.started_on).over(partition_by=(found.c.side, found.c.person))
    dated = select(found, first.label("first")).subquery("dated")
    number = func.dense_rank().over(
        partition_by=dated.c.side, order_by=(dated.c.first, dated.c.person)
    )
    return select(dated, cast(number, Integer).label("number")).order_by(
        dated.c.side.desc(), "number", dated.c.started_on
    )


def _own_only(column: Any, guardian: Any, source: Source) -> Any:  # noqa: ANN401 (columns)
    """Return a column; to a guardian only what is about them."""
    if source.guardian is None:
        return column
    return case((guardian == source.guardian, column)).label(column.name)


GUARDIANS: Final = File(
    "guardianships", N_("Links to guardians"), _GROUP, "guardianship",
    (
        Column("side", N_("Who"), Form.WORD, SIDES, holds=()),
        Column("number", N_("Number"), Form.NUMBER, holds=("guardianship.guardian_id",)),
        Column("started_on", N_("Since"), Form.DAY),
        Column("ended_on", N_("Ended on"), Form.DAY),
        Column("means", N_("How it was proved"), Form.WORD, MEANS),
        Column("proof", N_("The proof is on record"), Form.YES_NO),
        Column("reason", N_("As"), Form.WORD, REASONS),
        Column("source", N_("From"), Form.WORD, SOURCES),
        Column("suspended_on", N_("May not act since"), Form.DAY),
        Column("suspended_until", N_("May not act until"), Form.DAY),
        Column("suspended_why", N_("Why"), Form.WORD, dispute_words.SUSPENDED),
    ),
    _links,
)  # fmt: skip


def _disputes(source: Source) -> Select[Any]:
    """Return disputes about who acts for the member; a guardian takes along their own alone."""
    table = source.tables.dispute
    own = (table.c.opened_by == source.guardian,) if source.guardian else ()
    by_me = (table.c.opened_by == source.member_id).label("by_me")
    return (
        select(table, by_me)
        .where(table.c.member_id == source.member_id, *own)
        .order_by(table.c.opened_at, table.c.dispute_id)
    )


_SAID, _SAID_SHUT = opened("sealed", lambda row: places.dispute(row.dispute_id))
_DECIDED, _DECIDED_SHUT = opened("answer", lambda row: places.dispute_answer(row.dispute_id))


def _dispute_shut(reading: Reading) -> Callable[[Any], Value]:
    said, decided = _SAID_SHUT(reading), _DECIDED_SHUT(reading)
    return lambda row: said(row) or decided(row)


DISPUTES: Final = File(
    "disputes", N_("Disputes about who acts for the child"), _GROUP, "dispute",
    (
        Column("dispute_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("opened_at", N_("Said on"), Form.MOMENT),
        Column("by_me", N_("By the child"), Form.YES_NO, holds=("dispute.opened_by",)),
        Column("why", N_("Why"), Form.WORD, dispute_words.WHY),
        Column("said", N_("In my words"), holds=("dispute.sealed",), read=_SAID),
        Column("decided_at", N_("Decided on"), Form.MOMENT),
        Column("outcome", N_("What was decided"), Form.WORD, dispute_words.OUTCOMES),
        Column("answer", N_("Answer"), holds=("dispute.answer",), read=_DECIDED),
        unopened(_dispute_shut),
    ),
    _disputes,
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
