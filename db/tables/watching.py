"""What the daily look at the staff's access found, and the reviews of it by the officer."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import WatchClosed, WatchRule

_WHEN = DateTime(timezone=True)
_STAFF = "ops.staff.staff_id"

watch_finding = Table(
    "watch_finding", DATA,
    Column("finding_id", Uuid, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("staff_id", Uuid, ForeignKey(_STAFF), nullable=False),
    Column("day", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("found_at", _WHEN, nullable=False),
    Column("closed_at", _WHEN),
    Column("closed_by", Uuid, ForeignKey(_STAFF)),
    Column("closed_how", Text),
    one_of("rule", WatchRule), one_of("closed_how", WatchClosed),
    CheckConstraint(
        "(closed_at is null) = (closed_how is null) and (closed_at is null) = (closed_by is null)",
        name="closed",
    ),
    # Nobody closes what was found about themselves.
    CheckConstraint("closed_by <> staff_id", name="another"),
    UniqueConstraint("rule", "staff_id", "day"),
    schema="ops",
)  # fmt: skip

# Days that were looked at: each once.
watched = Table(
    "watched", DATA,
    Column("day", Date, primary_key=True),
    Column("at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

access_review = Table(
    "access_review", DATA,
    Column("review_id", Uuid, primary_key=True),
    Column("reviewed_on", Date, nullable=False),
    Column("reviewed_by", Uuid, ForeignKey(_STAFF), nullable=False),
    Column("reviewed_at", _WHEN, nullable=False),
    Column("note", Text, nullable=False),
    CheckConstraint("note <> ''", name="said"),
    schema="ops",
)  # fmt: skip
