"""Let a later paper take nothing from an order in force, and a guardian's copy say whose it is.

Of two suspensions that begin on different days neither lifts the other, and an end is never put
off. Copies by phone are one for each guardian who calls, and so are their cases found.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0035b"
branch_labels = None
depends_on = None

_STOP = (
    "ops.stop_asleep(uuid, uuid, timestamptz, date, uuid, text, date, date, boolean, uuid, bytea)"
)
_HERE = "state in ('asked', 'running', 'done')"
_BEFORE = """update dormant.guardianship g set suspended_on = since, suspended_why = why,
                suspended_until = until, ended_on = case when ends then since else g.ended_on end"""
# As services/guardian_stop.py has it.
_STANDS = """g.suspended_on is not null and (g.suspended_until < today) is not true
                    and (since > today or g.suspended_on > today)"""
_NOW = f"""update dormant.guardianship g set suspended_why = why,
                suspended_on = case when {_STANDS} then least(g.suspended_on, since)
                    else since end,
                suspended_until = case when {_STANDS} then
                    nullif(greatest(coalesce(g.suspended_until, 'infinity'),
                        coalesce(until, 'infinity')), 'infinity') else until end,
                ended_on = case when ends then least(g.ended_on, since) else g.ended_on end"""  # noqa: S608 (our own words)


def _patch(old: str, new: str) -> None:
    connection = op.get_bind()
    asked = sa.text("select pg_get_functiondef(cast(:name as regprocedure))")
    body = str(connection.scalar(asked, {"name": _STOP}))
    if body.count(old) != 1:
        raise ValueError(_STOP)
    connection.exec_driver_sql(body.replace(old, new))


def _here(*columns: str | sa.TextClause) -> None:
    op.drop_index("uq_export_here", "export", schema="ops")
    op.create_index(
        "uq_export_here", "export", list(columns), schema="ops", unique=True,
        postgresql_where=sa.text(f"actor_kind <> 'guardian' and {_HERE}"),
    )  # fmt: skip


def upgrade() -> None:
    """Hold to the stricter order; make the indexes."""
    _patch(_BEFORE, _NOW)
    _here("member_id", sa.text("coalesce(guardian_id, member_id)"))
    op.create_index(
        "ix_case_guardian", "case", ["guardian_id"], schema="ops",
        postgresql_where=sa.text("guardian_id is not null and closed_at is null"),
    )  # fmt: skip


def downgrade() -> None:
    """Let the later order count alone; of two copies of a child the older one ends."""
    op.drop_index("ix_case_guardian", "case", schema="ops")
    op.execute(f"""
        update ops.export e set state = 'destroyed' where actor_kind <> 'guardian' and {_HERE}
            and exists (select from ops.export o where o.member_id = e.member_id
                and o.actor_kind <> 'guardian' and o.{_HERE}
                and (o.asked_at, o.export_id) > (e.asked_at, e.export_id))
    """)  # noqa: S608 (our own words)
    _here("member_id")
    _patch(_NOW, _BEFORE)
