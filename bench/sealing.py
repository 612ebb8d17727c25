"""Sealing: writing new members, beside inserting the rows of others that were sealed before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from bench.installation import member
from bench.timing import beside
from db.tables import keys
from db.tables.member import LIVE

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine, Table

    from bench.installation import Installation
    from bench.timing import Measure

    Rows = list[tuple[Engine, Table, list[dict[str, Any]]]]

MEMBERS = 500
ROUNDS = 5


def measure(place: Installation) -> Measure:
    """Return the time of writing 500 members, and of inserting as many that were sealed before."""
    ready = iter([_sealed_before(place) for _ in range(ROUNDS + 1)])
    drafts = iter([[member(records=5) for _ in range(MEMBERS)] for _ in range(ROUNDS + 1)])
    return beside(
        lambda: place.join(next(drafts)), lambda: _insert(next(ready)), rounds=ROUNDS, warm=1
    )


def _sealed_before(place: Installation) -> Rows:
    """Write members, take their rows out again and return them, ready to be put back."""
    drafts = [member(records=5) for _ in range(MEMBERS)]
    place.join(drafts)
    ids = [draft.member_id for draft in drafts]
    engines = [(place.work.keys, (keys.member_key, keys.blind_index)), (place.work.data, LIVE.all)]
    found = [
        (engine, table, _rows(engine, table, ids)) for engine, tables in engines for table in tables
    ]
    # The last first, since a member takes all that hangs on them along.
    for engine, table, _ in reversed(found):
        with engine.begin() as connection:
            connection.execute(delete(table).where(table.c.member_id.in_(ids)))
    return found


def _rows(engine: Engine, table: Table, ids: list[UUID]) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        chosen = select(table).where(table.c.member_id.in_(ids))
        return [dict(row) for row in connection.execute(chosen).mappings()]


def _insert(found: Rows) -> None:
    """Insert all rows, in one transaction for each database."""
    for engine in dict.fromkeys(engine for engine, _, _ in found):
        with engine.begin() as connection:
            for _, table, rows in (part for part in found if part[0] is engine and part[2]):
                connection.execute(insert(table), rows)
