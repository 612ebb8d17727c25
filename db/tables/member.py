"""A member's own tables, the same in each store; `member_id` comes first in every key.

Rows of one member lie together when the tables are partitioned by it. Sealed columns are
`LargeBinary`; `db.declarations` says what each column holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.naming import DATA
from db.words import (
    ActorKind,
    Channel,
    ConsentKind,
    DisputeOutcome,
    DisputeWhy,
    Ground,
    LinkMeans,
    LinkReason,
    RecordKind,
    RefusalReason,
    RequestKind,
    RequestState,
    RestrictionWhy,
    Source,
    Store,
    SuspensionWhy,
)

_WHEN = DateTime(timezone=True)


def one_of(column: str, words: type) -> CheckConstraint:
    """Return a check that `column` holds one of the words of an enum."""
    listed = ", ".join(f"'{word}'" for word in words)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} in ({listed})", name=column)


@dataclass(frozen=True)
class MemberTables:
    """The tables of one store."""

    store: Store
    member: Table
    profile_value: Table
    record: Table
    device: Table
    service_use: Table
    consent: Table
    disclosure: Table
    restriction: Table
    guardianship: Table
    request: Table
    evidence: Table
    pending_value: Table
    inbox: Table
    demand: Table
    dispute: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """Return every table, parents first."""
        return (self.member, self.profile_value, self.record, self.device, self.service_use,
                self.consent, self.disclosure, self.restriction, self.guardianship, self.request,
                self.evidence, self.pending_value, self.inbox, self.demand,
                self.dispute)  # fmt: skip


def _owner(store: Store) -> Column[object]:
    target = f"{store}.member.member_id"
    return Column("member_id", Uuid, ForeignKey(target, ondelete="CASCADE"), primary_key=True)


def _provenance() -> tuple[Column[object] | CheckConstraint, ...]:
    """Return the columns that say how a value came to us; NULL means that nobody recorded it."""
    return (
        Column("source", Text),
        Column("partner", Text),
        Column("service", Text),
        Column("obtained_on", Date),
        Column("policy_version", Text),
        one_of("source", Source),
    )


def _paper(table: str) -> Index:
    """Return an index of what came on paper: such forms are listed, and are few."""
    on_paper = text("source = 'paper'")
    return Index(f"ix_{table}_paper", "member_id", "obtained_on", postgresql_where=on_paper)


def _member(store: Store) -> Table:
    return Table(
        "member", DATA,
        Column("member_id", Uuid, *_proved(store), primary_key=True),
        Column("joined_on", Date),
        Column("turns_14_on", Date),
        # Under 19 nobody acts for a child.
        Column("turns_19_on", Date),
        # Whether the day above says what the birth date says; empty: nobody has looked yet.
        Column("age_known", Boolean),
        # Since when somebody is 14 whom nobody can reach, and who can't sign in.
        Column("unclaimed_on", Date),
        # The last day to answer what a guardian had consented to.
        Column("answers_until", Date),
        Column("unguarded_seen_on", Date),
        Column("last_used_on", Date),
        Column("usage_told_on", Date),
        Column("last_counted_on", Date),
        # The last use that the latest notice told of; null once they have come since.
        Column("told_for", Date),
        Column("created_at", _WHEN, nullable=False),
        Index(None, "last_used_on"),
        Index(None, "usage_told_on"),
        Index(None, "last_counted_on", "member_id"),
        Index(
            "ix_member_turns_14_on", "turns_14_on",
            postgresql_where=text("turns_14_on is not null"),
        ),
        *_to_tell(store),
        *_age_unread(store),
        schema=store,
    )  # fmt: skip


def _to_tell(store: Store) -> tuple[Index, ...]:
    """Return the index of whom nobody told yet: it costs what is due, not who waits to sleep."""
    if store is not Store.LIVE:
        return ()
    untold = text("told_for is distinct from last_counted_on")
    return (Index("ix_member_to_tell", "last_counted_on", "member_id", postgresql_where=untold),)


def _age_unread(store: Store) -> tuple[Index, ...]:
    """Return the index of those whose birth date nobody has looked at yet: they grow fewer."""
    if store is not Store.LIVE:
        return ()
    unread = text("age_known is null")
    return (Index("ix_member_age_unread", "member_id", postgresql_where=unread),)


def _proved(store: Store) -> tuple[ForeignKey, ...]:
    """Nobody is in the dormant store without a separation, which rests on its notice (P10)."""
    if store is not Store.DORMANT:
        return ()
    return (
        ForeignKey(
            "ops.separation.member_id", name="fk_member_separation",
            deferrable=True, initially="DEFERRED",
        ),
    )  # fmt: skip


def _profile_value(store: Store) -> Table:
    return Table(
        "profile_value", DATA, _owner(store),
        Column("item", Text, primary_key=True),
        Column("seq", SmallInteger, primary_key=True),
        Column("sealed", LargeBinary),
        Column("cleared_at", _WHEN),
        Column("changed_at", _WHEN),
        # Retained store: the last day on which this value is kept.
        Column("ends_on", Date),
        *_provenance(),
        CheckConstraint("(sealed is null) = (cleared_at is not null)", name="cleared"),
        Index(None, "ends_on", postgresql_where=text("ends_on is not null")),
        _paper("profile_value"),
        schema=store,
    )  # fmt: skip


def _record(store: Store) -> Table:
    return Table(
        "record", DATA, _owner(store),
        Column("record_id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("event_date", Date, nullable=False),
        Column("ends_on", Date, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        *_provenance(),
        one_of("kind", RecordKind),
        CheckConstraint("ends_on >= event_date", name="ends_after_event"),
        # With the last day, so that counting a member's records reads no record.
        Index(None, "member_id", "kind", "event_date", "record_id", postgresql_include=["ends_on"]),
        Index(None, "ends_on"),
        _paper("record"),
        schema=store,
    )  # fmt: skip


def _device(store: Store) -> Table:
    return Table(
        "device", DATA, _owner(store),
        Column("device_row_id", Uuid, primary_key=True),
        Column("sealed", LargeBinary),
        Column("last_used_on", Date),
        Column("refused_at", _WHEN),
        *_provenance(),
        CheckConstraint("(sealed is null) = (refused_at is not null)", name="refused"),
        schema=store,
    )  # fmt: skip


def _service_use(store: Store) -> Table:
    return Table(
        "service_use", DATA, _owner(store),
        Column("service", Text, primary_key=True),
        Column("since", Date),
        Column("last_used_on", Date),
        schema=store,
    )  # fmt: skip


def _consent(store: Store) -> Table:
    return Table(
        "consent", DATA, _owner(store),
        Column("consent_id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("channel", Text),
        Column("recipient", Text),
        Column("item", Text),
        Column("granted", Boolean, nullable=False),
        Column("decided_at", _WHEN),
        Column("ends_on", Date),
        Column("wording", Text),
        Column("policy_version", Text),
        Column("language", Text),
        Column("decided_by", Text),
        Column("actor_id", Uuid),
        Column("case_id", Uuid),
        Column("shown", Boolean, nullable=False, server_default=false()),
        Column("source", Text),
        one_of("kind", ConsentKind), one_of("channel", Channel), one_of("source", Source),
        Index(None, "ends_on"),
        # Which advertising must be confirmed again: asked daily of a few days among years.
        Index(
            "ix_consent_advertising", "decided_at",
            postgresql_where=text("kind in ('advertising', 'advertising_night') and granted"),
        ),
        schema=store,
    )  # fmt: skip


def _disclosure(store: Store) -> Table:
    return Table(
        "disclosure", DATA, _owner(store),
        Column("disclosure_id", Uuid, primary_key=True),
        Column("recipient", Text, nullable=False),
        Column("items", ARRAY(Text), nullable=False),
        Column("purpose", Text),
        Column("ground", Text),
        Column("disclosed_on", Date, nullable=False),
        Column("disclosed_at", _WHEN),
        Column("ground_id", Uuid),
        Column("shown_from", Date),
        Column("kept_until", Date),
        Column("source", Text),
        Column("checked_at", _WHEN),
        Column("asked_by", Text),
        one_of("asked_by", ActorKind), one_of("ground", Ground), one_of("source", Source),
        # The daily check looks at each once, so that it follows what is new.
        Index(
            "ix_disclosure_unchecked", "disclosed_on", postgresql_where=text("checked_at is null")
        ),
        schema=store,
    )  # fmt: skip


def _restriction(store: Store) -> Table:
    return Table(
        "restriction", DATA, _owner(store),
        Column("restriction_id", Uuid, primary_key=True),
        Column("item", Text),
        Column("purpose", Text),
        Column("started_at", _WHEN, nullable=False),
        Column("ended_at", _WHEN),
        Column("why", Text, nullable=False, server_default=RestrictionWhy.STOPPED),
        Column("request_id", Uuid),
        Column("blocked", Integer, nullable=False, server_default="0"),
        Column("last_blocked_at", _WHEN),
        Column("asked_by", Text),
        one_of("why", RestrictionWhy), one_of("asked_by", ActorKind),
        schema=store,
    )  # fmt: skip


def _guardianship(store: Store) -> Table:
    return Table(
        "guardianship", DATA, _owner(store),
        Column("guardian_id", Uuid, primary_key=True),
        Column("started_on", Date, primary_key=True),
        Column("ended_on", Date),
        Column("means", Text),
        Column("proof", Boolean, nullable=False),
        Column("source", Text),
        Column("reason", Text),
        Column("consent_id", Uuid),
        # The first and the last day on which this guardian may not act; no last one: for good.
        Column("suspended_on", Date),
        Column("suspended_until", Date),
        Column("suspended_why", Text),
        CheckConstraint("guardian_id <> member_id", name="not_own_guardian"),
        # What was proved here was proved together with the guardian's consent (P41).
        CheckConstraint(
            "not proof or means is null or means not in ('code', 'document') "
            "or consent_id is not null",
            name="consented",
        ),
        CheckConstraint(
            "(suspended_on is null) = (suspended_why is null) "
            "and (suspended_until is null or suspended_until >= suspended_on - 1)",
            name="suspended",
        ),
        one_of("source", Source), one_of("means", LinkMeans), one_of("reason", LinkReason),
        one_of("suspended_why", SuspensionWhy),
        Index(None, "guardian_id"),
        schema=store,
    )  # fmt: skip


def _request(store: Store) -> Table:
    """Return requests under way and decided; what was proposed goes with the decision."""
    return Table(
        "request", DATA, _owner(store),
        Column("request_id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("item", Text),
        Column("seq", SmallInteger),
        Column("purpose", Text),
        Column("sealed", LargeBinary),
        Column("received_at", _WHEN, nullable=False),
        Column("due_on", Date, nullable=False),
        Column("objects_to", Uuid),
        Column("decided_at", _WHEN),
        Column("decided_by", Uuid),
        Column("reason", Text),
        Column("answer", LargeBinary),
        Column("asked_by", Text),
        # Whoever of the staff entered it doesn't decide it.
        Column("asked_by_staff", Uuid),
        one_of("asked_by", ActorKind), one_of("kind", RequestKind),
        one_of("state", RequestState), one_of("reason", RefusalReason),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided"),
        CheckConstraint("decided_at is null or sealed is null", name="forgotten"),
        CheckConstraint("(state = 'refused') = (reason is not null)", name="reasoned"),
        Index(None, "state", "due_on"),
        # Of two tabs that ask the same, one is told that it has been asked already.
        Index(
            "uq_request_open", "member_id", "kind", "item", "seq", "purpose", "objects_to",
            unique=True, postgresql_nulls_not_distinct=True,
            postgresql_where=text("state = 'open'"),
        ),
        schema=store,
    )  # fmt: skip


def _evidence(store: Store) -> Table:
    """Return files given as proof; each is destroyed after the decision."""
    request = f"{store}.request"
    return Table(
        "evidence", DATA, _owner(store),
        Column("evidence_id", Uuid, primary_key=True),
        Column("request_id", Uuid, nullable=False),
        Column("media_type", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("sealed", LargeBinary),
        Column("received_at", _WHEN, nullable=False),
        Column("destroyed_at", _WHEN),
        ForeignKeyConstraint(
            ["member_id", "request_id"], [f"{request}.member_id", f"{request}.request_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("(sealed is null) = (destroyed_at is not null)", name="destroyed"),
        schema=store,
    )  # fmt: skip


def _pending_value(store: Store) -> Table:
    """Return new values that wait for a link to be followed."""
    return Table(
        "pending_value", DATA, _owner(store),
        Column("item", Text, primary_key=True),
        Column("sealed", LargeBinary, nullable=False),
        Column("asked_at", _WHEN, nullable=False),
        Column("expires_at", _WHEN, nullable=False),
        Column("asked_by", Uuid),
        schema=store,
    )  # fmt: skip


def _inbox(store: Store) -> Table:
    """Return what a member was told, to be read in the portal as well."""
    return Table(
        "inbox", DATA, _owner(store),
        Column("message_id", Uuid, primary_key=True),
        Column("template", Text, nullable=False),
        Column("sealed", LargeBinary),
        Column("created_at", _WHEN, nullable=False),
        Column("read_at", _WHEN),
        Column("ends_on", Date, nullable=False),
        Index(None, "ends_on"),
        schema=store,
    )  # fmt: skip


def _demand(store: Store) -> Table:
    """Return legal demands for a member's data, with the sealed document and who approved them."""
    return Table(
        "demand", DATA, _owner(store),
        Column("demand_id", Uuid, primary_key=True),
        Column("authority", Text, nullable=False),
        Column("legal_basis", Text, nullable=False),
        Column("items", ARRAY(Text), nullable=False),
        Column("media_type", Text),
        Column("document", LargeBinary),
        Column("received_on", Date, nullable=False),
        Column("entered_by", Uuid, nullable=False),
        Column("entered_at", _WHEN, nullable=False),
        Column("approved_by", Uuid),
        Column("approved_at", _WHEN),
        Column("approved_items", ARRAY(Text)),
        Column("refused_at", _WHEN),
        Column("shown_from", Date),
        CheckConstraint("(approved_by is null) = (approved_at is null)", name="approved"),
        CheckConstraint("approved_by is null or document is not null", name="documented"),
        CheckConstraint("approved_by is null or approved_by <> entered_by", name="two_officers"),
        CheckConstraint(
            "(approved_items is null) = (approved_by is null) and approved_items <@ items",
            name="minimum",
        ),
        schema=store,
    )  # fmt: skip


def _dispute(store: Store) -> Table:
    """Return disputes about who acts for a child: what was said is sealed, and never told on."""
    return Table(
        "dispute", DATA, _owner(store),
        Column("dispute_id", Uuid, primary_key=True),
        Column("why", Text, nullable=False),
        Column("opened_by", Uuid, nullable=False),
        Column("opened_at", _WHEN, nullable=False),
        Column("sealed", LargeBinary),
        Column("decided_at", _WHEN),
        Column("decided_by", Uuid),
        Column("outcome", Text),
        Column("answer", LargeBinary),
        one_of("why", DisputeWhy), one_of("outcome", DisputeOutcome),
        CheckConstraint("(decided_at is null) = (outcome is null)", name="decided"),
        Index(
            "uq_dispute_open", "member_id", "opened_by",
            unique=True, postgresql_where=text("decided_at is null"),
        ),
        schema=store,
    )  # fmt: skip


def _tables(store: Store) -> MemberTables:
    return MemberTables(
        store, _member(store), _profile_value(store), _record(store), _device(store),
        _service_use(store), _consent(store), _disclosure(store), _restriction(store),
        _guardianship(store), _request(store), _evidence(store), _pending_value(store),
        _inbox(store), _demand(store), _dispute(store),
    )  # fmt: skip


STORES: dict[Store, MemberTables] = {store: _tables(store) for store in Store}
LIVE = STORES[Store.LIVE]
DORMANT = STORES[Store.DORMANT]
