"""What staff do in the case of a guardian counts as the guardian's: no more may be done in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from db.tables.cases import case as cases
from db.words import Caller
from services.actor import Relation

if TYPE_CHECKING:
    from services.subject import Subject


def by_guardian(subject: Subject) -> bool:
    """Return whether staff act in the case of a guardian: one query for staff, else none.

    The case says so, and not the session: a second one of the staff has it in another's hand.
    """
    if subject.relation is not Relation.STAFF or subject.case_id is None:
        return False
    c = cases.c
    mine = (c.case_id == subject.case_id, c.member_id == subject.member_id)
    return subject.connection.scalar(select(c.caller).where(*mine)) == Caller.GUARDIAN
