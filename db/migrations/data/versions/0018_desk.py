"""The officer's desk: what protects outside, what a hold keeps, whom no dormancy notice reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
_WHICH = "ends_on < until and (member is null or member_id = member)"
_DATED = (
    " union all ".join(  # noqa: S608 (our own words)
        f"select kind, ends_on from {store}.record where {_WHICH} union all "  # noqa: S608
        f"select 'inbox', ends_on from {store}.inbox where {_WHICH}"
        for store in _STORES
    )
    + f" union all select 'after_withdrawal', ends_on from retained.profile_value where {_WHICH}"  # noqa: S608
)
# What ends while a hold lasts: numbers by kind, of one member when the officer has found one.
_HELD_BACK = f"""
    create function ops.held_back(staff uuid, member uuid, only_kind text, today date, until date)
    returns table (kind text, due bigint, ending bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select dated.kind, count(*) filter (where ends_on < today),
            count(*) filter (where ends_on >= today)
        from ({_DATED}) dated
        where (only_kind is null or dated.kind = only_kind) and {_OFFICER}
        group by dated.kind order by dated.kind
    $$
"""  # noqa: S608 (our own words)
_IN_VAIN = "template = 'dormancy_notice' and (bounced_at is not null or failed_at is not null)"
# Who stays awake because the last notice about their last use came back, or could not go out.
_UNREACHED = f"""
    from ops.outbox n join live.member m using (member_id)
    where {_IN_VAIN} and n.key = 'dormancy_notice:' || m.last_counted_on
"""
_UNREACHED_COUNT = f"""
    create function ops.unreached_count() returns bigint
    language sql stable security definer set search_path = pg_catalog as $$
        select count(*) {_UNREACHED}
    $$
"""
_UNREACHED_MEMBERS = f"""
    create function ops.unreached_members(staff uuid, skip int, most int)
    returns table (member_id uuid, at timestamptz, bounced boolean)
    language sql stable security definer set search_path = pg_catalog as $$
        select m.member_id, coalesce(n.bounced_at, n.failed_at), n.bounced_at is not null
        {_UNREACHED} and {_OFFICER}
        order by 2, 1 offset skip limit most
    $$
"""
# Of the subject alone: for whoever has their request in hand.
_UNREACHED_SINCE = f"""
    create function ops.unreached_since(who uuid) returns timestamptz
    language sql stable security definer set search_path = pg_catalog as $$
        select max(coalesce(n.bounced_at, n.failed_at)) {_UNREACHED} and m.member_id = who
            and who = nullif(current_setting('portal.subject', true), '')::uuid
    $$
"""
_FUNCTIONS = {
    "ops.held_back(uuid, uuid, text, date, date)": _HELD_BACK,
    "ops.unreached_count()": _UNREACHED_COUNT,
    "ops.unreached_members(uuid, int, int)": _UNREACHED_MEMBERS,
    "ops.unreached_since(uuid)": _UNREACHED_SINCE,
}


def upgrade() -> None:
    """Make the table of confirmations (rows are added, never changed) and the functions."""
    op.create_table(
        "safeguard_confirmation",
        sa.Column("confirmation_id", sa.Uuid(), nullable=False),
        sa.Column("safeguard", sa.Text(), nullable=False),
        sa.Column("checks", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cardinality(checks) > 0", name=op.f("ck_safeguard_confirmation_something")
        ),
        sa.CheckConstraint(
            "checked_on <= (confirmed_at at time zone 'Asia/Seoul')::date",
            name=op.f("ck_safeguard_confirmation_not_ahead"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"],
            ["ops.staff.staff_id"],
            name=op.f("fk_safeguard_confirmation_confirmed_by_staff"),
        ),
        sa.PrimaryKeyConstraint("confirmation_id", name=op.f("pk_safeguard_confirmation")),
        schema="ops",
    )
    op.execute("grant select, insert on ops.safeguard_confirmation to portal_web")
    op.execute("grant select on ops.safeguard_confirmation to portal_work")
    op.create_index(
        "ix_outbox_unreached",
        "outbox",
        ["member_id"],
        unique=False,
        schema="ops",
        postgresql_where=sa.text(_IN_VAIN),
    )
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them; what was confirmed is lost."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.drop_index("ix_outbox_unreached", "outbox", schema="ops")
    op.drop_table("safeguard_confirmation", schema="ops")
