"""The keys database: wrapped keys, blind indexes, sign-in links. Backed up apart from data."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
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
    false,
    text,
)

from db.tables.member import one_of
from db.tables.naming import KEYS
from db.words import Store

_WHEN = DateTime(timezone=True)

KEY_PARTS: Final = 16

member_key = Table(
    "member_key", KEYS,
    Column("member_id", Uuid, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _WHEN, nullable=False),
    Column("next_store", Text),
    Column("next_wrapped", LargeBinary),
    one_of("store", Store), one_of("next_store", Store),
    CheckConstraint(
        "(next_store is null) = (next_wrapped is null) and next_store <> store", name="next"
    ),
    Index(
        "ix_member_key_moving", "member_id", postgresql_where=text("next_store is not null")
    ),
    # In parts: what a key has left in the files goes by writing its part anew (services/erasing).
    # Those of who left lie apart: each day some end, and nobody else's are written anew for that.
    # Both sides are in `KEY_PARTS` parts by a hash of the member; a trigger refuses a second key.
    postgresql_partition_by="list (store)",
    schema="keys",
)  # fmt: skip

blind_index = Table(
    "blind_index", KEYS,
    Column("kind", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid, primary_key=True),
    Index(None, "member_id"),
    schema="keys",
)  # fmt: skip

sign_in = Table(
    "sign_in", KEYS,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid),
    Column("staff_id", Uuid),
    Column("provider", Text, nullable=False),
    Column("linked_at", _WHEN, nullable=False),
    Index(None, "member_id"),
    schema="keys",
)  # fmt: skip

import_origin = Table(
    "import_origin", KEYS,
    Column("source", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("imported_at", _WHEN, nullable=False),
    Column("left_at", _WHEN),
    schema="keys",
)  # fmt: skip

# Digests of members with a bar, apart from those by which somebody is found: leaving removes those,
# and never these. `shared`: somebody without a bar had it, too, so that it says nothing; it stays
# marked, since that one may leave. No foreign key: what they belong to is in the other database.
barred = Table(
    "barred", KEYS,
    Column("kind", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("bar_id", Uuid, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("shared", Boolean, nullable=False, server_default=false()),
    Index(None, "member_id"), Index(None, "bar_id"), Index(None, "ends_on"),
    schema="keys",
)  # fmt: skip

# The key of one file that a member asked for, wrapped for the store `live`: the portal hands the
# file out, to who sleeps, too. Without it the file can't be read.
export_key = Table(
    "export_key", KEYS,
    Column("export_id", Uuid, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _WHEN, nullable=False),
    Index(None, "member_id"),
    schema="keys",
)  # fmt: skip

# The key of what a caller said or gave, wrapped for the store `live`: the portal reads it, of those
# who sleep, too. It goes when its member leaves, or three years after the case was closed.
case_key = Table(
    "case_key", KEYS,
    Column("case_id", Uuid, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _WHEN, nullable=False),
    Index(None, "member_id"),
    schema="keys",
)  # fmt: skip

# The key of a report and its answers, wrapped for the store `live`: it goes when they go.
report_key = Table(
    "report_key", KEYS,
    Column("report_id", Uuid, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", _WHEN, nullable=False),
    schema="keys",
)  # fmt: skip

attempt = Table(
    "attempt", KEYS,
    Column("digest", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", _WHEN, nullable=False),
    schema="keys",
)  # fmt: skip
