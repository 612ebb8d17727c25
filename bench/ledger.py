"""`verify-ledger` beside SHA-256 over the same bytes: each leaf, and each node of the tree."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from bench.installation import NOW
from bench.timing import beside
from db import seal_keys
from db.tables.ledger import event
from services import daily, leaf, merkle, verify_ledger

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.timing import Measure

EVENTS = 200_000
_EVENTS = text(
    "insert into ledger.event (at, member_id, name, purpose, allowed, actor_kind, actor_id, "
    "session_id, page, items) select :start + n * interval '1 second', gen_random_uuid(), "
    "'profile_viewed', 'show', true, 'self', gen_random_uuid(), gen_random_uuid(), '/my-data', "
    "array['nickname', 'email'] from generate_series(1, :count) n"
)


def measure(place: Installation) -> Measure:
    """Return the time to check all seals and all events of three days."""
    with place.work.data.begin() as connection:
        start = NOW - timedelta(seconds=EVENTS, days=1)
        connection.execute(_EVENTS, {"start": start, "count": EVENTS})
    with tempfile.TemporaryDirectory() as folder:
        seal_keys.create(Path(folder) / "keys")
        daily.run(place.work.data, Path(folder), NOW, NOW)
        verifier = seal_keys.verifier(Path(folder) / "keys" / seal_keys.PUBLIC)
    with place.work.data.connect() as connection:
        leaves = list(connection.scalars(select(leaf.LEAF).select_from(event)))

    def check() -> None:
        with place.work.data.connect() as connection:
            found = list(verify_ledger.Check(connection).all(verifier, NOW))
        if found:
            raise RuntimeError(found[0])

    def hashes() -> None:
        merkle.root(b"".join([merkle.leaf(one) for one in leaves]))

    return beside(check, hashes, rounds=9, warm=1)
