"""Clearing a value: an optional one at once, no reason asked; a required one by a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from db.declarations import ITEMS, Group, derived
from db.errors import PortalError
from db.words import N_, RequestKind, RequestState, StepWhat
from services import held_values, item_consents, requests, waiting_values
from services.holding_back import held_back

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.correction import Granted
    from services.subject import Subject

BABY: tuple[str, ...] = tuple(name for name, item in ITEMS.items() if item.group is Group.CUSTOM)
"""All that is about a pregnancy, children and babies: cleared together at one wish."""


class NotClearable(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """The item can't be cleared in this way."""


def follows(items: tuple[str, ...]) -> tuple[str, ...]:
    """Return `items` with all that is derived from them, in the order of the declarations."""
    found = set(items)
    for name in items:
        found |= derived(name)
    return tuple(name for name in ITEMS if name in found)


def at_once(subject: Subject, item: str) -> bool:
    """Return whether a wish is enough: the item is optional and nothing by law hangs on it.

    A child's birth date says until when a guardian acts for them and the child's data is protected
    (clause 9; PIPA art. 22-2), so that clearing it is decided.
    """
    if item != "birth_date":
        return free(item, None, subject.today)
    table = subject.tables.member.c
    ends = subject.connection.scalar(
        select(table.turns_14_on).where(table.member_id == subject.member_id)
    )
    return free(item, ends, subject.today)


def free(item: str, turns_14_on: date | None, today: date) -> bool:
    """Return what `at_once` does, of a member who turns 14 on that day."""
    held_back = item == "birth_date" and turns_14_on is not None and turns_14_on > today
    return not (ITEMS[item].required or held_back)


def clear(subject: Subject, items: tuple[str, ...], seq: int | None = None) -> tuple[str, ...]:
    """Clear optional items at once and return what went, with what is derived from them.

    `seq` names one value of a repeated item; nothing else goes with it then, unless it was the
    last. Raise `StepUpRequired` without a fresh verification, `NotClearable`, or `HeldBack`
    during a dispute.
    """
    subject.actor.require_verification()
    held_back(subject)
    if not all(name in ITEMS and _here(name) and at_once(subject, name) for name in items):
        raise NotClearable(N_("This can't be cleared at once. Please ask for it instead."))
    subject.second_word(StepWhat.CLEAR)
    return _clear(subject, items, seq)


def ask(subject: Subject, item: str) -> UUID:
    """Ask for a required item to be cleared, which somebody decides; return the request's id."""
    subject.actor.require_verification()
    held_back(subject)
    if item not in ITEMS or not _here(item) or at_once(subject, item):
        raise NotClearable(N_("This can be cleared at once; nobody has to decide it."))
    return requests.make(subject, RequestKind.CLEARING, item=item)


def apply(subject: Subject, request: Granted) -> None:
    """Clear what a granted request asked to be cleared; called in the deciding transaction."""
    if request.item is None:
        raise NotClearable(N_("This request names no item."))
    held_back(subject)
    _clear(subject, (request.item,), None)


def _here(item: str) -> bool:
    """Return whether the item is a value of the profile: a device is refused, a password set."""
    return item not in {"device_id", "password"}


def _clear(subject: Subject, items: tuple[str, ...], seq: int | None) -> tuple[str, ...]:
    """Clear values, and with the last one of an item its consents and all that hangs on it."""
    gone = held_values.clear(subject, items, seq)
    ended = _emptied(subject, gone) if seq is not None else items
    further = held_values.clear(subject, tuple(i for i in follows(ended) if i not in items))
    for name in (*ended, *further):
        item_consents.end_for_item(subject, name)
        if name in waiting_values.USES:
            waiting_values.forget(subject, name)
    _take_back_corrections(subject, (*ended, *further))
    return tuple(name for name in ITEMS if name in {*gone, *further})


def _emptied(subject: Subject, items: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `items` of which no value is held any more."""
    table = subject.tables.profile_value.c
    left = set(
        subject.connection.scalars(
            select(table.item).where(
                table.member_id == subject.member_id,
                table.item.in_(items),
                table.sealed.is_not(None),
            )
        )
    )
    return tuple(name for name in items if name not in left)


def _take_back_corrections(subject: Subject, items: tuple[str, ...]) -> None:
    """End requests to put right what is gone, with their proofs."""
    table = subject.tables.request.c
    rows = subject.connection.scalars(
        select(table.request_id).where(
            table.member_id == subject.member_id,
            table.item.in_(items),
            table.kind == RequestKind.CORRECTION,
            table.state == RequestState.OPEN,
        )
    ).all()
    for request_id in rows:
        requests.take_back(subject, request_id)
