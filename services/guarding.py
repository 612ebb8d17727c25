"""Who may act for a child today, and when a child's data is kept only: one answer for every door.

A guardian acts while the link lasts, the child is under 14, the guardian is not suspended, is 19
and has an active account (clause 9; P29, P41). `ops.guards` says so in the database, which alone
sees both; what else hangs on a guardian is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from db.children_rules import rules
from db.tables.member import LIVE
from db.tables.ops import credential, session
from db.words import ActorKind

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection, Table

    from db.tables.member import MemberTables

Value = Any
"""A column, a bound parameter or a plain value."""


def guards(child: Value, guardian: Value, today: Value) -> ColumnElement[bool]:
    """Return whether this guardian may act for this child; as the portal, of its subject alone."""
    found: ColumnElement[bool] = func.ops.guards(child, guardian, today)
    return found


def first(connection: Connection, child: UUID, today: date) -> UUID | None:
    """Return the first of those who may act for a child today; None where nobody may."""
    link = LIVE.guardianship.c
    found: UUID | None = connection.scalar(
        select(link.guardian_id)
        .where(link.member_id == child, guards(child, link.guardian_id, today))
        .order_by(link.started_on, link.guardian_id)
        .limit(1)
    )
    return found


def disputed(tables: MemberTables, member: Value, today: Value) -> ColumnElement[bool]:
    """Return whether a dispute about who acts for a child waits for its decision.

    From 14 on nobody acts for it: then it has fallen away by itself, before any run says so.
    """
    table, child = tables.dispute.c, tables.member.alias("disputed_child").c
    young = select(child.member_id).where(child.member_id == member, child.turns_14_on > today)
    waits = select(table.dispute_id).where(table.member_id == member, table.decided_at.is_(None))
    return and_(waits.exists(), young.exists())


def suspended(link: Any, today: Value) -> ColumnElement[bool]:  # noqa: ANN401 (a table's columns)
    """Return whether a link's suspension is in force."""
    return and_(
        link.suspended_on <= today,
        or_(link.suspended_until.is_(None), link.suspended_until >= today),
    )


def store_only(tables: MemberTables, today: Value) -> ColumnElement[bool]:
    """Return whether a row of `member` may be kept only: used for nothing but its rights.

    A child under 14 without a guardian whose consent is on record and who is not suspended (P41);
    and whoever has come of age and can neither be reached nor sign in, until somebody claims it.
    """
    member = tables.member.c
    came = or_(member.unclaimed_on.is_not(None), member.turns_14_on <= today)
    return or_(
        and_(func.coalesce(member.turns_14_on > today, false()), ~_proved(tables, today)),
        and_(func.coalesce(came, false()), ~reached(tables)),
    )


def _proved(tables: MemberTables, today: Value) -> ColumnElement[bool]:
    link, other = tables.guardianship.c, tables.guardianship.alias("suspension")
    barred = select(other.c.member_id).where(
        other.c.member_id == link.member_id,
        other.c.guardian_id == link.guardian_id,
        suspended(other.c, today),
    )
    return (
        select(link.member_id)
        .where(
            link.member_id == tables.member.c.member_id,
            link.proof,
            link.started_on <= today,
            or_(link.ended_on.is_(None), link.ended_on > today),
            ~barred.exists(),
        )
        .exists()
    )


def reached(tables: MemberTables) -> ColumnElement[bool]:
    """Return whether a row of `member` can be written to, or can sign in."""
    return or_(
        *(
            select(table.c.member_id).where(table.c.member_id == tables.member.c.member_id, *those)
            .exists()
            for table, those in _ways(tables)
        )
    )  # fmt: skip


def _ways(tables: MemberTables) -> tuple[tuple[Table, tuple[ColumnElement[bool], ...]], ...]:
    value = tables.profile_value
    held = (
        or_(value.c.item == "email", value.c.item == "mobile"),
        value.c.seq == 0,
        value.c.sealed.is_not(None),
    )
    # Another provider's sign-in leaves no password here, but a session that is known for a while.
    return (value, held), (credential, ()), (session, (session.c.signed_in_at.is_not(None),))


def paused(tables: MemberTables, row: Any, today: Value) -> ColumnElement[bool]:  # noqa: ANN401
    """Return whether a record of a consent is a guardian's, and its member is no child any more.

    It counts for nothing until the member has answered (`db.children_rules`).
    """
    child = tables.member.alias("still_a_child").c
    still = select(child.member_id).where(
        child.member_id == row.member_id, child.turns_14_on > today
    )
    return and_(
        or_(*(row.kind == kind for kind in rules().coming_of_age.paused)),
        func.coalesce(row.decided_by == ActorKind.GUARDIAN, false()),
        ~still.exists(),
    )
