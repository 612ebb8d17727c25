"""Consents to advertising are confirmed again every two years; silence is no.

A month before the end its member is told when they agreed and how to keep it (network act art.
50(8), decree 62-3). Without a new yes it counts no more from the day after: `use` and `audience`
read that from its date, so nothing has to be done on time; only the ledger's note is written here.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Date,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, array, insert

from db import consent_terms
from db.clock import SEOUL, seoul_day
from db.consent_terms import ADVERTISING, confirmed_since
from db.policy import in_force
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import ActorKind
from services import consent_words, jobs, notify, use
from services.consent_list import ASKED_AGAIN, last_day
from services.language import DEFAULT
from services.ledger import EventName
from services.outbox import Message

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

    from db.consent_terms import Term, Terms
    from db.sealing import Sealer
    from services.consent_state import Latest
    from services.language import Language

TEMPLATE: Final = "consent_ending"
MOST: Final = 1_000
"""Members asked in one run: the hourly run stays short."""
_NOTED_FOR: Final = timedelta(days=30)
"""How long after its end a consent's end is still noted, should the daily run have been off."""
_C = LIVE.consent.c


def run(data: Connection, now: datetime) -> int:
    """Note what ended, and enqueue a notice for each member whose consent soon ends; set-based.

    Return how many members will be told. Twice, or by two workers at once, changes nothing.
    """
    today = seoul_day(now)
    data.execute(_ended(), _ended_given(today, now))
    given = {
        "since": _start(confirmed_since(today)),
        "before": _start(confirmed_since(today + ASKED_AGAIN + timedelta(days=1))),
        "today": today,
        "most": MOST,
    }
    people = data.scalars(_due(consent_terms.in_force(today), today), given).all()
    jobs.defer_many(data, jobs.RECONFIRM, [{"member_id": str(who)} for who in people])
    return len(people)


def remind(data: Connection, member: tuple[UUID, Sealer], now: datetime) -> bool:
    """Ask one member whether advertising goes on, once for each day it was agreed to."""
    today = seoul_day(now)
    rows = use.consents_of(data, LIVE, member[0], today)
    book = use.book(rows, today)
    due = [
        (term, record, until)
        for term in book.terms.consents
        if term.confirmed_again
        and (record := book.find(term.kind, term.channel))
        and book.yes(record)
        and (until := last_day(term, record))
        and until <= today + ASKED_AGAIN
    ]
    if not due:
        return False
    language = _language(data, member[0], due)
    message = Message(TEMPLATE, "either", language, _params(due, today), _key(due))
    return notify.write(data, LIVE, member, message, now)


def _language(data: Connection, member_id: UUID, due: list[tuple[Term, Latest, date]]) -> Language:
    """Return the language in which the newest of these consents was given, where that is known."""
    known = data.scalar(
        select(_C.language)
        .where(
            _C.member_id == member_id,
            _C.consent_id.in_([record.consent_id for _term, record, _until in due]),
            _C.language.is_not(None),
        )
        .order_by(_C.decided_at.desc(), _C.consent_id)
        .limit(1)
    )
    return "en" if known == "en" else DEFAULT


def _params(due: list[tuple[Term, Latest, date]], today: date) -> dict[str, str]:
    days = [record.decided_on for _term, record, _until in due if record.decided_on]
    return {
        "since": min(days).isoformat(),
        "until": min(until for _term, _record, until in due).isoformat(),
        "sender": ", ".join(one.name for one in in_force(today).controllers),
        "what": consent_words.packed((term.id, None, None) for term, _record, _until in due),
    }


def _key(due: list[tuple[Term, Latest, date]]) -> str:
    days = [record.decided_on for _term, record, _until in due if record.decided_on]
    return f"{TEMPLATE}:{min(days).isoformat()}"


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), SEOUL)


def _day() -> ColumnElement[date]:
    return cast(func.timezone(SEOUL.key, _C.decided_at), Date)


def _last_word() -> ColumnElement[bool]:
    """Return whether no later record of the same consent is there, nor a no at the same instant."""
    later = LIVE.consent.alias("later").c
    same = and_(
        later.member_id == _C.member_id,
        later.kind == _C.kind,
        later.channel.is_not_distinct_from(_C.channel),
        later.recipient.is_not_distinct_from(_C.recipient),
        later.item.is_not_distinct_from(_C.item),
    )
    newer = or_(
        later.decided_at > _C.decided_at,
        and_(later.decided_at == _C.decided_at, ~later.granted),
    )
    return ~exists(select(later.consent_id).where(same, newer))


def _advertising() -> ColumnElement[bool]:
    """Return what the index of these consents is made for: written out, so that it is used."""
    kinds: list[ColumnElement[str]] = [literal_column(f"'{kind}'") for kind in sorted(ADVERTISING)]
    return and_(_C.kind.in_(kinds), _C.granted, _C.recipient.is_(None), _C.item.is_(None))


def _asked_for(terms: Terms, today: date) -> ColumnElement[bool]:
    """Return whether `remind` would ask for it: else the same members came first in every run."""
    known = [
        and_(_C.kind == one.kind, _C.channel == one.channel, _C.decided_at >= one.since(today))
        for one in terms.consents
        if one.confirmed_again
    ]
    return or_(false(), *known)


def _due(terms: Terms, today_is: date) -> Select[Any]:
    """Return members with a yes that soon ends of whom nobody was told yet."""
    today = bindparam("today", type_=Date)
    first = func.to_char(func.min(_day()), literal("YYYY-MM-DD", Text))
    found = (
        select(_C.member_id, (literal(f"{TEMPLATE}:", Text) + first).label("key"))
        .where(
            _advertising(),
            _asked_for(terms, today_is),
            _C.decided_at >= bindparam("since"),
            _C.decided_at < bindparam("before"),
            or_(_C.ends_on.is_(None), _C.ends_on >= today),
            _last_word(),
        )
        .group_by(_C.member_id)
        .subquery()
    )
    told = select(outbox.c.member_id).where(
        outbox.c.member_id == found.c.member_id, outbox.c.key == found.c.key
    )
    return select(found.c.member_id).where(~told.exists()).limit(bindparam("most"))


def _ended_given(today: date, now: datetime) -> dict[str, object]:
    first = today - _NOTED_FOR
    return {
        "now": now,
        "today": today,
        "first": first,
        "ran_out": _start(confirmed_since(first)),
        "since": _start(confirmed_since(today)),
    }


@cache
def _ended() -> Insert:
    """Note each consent whose time ended lately, once: the ledger keeps a key of it."""
    now, today = bindparam("now", type_=event.c.at.type), bindparam("today", type_=Date)
    over = or_(
        and_(_C.ends_on < today, _C.ends_on >= bindparam("first", type_=Date)),
        and_(
            _advertising(),
            _C.decided_at < bindparam("since"),
            _C.decided_at >= bindparam("ran_out"),
        ),
    )
    item = case((_C.item.is_not(None), array([_C.item])))
    named = literal(f"{EventName.CONSENT_ENDED}|", Text) + cast(_C.consent_id, Text)
    key = func.sha256(func.convert_to(named, literal("UTF8", Text)))
    chosen = select(
        now, _C.member_id, literal(EventName.CONSENT_ENDED, Text), literal(value=True),
        literal(ActorKind.SYSTEM, Text), item, key,
    ).where(_C.granted, _C.decided_at.is_not(None), over, _last_word())  # fmt: skip
    columns = ["at", "member_id", "name", "allowed", "actor_kind", "items", "fold_key"]
    return insert(event).inline().from_select(columns, chosen).on_conflict_do_nothing()
