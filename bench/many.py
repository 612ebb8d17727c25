"""What many members and many sessions cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bench import crowd, pages, serving
from bench.installation import installation
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
    """Return the median of each page of a member among `more` members, beside that among few.

    In two installations, in turn: the one minute may differ more from another than many from few.
    """
    with installation() as crowded, serving.portal(crowded.var) as theirs:
        fill(crowded, more, seed=3, records=1)
        return {
            f"{path.replace('-', '_') or 'overview'}_among_{more}_members": _grown(
                _somebody(crowded, theirs, path), _somebody(place, ours, path)
            )
            for path in pages.MEMBER_PAGES
        }


def _grown(many: Place, few: Place) -> Measure:
    with Tab(many) as among_many, Tab(few) as among_few:
        return Measure.of(*in_turn([among_many.rerun, among_few.rerun], _ROUNDS))


def _somebody(place: Installation, server: str, path: str) -> Place:
    """Return a page as a member with many records sees it."""
    return Place(server, path, pages.cookie(place))
