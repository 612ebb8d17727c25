"""The staff's cases: for whom, who may act until when, what was asked, and what still waits.

What a caller said or gave is sealed under the case's own key (`keys.case_key`), which is there for
members of every store and goes with the case.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.member import one_of
from db.tables.naming import DATA
from db.words import (
    AnsweredBy,
    Caller,
    CaseChannel,
    CaseKind,
    CaseOutcome,
    GrantEnded,
    PaperKind,
    Postponed,
    RefusalReason,
    StepMeans,
    StepState,
    StepWhat,
    VerifiedBy,
)

_WHEN = DateTime(timezone=True)
_OF_CALLERS = "kind in ('call', 'recovery')"

# `staff_id` has it in hand; the grant (`permissions` until `granted_until`) is theirs alone, and is
# void while `suspended_at` is set. A report may be about nobody, and in nobody's hand.
case = Table(
    "case", DATA,
    Column("case_id", Uuid, primary_key=True),
    Column("member_id", Uuid),
    Column("staff_id", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("opened_at", _WHEN, nullable=False),
    Column("granted_until", _WHEN, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("closed_at", _WHEN),
    Column("request_id", Uuid),
    Column("kind", Text, nullable=False, server_default="request"),
    Column("case_no", Text),
    Column("channel", Text),
    Column("caller", Text),
    Column("asked", ARRAY(Text)),
    Column("received_on", Date),
    Column("due_on", Date),
    Column("postponed", Text),
    Column("verified_by", Text),
    Column("verified_at", _WHEN),
    Column("failed_tries", Integer, nullable=False, server_default="0"),
    Column("grant_ended", Text),
    Column("suspended_at", _WHEN),
    Column("outcome", Text),
    Column("refusal", Text),
    Column("answered_by", Text),
    # When each try failed, and when each code went: a day of the member's, over all their cases.
    Column("failed_at", ARRAY(_WHEN)),
    Column("codes_at", ARRAY(_WHEN)),
    # In the case of a guardian: the one who calls, for whom alone something is done in it.
    Column("guardian_id", Uuid),
    one_of("kind", CaseKind), one_of("channel", CaseChannel), one_of("caller", Caller),
    one_of("postponed", Postponed), one_of("verified_by", VerifiedBy),
    one_of("grant_ended", GrantEnded), one_of("outcome", CaseOutcome),
    one_of("refusal", RefusalReason), one_of("answered_by", AnsweredBy),
    CheckConstraint("member_id is not null or kind = 'report'", name="somebodys"),
    CheckConstraint("staff_id is not null or kind in ('incident', 'report')", name="in_hand"),
    CheckConstraint("(verified_by is null) = (verified_at is null)", name="verified"),
    CheckConstraint(
        f"not ({_OF_CALLERS}) or (case_no is not null and channel is not null "
        "and caller is not null and asked is not null and due_on is not null)",
        name="of_a_caller",
    ),
    # Whoever is not verified has somebody who writes down what they ask, and nothing else.
    CheckConstraint(
        f"not ({_OF_CALLERS}) or verified_at is not null or permissions <@ '{{case_handle}}'",
        name="verified_first",
    ),
    CheckConstraint("(outcome = 'refused') = (refusal is not null)", name="refused"),
    CheckConstraint("guardian_id is null or caller = 'guardian'", name="guardians"),
    Index(None, "member_id"),
    Index(None, "request_id"),
    Index(
        "ix_case_guardian", "guardian_id",
        postgresql_where=text("guardian_id is not null and closed_at is null"),
    ),
    Index(
        "uq_case_case_no", "case_no", unique=True, postgresql_where=text("case_no is not null")
    ),
    # A caller who reaches two of the staff at once has one case.
    Index(
        "uq_case_open_call", "member_id", unique=True,
        postgresql_where=text(f"closed_at is null and {_OF_CALLERS}"),
    ),
    Index(
        "ix_case_open", "due_on", "case_id",
        postgresql_where=text("closed_at is null and kind <> 'request'"),
    ),
    Index(
        "ix_case_in_hand", "staff_id", "due_on", "case_id",
        postgresql_where=text("closed_at is null and kind <> 'request'"),
    ),
    schema="ops",
)  # fmt: skip

case_paper = Table(
    "case_paper", DATA,
    Column("member_id", Uuid, nullable=False),
    Column("case_id", Uuid, ForeignKey("ops.case.case_id"), primary_key=True),
    Column("paper_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("media_type", Text),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("given_at", _WHEN, nullable=False),
    one_of("kind", PaperKind),
    Index(None, "member_id"),
    schema="ops",
)  # fmt: skip

# What waits for the member's own word or a second one of the staff.
case_step = Table(
    "case_step", DATA,
    Column("member_id", Uuid, nullable=False),
    Column("case_id", Uuid, ForeignKey("ops.case.case_id"), primary_key=True),
    Column("step_id", Uuid, primary_key=True),
    Column("what", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("sealed", LargeBinary),
    Column("language", Text, nullable=False),
    Column("asked_by", Uuid, ForeignKey("ops.staff.staff_id"), nullable=False),
    Column("asked_at", _WHEN, nullable=False),
    Column("expires_at", _WHEN, nullable=False),
    Column("state", Text, nullable=False),
    Column("link_digest", LargeBinary),
    # Whose link it is: the member, or the guardian who asked for a child.
    Column("sent_to", Uuid),
    Column("decided_at", _WHEN),
    Column("decided_by", Uuid, ForeignKey("ops.staff.staff_id")),
    Column("means", Text),
    Column("waits_until", _WHEN),
    Column("done_at", _WHEN),
    one_of("what", StepWhat), one_of("state", StepState), one_of("means", StepMeans),
    CheckConstraint("decided_by is null or decided_by <> asked_by", name="another"),
    CheckConstraint("(means is null) = (decided_at is null)", name="decided"),
    CheckConstraint(
        "state not in ('running', 'done') or (decided_at is not null "
        "and (means = 'link' or decided_by is not null))",
        name="not_alone",
    ),
    CheckConstraint(
        "what <> 'recover' or state not in ('running', 'done') or means = 'second'",
        name="by_a_second",
    ),
    CheckConstraint("(state = 'running') <= (waits_until is not null)", name="waits"),
    Index(None, "member_id"),
    Index(
        "uq_case_step_link_digest", "link_digest", unique=True,
        postgresql_where=text("link_digest is not null"),
    ),
    Index(
        "ix_case_step_open", "asked_at", "step_id",
        postgresql_where=text("state in ('waiting', 'running')"),
    ),
    schema="ops",
)  # fmt: skip

# How often one of the staff looked for somebody on a day: guessing shows, and ends.
lookup = Table(
    "lookup", DATA,
    Column("staff_id", Uuid, ForeignKey("ops.staff.staff_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("made", Integer, nullable=False),
    Column("found", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    schema="ops",
)  # fmt: skip
