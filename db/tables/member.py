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
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.tables.naming import DATA
from db.words import Channel, ConsentKind, Ground, RecordKind, Source, Store

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

    @property
    def all(self) -> tuple[Table, ...]:
        """Return every table, parents first."""
        return (self.member, self.profile_value, self.record, self.device, self.service_use,
                self.consent, self.disclosure, self.restriction, self.guardianship)  # fmt: skip


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


def _member(store: Store) -> Table:
    return Table(
        "member", DATA,
        Column("member_id", Uuid, primary_key=True),
        Column("joined_on", Date),
        Column("turns_14_on", Date),
        Column("last_used_on", Date),
        Column("created_at", _WHEN, nullable=False),
        Index(None, "last_used_on"),
        schema=store,
    )  # fmt: skip


def _profile_value(store: Store) -> Table:
    return Table(
        "profile_value", DATA, _owner(store),
        Column("item", Text, primary_key=True),
        Column("seq", SmallInteger, primary_key=True),
        Column("sealed", LargeBinary),
        Column("cleared_at", _WHEN),
        Column("changed_at", _WHEN),
        *_provenance(),
        CheckConstraint("(sealed is null) = (cleared_at is not null)", name="cleared"),
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
        Index(None, "member_id", "kind", "event_date", "record_id"),
        Index(None, "ends_on"),
        schema=store,
    )  # fmt: skip


def _device(store: Store) -> Table:
    return Table(
        "device", DATA, _owner(store),
        Column("device_row_id", Uuid, primary_key=True),
        Column("sealed", LargeBinary, nullable=False),
        Column("last_used_on", Date),
        Column("refused_at", _WHEN),
        *_provenance(),
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
        Column("source", Text),
        one_of("kind", ConsentKind), one_of("channel", Channel), one_of("source", Source),
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
        Column("kept_until", Date),
        Column("source", Text),
        one_of("ground", Ground), one_of("source", Source),
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
        Column("blocked", Integer, nullable=False, server_default="0"),
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
        CheckConstraint("guardian_id <> member_id", name="not_own_guardian"),
        one_of("source", Source),
        Index(None, "guardian_id"),
        schema=store,
    )  # fmt: skip


def _tables(store: Store) -> MemberTables:
    return MemberTables(
        store, _member(store), _profile_value(store), _record(store), _device(store),
        _service_use(store), _consent(store), _disclosure(store), _restriction(store),
        _guardianship(store),
    )  # fmt: skip


STORES: dict[Store, MemberTables] = {store: _tables(store) for store in Store}
LIVE = STORES[Store.LIVE]
DORMANT = STORES[Store.DORMANT]
