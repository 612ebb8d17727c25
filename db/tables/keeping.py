"""What is held, what was destroyed and how that was checked, and what a restore must do again.

None of these holds a personal value.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSONB

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import DestructionMethod, HoldWhy, Noted, PaperMethod, Store

_WHEN = DateTime(timezone=True)
_STAFF = "ops.staff.staff_id"

# Of a member, of a kind of row, or of a member's rows of one kind; ends by itself after `ends_on`.
hold = Table(
    "hold", DATA,
    Column("hold_id", Uuid, primary_key=True),
    Column("member_id", Uuid),
    Column("kind", Text),
    Column("why", Text, nullable=False),
    Column("reference", Text),
    Column("ends_on", Date, nullable=False),
    Column("placed_by", Uuid, ForeignKey(_STAFF)),
    Column("placed_at", _WHEN, nullable=False),
    Column("lifted_by", Uuid, ForeignKey(_STAFF)),
    Column("lifted_at", _WHEN),
    one_of("why", HoldWhy),
    CheckConstraint("member_id is not null or kind is not null", name="something"),
    CheckConstraint("(lifted_by is null) = (lifted_at is null)", name="lifted"),
    Index("ix_hold_standing", "ends_on", postgresql_where=text("lifted_at is null")),
    schema="ops",
)  # fmt: skip

# One run of the destruction by one process. Rows are gone when it is `finished`, their bytes when
# it is `vacuumed`; `left_over` is what the query for what is due found afterwards: 0.
destruction_run = Table(
    "destruction_run", DATA,
    Column("run_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    Column("started_at", _WHEN, nullable=False),
    Column("finished_at", _WHEN),
    Column("vacuumed_at", _WHEN),
    Column("verified_at", _WHEN),
    Column("left_over", BigInteger),
    Index("ix_destruction_run_open", "started_at", postgresql_where=text("verified_at is null")),
    schema="ops",
)  # fmt: skip

# Written in the transaction that destroys, so that the counts are what was committed.
destruction = Table(
    "destruction", DATA,
    Column("run_id", Uuid, ForeignKey("ops.destruction_run.run_id"), primary_key=True),
    Column("store", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("policy_version", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("on_paper", BigInteger, nullable=False, server_default="0"),
    one_of("store", Store), one_of("method", DestructionMethod),
    schema="ops",
)  # fmt: skip

# Members without rows, whose keys are still to be destroyed in the other database.
key_due = Table(
    "key_due", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

# What an import brought that was past its period already waits for the officer.
overdue_import = Table(
    "overdue_import", DATA,
    Column("import_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("planned", JSONB),
    Column("planned_at", _WHEN),
    Column("confirmed_by", Uuid, ForeignKey(_STAFF)),
    Column("confirmed_at", _WHEN),
    Index(
        "uq_overdue_import_waiting", "source", unique=True,
        postgresql_where=text("confirmed_at is null"),
    ),
    schema="ops",
)  # fmt: skip

paper_destruction = Table(
    "paper_destruction", DATA,
    Column("paper_destruction_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("forms", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("destroyed_on", Date, nullable=False),
    Column("recorded_by", Uuid, ForeignKey(_STAFF), nullable=False),
    Column("recorded_at", _WHEN, nullable=False),
    one_of("method", PaperMethod),
    CheckConstraint("forms > 0", name="some"),
    schema="ops",
)  # fmt: skip

# Copied to files outside the database; see services/journal.py.
journal = Table(
    "journal", DATA,
    Column("entry_id", Uuid, primary_key=True),
    Column("at", _WHEN, nullable=False),
    Column("kind", Text, nullable=False),
    Column("member_id", Uuid),
    Column("detail", JSONB, nullable=False),
    one_of("kind", Noted),
    Index(None, "at"),
    schema="ops",
)  # fmt: skip
