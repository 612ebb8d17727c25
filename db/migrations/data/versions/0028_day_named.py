"""Hold a separation to the day that its notice named, whatever the policy says by then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0023"
branch_labels = None
depends_on = None

_BEFORE = ["member_id", "message_id", "template", "channel", "sent_at", "accepted"]
_HELD = ["member_id", "notice_id", "template", "channel", "noticed_at", "accepted"]
_DAY = "sleeps_on"
# What a notice of before said is forgotten with its sending: by the one version that there was, the
# day after a year, and not within a month of telling.
_SAID = """
    update ops.outbox set sleeps_on = greatest(
        (split_part(key, ':', 2)::date + interval '1 year')::date + 1,
        (created_at at time zone 'Asia/Seoul')::date + 31
    ) where template = 'dormancy_notice' and key like 'dormancy_notice:%'
"""
_SEPARATED = """
    update ops.outbox n set sleeps_on = (s.separated_at at time zone 'Asia/Seoul')::date
    from ops.separation s where s.member_id = n.member_id and s.notice_id = n.message_id
"""
_COPIED = """
    update ops.separation set sleeps_on = (separated_at at time zone 'Asia/Seoul')::date
"""


def _reference(here: list[str], there: list[str]) -> None:
    op.create_unique_constraint("uq_outbox_notice", "outbox", there, schema="ops")
    op.create_foreign_key(
        "fk_separation_notice", "separation", "outbox", here, there,
        source_schema="ops", referent_schema="ops", deferrable=True, initially="DEFERRED",
    )  # fmt: skip


def _without() -> None:
    op.drop_constraint("fk_separation_notice", "separation", schema="ops")
    op.drop_constraint("uq_outbox_notice", "outbox", schema="ops")


def upgrade() -> None:
    """Add the day to notices and separations, and to what one rests on of the other."""
    _without()
    for table in ("outbox", "separation"):
        op.add_column(table, sa.Column(_DAY, sa.Date()), schema="ops")
    for statement in (_SAID, _SEPARATED, _COPIED):
        op.execute(statement)
    op.alter_column("separation", _DAY, nullable=False, schema="ops")
    op.create_check_constraint(
        op.f("ck_separation_not_before_told"), "separation",
        "(separated_at at time zone 'Asia/Seoul')::date >= sleeps_on", schema="ops",
    )  # fmt: skip
    _reference([*_HELD, _DAY], [*_BEFORE, _DAY])


def downgrade() -> None:
    """Forget the days."""
    _without()
    op.drop_constraint(op.f("ck_separation_not_before_told"), "separation", schema="ops")
    for table in ("outbox", "separation"):
        op.drop_column(table, _DAY, schema="ops")
    _reference(_HELD, _BEFORE)
