"""Populating, beside COPY of as many rows that were sealed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from bench.timing import Measure, in_turn
from db import copying, populate
from db.clock import now
from db.tables import keys
from db.tables.member import LIVE

if TYPE_CHECKING:
    from bench.installation import Installation
    from db.writer import Row

MEMBERS = 1000
ROUNDS = 4


def measure(place: Installation) -> Measure:
    """Return the time of 1,000 members with 10 records: made up, sealed, stored; and COPY alone."""
    at = now()
    sealed = [list(_sealed(place, seed)) for seed in range(100, 100 + ROUNDS + 1)]
    ready, seeds = iter(sealed), iter(range(200, 200 + ROUNDS + 1))

    def whole() -> None:
        populate.populate(
            place.work, place.keyring, MEMBERS, seed=next(seeds), records=10, now=at,
            progress=lambda _done: None,
        )  # fmt: skip

    mine, bare = in_turn([whole, lambda: _copy(place, next(ready))], ROUNDS, warm=1)
    return Measure.of(mine, bare)


def _sealed(place: Installation, seed: int) -> list[dict[str, list[Row]]]:
    return list(populate.batches(place.keyring, MEMBERS, seed, 10, now()))


def _copy(place: Installation, batches: list[dict[str, list[Row]]]) -> None:
    """Copy straight into the tables, as their owner, whom row-level security lets."""
    for tables in batches:
        for engine, targets in (
            (place.owner.keys, (keys.member_key, keys.blind_index)),
            (place.owner.data, LIVE.all),
        ):
            with engine.begin() as connection, copying.driver(connection).cursor() as cursor:
                for table in targets:
                    if rows := tables.get(table.name):
                        target = sql.Identifier(str(table.schema), table.name)
                        copying.write(cursor, target, table, rows)
