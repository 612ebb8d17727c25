"""The files of who looked, where the member signed in, and when the account slept (P25, P28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, func, select

from db.tables.bars import bar
from db.tables.ledger import event
from db.tables.moves import separation
from db.tables.ops import session, staff
from db.words import N_, ActorKind, ExportGroup, StaffRole
from services import bar_words, later
from services.archive_columns import Column, File, Form
from services.archive_profile import STORES
from services.history import Who
from services.history_words import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_GROUP: Final = ExportGroup.HISTORY
WHO: Final = {
    Who.ME: N_("I"),
    Who.GUARDIAN: N_("A guardian"),
    Who.ANOTHER_MEMBER: N_("Another member"),
    Who.STAFF: N_("Our staff"),
    Who.SYSTEM: N_("The system"),
}
NOT_STATED: Final = N_("not stated in this version")
STAFF: Final = {StaffRole.AGENT: N_("Support staff"), StaffRole.OFFICER: N_("Privacy officer")}


def _events(source: Source) -> Select[Any]:
    """Return the member's events, the newest first, without what the law lets us show later."""
    known = staff.c.staff_id == event.c.actor_id
    return (
        select(event, staff.c.staff_no, staff.c.role)
        .select_from(event.outerjoin(staff, known))
        .where(event.c.member_id == source.member_id, later.shown(source.tables.store))
        .order_by(event.c.at.desc(), event.c.event_id.desc())
        .params(member=source.member_id, today=source.today, guardian=source.guardian)
    )


def _guardians(source: Source) -> dict[UUID, int]:
    """Return each guardian's number, as "Who looked" gives it."""
    link = source.tables.guardianship.c
    rows = source.data.execute(
        select(link.guardian_id)
        .where(link.member_id == source.member_id)
        .group_by(link.guardian_id)
        .order_by(func.min(link.started_on), link.guardian_id)
    )
    return {row.guardian_id: number for number, row in enumerate(rows, start=1)}


def _who(reading: Reading) -> Callable[[Any], Value]:
    me, guardians = reading.source.member_id, _guardians(reading.source)

    def read(row: Any) -> Value:  # noqa: ANN401
        if row.actor_kind in {ActorKind.STAFF, ActorKind.SYSTEM}:
            return str(row.actor_kind)
        if row.actor_id == me:
            return Who.ME.value
        known = row.actor_kind == ActorKind.GUARDIAN or row.actor_id in guardians
        return Who.GUARDIAN.value if known else Who.ANOTHER_MEMBER.value

    return read


def _number(reading: Reading) -> Callable[[Any], Value]:
    guardians = _guardians(reading.source)
    return lambda row: guardians.get(row.actor_id)


LEDGER: Final = File(
    "who_looked", N_("Who looked"), _GROUP, "event",
    (
        Column("event_id", N_("Number of the entry"), Form.NUMBER, shown=False),
        Column("at", N_("Time"), Form.MOMENT),
        Column("who", N_("Who"), Form.WORD, WHO, ("event.actor_kind", "event.actor_id"), _who),
        Column("guardian", N_("Number of the guardian"), Form.NUMBER, None, (), _number),
        Column("role", N_("Staff"), Form.WORD, STAFF, holds=()),
        Column("staff_no", N_("Staff number"), holds=()),
        Column("name", N_("What"), Form.WORD, EVENTS),
        Column("allowed", N_("Allowed"), Form.YES_NO),
        Column("reason", N_("Reason")),
        Column("purpose", N_("Used for"), Form.PURPOSE),
        Column("items", N_("Items"), Form.ITEMS),
        Column("page", N_("Page"), shown=False),
    ),
    _events, keeping=NOT_STATED,
)  # fmt: skip


def _sessions(source: Source) -> Select[Any]:
    return (
        select(session)
        .where(session.c.member_id == source.member_id)
        .order_by(session.c.started_at.desc(), session.c.session_id)
    )


SESSIONS: Final = File(
    "sign_ins", N_("Browsers in which I signed in"), _GROUP, "session",
    (
        Column("agent", N_("Browser")),
        Column("started_at", N_("Since"), Form.MOMENT),
        Column("signed_in_at", N_("Signed in"), Form.MOMENT),
        Column("verified_at", N_("Identity confirmed"), Form.MOMENT),
        Column("last_active_at", N_("Last used"), Form.MOMENT),
        Column("revoked_at", N_("Ended on"), Form.MOMENT),
        Column("revoked_why", N_("Why it ended"), shown=False),
        Column("store", N_("The account is"), Form.WORD, STORES),
    ),
    _sessions, keeping=NOT_STATED,
)  # fmt: skip


def _separations(source: Source) -> Select[Any]:
    return select(separation).where(separation.c.member_id == source.member_id)


SLEEP: Final = File(
    "sleep", N_("When the account went to sleep"), _GROUP, "separation",
    (
        Column("noticed_at", N_("Told by e-mail"), Form.MOMENT),
        Column("notice_days", N_("Days between"), Form.NUMBER),
        Column("separated_at", N_("Asleep since"), Form.MOMENT),
        Column("last_counted_on", N_("Last use that counts"), Form.DAY),
        Column("policy_version", N_("Policy version then")),
    ),
    _separations,
)  # fmt: skip


def _bars(source: Source) -> Select[Any]:
    mine = bar.c.member_id == source.member_id
    return select(bar).where(mine).order_by(bar.c.placed_at.desc(), bar.c.bar_id)


BARS: Final = File(
    "bars", N_("Bars on joining again"), _GROUP, "bar",
    (
        Column("bar_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("placed_at", N_("Decided on"), Form.MOMENT),
        Column("why", N_("Why"), Form.WORD, bar_words.WHY),
        Column("ends_on", N_("Last day"), Form.DAY),
        Column("known_by", N_("Known again by"), Form.ITEMS),
        Column("objected_at", N_("Objected on"), Form.MOMENT),
        Column("answered_at", N_("Answered on"), Form.MOMENT),
        Column("kept_why", N_("Why it stays"), Form.WORD, bar_words.KEPT),
        Column("lifted_at", N_("Lifted on"), Form.MOMENT),
    ),
    _bars, keeping=NOT_STATED,
)  # fmt: skip

FILES: Final = (LEDGER, SESSIONS, SLEEP, BARS)
