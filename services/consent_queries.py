"""The statements of a member's consents, made once a store.

They take the parameters `member` and `today`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, Select, Uuid, bindparam, cast, func, literal, or_, select

from db.children_rules import rules
from db.tables.member import STORES
from db.tables.ops import company
from db.words import CompanyRole
from services import use
from services.gathering import Gathered, ordered

if TYPE_CHECKING:
    from db.words import Store


@cache
def asked_for(store: Store) -> Gathered:
    """Return what is asked of consents: records, stops, a child's standing, companies, devices."""
    return Gathered(
        consents=use.latest(store),
        restricted=use.open_restrictions(store),
        child=use.child(store),
        companies=_companies(),
        devices=_devices(store),
        age=_age(store),
    )


def _age(store: Store) -> Select[Any]:
    """Return until when answers are waited for, also before the hourly run of the birthday."""
    member, today = STORES[store].member.c, bindparam("today", type_=Date)
    wait = literal(rules().coming_of_age.answer_days)
    until = func.coalesce(member.answers_until, cast(member.turns_14_on + wait, Date))
    return select(until.label("until")).where(
        member.member_id == bindparam("member", type_=Uuid),
        or_(member.answers_until >= today, member.turns_14_on <= today),
    )


def _companies() -> Select[Any]:
    c = company.c
    named = select(
        c.company_id, c.name, c.purpose, c.kept, c["items"], c.contract_ends_on, c.fictional,
        c.ended_at,
    )  # fmt: skip
    return ordered(named.where(c.role == CompanyRole.RECIPIENT), c.name, c.company_id)


def _devices(store: Store) -> Select[Any]:
    d = STORES[store].device.c
    own = select(d.device_row_id, d.sealed, d.last_used_on, d.refused_at).where(
        d.member_id == bindparam("member", type_=Uuid)
    )
    return ordered(own, d.last_used_on.desc().nulls_last(), d.device_row_id)
