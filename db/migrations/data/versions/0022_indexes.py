"""Let records be counted from an index alone, and sessions of long ago be found without others."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_COLUMNS = ["member_id", "kind", "event_date", "record_id"]
_RECORDS = f"ix_record_{'_'.join(_COLUMNS)}"


def _index(included: list[str]) -> None:
    for schema in _STORES:
        op.drop_index(op.f(_RECORDS), table_name="record", schema=schema)
        op.create_index(
            op.f(_RECORDS), "record", _COLUMNS, schema=schema, postgresql_include=included
        )


def upgrade() -> None:
    """Put the last day beside each record's place, where it needs no further room."""
    _index(["ends_on"])
    # By its start, which never changes: a session's activity does with every minute.
    op.create_index(op.f("ix_session_started_at"), "session", ["started_at"], schema="ops")


def downgrade() -> None:
    """Read the records and all sessions again."""
    op.drop_index(op.f("ix_session_started_at"), table_name="session", schema="ops")
    _index([])
