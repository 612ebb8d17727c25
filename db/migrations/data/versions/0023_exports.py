"""Let a member ask for a copy of their data, one at a time, and say how far it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None

_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_WHEN = sa.DateTime(timezone=True)
_HERE = "state in ('asked', 'running', 'done')"
_METHODS = "'rows', 'rows_and_key'"


def _table() -> None:
    op.create_table(
        "export",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", _WHEN, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("workbook", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_total", sa.BigInteger()),
        sa.Column("started_at", _WHEN),
        sa.Column("finished_at", _WHEN),
        sa.Column("why", sa.Text()),
        sa.Column("file", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("seen_at", _WHEN),
        sa.Column("taken_digest", sa.LargeBinary()),
        sa.Column("destroyed_at", _WHEN),
        sa.CheckConstraint(
            "state in ('asked', 'running', 'done', 'failed', 'cancelled', 'destroyed')",
            name=op.f("ck_export_state"),
        ),
        sa.CheckConstraint("why in ('storage', 'trouble')", name=op.f("ck_export_why")),
        sa.CheckConstraint(
            "actor_kind in ('self', 'guardian', 'staff', 'system')",
            name=op.f("ck_export_actor_kind"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (why is not null)", name=op.f("ck_export_reasoned")
        ),
        sa.CheckConstraint(
            "state <> 'done' or (file is not null and size is not null and sha256 is not null "
            "and ends_on is not null)",
            name=op.f("ck_export_whole"),
        ),
        sa.CheckConstraint(
            f"destroyed_at is null or (file is null and not {_HERE})",
            name=op.f("ck_export_destroyed"),
        ),
        sa.PrimaryKeyConstraint("member_id", "export_id", name=op.f("pk_export")),
        schema="ops",
    )
    op.create_index(
        "uq_export_here", "export", ["member_id"],
        unique=True, schema="ops", postgresql_where=sa.text(_HERE),
    )  # fmt: skip
    op.create_index(
        "ix_export_file", "export", ["state"],
        schema="ops", postgresql_where=sa.text("file is not null"),
    )  # fmt: skip


def _rights() -> None:
    op.execute("alter table ops.export enable row level security")
    op.execute("create policy work on ops.export to portal_work using (true) with check (true)")
    op.execute(
        f"create policy subject on ops.export to portal_web using ({_MINE}) with check ({_MINE})"
    )
    op.execute("grant select, insert, update, delete on ops.export to portal_work")
    op.execute(
        "grant select, insert, update (state, seen_at, taken_digest) on ops.export to portal_web"
    )


def _methods(methods: str) -> None:
    op.drop_constraint("ck_destruction_method", "destruction", schema="ops")
    op.create_check_constraint(
        op.f("ck_destruction_method"), "destruction", f"method in ({methods})", schema="ops"
    )


def upgrade() -> None:
    """Make table, constraints and grants; a file is destroyed with its key."""
    _table()
    _rights()
    _methods(f"{_METHODS}, 'file_and_key'")


def downgrade() -> None:
    """Drop them; files that wait to be taken are strays then."""
    op.execute("delete from ops.destruction where method = 'file_and_key'")
    _methods(_METHODS)
    op.drop_table("export", schema="ops")
