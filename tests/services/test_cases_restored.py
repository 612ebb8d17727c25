"""After a restore cases are answered on their days, and a no to a new sign-in still counts."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from db.tables.cases import case as cases
from db.tables.cases import case_step
from db.words import StepState
from services import case_confirming
from tests.calling import opened, staff_actor
from tests.people import NOW, agent, member
from tests.restoring import LATER, Restoring, portal
from tests.services.test_case_steps import follow, link_of, recovered

__all__ = ["portal"]


def test_a_no_counts_and_no_case_is_lost(portal: Restoring) -> None:
    one, other = (staff_actor(agent(portal.db)) for _ in range(2))
    objecting, calling = member(portal.db), member(portal.db, values=())
    case, step = recovered(portal.db, one, other, objecting)
    token = link_of(portal.db, case, step)
    portal.settle()
    file = portal.back_up()
    case_confirming.object_to(follow(token, LATER), "ko", LATER)
    later = opened(replace(one, at=LATER), calling)
    portal.settle()
    report = portal.restore(file)
    assert report.done.lost == 0
    with portal.db.owner_data.connect() as data:
        state = data.scalar(select(case_step.c.state).where(case_step.c.step_id == step))
        rows = {row.case_id: row for row in data.execute(select(cases))}
    assert state == StepState.REFUSED
    assert rows.keys() == {case.case_id, later.case_id}
    assert (rows[later.case_id].due_on, rows[later.case_id].case_no) == (later.due_on, later.no)
    # Nobody has a right in it: whoever goes on with it verifies the caller anew.
    assert rows[later.case_id].permissions == []
    assert rows[later.case_id].granted_until == LATER
    assert case.opened_at == NOW
