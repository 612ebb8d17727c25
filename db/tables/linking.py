"""Who asked to be linked to a child by a code: no more than a day, whether there is such a child.

What was typed is sealed under the key of who asked, until the worker has looked. From then on a row
says the same of a child that is here and of one that is not, but to the code itself.
"""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Uuid

from db.tables.naming import DATA

_WHEN = DateTime(timezone=True)

linking = Table(
    "linking", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("linking_id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("sealed", LargeBinary),
    Column("child_id", Uuid),
    Column("asked_at", _WHEN, nullable=False),
    Column("expires_at", _WHEN, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("ended_at", _WHEN),
    Index(None, "child_id", "asked_at"),
    Index(None, "expires_at"),
    schema="ops",
)  # fmt: skip
