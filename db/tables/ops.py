"""Sessions, sign-in, staff, cases, policy versions and messages under way."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.tables.cases import case as case  # noqa: PLC0414 (others have it from here)
from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import Change, CompanyRole, NoticeMeans, StaffChange, StaffRole, Store

_WHEN = DateTime(timezone=True)

staff = Table(
    "staff", DATA,
    Column("staff_id", Uuid, primary_key=True),
    Column("staff_no", Text, nullable=False, unique=True),
    Column("login_id", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("assigned_until", Date),
    Column("trained_until", Date),
    Column("password_hash", Text),
    Column("password_set_on", Date),
    Column("password_given_at", _WHEN),
    Column("ended_at", _WHEN),
    # Of staff who are members, too: their membership, which they never open a case on.
    Column("own_membership", Uuid),
    one_of("role", StaffRole),
    schema="ops",
)  # fmt: skip

# Who could see members' data from when to when, and who decided it. The database itself writes a
# row with each change of an account; no login role can change or delete one.
staff_access = Table(
    "staff_access", DATA,
    Column("access_id", Uuid, primary_key=True),
    Column("staff_id", Uuid, ForeignKey("ops.staff.staff_id"), nullable=False),
    Column("at", _WHEN, nullable=False),
    Column("change", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("until", Date),
    Column("changed_by", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("held_on", Date),
    Column("what", Text),
    Column("why", Text),
    one_of("change", StaffChange), one_of("role", StaffRole),
    Index(None, "at"),
    Index(None, "staff_id", "at"),
    schema="ops",
)  # fmt: skip

session = Table(
    "session", DATA,
    Column("session_id", Uuid, primary_key=True),
    Column("token_digest", LargeBinary, nullable=False),
    Column("member_id", Uuid),
    Column("staff_id", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("store", Text),
    Column("agent", Text),
    Column("device_digest", LargeBinary),
    Column("started_at", _WHEN, nullable=False),
    Column("last_active_at", _WHEN, nullable=False),
    Column("signed_in_at", _WHEN),
    Column("verified_at", _WHEN),
    Column("asked_provider", Text),
    Column("asked_at", _WHEN),
    Column("return_to", Text),
    Column("resume", JSONB),
    Column("revoked_at", _WHEN),
    Column("revoked_why", Text),
    CheckConstraint("member_id is null or staff_id is null", name="one_person"),
    one_of("store", Store),
    Index(
        "uq_session_open_token", "token_digest", unique=True,
        postgresql_where=text("revoked_at is null"),
    ),
    Index(None, "member_id"),
    Index("ix_session_staff_id", "staff_id", postgresql_where=text("staff_id is not null")),
    # Not by activity: that would be written into the index each minute.
    Index(None, "started_at"),
    schema="ops",
)  # fmt: skip

answer = Table(
    "answer", DATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("counted_at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

policy_version = Table(
    "policy_version", DATA,
    Column("version", Text, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("in_force_from", Date, nullable=False),
    Column("registered_at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

credential = Table(
    "credential", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("set_at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

one_time = Table(
    "one_time", DATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid, nullable=False),
    Column("use", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("expires_at", _WHEN, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("used_at", _WHEN),
    Index(None, "member_id"),
    schema="ops",
)  # fmt: skip

authorization_code = Table(
    "authorization_code", DATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid),
    Column("staff_id", Uuid),
    Column("client_id", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text),
    Column("challenge", Text, nullable=False),
    Column("auth_time", _WHEN, nullable=False),
    Column("acr", Text),
    Column("expires_at", _WHEN, nullable=False),
    schema="ops",
)  # fmt: skip

signin_session = Table(
    "signin_session", DATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", Uuid),
    Column("staff_id", Uuid),
    Column("auth_time", _WHEN, nullable=False),
    Column("expires_at", _WHEN, nullable=False),
    Index(None, "member_id"),
    schema="ops",
)  # fmt: skip

outbox = Table(
    "outbox", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("created_at", _WHEN, nullable=False),
    Column("sent_at", _WHEN),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failed_at", _WHEN),
    Column("bounced_at", _WHEN),
    Column("key", Text),
    Column("accepted", Boolean, Computed(
        "sent_at is not null and failed_at is null and bounced_at is null", persisted=True
    )),
    # The day on which this notice says that the account will sleep.
    Column("sleeps_on", Date),
    UniqueConstraint("member_id", "key"),
    # What a separation rests on, by reference: see db/tables/moves.py.
    UniqueConstraint(
        "member_id", "message_id", "template", "channel", "sent_at", "accepted", "sleeps_on",
        name="uq_outbox_notice",
    ),
    # Whom the notice before separation did not reach: the desk lists them.
    Index(
        "ix_outbox_unreached", "member_id", postgresql_where=text(
            "template = 'dormancy_notice' and (bounced_at is not null or failed_at is not null)"
        ),
    ),
    schema="ops",
)  # fmt: skip

company = Table(
    "company", DATA,
    Column("company_id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("service", Text),
    Column("purpose", Text),
    Column("task", JSONB),
    Column("items", ARRAY(Text), nullable=False),
    Column("kept", JSONB),
    Column("means", Text, nullable=False),
    Column("address", Text),
    Column("secret_no", Integer, nullable=False, server_default="1"),
    Column("contract_ends_on", Date),
    Column("fictional", Boolean, nullable=False, server_default=false()),
    Column("terms_from", _WHEN, nullable=False),
    Column("added_at", _WHEN, nullable=False),
    Column("ended_at", _WHEN),
    one_of("role", CompanyRole), one_of("means", NoticeMeans),
    CheckConstraint("means = 'none' or address is not null", name="address"),
    schema="ops",
)  # fmt: skip

dispatch = Table(
    "dispatch", DATA,
    Column("member_id", Uuid, primary_key=True),
    Column("dispatch_id", Uuid, primary_key=True),
    Column("company_id", Text, ForeignKey("ops.company.company_id"), nullable=False),
    Column("change", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("key", Text, nullable=False),
    Column("created_at", _WHEN, nullable=False),
    Column("answer_digest", LargeBinary),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", _WHEN),
    Column("answered_at", _WHEN),
    Column("failed_at", _WHEN),
    one_of("change", Change),
    UniqueConstraint("member_id", "company_id", "key"),
    Index(None, "company_id", "answered_at"),
    Index("ix_dispatch_answer_digest", "answer_digest"),
    schema="ops",
)  # fmt: skip

finding = Table(
    "finding", DATA,
    Column("finding_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("row_id", Uuid, nullable=False),
    Column("found_at", _WHEN, nullable=False),
    Column("closed_at", _WHEN),
    Column("closed_by", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("note", Text),
    UniqueConstraint("kind", "row_id"),
    schema="ops",
)  # fmt: skip

# Somebody looked at what protects outside the portal. Rows are only added; each counts for a while.
safeguard_confirmation = Table(
    "safeguard_confirmation", DATA,
    Column("confirmation_id", Uuid, primary_key=True),
    Column("safeguard", Text, nullable=False),
    Column("checks", ARRAY(Text), nullable=False),
    Column("checked_on", Date, nullable=False),
    Column("confirmed_by", Uuid, ForeignKey("ops.staff.staff_id"), nullable=False),
    Column("confirmed_at", _WHEN, nullable=False),
    CheckConstraint("cardinality(checks) > 0", name="something"),
    CheckConstraint(
        "checked_on <= (confirmed_at at time zone 'Asia/Seoul')::date", name="not_ahead"
    ),
    schema="ops",
)  # fmt: skip
