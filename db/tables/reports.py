"""What somebody reported or asked, and the thread of answers; under a key of the report's own."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import ReportBy, ReportKind, ReportOutcome, ReportState

_WHEN = DateTime(timezone=True)

# `member_id`: who reported, signed in; nobody else sees it then. Without one, a number and a secret
# shown once open it. `about_id`: whose data an incident is about, the reporter or their child.
report = Table(
    "report", DATA,
    Column("report_id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("member_id", Uuid),
    Column("secret_digest", LargeBinary),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("received_at", _WHEN, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("about_id", Uuid),
    Column("case_id", Uuid),
    Column("closed_at", _WHEN),
    Column("closed_by", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("outcome", Text),
    one_of("kind", ReportKind), one_of("state", ReportState), one_of("outcome", ReportOutcome),
    CheckConstraint("(member_id is null) = (secret_digest is not null)", name="one_way"),
    CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed"),
    CheckConstraint("(closed_at is null) = (outcome is null)", name="outcome_told"),
    CheckConstraint("(kind = 'incident') = (about_id is not null)", name="about"),
    Index(None, "member_id", "received_at"),
    Index(
        "ix_report_open", "due_on", "report_id", postgresql_where=text("state <> 'closed'"),
    ),
    Index(None, "ends_on"),
    # Saying no twice makes one incident.
    Index(
        "uq_report_incident", "case_id", unique=True,
        postgresql_where=text("kind = 'incident' and state <> 'closed'"),
    ),
    schema="ops",
)  # fmt: skip

report_line = Table(
    "report_line", DATA,
    Column("report_id", Uuid, ForeignKey("ops.report.report_id", ondelete="CASCADE"),
           primary_key=True),
    Column("line_id", Uuid, primary_key=True),
    Column("at", _WHEN, nullable=False),
    Column("by", Text, nullable=False),
    Column("staff_id", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("sealed", LargeBinary, nullable=False),
    one_of("by", ReportBy),
    CheckConstraint("(by = 'staff') = (staff_id is not null)", name="by_whom"),
    schema="ops",
)  # fmt: skip
