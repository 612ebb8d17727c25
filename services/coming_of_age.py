"""A birth date that changes, and all that hangs on it: who may act for a child, and who decides.

Somebody who turns out to be 14 is in charge at once, as on the birthday itself; somebody who turns
out to be younger has their guardians back, and what waited for an answer falls away (clause 9).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, and_, case, func, literal, null, or_, select, update

from db import writer
from db.children_rules import rules
from services import guarding

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from db.tables.member import MemberTables


def follow(
    data: Connection, tables: MemberTables, member_id: UUID, born: str | None, today: date
) -> dict[str, Any]:
    """Let the member's row follow a birth date; return the columns of birthdays to come."""
    days = writer.birthdays(born, today)
    found: dict[str, Any] = days | {"age_known": born is not None}
    member = tables.member
    data.execute(
        update(member)
        .where(member.c.member_id == member_id)
        .values(found | _duties(tables, days["turns_14_on"], today))
    )
    return found


def _duties(tables: MemberTables, turns: date | None, today: date) -> dict[str, Any]:
    """Return what waits for somebody who is 14 by now; nothing waits for a child."""
    if turns is not None:
        return {"unclaimed_on": None, "answers_until": None}
    member = tables.member.c
    # Until the hourly run the day stands there, though it has come: nobody did this before.
    was_child = member.turns_14_on.is_not(None)
    day = func.least(member.turns_14_on, today, type_=Date)
    return {
        "unclaimed_on": case((and_(was_child, ~guarding.reached(tables)), day),
                             else_=member.unclaimed_on),
        "answers_until": case((and_(was_child, asked(tables)), _last_answer(day)),
                              else_=member.answers_until),
    }  # fmt: skip


def last_answer(day: date) -> date:
    """Return the last day to answer, of who is 14 from `day` on (both days in Seoul)."""
    return day + timedelta(days=rules().coming_of_age.answer_days)


def _last_answer(day: ColumnElement[date]) -> ColumnElement[date]:
    """As `last_answer`, of a column."""
    return (day + literal(rules().coming_of_age.answer_days)).cast(Date)


def asked(tables: MemberTables) -> ColumnElement[bool]:
    """Return whether a guardian agreed to something that waits for the member's own answer."""
    consent = tables.consent.c
    kinds = or_(*(consent.kind == kind for kind in rules().coming_of_age.paused))
    return (
        select(consent.consent_id)
        .where(
            consent.member_id == tables.member.c.member_id,
            consent.granted,
            consent.decided_by == "guardian",
            kinds,
        )
        .exists()
    )


def arrived(tables: MemberTables) -> dict[str, Any]:
    """Return the columns of those whose 14th birthday has come, set-based."""
    member = tables.member.c
    return {
        "turns_14_on": None,
        "unclaimed_on": case((~guarding.reached(tables), member.turns_14_on), else_=null()),
        "answers_until": case((asked(tables), _last_answer(member.turns_14_on)), else_=null()),
    }  # fmt: skip
