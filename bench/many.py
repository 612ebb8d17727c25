"""What many members and many sessions cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bench import crowd, serving
from bench.installation import installation, member
from bench.tab import Place, Tab
from bench.timing import Measure, in_turn
from db import populate
from db.clock import now
from db.tables.member import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from bench.installation import Installation

STOCK_LEVELS = (30, 45, 60, 80, 100)
OWN_LEVELS = (120, 180, 240, 320, 400, 500, 640, 800, 1000, 1200)
FEW = 1200
_ROUNDS = 200


def fill(place: Installation, count: int, seed: int, records: int = 3) -> None:
    """Add made-up members."""
    populate.populate(
        place.work, place.keyring, count, seed=seed, records=records, now=now(),
        progress=lambda _done: None,
    )  # fmt: skip


def people(place: Installation, count: int) -> Sequence[UUID]:
    """Return that many members."""
    with place.work.data.connect() as data:
        return data.scalars(select(LIVE.member.c.member_id).limit(count)).all()


def sessions(place: Installation, ours: str, stock: str) -> dict[str, Measure]:
    """Return how many sessions each holds: ours on the overview, each somebody else's."""
    print("  a stock server, an empty page", flush=True)
    floor = crowd.held([Place(stock)], list(STOCK_LEVELS))
    print("  ours, the overview", flush=True)
    places = [Place(ours, "", place.sign_in(person)) for person in people(place, FEW)]
    own = crowd.held(places, list(OWN_LEVELS))
    ratio = round(own / floor, 2) if floor else 0.0
    return {"sessions_held_beside_stock": Measure(own, floor, ratio, "sessions")}


def growth(place: Installation, ours: str, more: int) -> dict[str, Measure]:
    """Return the median overview among `more` members, beside that among few.

    In two installations, in turn: the one minute may differ more from another than many from few.
    """
    with installation() as crowded, serving.portal(crowded.var) as theirs:
        fill(crowded, more, seed=3, records=1)
        with (
            Tab(_overview(crowded, theirs)) as among_many,
            Tab(_overview(place, ours)) as among_few,
        ):
            medians = in_turn([among_many.rerun, among_few.rerun], _ROUNDS)
    return {f"overview_among_{more}_members": Measure.of(*medians)}


def _overview(place: Installation, server: str) -> Place:
    somebody = member(records=1000)
    place.join([somebody])
    place.settle()
    return Place(server, "", place.sign_in(somebody.member_id))
