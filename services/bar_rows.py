"""The rows of bars as a member's pages ask for them; what they mean is in `services.bars`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Date, Uuid, bindparam, select

from db.tables.bars import bar

_STANDS: Final = (
    bar.c.member_id == bindparam("member", type_=Uuid),
    bar.c.lifted_at.is_(None),
    bar.c.ends_on >= bindparam("today", type_=Date),
)
STANDING: Final = select(
    bar.c.bar_id, bar.c.why, bar.c.placed_at, bar.c.ends_on, bar.c.known_by, bar.c.objected_at,
    bar.c.answered_at, bar.c.kept_why, bar.c.lifted_at,
).where(*_STANDS)  # fmt: skip
"""The bar that stands against a member, if any; it takes `member` and `today`."""
UNTIL: Final = select(bar.c.ends_on.label("barred_until")).where(*_STANDS)
"""Its last day alone."""
