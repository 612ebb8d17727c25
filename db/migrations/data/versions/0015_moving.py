"""Separating, bringing back, leaving: what each rests on, held by the database itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_WHEN = sa.DateTime(timezone=True)
_NOTICE = ["member_id", "message_id", "template", "channel", "sent_at", "accepted"]
_CHANGES = (
    "'corrected', 'cleared', 'consent_granted', 'consent_withdrawn', 'restricted', "
    "'restriction_lifted', 'device_refused', 'contract_ended'"
)
_COUNTED = (
    "device", "service_use", "consent", "disclosure", "restriction", "guardianship", "request",
    "evidence", "pending_value", "inbox", "demand",
)  # fmt: skip


def _held(store: str) -> str:
    """Return the part of `ops.held` that counts one store."""
    return f"""
        select 'profile_value' as part, item as kind, count(*) as count,
            null::date as first_end, null::date as last_end
        from {store}.profile_value where member_id = who and sealed is not null group by item
        union all
        select case when ends_on < today then 'record_over' else 'record' end, kind,
            count(*), min(ends_on), max(ends_on)
        from {store}.record where member_id = who group by 1, 2
        union all
        select 'open_request', null, count(*), null, null
        from {store}.request where member_id = who and state = 'open'
    """ + "".join(  # noqa: S608 (a constant)
        f"""
        union all select '{table}', null, count(*), null, null
        from {store}.{table} where member_id = who
        """  # noqa: S608 (a constant)
        for table in _COUNTED
    )


# Numbers and days of what is held of the subject, asleep or not: never a value. The portal can't
# read the dormant store, and who sleeps may leave without waking.
_HELD = f"""
    create function ops.held(who uuid, today date)
    returns table (part text, kind text, count bigint, first_end date, last_end date)
    language sql stable security definer set search_path = pg_catalog as $$
        select part, kind, sum(count)::bigint, min(first_end), max(last_end) from (
            {_held("live")}
            union all {_held("dormant")}
            union all
            select 'children', null, count(*), null, null
            from live.guardianship g join live.member c using (member_id)
            where g.guardian_id = who and (g.ended_on is null or g.ended_on > today)
                and c.turns_14_on > today
        ) held
        where who = nullif(current_setting('portal.subject', true), '')::uuid
        group by part, kind
    $$
"""  # noqa: S608 (a constant)
_STATUS = """
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
# Who was told to delete, and who confirmed it: companies, no data.
_TOLD = """
    create function ops.withdrawal_told(number bytea, secret bytea)
    returns table (name text, answered_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select c.name, d.answered_at
        from ops.withdrawal w
        join ops.dispatch d on d.member_id = w.member_id and d.change = 'left'
        join ops.company c using (company_id)
        where w.number_digest = number and w.secret_digest = secret
        order by c.name
    $$
"""
_FUNCTIONS = {
    "ops.held(uuid, date)": _HELD,
    "ops.withdrawal_status(bytea, bytea)": _STATUS,
    "ops.withdrawal_told(bytea, bytea)": _TOLD,
}


def _last_use() -> None:
    for schema in _STORES:
        op.add_column("member", sa.Column("last_counted_on", sa.Date()), schema=schema)
        op.create_index(
            op.f("ix_member_last_counted_on"), "member", ["last_counted_on"], schema=schema
        )


def _separation() -> None:
    accepted = "sent_at is not null and failed_at is null and bounced_at is null"
    op.add_column(
        "outbox",
        sa.Column("accepted", sa.Boolean(), sa.Computed(accepted, persisted=True)),
        schema="ops",
    )
    op.create_unique_constraint("uq_outbox_notice", "outbox", _NOTICE, schema="ops")
    op.create_table(
        "separation",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), server_default="dormancy_notice", nullable=False),
        sa.Column("channel", sa.Text(), server_default="email", nullable=False),
        sa.Column("noticed_at", _WHEN, nullable=False),
        sa.Column("accepted", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("last_counted_on", sa.Date(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("separated_at", _WHEN, nullable=False),
        sa.CheckConstraint(
            "template = 'dormancy_notice' and channel = 'email'",
            name=op.f("ck_separation_by_email"),
        ),
        sa.CheckConstraint("accepted", name=op.f("ck_separation_accepted")),
        sa.CheckConstraint(
            "notice_days >= 30 and "
            "separated_at >= noticed_at + notice_days * interval '24 hours'",
            name=op.f("ck_separation_old_enough"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "notice_id", "template", "channel", "noticed_at", "accepted"],
            [f"ops.outbox.{name}" for name in _NOTICE],
            name="fk_separation_notice", deferrable=True, initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_separation")),
        schema="ops",
    )  # fmt: skip
    # Not valid: who slept before there were separations is not looked at again, who comes is.
    op.execute(
        "alter table dormant.member add constraint fk_member_separation foreign key (member_id) "
        "references ops.separation (member_id) deferrable initially deferred not valid"
    )


def _leaving() -> None:
    op.create_table(
        "move",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_at", _WHEN, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary()),
        sa.Column("secret_digest", sa.LargeBinary()),
        sa.CheckConstraint("kind in ('reactivate', 'withdraw')", name=op.f("ck_move_kind")),
        sa.CheckConstraint(
            "actor_kind in ('self', 'guardian', 'staff', 'system')",
            name=op.f("ck_move_actor_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'withdraw') = (number_digest is not null) "
            "and (number_digest is null) = (secret_digest is null)",
            name=op.f("ck_move_certificate"),
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_move")),
        schema="ops",
    )
    op.create_table(
        "withdrawal",
        sa.Column("withdrawal_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid()),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.Column("left_at", _WHEN, nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("withdrawal_id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("member_id", name=op.f("uq_withdrawal_member_id")),
        sa.UniqueConstraint("number_digest", name=op.f("uq_withdrawal_number_digest")),
        schema="ops",
    )
    op.create_table(
        "withdrawal_line",
        sa.Column("withdrawal_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text()),
        sa.Column("kept_until", sa.Date()),
        sa.Column("destroyed_at", _WHEN),
        sa.CheckConstraint(
            "(rule is null) = (kept_until is null)", name=op.f("ck_withdrawal_line_ruled")
        ),
        sa.CheckConstraint(
            "kept_until is not null or destroyed_at is not null",
            name=op.f("ck_withdrawal_line_kept_or_destroyed"),
        ),
        sa.ForeignKeyConstraint(
            ["withdrawal_id"], ["ops.withdrawal.withdrawal_id"], ondelete="CASCADE",
            name=op.f("fk_withdrawal_line_withdrawal_id_withdrawal"),
        ),
        sa.PrimaryKeyConstraint("withdrawal_id", "line", name=op.f("pk_withdrawal_line")),
        schema="ops",
    )  # fmt: skip
    op.drop_constraint("ck_dispatch_change", "dispatch", schema="ops")
    op.create_check_constraint(
        op.f("ck_dispatch_change"), "dispatch", f"change in ({_CHANGES}, 'left')", schema="ops"
    )


def _rights() -> None:
    for table in ("ops.separation", "ops.move", "ops.withdrawal"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy work on {table} to portal_work using (true) with check (true)")
        op.execute(f"grant select, insert, update, delete on {table} to portal_work")
    op.execute("grant select, insert, update, delete on ops.withdrawal_line to portal_work")
    for table, verbs in {"ops.separation": "select", "ops.move": "select, insert"}.items():
        op.execute(
            f"create policy subject on {table} to portal_web using ({_MINE}) with check ({_MINE})"
        )
        op.execute(f"grant {verbs} on {table} to portal_web")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def upgrade() -> None:
    """Make columns, tables, constraints, functions and grants."""
    _last_use()
    _separation()
    _leaving()
    _rights()


def downgrade() -> None:
    """Drop them; who sleeps loses the proof of the notice, who left their certificate."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.execute("delete from ops.dispatch where change = 'left'")
    op.drop_constraint("ck_dispatch_change", "dispatch", schema="ops")
    op.create_check_constraint(
        op.f("ck_dispatch_change"), "dispatch", f"change in ({_CHANGES})", schema="ops"
    )
    for table in ("withdrawal_line", "withdrawal", "move"):
        op.drop_table(table, schema="ops")
    op.drop_constraint("fk_member_separation", "member", schema="dormant")
    op.drop_table("separation", schema="ops")
    op.drop_constraint("uq_outbox_notice", "outbox", schema="ops")
    op.drop_column("outbox", "accepted", schema="ops")
    for schema in _STORES:
        op.drop_index("ix_member_last_counted_on", "member", schema=schema)
        op.drop_column("member", "last_counted_on", schema=schema)
