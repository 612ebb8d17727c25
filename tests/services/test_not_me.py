"""“That wasn't me”: the staff's next step is refused, and the officer is told (P31, P35)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text, update

from db.tables import ops
from db.tables.cases import case_step
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.reports import report
from db.words import ActorKind, Caller, CallWish, CaseChannel, Purpose, ReportOutcome, StaffRole
from services import access, case_opening, history, ledger, not_me, report_desk, reports
from services.actor import AccessDenied, Permission
from services.case_opening import Draft
from services.history import Who
from services.ledger import EventName
from services.not_me import CaseGone, Stopped
from services.report_desk import ReportGone
from tests.people import NOW, acting, agent, child_of, member, open_case, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.reports import Report
    from tests.database import PortalDb

RIGHTS = ["profile_read", "history_read"]
SEEN = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ)


def clerk(db: PortalDb, role: StaffRole = StaffRole.AGENT) -> Actor:
    return acting(agent(db, role), kind=ActorKind.STAFF, role=role)


def case_of(db: PortalDb, staff: Actor, who: UUID, **changes: Any) -> UUID:  # noqa: ANN401
    portal_house(db)
    call = {
        "kind": "call", "case_no": "261122-ABCD", "channel": "phone", "caller": "self",
        "asked": ["see"], "due_on": NOW.date(), "verified_by": "mobile_code", "verified_at": NOW,
        "permissions": RIGHTS,
    }  # fmt: skip
    return open_case(db, staff.person, who, **(call | changes))


def look(actor: Actor, who: UUID, case: UUID) -> None:
    with access.open(actor, who, Purpose.SHOW, case, look=SEEN):
        pass


def deny(actor: Actor, who: UUID, case: UUID) -> Stopped:
    with access.open(actor, who, Purpose.SHOW, look=not_me.LOOK) as subject:
        return not_me.stop(subject, case, "제가 아니에요")


@pytest.mark.promise("P31", "P35")
@pytest.mark.parametrize("guarded", [False, True], ids=["member", "guardian"])
def test_the_next_step_of_staff_in_a_running_session_is_refused(
    portal_db: PortalDb, *, guarded: bool
) -> None:
    me = member(portal_db)
    whose = child_of(portal_db, me, "2018-03-04") if guarded else me
    staff = clerk(portal_db)
    case = case_of(portal_db, staff, whose)
    look(staff, whose, case)
    done = deny(acting(me), whose, case)
    with pytest.raises(AccessDenied):
        look(staff, whose, case)
    assert (done.case_no, done.due_on.isoformat()) == ("261122-ABCD", "2026-12-02")
    with portal_db.web.data.begin() as connection:
        [mine] = reports.mine(connection, acting(me))
        officer = clerk(portal_db, StaffRole.OFFICER)
        [listed] = report_desk.page(connection, officer)
        assert report_desk.page(connection, staff) == (), "whom it is about does not see it"
    assert (mine.number, mine.kind, mine.case_id) == (done.number, "incident", case)
    assert (listed.report_id, listed.about_id) == (mine.report_id, whose)
    with portal_db.work.data.connect() as connection:
        names = select(event.c.name).where(event.c.member_id == whose, event.c.allowed)
        assert {"case_suspended", "report_made"} <= set(connection.scalars(names))


def test_said_twice_it_is_one_incident_and_one_stop(portal_db: PortalDb) -> None:
    me, staff = member(portal_db), clerk(portal_db)
    case = case_of(portal_db, staff, me)
    assert deny(acting(me), me, case).number
    again = deny(acting(me), me, case)
    assert again.number is None
    with portal_db.work.data.connect() as connection:
        assert len(connection.execute(select(report)).all()) == 1
        assert connection.scalar(select(ops.case.c.suspended_at)) == NOW


def test_nobody_stops_the_case_of_another(portal_db: PortalDb) -> None:
    me, other, staff = member(portal_db), member(portal_db), clerk(portal_db)
    case = case_of(portal_db, staff, other)
    with pytest.raises(CaseGone):
        deny(acting(me), me, case)
    look(staff, other, case)
    with (
        pytest.raises(AccessDenied),
        access.open(staff, other, Purpose.SHOW, case, look=not_me.LOOK) as subject,
    ):
        not_me.stop(subject, case, "x")
    look(staff, other, case)


@pytest.mark.parametrize(
    ("outcome", "goes_on"),
    [(ReportOutcome.NOTHING_FOUND, True), (ReportOutcome.PUT_RIGHT, False)],
)
def test_the_officer_lets_the_case_go_on_or_ends_it(
    portal_db: PortalDb, outcome: ReportOutcome, *, goes_on: bool
) -> None:
    me, staff = member(portal_db), clerk(portal_db)
    case = case_of(portal_db, staff, me)
    deny(acting(me), me, case)
    officer = clerk(portal_db, StaffRole.OFFICER)
    with portal_db.web.data.begin() as connection:
        [found] = report_desk.page(connection, officer)
        report_desk.close(connection, officer, found, "확인했어요", outcome)
    if goes_on:
        look(staff, me, case)
    else:
        with pytest.raises(AccessDenied):
            look(staff, me, case)
    with portal_db.work.data.connect() as connection:
        row = connection.execute(select(ops.case)).one()
    assert (row.closed_at is None) == goes_on


def closes_not(connection: Connection, officer: Actor, why: str) -> Report:
    """See that an officer can't close the one report there is, and return it."""
    [found] = report_desk.page(connection, officer)
    with pytest.raises(ReportGone, match=why):
        report_desk.close(connection, officer, found, "x", ReportOutcome.NOTHING_FOUND)
    new = func.ops.answer_report(
        officer.person, found.report_id, uuid4(), NOW, text("'\\x00'::bytea"), "closed",
        "nothing_found",
    )  # fmt: skip
    assert not connection.scalar(select(new)), "nor does the database let them"
    return found


def test_nobody_closes_what_was_said_of_a_case_of_their_own(portal_db: PortalDb) -> None:
    me, officer = member(portal_db), clerk(portal_db, StaffRole.OFFICER)
    deny(acting(me), me, case_of(portal_db, officer, me))
    with portal_db.web.data.begin() as connection:
        closes_not(connection, officer, "another officer")


@pytest.mark.parametrize("how", ["acted", "approved", "own"])
def test_nobody_closes_what_was_said_of_their_own_doing(portal_db: PortalDb, how: str) -> None:
    me, holder = member(portal_db), clerk(portal_db)
    officer = clerk(portal_db, StaffRole.OFFICER)
    case = case_of(portal_db, holder, me)
    with portal_db.work.data.begin() as connection:
        seen = ledger.Entry(EventName.CASE_VIEWED, me, case_id=case)
        ledger.write(connection, officer, seen)
        if how == "acted":
            done = ledger.Entry(EventName.CASE_RENEWED, me, case_id=case)
            ledger.write(connection, officer, done)
        elif how == "approved":
            step = {
                "member_id": me, "case_id": case, "step_id": uuid4(), "what": "leave",
                "items": [], "language": "ko", "asked_by": holder.person, "asked_at": NOW,
                "expires_at": NOW, "state": "done", "decided_by": officer.person,
                "decided_at": NOW, "means": "second", "done_at": NOW,
            }  # fmt: skip
            connection.execute(insert(case_step).values(step))
        else:
            mine = ops.staff.c.staff_id == officer.person
            connection.execute(update(ops.staff).where(mine).values(own_membership=me))
    deny(acting(me), me, case)
    with portal_db.web.data.begin() as connection:
        found = closes_not(connection, officer, "about you" if how == "own" else "another officer")
        other = clerk(portal_db, StaffRole.OFFICER)
        ledger.write(connection, other, ledger.Entry(EventName.CASE_VIEWED, me, case_id=case))
        report_desk.close(connection, other, found, "봤어요", ReportOutcome.NOTHING_FOUND)


@pytest.mark.promise("P31")
def test_the_member_sees_in_which_case_and_how_it_was_known_who_asked(
    portal_db: PortalDb,
) -> None:
    me, staff = member(portal_db), clerk(portal_db)
    case = case_of(portal_db, staff, me)
    look(staff, me, case)
    with access.open(acting(me), me, Purpose.SHOW, look=not_me.LOOK) as subject:
        found = history.read(subject, 1, only_others=True)
    [line] = found.lines
    assert line.who is Who.STAFF
    assert line.case is not None
    seen = (line.case.case_id, line.case.no, line.case.verified_by)
    assert seen == (case, "261122-ABCD", "mobile_code")
    assert not line.case.suspended


@pytest.mark.promise("P31")
def test_the_member_is_told_when_a_case_is_opened(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    me, staff = member(portal_db), clerk(portal_db)
    wishes = frozenset({CallWish.SEE})
    draft = Draft(me, CaseChannel.PHONE, Caller.SELF, wishes, NOW.date())
    with portal_db.web.data.begin() as connection:
        case = case_opening.open_case(connection, replace(staff, language="ko"), draft)
    with portal_db.work.data.connect() as connection:
        told = connection.execute(select(LIVE.inbox.c.member_id, LIVE.inbox.c.template)).all()
        sent = connection.execute(select(ops.outbox.c.template, ops.outbox.c.key)).all()
    assert told == [(me, "case_opened")]
    assert sent == [("case_opened", f"case:{case}")]


def test_a_childs_guardian_is_told_as_well(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    me, staff = member(portal_db), clerk(portal_db)
    child = child_of(portal_db, me, "2018-03-04")
    draft = Draft(child, CaseChannel.PHONE, Caller.GUARDIAN, frozenset({CallWish.SEE}), NOW.date())
    with portal_db.web.data.begin() as connection:
        case_opening.open_case(connection, staff, draft)
    with portal_db.work.data.connect() as connection:
        assert set(connection.scalars(select(ops.outbox.c.member_id))) == {me, child}
