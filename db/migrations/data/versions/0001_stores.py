"""Stores, ledger and operations, with row-level security from the start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMAS = ("live", "dormant", "retained", "ledger", "ops")
_MEMBER_TABLES = (
    "member", "profile_value", "record", "device", "service_use", "consent", "disclosure",
    "restriction", "guardianship",
)  # fmt: skip
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
"""Whose rows may be seen. On a reused connection the setting is '' and not NULL, hence nullif;
in a sub-select so that it is computed once a statement."""
_SOURCES = (
    "source in ('web', 'app', 'paper', 'phone', 'fax', 'counsel_board', 'event_entry', "
    "'delivery_request', 'partner', 'generation_tool', 'portal')"
)
_CONSENTS = (
    "kind in ('collection', 'marketing', 'advertising', 'advertising_night', 'personalisation', "
    "'third_party', 'sensitive', 'device')"
)
_APPEND_ONLY = {"consent", "disclosure"}


def _secure(schema: str, table: str) -> None:
    op.execute(f"alter table {schema}.{table} enable row level security")
    op.execute(
        f"create policy work on {schema}.{table} to portal_work using (true) with check (true)"
    )
    op.execute(f"grant select, insert, update, delete on {schema}.{table} to portal_work")


def _subject_only(schema: str, table: str) -> None:
    mine = f"member_id = {_SUBJECT}"
    op.execute(
        f"create policy subject on {schema}.{table} to portal_web "
        f"using ({mine}) with check ({mine})"
    )


def _live() -> None:
    for table in _MEMBER_TABLES:
        _subject_only("live", table)
        verbs = "select, insert" if table in _APPEND_ONLY else "select, insert, update, delete"
        op.execute(f"grant {verbs} on live.{table} to portal_web")
    op.execute(
        "create policy guardian on live.guardianship for select to portal_web "
        f"using (guardian_id = {_SUBJECT})"
    )


def _ledger() -> None:
    op.execute("alter table ledger.event enable row level security")
    op.execute("create policy work on ledger.event to portal_work using (true) with check (true)")
    op.execute("create policy write on ledger.event for insert to portal_web with check (true)")
    op.execute(
        "create policy subject on ledger.event for select to portal_web "
        f"using (member_id = {_SUBJECT})"
    )
    # Nobody is granted update or delete: not the portal, not the worker.
    op.execute("grant select, insert on ledger.event to portal_web, portal_work")


def _ops() -> None:
    for table in ("credential", "outbox"):
        _secure("ops", table)
        _subject_only("ops", table)
    op.execute("grant select, insert, update on ops.credential to portal_web")
    op.execute("grant insert on ops.outbox to portal_web")
    for table in ("session", "one_time", "authorization_code", "signin_session", "case"):
        op.execute(
            f"grant select, insert, update, delete on ops.{table} to portal_web, portal_work"
        )
    op.execute("grant select on ops.staff to portal_web")
    op.execute("grant update (password_hash, password_set_on) on ops.staff to portal_web")
    op.execute("grant select, insert, update on ops.staff to portal_work")
    op.execute("grant select on ops.policy_version to portal_web")
    op.execute("grant select, insert on ops.policy_version to portal_work")


def _member_tables(schema: str) -> None:
    op.create_table(
        "member",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("turns_14_on", sa.Date(), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member")),
        schema=schema,
    )
    op.create_index(
        op.f("ix_member_last_used_on"), "member", ["last_used_on"], unique=False, schema=schema
    )
    op.create_table(
        "consent",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint("channel in ('email', 'sms', 'push')", name=op.f("ck_consent_channel")),
        sa.CheckConstraint(
            _CONSENTS,
            name=op.f("ck_consent_kind"),
        ),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_consent_source"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_consent_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "consent_id", name=op.f("pk_consent")),
        schema=schema,
    )
    op.create_table(
        "device",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("device_row_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("obtained_on", sa.Date(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_device_source"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_device_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "device_row_id", name=op.f("pk_device")),
        schema=schema,
    )
    op.create_table(
        "disclosure",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("disclosure_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("disclosed_on", sa.Date(), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ground in ('consent', 'request', 'purchase', 'legal_demand')",
            name=op.f("ck_disclosure_ground"),
        ),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_disclosure_source"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_disclosure_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "disclosure_id", name=op.f("pk_disclosure")),
        schema=schema,
    )
    op.create_table(
        "guardianship",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("means", sa.Text(), nullable=True),
        sa.Column("proof", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_guardianship_source"),
        ),
        sa.CheckConstraint(
            "guardian_id <> member_id", name=op.f("ck_guardianship_not_own_guardian")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_guardianship_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "member_id", "guardian_id", "started_on", name=op.f("pk_guardianship")
        ),
        schema=schema,
    )
    op.create_index(
        op.f("ix_guardianship_guardian_id"),
        "guardianship",
        ["guardian_id"],
        unique=False,
        schema=schema,
    )
    op.create_table(
        "profile_value",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("obtained_on", sa.Date(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_profile_value_source"),
        ),
        sa.CheckConstraint(
            "(sealed is null) = (cleared_at is not null)", name=op.f("ck_profile_value_cleared")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_profile_value_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "item", "seq", name=op.f("pk_profile_value")),
        schema=schema,
    )
    op.create_table(
        "record",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("obtained_on", sa.Date(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('identity_check', 'visit', 'advertisement', 'contract', 'payment', "
            "'complaint')",
            name=op.f("ck_record_kind"),
        ),
        sa.CheckConstraint(
            _SOURCES,
            name=op.f("ck_record_source"),
        ),
        sa.CheckConstraint("ends_on >= event_date", name=op.f("ck_record_ends_after_event")),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_record_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "record_id", name=op.f("pk_record")),
        schema=schema,
    )
    op.create_index(op.f("ix_record_ends_on"), "record", ["ends_on"], unique=False, schema=schema)
    op.create_index(
        op.f("ix_record_member_id_kind_event_date_record_id"),
        "record",
        ["member_id", "kind", "event_date", "record_id"],
        unique=False,
        schema=schema,
    )
    op.create_table(
        "restriction",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("restriction_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_restriction_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "restriction_id", name=op.f("pk_restriction")),
        schema=schema,
    )
    op.create_table(
        "service_use",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            [f"{schema}.member.member_id"],
            name=op.f("fk_service_use_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "service", name=op.f("pk_service_use")),
        schema=schema,
    )


def _ops_tables() -> None:
    op.create_table(
        "authorization_code",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authorization_code")),
        schema="ops",
    )
    op.create_table(
        "credential",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_credential")),
        schema="ops",
    )
    op.create_table(
        "one_time",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_one_time_member_id"), "one_time", ["member_id"], unique=False, schema="ops"
    )
    op.create_table(
        "outbox",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("member_id", "message_id", name=op.f("pk_outbox")),
        schema="ops",
    )
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_version")),
        schema="ops",
    )
    op.create_table(
        "signin_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_signin_session")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_signin_session_member_id"),
        "signin_session",
        ["member_id"],
        unique=False,
        schema="ops",
    )
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("staff_no", sa.Text(), nullable=False),
        sa.Column("login_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("assigned_until", sa.Date(), nullable=True),
        sa.Column("trained_until", sa.Date(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('agent', 'officer')", name=op.f("ck_staff_role")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login_id", name=op.f("uq_staff_login_id")),
        sa.UniqueConstraint("staff_no", name=op.f("uq_staff_staff_no")),
        schema="ops",
    )
    op.create_table(
        "case",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["ops.staff.staff_id"], name=op.f("fk_case_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case")),
        schema="ops",
    )
    op.create_index(op.f("ix_case_member_id"), "case", ["member_id"], unique=False, schema="ops")
    op.create_table(
        "session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_provider", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_to", sa.Text(), nullable=True),
        sa.Column("resume", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "member_id is null or staff_id is null", name=op.f("ck_session_one_person")
        ),
        sa.CheckConstraint(
            "store in ('live', 'dormant', 'retained')", name=op.f("ck_session_store")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["ops.staff.staff_id"], name=op.f("fk_session_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_session_member_id"), "session", ["member_id"], unique=False, schema="ops"
    )
    op.create_index(
        "uq_session_open_token",
        "session",
        ["token_digest"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("revoked_at is null"),
    )


def _ledger_tables() -> None:
    op.create_table(
        "event",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("fold_key", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "actor_kind in ('self', 'guardian', 'staff', 'system')",
            name=op.f("ck_event_actor_kind"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("member_id", "fold_key", name=op.f("uq_event_member_id_fold_key")),
        schema="ledger",
    )
    op.create_index(
        op.f("ix_event_member_id_at"), "event", ["member_id", "at"], unique=False, schema="ledger"
    )


def upgrade() -> None:
    """Make schemas, tables, policies and grants."""
    for schema in _SCHEMAS:
        op.execute(f"create schema {schema}")
    for schema in ("live", "dormant", "retained"):
        _member_tables(schema)
        for table in _MEMBER_TABLES:
            _secure(schema, table)
    _ops_tables()
    _ledger_tables()
    _live()
    _ledger()
    _ops()
    op.execute("grant usage on schema live, ledger, ops to portal_web")
    op.execute("grant usage on schema live, dormant, retained, ledger, ops to portal_work")
    # Only the named roles, even on a server where others may log in.
    op.execute("revoke create on schema public from public")


def downgrade() -> None:
    """Drop everything; rows are lost, so this is for an installation that is being removed."""
    for schema in reversed(_SCHEMAS):
        op.execute(f"drop schema {schema} cascade")
