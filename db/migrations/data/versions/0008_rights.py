"""Correcting, clearing, stopping, sharing: requests, evidence, inbox, companies, dispatches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_NEW = ("request", "evidence", "pending_value", "inbox", "demand")
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_GRANTS = {
    # The proposed value and the evidence are cleared by the decision, not the row.
    "live.request": "select, insert, update",
    "live.evidence": "select, insert, update",
    "live.pending_value": "select, insert, update, delete",
    "live.inbox": "select, insert, update",
    "live.demand": "select, insert, update",
    "ops.dispatch": "select, insert",
}
"""What the portal may do, one subject at a time."""
_QUEUE = """
    create function ops.open_requests(skip int, most int)
    returns table (
        member_id uuid, request_id uuid, kind text, item text, purpose text,
        received_at timestamptz, due_on date, files bigint, taken_by uuid, taken_until timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, live, ops as $$
        select r.member_id, r.request_id, r.kind, r.item, r.purpose, r.received_at, r.due_on,
            (select count(*) from live.evidence e
                where e.member_id = r.member_id and e.request_id = r.request_id
                and e.destroyed_at is null),
            c.staff_id, c.granted_until
        from live.request r
        left join lateral (
            select staff_id, granted_until from ops."case" c
            where c.request_id = r.request_id and c.closed_at is null
            order by c.granted_until desc limit 1
        ) c on true
        where r.state = 'open'
        order by r.due_on, r.received_at, r.request_id
        offset skip limit most
    $$
"""
_COUNT = """
    create function ops.open_request_count() returns bigint
    language sql stable security definer set search_path = pg_catalog, live as $$
        select count(*) from live.request where state = 'open'
    $$
"""
# A case gives rights to one member's data, so that only an open request may make one, with no
# right but to decide it, for staff who are in office, and never about oneself.
_TAKE = """
    create function ops.take_request(
        staff uuid, member uuid, request uuid, at timestamptz, until timestamptz
    ) returns uuid
    language sql volatile security definer set search_path = pg_catalog, live, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, request_id
        )
        select gen_random_uuid(), r.member_id, s.staff_id, at,
            least(until, at + interval '30 minutes'), array['request_decide'], r.request_id
        from live.request r, ops.staff s
        where r.member_id = member and r.request_id = request and r.state = 'open'
            and s.staff_id = staff and s.ended_at is null
            and not exists (
                select 1 from ops."case" c where c.request_id = request and c.closed_at is null
                and c.granted_until > at and c.staff_id <> staff
            )
        returning case_id
    $$
"""
_LET_GO = """
    create function ops.close_case(staff uuid, which uuid, at timestamptz) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set closed_at = at
        where case_id = which and staff_id = staff and closed_at is null returning true
    $$
"""
# A company answers with the secret of its notice and nothing else: no member is named.
_ANSWER = """
    create function ops.answer_dispatch(exact bytea, at timestamptz) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.dispatch set answered_at = coalesce(answered_at, at)
        where answer_digest = exact returning true
    $$
"""
_FUNCTIONS = {
    "ops.open_requests(int, int)": _QUEUE,
    "ops.open_request_count()": _COUNT,
    "ops.take_request(uuid, uuid, uuid, timestamptz, timestamptz)": _TAKE,
    "ops.close_case(uuid, uuid, timestamptz)": _LET_GO,
    "ops.answer_dispatch(bytea, timestamptz)": _ANSWER,
}


def _member_columns(schema: str) -> None:
    op.add_column("consent", sa.Column("actor_id", sa.Uuid(), nullable=True), schema=schema)
    op.add_column("consent", sa.Column("case_id", sa.Uuid(), nullable=True), schema=schema)
    op.add_column(
        "consent",
        sa.Column("shown", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema=schema,
    )
    op.create_index(op.f("ix_consent_ends_on"), "consent", ["ends_on"], unique=False, schema=schema)
    op.alter_column(
        "device", "sealed", existing_type=postgresql.BYTEA(), nullable=True, schema=schema
    )
    op.add_column(
        "disclosure",
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=True),
        schema=schema,
    )
    op.add_column("disclosure", sa.Column("ground_id", sa.Uuid(), nullable=True), schema=schema)
    op.add_column("disclosure", sa.Column("shown_from", sa.Date(), nullable=True), schema=schema)
    op.add_column("member", sa.Column("usage_told_on", sa.Date(), nullable=True), schema=schema)
    op.create_index(
        op.f("ix_member_usage_told_on"), "member", ["usage_told_on"], unique=False, schema=schema
    )
    op.add_column(
        "restriction",
        sa.Column("why", sa.Text(), server_default="stopped", nullable=False),
        schema=schema,
    )
    op.add_column("restriction", sa.Column("request_id", sa.Uuid(), nullable=True), schema=schema)
    op.add_column(
        "restriction",
        sa.Column("last_blocked_at", sa.DateTime(timezone=True), nullable=True),
        schema=schema,
    )
    op.create_check_constraint(
        op.f("ck_restriction_why"), "restriction", "why in ('disputed', 'stopped')", schema=schema
    )
    # A refused device keeps its row, so that no import brings it back; its identifier goes.
    op.alter_column("device", "sealed", nullable=True, schema=schema)
    device = sa.table("device", sa.column("sealed"), sa.column("refused_at"), schema=schema)
    op.execute(device.update().where(device.c.refused_at.is_not(None)).values(sealed=None))
    op.create_check_constraint(
        op.f("ck_device_refused"),
        "device",
        "(sealed is null) = (refused_at is not null)",
        schema=schema,
    )


def _member_tables(schema: str) -> None:
    op.create_table(
        "request",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("seq", sa.SmallInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("objects_to", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at is null)", name=op.f("ck_request_decided")
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (reason is not null)", name=op.f("ck_request_reasoned")
        ),
        sa.CheckConstraint(
            "kind in ('correction', 'clearing', 'restriction', 'objection')",
            name=op.f("ck_request_kind"),
        ),
        sa.CheckConstraint(
            "reason in ('law_names_it', 'needed_for_contract', 'harms_others', 'proof_missing', "
            "'correct_already')",
            name=op.f("ck_request_reason"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'done', 'refused', 'taken_back')", name=op.f("ck_request_state")
        ),
        sa.CheckConstraint(
            "decided_at is null or sealed is null", name=op.f("ck_request_forgotten")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_request_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "request_id", name=op.f("pk_request")),
        schema=schema,
    )
    op.create_table(
        "evidence",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(sealed is null) = (destroyed_at is not null)", name=op.f("ck_evidence_destroyed")
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "request_id"],
            [f"{schema}.request.member_id", f"{schema}.request.request_id"],
            name=op.f("fk_evidence_member_id_request_id_request"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_evidence_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "evidence_id", name=op.f("pk_evidence")),
        schema=schema,
    )
    op.create_table(
        "pending_value",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_pending_value_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "item", name=op.f("pk_pending_value")),
        schema=schema,
    )
    op.create_table(
        "inbox",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_inbox_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "message_id", name=op.f("pk_inbox")),
        schema=schema,
    )
    op.create_table(
        "demand",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("demand_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_from", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(approved_by is null) = (approved_at is null)", name=op.f("ck_demand_approved")
        ),
        sa.CheckConstraint(
            "approved_by is null or document is not null", name=op.f("ck_demand_documented")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_demand_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "demand_id", name=op.f("pk_demand")),
        schema=schema,
    )
    op.create_index(op.f("ix_inbox_ends_on"), "inbox", ["ends_on"], unique=False, schema=schema)
    op.create_index(
        op.f("ix_request_state_due_on"), "request", ["state", "due_on"], unique=False, schema=schema
    )


def _ops_tables() -> None:
    op.create_table(
        "company",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("task", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("secret_no", sa.Integer(), server_default="1", nullable=False),
        sa.Column("contract_ends_on", sa.Date(), nullable=True),
        sa.Column("fictional", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("terms_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "means = 'none' or address is not null", name=op.f("ck_company_address")
        ),
        sa.CheckConstraint("means in ('email', 'webhook', 'none')", name=op.f("ck_company_means")),
        sa.CheckConstraint(
            "role in ('recipient', 'processor', 'source_system')", name=op.f("ck_company_role")
        ),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_company")),
        schema="ops",
    )
    op.create_table(
        "dispatch",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_digest", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "change in ('corrected', 'cleared', 'consent_granted', 'consent_withdrawn', "
            "'restricted', 'restriction_lifted', 'device_refused', 'contract_ended')",
            name=op.f("ck_dispatch_change"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["ops.company.company_id"], name=op.f("fk_dispatch_company_id_company")
        ),
        sa.PrimaryKeyConstraint("member_id", "dispatch_id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint(
            "member_id", "company_id", "key", name=op.f("uq_dispatch_member_id_company_id_key")
        ),
        schema="ops",
    )
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["ops.staff.staff_id"], name=op.f("fk_finding_closed_by_staff")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_finding")),
        sa.UniqueConstraint("kind", "row_id", name=op.f("uq_finding_kind_row_id")),
        schema="ops",
    )
    op.create_index(
        "ix_dispatch_answer_digest", "dispatch", ["answer_digest"], unique=False, schema="ops"
    )
    op.create_index(
        op.f("ix_dispatch_company_id_answered_at"),
        "dispatch",
        ["company_id", "answered_at"],
        unique=False,
        schema="ops",
    )
    op.add_column("case", sa.Column("request_id", sa.Uuid(), nullable=True), schema="ops")
    op.create_index(op.f("ix_case_request_id"), "case", ["request_id"], unique=False, schema="ops")
    op.add_column(
        "outbox", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True), schema="ops"
    )
    op.add_column("outbox", sa.Column("key", sa.Text(), nullable=True), schema="ops")
    op.create_unique_constraint(
        op.f("uq_outbox_member_id_key"), "outbox", ["member_id", "key"], schema="ops"
    )


def _secure(table: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy work on {table} to portal_work using (true) with check (true)")
    op.execute(f"grant select, insert, update, delete on {table} to portal_work")


def _rights() -> None:
    for schema in _STORES:
        for table in _NEW:
            _secure(f"{schema}.{table}")
    _secure("ops.dispatch")
    for table, verbs in _GRANTS.items():
        op.execute(
            f"create policy subject on {table} to portal_web using ({_MINE}) with check ({_MINE})"
        )
        op.execute(f"grant {verbs} on {table} to portal_web")
    op.execute("grant select, insert, update on ops.company to portal_web, portal_work")
    op.execute("grant select, insert, update on ops.finding to portal_work")
    op.execute("grant select on ops.finding to portal_web")
    op.execute("grant update (closed_at, closed_by, note) on ops.finding to portal_web")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def upgrade() -> None:
    """Make tables, columns, functions and grants."""
    for schema in _STORES:
        _member_columns(schema)
        _member_tables(schema)
    _ops_tables()
    _rights()


def downgrade() -> None:
    """Drop them; requests and what was told to companies are lost."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    for table in ("finding", "dispatch", "company"):
        op.drop_table(table, schema="ops")
    op.drop_constraint("uq_outbox_member_id_key", "outbox", schema="ops")
    for column in ("key", "bounced_at"):
        op.drop_column("outbox", column, schema="ops")
    op.drop_column("case", "request_id", schema="ops")
    for schema in _STORES:
        for table in reversed(_NEW):
            op.drop_table(table, schema=schema)
        _drop_columns(schema)


def _drop_columns(schema: str) -> None:
    op.drop_constraint("ck_device_refused", "device", schema=schema)
    device = sa.table("device", sa.column("sealed"), schema=schema)
    op.execute(device.delete().where(device.c.sealed.is_(None)))
    op.alter_column("device", "sealed", nullable=False, schema=schema)
    for table, columns in {
        "consent": ("actor_id", "case_id", "shown"),
        "disclosure": ("disclosed_at", "ground_id", "shown_from"),
        "member": ("usage_told_on",),
        "restriction": ("why", "request_id", "last_blocked_at"),
    }.items():
        for column in columns:
            op.drop_column(table, column, schema=schema)
    op.drop_index("ix_consent_ends_on", "consent", schema=schema)
