"""Let each guardian, and the member, have a copy of their own: one is not told of the other's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None

_HERE = "state in ('asked', 'running', 'done')"


def _index(name: str, columns: tuple[str, ...], where: str) -> None:
    op.create_index(
        name, "export", list(columns), unique=True, schema="ops", postgresql_where=sa.text(where)
    )


def upgrade() -> None:
    """Count what guardians asked for apart."""
    op.drop_index("uq_export_here", "export", schema="ops")
    _index("uq_export_here", ("member_id",), f"actor_kind <> 'guardian' and {_HERE}")
    _index("uq_export_guardian", ("member_id", "actor_id"), f"actor_kind = 'guardian' and {_HERE}")


def downgrade() -> None:
    """Count all together; of several copies of one member the newest stays."""
    op.execute(
        "update ops.export e set state = 'destroyed' where e.state in ('asked', 'running', 'done') "
        "and exists (select from ops.export n where n.member_id = e.member_id and "
        "n.state in ('asked', 'running', 'done') and "
        "(n.asked_at, n.export_id) > (e.asked_at, e.export_id))"
    )
    op.drop_index("uq_export_guardian", "export", schema="ops")
    op.drop_index("uq_export_here", "export", schema="ops")
    _index("uq_export_here", ("member_id",), _HERE)
