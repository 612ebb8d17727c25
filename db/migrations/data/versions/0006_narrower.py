"""Narrow the portal's role to what it does today: no case of its own making, nobody removed."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TAKEN = (
    # A case gives staff their rights: the portal must not be able to grant itself one.
    ("insert, update, delete", 'ops."case"'),
    # Sessions end by being revoked; their rows stay until the worker removes them.
    ("delete", "ops.session"),
    # Removing a member would take the append-only consents along.
    ("delete", "live.member"),
)


def upgrade() -> None:
    """Take the rights away."""
    for verbs, table in _TAKEN:
        op.execute(f"revoke {verbs} on {table} from portal_web")


def downgrade() -> None:
    """Give them back."""
    for verbs, table in _TAKEN:
        op.execute(f"grant {verbs} on {table} to portal_web")
