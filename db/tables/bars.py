"""Bars: who may not join again after leaving, why and until when; and how often that was asked.

Neither holds a personal value (policy 2021-03-15, clauses 1.2 and 3.1; P40).
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import BarKept, BarWhy

_WHEN = DateTime(timezone=True)
_STAFF = "ops.staff.staff_id"

# It says no until the day `ends_on` is over, unless it is lifted; then the row goes. `known_by`
# names the kinds of digest in `keys.barred`: None until they have been copied there. No foreign key
# to the member, who may leave: that is what a bar is for.
bar = Table(
    "bar", DATA,
    Column("bar_id", Uuid, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("why", Text, nullable=False),
    Column("placed_by", Uuid, ForeignKey(_STAFF), nullable=False),
    Column("placed_at", _WHEN, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("known_by", ARRAY(Text)),
    Column("objected_at", _WHEN),
    Column("answered_by", Uuid, ForeignKey(_STAFF)),
    Column("answered_at", _WHEN),
    Column("kept_why", Text),
    Column("lifted_by", Uuid, ForeignKey(_STAFF)),
    Column("lifted_at", _WHEN),
    one_of("why", BarWhy), one_of("kept_why", BarKept),
    CheckConstraint("(answered_by is null) = (answered_at is null)", name="answered"),
    CheckConstraint("answered_at is null or objected_at is not null", name="asked_first"),
    CheckConstraint("kept_why is null or answered_at is not null", name="kept"),
    CheckConstraint(
        "answered_at is null or kept_why is not null or lifted_at is not null", name="reasoned"
    ),
    CheckConstraint("(lifted_by is null) = (lifted_at is null)", name="lifted"),
    Index("uq_bar_standing", "member_id", unique=True, postgresql_where=text("lifted_at is null")),
    Index(None, "ends_on"),
    schema="ops",
)  # fmt: skip

# How often a system of ours asked whether somebody may join, and how often the answer was no.
joining_check = Table(
    "joining_check", DATA,
    Column("company_id", Text, ForeignKey("ops.company.company_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("asked", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    schema="ops",
)  # fmt: skip
