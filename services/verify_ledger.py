"""Checks the ledger against its seals, and names every event that was changed, lost or slipped in.

An event that no seal lists waits for the next seal if that may list it (see `Seal.reach`);
otherwise somebody added it. Memory stays flat: events are read a part (1,024) at a time, the next
part while this one is hashed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from sqlalchemy import func, select

from db.tables.ledger import event as events
from db.tables.ledger import seal_part as parts
from services import leaf, merkle, seal_chain
from services.seal_chain import Finding, What

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    import psycopg
    from sqlalchemy import Connection

    from db.seal_keys import Verifier
    from services.seal import Seal


class _Key(NamedTuple):
    """A part as its columns announce it."""

    day: date
    part: int
    first: int
    last: int


class _Part(NamedTuple):
    """A part as it is stored, and the events found in its range, in the order of their ids.

    `listed` and `found` are event ids; neither is sent where the two are the same.
    """

    key: _Key
    size: int
    ends: list[int]
    leaves: bytes
    root: bytes
    listed: list[int] | None
    found: list[int] | None
    contents: list[bytes] | None


_PART = f"""
    select cardinality(p.event_ids),
      array[p.event_ids[1], p.event_ids[cardinality(p.event_ids)]], p.leaves, p.root,
      case when f.ids is distinct from p.event_ids then p.event_ids end,
      case when f.ids is distinct from p.event_ids then coalesce(f.ids, '{{}}') end, f.contents
    from ledger.seal_part p, lateral (
      select array_agg(event_id) ids, array_agg(leaf) contents from (
        select event_id, {leaf.SQL} leaf from ledger.event
        where event_id between %s and %s order by event_id) e) f
    where p.day = %s and p.part = %s"""  # noqa: S608 (constants)
_STRANGERS = """
    select array_agg(event_id order by event_id) from ledger.event e
    where {which} and at < %s and not exists (
      select from ledger.seal_part p
      where p.first_event_id <= e.event_id and p.last_event_id >= e.event_id
        and e.event_id = any (p.event_ids))"""


class Check:
    """One reading of the events, in one transaction; `events` counts those that seals list.

    Give it a connection of repeatable reads, so that a seal made meanwhile changes nothing.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare to read over `connection`."""
        self.connection = connection
        self.seals = seal_chain.read(connection)
        self.events = 0
        self._covered = -(2**63)
        self._driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]

    def all(
        self, verifier: Verifier, now: datetime, copies: Iterable[Seal] = ()
    ) -> Iterator[Finding]:
        """Give everything that is wrong: seals, chain, copies, then events."""
        yield from seal_chain.chain(self.seals, verifier)
        yield from seal_chain.against(self.seals, copies)
        yield from seal_chain.overdue(self.seals, now)
        yield from self.findings()

    def waiting(self) -> int:
        """Return how many events no seal lists yet."""
        total = self.connection.scalar(select(func.count()).select_from(events))
        return int(total or 0) - self.events

    def findings(self) -> Iterator[Finding]:
        """Give what is wrong with the events and the lists of them."""
        known = {one.day: one for one in self.seals}
        for day, found in groupby(self._parts(), lambda part: part.key.day):
            yield from self._day(day, known.pop(day, None), found)
        for day, one in known.items():
            if one.events or one.root != merkle.EMPTY:
                yield Finding(What.ROOT, day)
        yield from self._added("event_id > %s", self._covered)

    def _parts(self) -> Iterator[_Part]:
        """Give the parts in order; the database reads the next while this one is looked at."""
        columns = (parts.c.day, parts.c.part, parts.c.first_event_id, parts.c.last_event_id)
        announced = select(*columns).order_by(*columns[:2])
        keys = [_Key(*row) for row in self.connection.execute(announced)]
        with ThreadPoolExecutor(1) as ahead:
            coming = [ahead.submit(self._fetch, key) for key in keys[:1]]
            for following in keys[1:]:
                coming.append(ahead.submit(self._fetch, following))
                yield coming.pop(0).result()
            yield from (one.result() for one in coming)

    def _fetch(self, key: _Key) -> _Part:
        # From the end of what was read before: nothing between two parts stays unseen.
        low = min(key.first, self._covered + 1)
        self._covered = max(self._covered, key.last)
        return _Part(key, *self._ask(_PART, (low, key.last, key.day, key.part)))

    def _day(self, day: date, one: Seal | None, found: Iterable[_Part]) -> Iterator[Finding]:
        roots, count, first, last = b"", 0, None, None
        for number, part in enumerate(found):
            yield from self._part(part, number)
            roots += part.root
            count += part.size
            first, last = part.key.first if first is None else first, part.key.last
        self.events += count
        stated = (one.root, one.events, one.first_event_id, one.last_event_id) if one else ()
        if stated != (merkle.root(roots), count, first, last):
            yield Finding(What.ROOT, day)

    def _part(self, part: _Part, number: int) -> Iterator[Finding]:
        if not _sound(part, number):
            yield Finding(What.LIST, part.key.day, (part.key.first, part.key.last))
        leaves = [merkle.leaf(content) for content in part.contents or ()]
        if part.found is not None or b"".join(leaves) != part.leaves:
            yield from self._named(part, leaves)

    def _named(self, part: _Part, leaves: list[bytes]) -> Iterator[Finding]:
        """Give each event by which a part differs from what is there."""
        listed = part.listed if part.listed is not None else self._ids(part)
        found = dict(zip(part.found if part.found is not None else listed, leaves, strict=True))
        size = merkle.HASH_BYTES
        for place, event_id in enumerate(listed):
            sealed = part.leaves[place * size : (place + 1) * size]
            if event_id not in found:
                yield Finding(What.MISSING, part.key.day, (event_id,))
            elif found[event_id] != sealed:
                yield Finding(What.CHANGED, part.key.day, (event_id,))
        if strangers := sorted(found.keys() - set(listed)):
            yield from self._added("event_id = any (%s)", strangers)

    def _ids(self, part: _Part) -> list[int]:
        listed = select(parts.c.event_ids)
        one = (parts.c.day == part.key.day, parts.c.part == part.key.part)
        return list(self.connection.scalars(listed.where(*one)).one())

    def _ask(self, sql: LiteralString, given: tuple[object, ...]) -> tuple[Any, ...]:
        """Return one row. A cursor each: two threads ask over the one connection, in turn."""
        with self._driver.cursor(binary=True) as cursor:
            row: tuple[Any, ...] | None = cursor.execute(sql, given).fetchone()
        return row or ()

    def _added(self, which: LiteralString, value: object) -> Iterator[Finding]:
        """Give the events among `which` that no seal lists and none may list any more."""
        if not self.seals:
            return
        sql = _STRANGERS.format(which=which)
        (ids,) = self._ask(sql, (value, self.seals[-1].reach))
        for event_id in ids or ():
            yield Finding(What.ADDED, None, (event_id,))


def _sound(part: _Part, number: int) -> bool:
    """Return whether a part's columns agree with each other; its root is checked by the seal's."""
    listed = part.listed or []
    return (
        part.key.part == number
        and len(part.leaves) == merkle.HASH_BYTES * part.size
        and part.ends == [part.key.first, part.key.last]
        and all(a < b for a, b in pairwise(listed))
        and merkle.root(part.leaves) == part.root
    )
