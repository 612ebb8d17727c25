"""Let one of two who may take a copy let go of it alone: the other one's right stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040c"
down_revision = "0040b"
branch_labels = None
depends_on = None

_HERE = "state in ('asked', 'running', 'done')"
_BEFORE = f"actor_kind <> 'guardian' and {_HERE}"
_NOW = f"{_BEFORE} and (guardian_id is null or let_go_by is distinct from guardian_id)"


def _here(where: str) -> None:
    op.drop_index("uq_export_here", "export", schema="ops")
    op.create_index(
        "uq_export_here", "export",
        ["member_id", sa.text("coalesce(guardian_id, member_id)")],
        schema="ops", unique=True, postgresql_where=sa.text(where),
    )  # fmt: skip


def upgrade() -> None:
    """Make the column; a guardian who let go may have another copy made."""
    op.add_column("export", sa.Column("let_go_by", sa.Uuid()), schema="ops")
    op.create_check_constraint(
        op.f("ck_export_let_go"), "export",
        "let_go_by is null or (guardian_id is not null and let_go_by in (member_id, guardian_id))",
        schema="ops",
    )  # fmt: skip
    op.execute("grant update (let_go_by) on ops.export to portal_web")
    _here(_NOW)


def downgrade() -> None:
    """Destroy what one of the two has let go of: it was to be gone for both."""
    op.execute(
        f"update ops.export set state = 'destroyed' where let_go_by is not null and {_HERE}"  # noqa: S608 (our own words)
    )
    _here(_BEFORE)
    op.drop_constraint(op.f("ck_export_let_go"), "export", schema="ops")
    op.drop_column("export", "let_go_by", schema="ops")
