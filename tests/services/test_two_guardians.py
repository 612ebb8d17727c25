"""Of several guardians a case is for the one who calls, while they may act for the child (P29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text, update

from db.tables.cases import case as cases
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import (
    AnsweredBy,
    Caller,
    CallWish,
    CaseOutcome,
    DisputeOutcome,
    GrantEnded,
    Purpose,
    StepState,
    StepWhat,
    SuspensionWhy,
    VerifiedBy,
)
from services import (
    access,
    caller_check,
    callers,
    case_confirming,
    case_ending,
    case_going_on,
    case_list,
    case_lives,
    case_telling,
    exports,
    guardian_stop,
    withdrawing,
)
from services import exporting as exporter
from services.actor import AccessDenied, Permission
from services.cases import CaseRefused
from services.guardian_stop import Decision
from services.house import house
from services.ledger import EventName
from tests import exporting, leaving
from tests.calling import HANDLE, by_papers, guardians_case, in_case, opened, read, staff_actor
from tests.people import NOW, agent, child_of, member, portal_house
from tests.services.test_case_steps import approve, as_worker, ask, follow, link_of, state
from tests.services.test_disputes import WORDS, Family

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.actor import Actor
    from services.cases import Case
    from services.subject import Subject
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data")
WISHES = (CallWish.SEE, CallWish.EXPORT)


@pytest.fixture
def family(portal_db: PortalDb) -> Family:
    return Family(portal_db)


@pytest.fixture
def one(family: Family) -> Actor:
    """One of the staff, at the portal of a child with two guardians."""
    portal_house(family.db)
    return staff_actor(agent(family.db))


def look(actor: Actor, case: Case) -> None:
    with access.open(in_case(actor, case), case.member_id, Purpose.SHOW, look=LOOK):
        pass


def written_to(db: PortalDb, template: str) -> list[UUID]:
    with db.work.data.connect() as connection:
        mine = outbox.c.template == template
        return list(connection.scalars(select(outbox.c.member_id).where(mine)))


# ---- which of them ------------------------------------------------------------------------------


def test_no_case_is_opened_before_it_is_said_which_guardian_calls(
    family: Family, one: Actor
) -> None:
    for nobody in (None, family.child, member(family.db)):
        with pytest.raises(CaseRefused, match="which guardian"):
            opened(one, family.child, caller=Caller.GUARDIAN, guardian_id=nobody)
    case = opened(one, family.child, caller=Caller.GUARDIAN, guardian_id=family.mother)
    assert case.guardian_id == family.mother
    assert set(written_to(family.db, "case_opened")) == {family.mother, family.child}
    own = opened(one, member(family.db), guardian_id=family.mother)
    assert own.guardian_id is None, "what a member asks is no guardian's"


def test_the_database_binds_no_case_to_who_is_no_guardian(family: Family, one: Actor) -> None:
    def made(caller: str, guardian: UUID | None) -> bool:
        with family.db.web.data.begin() as connection:
            wishes = text("array['see']")
            opening = func.ops.open_call(
                one.person, family.child, uuid4(), uuid4().hex, "call", NOW, "phone", caller,
                wishes, NOW.date(), NOW.date(), guardian,
            )  # fmt: skip
            return bool(connection.scalar(select(opening)))

    assert not made("guardian", None)
    assert not made("guardian", member(family.db))
    assert not made("self", family.mother)
    assert made("guardian", family.mother)


def test_staff_see_who_the_guardians_are_masked_and_each_is_told(
    family: Family, one: Actor
) -> None:
    found = callers.guardians(one, family.child)
    assert [(g.number, g.guardian_id) for g in found] == [(1, family.father), (2, family.mother)]
    assert found[1].values == {
        "name": "홍*순", "email": "ha***@example.com", "mobile": "010-****-6789",
    }  # fmt: skip
    with family.db.work.data.connect() as connection:
        noted = select(event.c.member_id).where(event.c.name == EventName.CALLER_FOUND)
        assert set(connection.scalars(noted)) == {family.child, family.father, family.mother}
    suspend(family, family.father)
    assert [g.number for g in callers.guardians(one, family.child)] == [2], "of who may act"


def test_codes_links_and_answers_go_to_the_one_who_calls_alone(family: Family, one: Actor) -> None:
    case = opened(one, family.child, *WISHES, caller=Caller.GUARDIAN, guardian_id=family.mother)
    with access.open(one, family.child, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        caller_check.send(subject, case, VerifiedBy.MOBILE_CODE)
    worker = as_worker(family.db)
    assert case_telling.code(worker, "00" * 32, case.case_id, ("sms", "ko"), NOW)
    case = by_papers(one, case)
    look(one, case)
    found = follow(link_of(family.db, case, ask(one, case, StepWhat.EXPORT)))
    assert found.sent_to == family.mother
    assert case_telling.answer(worker, case.case_id, "case_postponed", "ko", NOW)
    for template in ("case_code", "case_confirm", "case_postponed"):
        assert written_to(family.db, template) == [family.mother], template


# ---- and no longer ------------------------------------------------------------------------------


def suspend(family: Family, who: UUID) -> None:
    stop = Decision(DisputeOutcome.SUSPENDED, WORDS * 2, who, SuspensionWhy.COURT_ORDER)
    family.do(family.child, lambda s: guardian_stop.stop(s, guardian_stop.guardians(s), stop))


def end(family: Family, who: UUID) -> None:
    """Let a link end as its day comes, with nobody at the desk."""
    with family.db.work.data.begin() as connection:
        mine = LIVE.guardianship.c.guardian_id == who
        connection.execute(update(LIVE.guardianship).where(mine).values(ended_on=NOW.date()))


@pytest.mark.parametrize("stop", [suspend, end])
def test_when_the_link_has_ended_nothing_is_done_though_another_guardian_acts(
    family: Family, one: Actor, stop: Callable[[Family, UUID], None]
) -> None:
    case = guardians_case(one, family.child, *WISHES, guardian_id=family.mother)
    step = ask(one, case, StepWhat.EXPORT)
    found = follow(link_of(family.db, case, step))
    other = staff_actor(agent(family.db))
    look(one, case)
    stop(family, family.mother)
    with pytest.raises(AccessDenied):
        look(one, case)
    with pytest.raises(AccessDenied):
        approve(other, case, step)
    with pytest.raises(AccessDenied):
        case_confirming.confirm(found, "ko", NOW)
    assert state(family.db, step) == StepState.WAITING
    worker = as_worker(family.db)
    assert not case_telling.code(worker, "00" * 32, case.case_id, ("sms", "ko"), NOW)
    assert not case_telling.answer(worker, case.case_id, "case_postponed", "ko", NOW)
    written = case_ending.Answer(CaseOutcome.TAKEN_BACK, None, AnsweredBy.EMAIL, "")
    with pytest.raises(CaseRefused), house().databases.data.begin() as connection:
        case_ending.end(connection, one, case, written, ())
    with family.db.work.data.begin() as connection:
        case_lives.guardians_gone(connection, NOW)
    ended = read(case.case_id)
    assert ended.grant_ended is GrantEnded.GUARDIAN_ENDED
    assert case_list.next_step(ended, one) == "guardian_ended"


@pytest.mark.parametrize("stop", [suspend, end])
def test_who_may_not_act_is_not_verified_nor_does_staff_ask_for_them(
    family: Family, one: Actor, stop: Callable[[Family, UUID], None]
) -> None:
    case = guardians_case(one, family.child, *WISHES, guardian_id=family.mother)
    stop(family, family.mother)
    with family.db.work.data.begin() as connection:
        # As if nothing had ended yet: each door asks for itself.
        connection.execute(update(cases).values(grant_ended=None, granted_until=case.granted_until))
    with pytest.raises(CaseRefused, match="may not act"):
        ask(one, case, StepWhat.EXPORT)
    checks: tuple[Callable[[Subject], None], ...] = (
        lambda s: caller_check.send(s, case, VerifiedBy.MOBILE_CODE),
        lambda s: caller_check.by_documents(s, case),
    )
    for check in checks:
        with (
            pytest.raises(CaseRefused, match="may not act"),
            access.open(one, family.child, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
        ):
            check(subject)
    with family.db.web.data.begin() as connection:
        verify = func.ops.verify_call(
            one.person, case.case_id, NOW, "documents", text("'{}'::text[]"), 5
        )
        assert connection.scalar(select(verify)) is None, "nor does the database"
    with access.open(one, family.child, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        assert subject.hides("address"), "a letter tells them nothing of where the child is"


def test_an_officers_stop_ends_the_right_at_once_and_only_of_who_is_stopped(
    family: Family, one: Actor
) -> None:
    case = guardians_case(one, family.child, *WISHES, guardian_id=family.mother)
    suspend(family, family.father)
    assert read(case.case_id).verified
    suspend(family, family.mother)
    assert read(case.case_id).grant_ended is GrantEnded.GUARDIAN_ENDED


def test_a_guardian_who_goes_to_sleep_or_leaves_asks_no_more(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    one = staff_actor(agent(portal_db))
    guardian, leaver = member(portal_db), member(portal_db)
    first, second = (
        guardians_case(one, child_of(portal_db, who, "2018-03-04")) for who in (guardian, leaver)
    )
    with portal_db.work.data.begin() as connection:
        assert case_lives.moved(connection, [guardian], GrantEnded.SEPARATED, NOW) == 1
        case_lives.left(connection, leaver, NOW)
    for case in (first, second):
        assert read(case.case_id).grant_ended is GrantEnded.GUARDIAN_ENDED


# ---- cases from before --------------------------------------------------------------------------


def nameless(db: PortalDb, case: Case) -> Case:
    """Let a case be as it was before it said which guardian called."""
    with db.work.data.begin() as connection:
        mine = cases.c.case_id == case.case_id
        connection.execute(update(cases).where(mine).values(guardian_id=None))
    return read(case.case_id)


def test_an_old_case_does_nothing_until_staff_say_who_and_verify_them_anew(
    family: Family, one: Actor
) -> None:
    case = guardians_case(one, family.child, *WISHES, guardian_id=family.father)
    case = nameless(family.db, case)
    assert case_list.next_step(case, one) == "name"
    with pytest.raises(AccessDenied):
        look(one, case)
    with pytest.raises(CaseRefused, match="may not act"):
        ask(one, case, StepWhat.EXPORT)
    with pytest.raises(CaseRefused, match="which guardian"):
        by_papers(one, case)
    assert not case_telling.answer(as_worker(family.db), case.case_id, "case_answer", "ko", NOW)

    def bind(guardian: UUID) -> None:
        with house().databases.data.begin() as connection:
            case_going_on.bind(connection, one, case, guardian)

    with pytest.raises(CaseRefused):
        bind(member(family.db))
    bind(family.mother)
    case = read(case.case_id)
    assert case.guardian_id == family.mother
    assert not case.verified
    assert case.permissions == {"case_handle"}
    with pytest.raises(CaseRefused):
        bind(family.father)
    look(one, by_papers(one, case))
    with family.db.work.data.connect() as connection:
        named = select(event.c.case_id).where(event.c.name == EventName.CASE_GUARDIAN_NAMED)
        assert connection.scalar(named) == case.case_id


def test_the_migration_binds_open_cases_of_children_with_one_guardian(
    family: Family, one: Actor
) -> None:
    guardian = member(family.db)
    child = child_of(family.db, guardian, "2018-03-04")
    several = opened(one, family.child, caller=Caller.GUARDIAN, guardian_id=family.mother)
    alone, own = opened(one, child, caller=Caller.GUARDIAN), opened(one, guardian)
    for case in (several, alone):
        nameless(family.db, case)
    moving = import_module("db.migrations.data.versions.0035_case_guardian")
    with family.db.owner_data.begin() as connection:
        connection.execute(text(moving._OLD))
    assert [read(case.case_id).guardian_id for case in (several, alone, own)] == [
        None, guardian, None,
    ]  # fmt: skip


def test_a_guardian_is_asked_of_today_whatever_day_it_was(family: Family, one: Actor) -> None:
    """A link that begins tomorrow gives nothing today."""
    grandmother = member(family.db)
    link = {"member_id": family.child, "guardian_id": grandmother, "means": "staff", "proof": True,
            "started_on": NOW.date() + timedelta(days=1)}  # fmt: skip
    with family.db.work.data.begin() as connection:
        connection.execute(insert(LIVE.guardianship).values(link))
    with pytest.raises(CaseRefused):
        opened(one, family.child, caller=Caller.GUARDIAN, guardian_id=grandmother)
    tomorrow = replace(one, at=NOW + timedelta(days=1))
    case = opened(tomorrow, family.child, caller=Caller.GUARDIAN, guardian_id=grandmother)
    assert case.guardian_id == grandmother


def test_what_was_asked_for_before_it_was_said_who_is_taken_back(
    family: Family, one: Actor
) -> None:
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.mother)
    step = ask(one, case, StepWhat.EXPORT)
    case = nameless(family.db, case)
    with house().databases.data.begin() as connection:
        case_going_on.bind(connection, one, case, family.father)
    assert state(family.db, step) == StepState.TAKEN_BACK
    with pytest.raises(AccessDenied):
        approve(staff_actor(agent(family.db)), read(case.case_id), step)


@pytest.mark.parametrize("stopped", [True, False])
def test_a_wish_to_leave_by_phone_falls_with_the_guardians_right(
    family: Family, one: Actor, *, stopped: bool
) -> None:
    """Approved already, but not done: by then the guardian may act no more (P29)."""
    child = family.child
    case = guardians_case(one, child, CallWish.LEAVE, guardian_id=family.father)
    approve(staff_actor(agent(family.db)), case, ask(one, case, StepWhat.LEAVE))
    if stopped:
        suspend(family, family.father)
    left = withdrawing.withdraw(
        leaving.worker_house(family.db), leaving.signer(family.db), child, NOW
    )
    assert left is not stopped


def test_who_was_stopped_is_not_written_to_that_the_copy_is_ready(
    family: Family, one: Actor
) -> None:
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.mother)
    approve(staff_actor(agent(family.db)), case, ask(one, case, StepWhat.EXPORT))
    end(family, family.mother)
    found = exporting.do(family.db, family.child, exports.latest)
    assert exporting.make(family.db, family.child, found.export_id, NOW)
    exporter.run(exporting.shop(family.db), NOW + timedelta(minutes=2))
    assert written_to(family.db, "export_ready") == []
