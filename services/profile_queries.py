"""The statements of a profile, made once a store: building one takes longer than running it.

Each takes the parameter `member`; `children` also `today`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, Select, Uuid, bindparam, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from db.tables.member import STORES
from db.tables.ops import credential
from db.words import ConsentKind

if TYPE_CHECKING:
    from db.words import Store

_MEMBER = bindparam("member", type_=Uuid)


@cache
def brief(store: Store) -> Select[Any]:
    """Return the member's row with the sealed nickname."""
    tables = STORES[store]
    member, value = tables.member, tables.profile_value
    name = (
        (value.c.member_id == member.c.member_id)
        & (value.c.item == "nickname")
        & (value.c.seq == 0)
    )
    return (
        select(member.c.joined_on, member.c.last_used_on, value.c.sealed)
        .select_from(member.outerjoin(value, name))
        .where(member.c.member_id == _MEMBER)
    )


@cache
def member(store: Store) -> Select[Any]:
    """Return the member's row, and since when there is a password."""
    table = STORES[store].member
    own = credential.c.member_id == table.c.member_id
    return (
        select(table, credential.c.set_at)
        .select_from(table.outerjoin(credential, own))
        .where(table.c.member_id == _MEMBER)
    )


@cache
def values(store: Store) -> Select[Any]:
    """Return every value, items in order."""
    table = STORES[store].profile_value
    return select(table).where(table.c.member_id == _MEMBER).order_by(table.c.item, table.c.seq)


@cache
def consents(store: Store) -> Select[Any]:
    """Return the latest record of each consent to hold data, undated ones first of all."""
    table = STORES[store].consent
    return (
        select(table.c.kind, table.c.item, table.c.granted, table.c.decided_at)
        .where(
            table.c.member_id == _MEMBER,
            table.c.kind.in_((ConsentKind.COLLECTION, ConsentKind.SENSITIVE)),
            table.c.recipient.is_(None),
        )
        .ext(distinct_on(table.c.kind, table.c.item))
        .order_by(
            table.c.kind, table.c.item, table.c.decided_at.desc().nulls_last(), table.c.granted
        )
    )


@cache
def devices(store: Store) -> Select[Any]:
    """Return the devices, the oldest first."""
    table = STORES[store].device
    return (
        select(table)
        .where(table.c.member_id == _MEMBER)
        .order_by(table.c.obtained_on, table.c.device_row_id)
    )


@cache
def uses(store: Store) -> Select[Any]:
    """Return the services used, the last used first."""
    table = STORES[store].service_use
    return (
        select(table)
        .where(table.c.member_id == _MEMBER)
        .order_by(table.c.last_used_on.desc().nulls_last(), table.c.service)
    )


@cache
def children(store: Store) -> Select[Any]:
    """Return whose guardian the member is today."""
    link, today = STORES[store].guardianship, bindparam("today", type_=Date)
    return (
        select(link.c.member_id, link.c.started_on)
        .where(
            link.c.guardian_id == _MEMBER,
            link.c.started_on <= today,
            or_(link.c.ended_on.is_(None), link.c.ended_on > today),
        )
        .order_by(link.c.started_on, link.c.member_id)
    )
