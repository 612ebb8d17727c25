"""The ledger: who did what to whose data. Inserted and read; no login role changes a row."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
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
    Index(None, "at", postgresql_using="brin"),
    schema="ledger",
)  # fmt: skip

# The seal of a day in Seoul; see services/seal.py for what it states.
seal = Table(
    "seal", DATA,
    Column("day", Date, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("first_event_id", BigInteger),
    Column("last_event_id", BigInteger),
    Column("root", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    schema="ledger",
)  # fmt: skip

# What a seal lists, in parts: ids and leaf hashes, so that a changed event can be named.
seal_part = Table(
    "seal_part", DATA,
    Column("day", Date, ForeignKey("ledger.seal.day", deferrable=True, initially="DEFERRED"),
           primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("first_event_id", BigInteger, nullable=False),
    Column("last_event_id", BigInteger, nullable=False),
    Column("event_ids", ARRAY(BigInteger), nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    schema="ledger",
)  # fmt: skip
