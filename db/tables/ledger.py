"""The ledger: who did what to whose data. Inserted and read; no login role changes a row."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import ActorKind

event = Table(
    "event", DATA,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("member_id", Uuid),
    Column("name", Text, nullable=False),
    Column("purpose", Text),
    Column("allowed", Boolean, nullable=False),
    Column("reason", Text),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("session_id", Uuid),
    Column("case_id", Uuid),
    Column("page", Text),
    Column("items", ARRAY(Text)),
    Column("fold_key", LargeBinary),
    one_of("actor_kind", ActorKind),
    # One event per page and session in ten minutes for a member's own looks.
    UniqueConstraint("member_id", "fold_key"),
    Index(None, "member_id", "at"),
    schema="ledger",
)  # fmt: skip
