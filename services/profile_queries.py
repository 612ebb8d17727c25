"""The statements of the overview and of "My data", made once a store: building takes longest.

Each takes the parameter `member`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, Select, Uuid, bindparam, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from db.tables.member import STORES
from db.tables.ops import credential
from db.words import ConsentKind
from services import bar_rows, guarding, open_matters, own_sessions, restriction_rows, use
from services.gathering import Gathered, ordered

if TYPE_CHECKING:
    from db.words import Store

_MEMBER = bindparam("member", type_=Uuid)


@cache
def overview(store: Store) -> Gathered:
    """Return what the overview asks; it takes `today` too, and what `own_sessions.OPEN` takes."""
    return Gathered(
        member=_brief(store),
        uses=_uses(store),
        children=_children(store),
        counts=counts(store),
        sessions=own_sessions.OPEN,
        requests=open_matters.waiting(store),
        restrictions=restriction_rows.open_ones(store),
        bars=bar_rows.UNTIL,
        cases=open_matters.CASES,
        child=use.child(store),
    )


@cache
def my_data(store: Store) -> Gathered:
    """Return what "My data" asks besides a page of records; it takes `today` too."""
    return Gathered(
        values=_values(store),
        devices=_devices(store),
        member=_member(store),
        uses=_uses(store),
        consents=_consents(store),
        restrictions=restriction_rows.open_ones(store),
        counts=counts(store),
        child=use.child(store),
    )


def _brief(store: Store) -> Select[Any]:
    """Return the member's row with the sealed nickname, and what a child's pages say of it."""
    tables, today = STORES[store], bindparam("today", type_=Date)
    member, value = tables.member, tables.profile_value
    name = (
        (value.c.member_id == member.c.member_id)
        & (value.c.item == "nickname")
        & (value.c.seq == 0)
    )
    return (
        select(
            member.c.joined_on,
            member.c.last_used_on,
            value.c.sealed,
            member.c.turns_14_on,
            member.c.answers_until,
            (func.coalesce(member.c.turns_14_on > today, false())).label("child"),
            guarding.disputed(tables, member.c.member_id, today).label("disputed"),
        )
        .select_from(member.outerjoin(value, name))
        .where(member.c.member_id == _MEMBER)
    )


def _member(store: Store) -> Select[Any]:
    """Return the member's row, and since when there is a password."""
    table = STORES[store].member
    own = credential.c.member_id == table.c.member_id
    return (
        select(table.c.joined_on, table.c.last_used_on, credential.c.set_at)
        .select_from(table.outerjoin(credential, own))
        .where(table.c.member_id == _MEMBER)
    )


def _values(store: Store) -> Select[Any]:
    """Return every value, items in order."""
    table = STORES[store].profile_value
    return ordered(select(table).where(table.c.member_id == _MEMBER), table.c.item, table.c.seq)


def _consents(store: Store) -> Select[Any]:
    """Return the latest record of each consent to hold data, undated ones first of all."""
    table = STORES[store].consent
    return (
        select(table.c.kind, table.c.item, table.c.granted, table.c.decided_at)
        .where(
            table.c.member_id == _MEMBER,
            or_(table.c.kind == ConsentKind.COLLECTION, table.c.kind == ConsentKind.SENSITIVE),
            table.c.recipient.is_(None),
        )
        .ext(distinct_on(table.c.kind, table.c.item))
        .order_by(
            table.c.kind, table.c.item, table.c.decided_at.desc().nulls_last(), table.c.granted
        )
    )


def _devices(store: Store) -> Select[Any]:
    """Return the devices, the oldest first."""
    table = STORES[store].device
    own = select(table).where(table.c.member_id == _MEMBER)
    return ordered(own, table.c.obtained_on, table.c.device_row_id)


def _uses(store: Store) -> Select[Any]:
    """Return the services used, the last used first."""
    table = STORES[store].service_use
    own = select(table.c.service, table.c.since, table.c.last_used_on)
    return ordered(
        own.where(table.c.member_id == _MEMBER),
        table.c.last_used_on.desc().nulls_last(),
        table.c.service,
    )


def _children(store: Store) -> Select[Any]:
    """Return for whom the member may act today."""
    link, today = STORES[store].guardianship, bindparam("today", type_=Date)
    return ordered(
        select(link.c.member_id, link.c.started_on).where(
            link.c.guardian_id == _MEMBER,
            link.c.started_on <= today,
            or_(link.c.ended_on.is_(None), link.c.ended_on > today),
            guarding.guards(link.c.member_id, link.c.guardian_id, today),
        ),
        link.c.started_on,
        link.c.member_id,
    )


def counts(store: Store) -> Select[Any]:
    """Return how many records of each kind there are, and the first and last days of them."""
    table = STORES[store].record
    return (
        select(
            table.c.kind,
            func.count().label("count"),
            func.min(table.c.event_date).label("first_event"),
            func.max(table.c.event_date).label("last_event"),
            func.min(table.c.ends_on).label("first_end"),
            func.max(table.c.ends_on).label("last_end"),
        )
        .where(table.c.member_id == _MEMBER)
        .group_by(table.c.kind)
    )
