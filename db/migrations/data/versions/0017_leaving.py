"""What leaving asks before it happens, and whether what was destroyed has left the files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Which holds reach the subject: none says why, and none names anybody else.
_HOLDING = """
    create function ops.holding(who uuid, today date)
    returns table (kind text, ends_on date)
    language sql stable security definer set search_path = pg_catalog as $$
        select kind, max(ends_on) from ops.hold
        where (member_id is null or member_id = who) and lifted_at is null and ends_on >= today
            and who = nullif(current_setting('portal.subject', true), '')::uuid
        group by kind
    $$
"""
# The subject's children under 14, and how many other guardians each has.
_WARDS = """
    create function ops.wards(who uuid, today date)
    returns table (child uuid, started_on date, others bigint)
    language sql stable security definer set search_path = pg_catalog as $$
        select g.member_id, min(g.started_on), (
            select count(distinct o.guardian_id) from live.guardianship o
            where o.member_id = g.member_id and o.guardian_id <> who and o.started_on <= today
                and (o.ended_on is null or o.ended_on > today)
        )
        from live.guardianship g join live.member c using (member_id)
        where g.guardian_id = who and g.started_on <= today
            and (g.ended_on is null or g.ended_on > today) and c.turns_14_on > today
            and who = nullif(current_setting('portal.subject', true), '')::uuid
        group by g.member_id order by 2, 1
    $$
"""
_STATUS = """
    create function ops.withdrawal_status(number bytea, secret bytea)
    returns table (
        left_at timestamptz, erased_at timestamptz, policy_version text, key_id text,
        signature bytea, line smallint, kind text, count int, rule text, kept_until date,
        destroyed_at timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select w.left_at, w.erased_at, w.policy_version, w.key_id, w.signature,
            l.line, l.kind, l.count, l.rule, l.kept_until, l.destroyed_at
        from ops.withdrawal w left join ops.withdrawal_line l using (withdrawal_id)
        where w.number_digest = number and w.secret_digest = secret
        order by l.line
    $$
"""
_STATUS_BEFORE = """
    create function ops.withdrawal_status(number bytea, secret bytea)
    returns table (
        left_at timestamptz, policy_version text, key_id text, signature bytea,
        line smallint, kind text, count int, rule text, kept_until date, destroyed_at timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select w.left_at, w.policy_version, w.key_id, w.signature,
            l.line, l.kind, l.count, l.rule, l.kept_until, l.destroyed_at
        from ops.withdrawal w join ops.withdrawal_line l using (withdrawal_id)
        where w.number_digest = number and w.secret_digest = secret
        order by l.line
    $$
"""
_SIGNATURE = "ops.withdrawal_status(bytea, bytea)"
_NEW = {"ops.holding(uuid, date)": _HOLDING, "ops.wards(uuid, date)": _WARDS}


def _make(signature: str, function: str) -> None:
    op.execute(function)
    op.execute(f"revoke execute on function {signature} from public")
    op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def upgrade() -> None:
    """Make column, functions and grants."""
    op.add_column("withdrawal", sa.Column("erased_at", sa.DateTime(timezone=True)), schema="ops")
    op.create_index(
        "ix_withdrawal_unerased", "withdrawal", ["left_at"],
        schema="ops", postgresql_where=sa.text("erased_at is null"),
    )  # fmt: skip
    op.execute(f"drop function {_SIGNATURE}")
    _make(_SIGNATURE, _STATUS)
    for signature, function in _NEW.items():
        _make(signature, function)
    op.execute('grant select, update (closed_at) on ops."case" to portal_work')


def downgrade() -> None:
    """Drop them again."""
    for signature in (*_NEW, _SIGNATURE):
        op.execute(f"drop function {signature}")
    _make(_SIGNATURE, _STATUS_BEFORE)
    op.drop_index("ix_withdrawal_unerased", "withdrawal", schema="ops")
    op.drop_column("withdrawal", "erased_at", schema="ops")
