"""Leaving and coming back with 10,000 records, beside one UPDATE of the same rows.

The UPDATE rewrites the records alone. Leaving opens each that stays and seals it anew, and lets the
old key leave the files; coming back moves every row from one store to the other.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, text

from bench.due import milliseconds
from bench.installation import NOW, member
from bench.timing import Measure
from db import seal_keys, writer
from db.tables.moves import move
from db.words import MoveKind, Store
from services import journal_file, waking, withdrawing
from services.house import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from bench.installation import Installation

    Found = dict[str, Measure]

RECORDS, ROUNDS = 10_000, 5
_UPDATE = text("update live.record set sealed = sealed where member_id = :who")
_ASLEEP = text("update dormant.record set sealed = sealed where member_id = :who")


class Moving:
    """A worker's process, and members whom it moves."""

    def __init__(self, place: Installation) -> None:
        """Take an installation."""
        self._place, self._house = place, House(place.work, place.keyring)
        seal_keys.create(place.var / "keys")
        self._signer = seal_keys.signer(place.var / "keys")

    def join(self, store: Store) -> UUID:
        """Write a member with that many records."""
        one = member(RECORDS)
        with self._place.work.keys.begin() as keys, self._place.work.data.begin() as data:
            writer.write(data, keys, self._place.keyring, [one], store)
        return one.member_id

    def ask(self, who: UUID, kind: MoveKind) -> None:
        """Leave a wish as the page does."""
        row: dict[str, object] = {
            "member_id": who, "kind": kind, "asked_at": NOW, "actor_kind": "self",
            "actor_id": who, "session_id": uuid4(), "language": "ko",
        }  # fmt: skip
        if kind is MoveKind.WITHDRAW:
            row |= {"number_digest": uuid4().bytes, "secret_digest": uuid4().bytes}
        with self._place.owner.data.begin() as data:
            data.execute(insert(move).values(row))

    def leave(self, who: UUID) -> None:
        """Do what a leaver asked for."""
        withdrawing.withdraw(self._house, self._signer, who, NOW)

    def wake(self, who: UUID) -> None:
        """Do what a sleeper asked for."""
        waking.wake(self._house, who, NOW)

    def update(self, store: Store, who: UUID) -> None:
        """Write each record's row anew."""
        with self._place.work.data.begin() as data:
            data.execute(_UPDATE if store is Store.LIVE else _ASLEEP, {"who": who})


def measure(place: Installation) -> Found:
    """Return both, each with members of its own in every round."""
    moving = Moving(place)
    journal_file.open_in(place.var)
    found = {
        "leaving": _times(moving, Store.LIVE, MoveKind.WITHDRAW, moving.leave),
        "waking": _times(moving, Store.DORMANT, MoveKind.REACTIVATE, moving.wake),
    }
    journal_file.close()
    return {f"{name}_beside_one_update": one for name, one in found.items()}


def _times(moving: Moving, store: Store, kind: MoveKind, work: Callable[[UUID], None]) -> Measure:
    pairs = []
    for _ in range(ROUNDS):
        ours, bare = moving.join(store), moving.join(store)
        moving.ask(ours, kind)
        taken = milliseconds(partial(work, ours))
        pairs.append((taken, milliseconds(partial(moving.update, store, bare))))
    value, floor = (median(column) for column in zip(*pairs, strict=True))
    return Measure.of(value, floor)
