"""Copies of their data that members asked for: how far each is, and until when its file is kept.

No personal value stands here. The file itself is sealed, outside of every database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import ActorKind, ExportFailure, ExportState

_WHEN = DateTime(timezone=True)
_HERE = "state in ('asked', 'running', 'done')"

# `file` names what is, or may be, on disk, and has a key: None means that nothing is left of it.
export = Table(
    "export", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("export_id", Uuid, primary_key=True),
    Column("asked_at", _WHEN, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("case_id", Uuid),
    Column("language", Text, nullable=False),
    Column("groups", ARRAY(Text), nullable=False),
    Column("workbook", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("rows_done", BigInteger, nullable=False, server_default="0"),
    Column("rows_total", BigInteger),
    Column("started_at", _WHEN),
    Column("finished_at", _WHEN),
    Column("why", Text),
    Column("file", Text),
    Column("size", BigInteger),
    Column("sha256", LargeBinary),
    # The last day on which the file is kept.
    Column("ends_on", Date),
    Column("seen_at", _WHEN),
    # The link of the last download that the ledger knows: a phone that goes on is not a new one.
    Column("taken_digest", LargeBinary),
    Column("destroyed_at", _WHEN),
    # The guardian in whose case staff had it made: theirs to take beside the child.
    Column("guardian_id", Uuid),
    # Which of the two, that guardian or the child, takes it no more.
    Column("let_go_by", Uuid),
    one_of("state", ExportState), one_of("why", ExportFailure), one_of("actor_kind", ActorKind),
    CheckConstraint("(state = 'failed') = (why is not null)", name="reasoned"),
    CheckConstraint(
        "state <> 'done' or (file is not null and size is not null and sha256 is not null "
        "and ends_on is not null)",
        name="whole",
    ),
    CheckConstraint(
        "guardian_id is null or (actor_kind = 'staff' and case_id is not null)", name="by_phone"
    ),
    CheckConstraint(
        "let_go_by is null or (guardian_id is not null and let_go_by in (member_id, guardian_id))",
        name="let_go",
    ),
    CheckConstraint(
        f"destroyed_at is null or (file is null and not {_HERE})", name="destroyed"
    ),
    # Of two tabs that ask at once, one is told that it has been asked already; nobody is by what
    # somebody else asked for.
    Index(
        "uq_export_here", "member_id", text("coalesce(guardian_id, member_id)"),
        unique=True,
        postgresql_where=text(
            f"actor_kind <> 'guardian' and {_HERE} "
            "and (guardian_id is null or let_go_by is distinct from guardian_id)"
        ),
    ),
    Index(
        "uq_export_guardian", "member_id", "actor_id",
        unique=True, postgresql_where=text(f"actor_kind = 'guardian' and {_HERE}"),
    ),
    Index("ix_export_file", "state", postgresql_where=text("file is not null")),
    schema="ops",
)  # fmt: skip
