"""Moves between stores: what a separation rests on, what was asked for, what leaving left."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
    true,
)

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import ActorKind, MoveKind

_WHEN = DateTime(timezone=True)

# The database itself refuses a separation without a notice by e-mail that was taken by the mail
# server, did not bounce (not later either, checked at commit) and is old enough, and before the day
# that the notice named, whatever the policy says by then (clause 3.3; P10).
separation = Table(
    "separation", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("notice_id", Uuid, nullable=False),
    Column("template", Text, nullable=False, server_default="dormancy_notice"),
    Column("channel", Text, nullable=False, server_default="email"),
    Column("noticed_at", _WHEN, nullable=False),
    Column("accepted", Boolean, nullable=False, server_default=true()),
    Column("notice_days", Integer, nullable=False),
    Column("last_counted_on", Date, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("separated_at", _WHEN, nullable=False),
    Column("sleeps_on", Date, nullable=False),
    CheckConstraint("template = 'dormancy_notice' and channel = 'email'", name="by_email"),
    CheckConstraint("accepted", name="accepted"),
    CheckConstraint(
        "notice_days >= 30 and separated_at >= noticed_at + notice_days * interval '24 hours'",
        name="old_enough",
    ),
    CheckConstraint(
        "(separated_at at time zone 'Asia/Seoul')::date >= sleeps_on", name="not_before_told"
    ),
    ForeignKeyConstraint(
        ["member_id", "notice_id", "template", "channel", "noticed_at", "accepted", "sleeps_on"],
        ["ops.outbox.member_id", "ops.outbox.message_id", "ops.outbox.template",
         "ops.outbox.channel", "ops.outbox.sent_at", "ops.outbox.accepted",
         "ops.outbox.sleeps_on"],
        name="fk_separation_notice", deferrable=True, initially="DEFERRED",
    ),
    schema="ops",
)  # fmt: skip

# What somebody confirmed on a page and the worker does; the row goes when it is done.
move = Table(
    "move", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("asked_at", _WHEN, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("case_id", Uuid),
    Column("language", Text, nullable=False),
    Column("number_digest", LargeBinary),
    Column("secret_digest", LargeBinary),
    one_of("kind", MoveKind), one_of("actor_kind", ActorKind),
    CheckConstraint(
        "(kind = 'withdraw') = (number_digest is not null) "
        "and (number_digest is null) = (secret_digest is null)",
        name="certificate",
    ),
    schema="ops",
)  # fmt: skip

# A certificate: found by the digests of its number and secret; no value, no name.
withdrawal = Table(
    "withdrawal", DATA,
    Column("withdrawal_id", Uuid, primary_key=True),
    Column("member_id", Uuid, unique=True),
    Column("number_digest", LargeBinary, nullable=False, unique=True),
    Column("secret_digest", LargeBinary, nullable=False),
    Column("left_at", _WHEN, nullable=False),
    # When the rows and the old key had left the databases' files, too.
    Column("erased_at", _WHEN),
    Column("policy_version", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Index("ix_withdrawal_unerased", "left_at", postgresql_where=text("erased_at is null")),
    schema="ops",
)  # fmt: skip

withdrawal_line = Table(
    "withdrawal_line", DATA,
    Column("withdrawal_id", Uuid, ForeignKey("ops.withdrawal.withdrawal_id", ondelete="CASCADE"),
           primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("rule", Text),
    Column("kept_until", Date),
    Column("destroyed_at", _WHEN),
    CheckConstraint("(rule is null) = (kept_until is null)", name="ruled"),
    CheckConstraint("kept_until is not null or destroyed_at is not null", name="kept_or_destroyed"),
    schema="ops",
)  # fmt: skip
