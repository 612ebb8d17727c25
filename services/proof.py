"""Proofs: that a member's events stand in the ledger as they stood when their day was sealed.

A proof is JSON with each event's leaf, its path to a seal's root, those seals, the newest seal and
the public key. It can be checked without a database, years later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from db.errors import PortalError
from db.tables.ledger import event as events
from db.tables.ledger import seal as seals
from db.tables.ledger import seal_part as parts
from db.words import N_
from services import later, leaf, merkle, seal
from services.seal import PART, Seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, RowMapping

    from db.seal_keys import Verifier
    from services.whose import Whose

FORMAT = 1


class ProofError(PortalError):
    """A proof can't be made, or proves nothing."""


@dataclass(frozen=True)
class Proved:
    """What a proof proves: the events in plain words, sealed for which days, as of which seal."""

    events: tuple[dict[str, Any], ...]
    days: tuple[date, ...]
    head: date


def take(subject: Whose, day: date, verifier: Verifier) -> dict[str, Any]:
    """Return the proof of the member's events of a day in Seoul: five queries.

    Raise `ProofError` before the day is sealed, and when the ledger and its seal disagree.
    """
    connection = subject.connection
    head = seal.latest(connection)
    found = _leaves(subject, day)
    # An event whose transaction ended late is in the next day's seal.
    days = (day, day + timedelta(days=1))
    listed = dict(_listed(connection, days, found))
    if head is None or not listed:
        raise ProofError(N_("This day is not sealed yet. Please come back tomorrow."))
    needed = select(seals).where(seals.c.day.in_(days)).order_by(seals.c.day)
    made = {
        "jikim_proof": FORMAT,
        "events": [
            {"event": leaf.read(found[i]), "leaf": found[i].hex(), **listed[i]}
            for i in sorted(listed)
        ],
        "seals": [seal.from_row(row).as_json() for row in connection.execute(needed).mappings()],
        "head": head.as_json(),
        "public_key": verifier.public.hex(),
    }
    check(made, verifier)
    return made


def _leaves(subject: Whose, day: date) -> dict[int, bytes]:
    rows = subject.connection.execute(
        select(events.c.event_id, leaf.LEAF).where(
            events.c.member_id == subject.member_id,
            events.c.at >= seal.ends(day - timedelta(days=1)),
            events.c.at < seal.ends(day),
            later.shown(subject.tables.store),
        ),
        {"member": subject.member_id, "today": subject.today, "guardian": subject.guardian},
    )
    return {row.event_id: row.leaf for row in rows}


def _listed(
    connection: Connection, days: tuple[date, ...], found: dict[int, bytes]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give where each event stands: the seal's day, the place in its list, the path to its root."""
    roots: dict[date, bytes] = {}
    columns = (parts.c.day, parts.c.part, parts.c.root)
    whole = select(*columns).where(parts.c.day.in_(days)).order_by(parts.c.day, parts.c.part)
    for row in connection.execute(whole).mappings():
        roots[row["day"]] = roots.get(row["day"], b"") + row["root"]
    some = parts.c.day.in_(days) & parts.c.event_ids.overlap(list(found))
    for row in connection.execute(select(parts).where(some)).mappings():
        above = merkle.path(roots[row["day"]], row["part"])
        for place, event_id in enumerate(row["event_ids"]):
            if event_id in found:
                yield event_id, _place(row, place, above)


def _place(row: RowMapping, place: int, above: list[bytes]) -> dict[str, Any]:
    steps = [*merkle.path(row["leaves"], place), *above]
    return {
        "seal": str(row["day"]),
        "index": row["part"] * PART + place,
        "path": [step.hex() for step in steps],
    }


def load(path: Path) -> dict[str, Any]:
    """Return the proof of a file. Raise `ProofError` when it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ProofError(N_("The file {file} is no proof."), file=path.name) from None
    if not isinstance(found, dict) or found.get("jikim_proof") != FORMAT:
        raise ProofError(N_("The file {file} is no proof."), file=path.name)
    return found


def check(given: dict[str, Any], verifier: Verifier) -> Proved:
    """Return what a proof proves under a key that one trusts. Raise `ProofError` otherwise."""
    try:
        known = {one.day: one for one in map(seal.from_json, given["seals"])}
        head = seal.from_json(given["head"])
        for one in (*known.values(), head):
            _signed(one, verifier)
        proved = tuple(_proved(entry, known) for entry in given["events"])
        days = tuple(sorted({date.fromisoformat(entry["seal"]) for entry in given["events"]}))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProofError(N_("Something is missing in this proof.")) from None
    if not proved or head.day < max(days):
        raise ProofError(N_("Something is missing in this proof."))
    return Proved(proved, days, head.day)


def _signed(one: Seal, verifier: Verifier) -> None:
    if one.key_id != verifier.key_id:
        raise ProofError(
            N_("This proof was signed with another key than {key}."), key=verifier.key_id
        )
    if not verifier.signed(one.statement, one.signature):
        raise ProofError(N_("The seal of {day} in this proof was changed."), day=one.day)


def _proved(entry: dict[str, Any], known: dict[date, Seal]) -> dict[str, Any]:
    content, one = bytes.fromhex(entry["leaf"]), known[date.fromisoformat(entry["seal"])]
    steps = [bytes.fromhex(step) for step in entry["path"]]
    event = leaf.read(content)
    root = merkle.climb(merkle.leaf(content), entry["index"], one.events, steps)
    if root != one.root or event != entry["event"]:
        raise ProofError(
            N_("Event {event} does not match the seal of {day}."),
            event=event["event_id"],
            day=one.day,
        )
    return event
