"""Whom we may contact: the set-based twin of `use.decide_contact`, for all members at once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    or_,
    select,
)

from db import consent_terms
from db.clock import SEOUL, seoul_day
from db.consent_terms import ALWAYS
from db.declarations import ITEMS, Basis
from db.tables.member import LIVE
from db.words import RIGHTS, Channel, ConsentKind, Purpose
from services import guarding, use

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Table

    from db.consent_terms import Term, Terms


def audience(
    purpose: Purpose, channel: Channel, at: datetime, terms: Terms | None = None
) -> Select[tuple[UUID]]:
    """Return the ids of active members who may be contacted at an instant; run it as the worker.

    They hold a value there that is neither cleared nor refused, and `use.decide_contact` says yes
    for each of them: purpose, restriction, guardian's proof, consents that count and have not ended
    (network act art. 50; clause 9). `terms`: those in force on that day, unless given. It reads
    only the live store, since nobody who sleeps or left is contacted through it.
    """
    today = seoul_day(at)
    chosen = select(LIVE.member.c.member_id).where(_reached(channel))
    if purpose not in use.contact_purposes(channel):
        return chosen.where(false())
    if purpose in RIGHTS:
        return chosen
    item = use.CARRIERS[channel]
    needed = _needed(purpose, channel, at, terms or consent_terms.in_force(today))
    if needed is None:
        return chosen.where(false())
    chosen = chosen.where(~_store_only(today), ~_restricted(item, purpose, today))
    if needed:
        chosen = chosen.where(LIVE.member.c.member_id.in_(_agreed(needed, today)))
    kind = ConsentKind.DEVICE if channel is Channel.PUSH else ConsentKind.COLLECTION
    if channel is Channel.PUSH or ITEMS[item].basis is Basis.CONSENT:
        chosen = chosen.where(LIVE.member.c.member_id.not_in(_ended(kind, item, today)))
    return chosen


def _needed(
    purpose: Purpose, channel: Channel, at: datetime, terms: Terms
) -> tuple[Term, ...] | None:
    """Return the consents that a message needs, with all that they need; None: one is unknown."""
    keys: list[tuple[ConsentKind, Channel | None]] = [
        (kind, None) for kind in use.needed_consents(use.CARRIERS[channel], purpose)
    ]
    keys += [(kind, channel) for kind in use.channel_kinds(channel, purpose, at)]
    if any(key not in terms.by_kind for key in keys):
        return None
    found = (one for key in keys for one in terms.together[terms.by_kind[key].id])
    return tuple({one.id: one for one in found}.values())


def _of_member(table: Table) -> ColumnElement[bool]:
    return table.c.member_id == LIVE.member.c.member_id


def _reached(channel: Channel) -> ColumnElement[bool]:
    """Return whether there is a value by which the channel reaches the member."""
    if channel is Channel.PUSH:
        device = LIVE.device
        return (
            select(device.c.member_id).where(_of_member(device), device.c.sealed.is_not(None))
        ).exists()
    value = LIVE.profile_value
    held = select(value.c.member_id).where(
        _of_member(value),
        value.c.item == use.CARRIERS[channel],
        value.c.seq == 0,
        value.c.sealed.is_not(None),
    )
    return held.exists()


def _store_only(today: date) -> ColumnElement[bool]:
    """Return whether the member's data may be kept only (P41)."""
    return guarding.store_only(LIVE, today)


def _restricted(item: str, purpose: Purpose, today: date) -> ColumnElement[bool]:
    """Return whether the use is stopped today; see `use.open_restrictions`."""
    table, tomorrow = LIVE.restriction, datetime.combine(today + timedelta(days=1), time(), SEOUL)
    return (
        select(table.c.member_id)
        .where(
            _of_member(table),
            table.c.ended_at.is_(None),
            table.c.started_at < tomorrow,
            or_(table.c.item.is_(None), table.c.item == item),
            or_(table.c.purpose.is_(None), table.c.purpose == purpose),
        )
        .exists()
    )


def _agreed(needed: tuple[Term, ...], today: date) -> Select[Any]:
    """Return who agreed to every consent: the latest record of each is a yes that counts.

    One pass: of each consent the latest yes that counts must be later than the latest record that
    is none. Of several at one instant the strictest decides, as `use.latest` has it.
    """
    row = LIVE.consent.c
    ours = {term.id: _about(term) for term in needed}
    agreed = [_later(ours[term.id], _counts(term, today)) for term in needed]
    return (
        select(row.member_id)
        .where(or_(*ours.values()), row.decided_at.is_not(None))
        .group_by(row.member_id)
        .having(and_(*agreed))
    )


def _about(term: Term) -> ColumnElement[bool]:
    row = LIVE.consent.c
    channel = row.channel == term.channel if term.channel else row.channel.is_(None)
    return and_(row.kind == term.kind, channel, row.recipient.is_(None), row.item.is_(None))


def _counts(term: Term, today: date) -> ColumnElement[bool]:
    row = LIVE.consent.c
    still = or_(row.ends_on.is_(None), row.ends_on >= today)
    since = term.since(today)
    own = ~guarding.paused(LIVE, row, today)
    return and_(row.granted, still, own, *([row.decided_at >= since] if since > ALWAYS else []))


def _later(about: ColumnElement[bool], yes: ColumnElement[bool]) -> ColumnElement[bool]:
    at = func.max(LIVE.consent.c.decided_at)
    return at.filter(about, yes) > func.coalesce(at.filter(about, ~yes), ALWAYS)


def _ended(kind: ConsentKind, item: str, today: date) -> Select[Any]:
    """Return who ended the item: refused or withdrew it, or let its time run out.

    As `consent_state.Book.ended`: a record of the very item counts before one of everything, unless
    everything was withdrawn after it. Only a no may be undated.
    """
    row = LIVE.consent.c
    own, every = row.item == item, row.item.is_(None)
    over = or_(~row.granted, func.coalesce(row.ends_on < today, false()))
    when = func.max(func.coalesce(row.decided_at, ALWAYS))
    no_own, yes_own = when.filter(own, over), when.filter(own, ~over)
    no_all, yes_all = when.filter(every, over), when.filter(every, ~over)
    withdrawn = when.filter(every, ~row.granted)
    agreed_all = func.coalesce(when.filter(every, row.granted), ALWAYS)
    ended_all = and_(withdrawn > yes_own, withdrawn >= agreed_all)
    by_own = func.coalesce(no_own >= func.coalesce(yes_own, ALWAYS), false())
    by_all = func.coalesce(no_all >= func.coalesce(yes_all, ALWAYS), false())
    return (
        select(row.member_id)
        .where(
            row.kind == kind, row.channel.is_(None), row.recipient.is_(None), or_(own, every),
            or_(row.decided_at.is_not(None), ~row.granted),
        )
        .group_by(row.member_id)
        .having(
            or_(
                by_own,
                and_(yes_own.is_(None), by_all),
                and_(yes_own.is_not(None), func.coalesce(ended_all, false())),
            )
        )
    )  # fmt: skip
