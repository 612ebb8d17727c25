"""What staff can't do alone: by the member's link, or by a second one of the staff (P31)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from db import places
from db.drafts import ValueDraft
from db.sealing import SealError, digest
from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.cases import case as cases
from db.tables.cases import case_paper, case_step
from db.tables.exports import export
from db.tables.keys import blind_index, case_key, sign_in
from db.tables.ledger import event
from db.tables.member import STORES
from db.tables.moves import move
from db.words import (
    CallWish,
    CaseOutcome,
    GrantEnded,
    Purpose,
    ReportOutcome,
    StaffRole,
    StepMeans,
    StepState,
    StepWhat,
    Store,
)
from services import (
    access,
    account_recovery,
    case_asking,
    case_confirming,
    case_lives,
    case_papers,
    case_settling,
    case_steps,
    case_telling,
    profile,
    report_desk,
    waking,
    withdrawing,
)
from services.actor import AccessDenied, Permission, StepUpRequired
from services.case_confirming import LinkOver
from services.cases import CaseRefused
from services.holding_back import HeldBack
from services.house import House, house, open_house
from services.ledger import EventName
from services.outbox import sealer_of
from services.relations import as_subject
from tests.calling import (
    HANDLE,
    by_papers,
    guardians_case,
    in_case,
    one,
    opened,
    other,
    read,
    staff_actor,
    verified,
    verified_case,
)
from tests.leaving import signer
from tests.people import NOW, PLAIN, acting, agent, child_of, member
from tests.services.test_disputes import Family
from tests.services.test_not_me import clerk, deny

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Table

    from services.actor import Actor
    from services.cases import Case
    from services.certificate import Certificate
    from tests.database import PortalDb

__all__ = ["one", "other"]

SECOND = access.Look(EventName.CASE_VIEWED, Permission.CASE_APPROVE, "/desk-cases")


def ask(actor: Actor, case: Case, what: StepWhat, *items: str, typed: str = "") -> UUID:
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        return case_asking.ask(subject, case, what, items, typed)


def as_worker(db: PortalDb) -> House:
    return House(db.work, db.keyring)


def link_of(db: PortalDb, case: Case, step_id: UUID) -> str:
    """Let the worker send the link, and return its secret from the message."""
    assert case_telling.link(as_worker(db), case.case_id, step_id, NOW)
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        row = data.execute(
            select(ops.outbox)
            .where(ops.outbox.c.template.in_(("case_confirm", "recovery_notice")))
            .order_by(ops.outbox.c.created_at.desc())
            .limit(1)
        ).one()
        _store, sealer = sealer_of(keys, db.keyring, row.member_id)
    return str(json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))["token"])


def follow(token: str, now: datetime = NOW) -> case_confirming.Waiting:
    with house().databases.data.begin() as connection:
        return case_confirming.waiting(connection, token, now)


def approve(actor: Actor, case: Case, step_id: UUID) -> Certificate | None:
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=SECOND) as subject:
        return case_confirming.approve(subject, step_id)


def state(db: PortalDb, step_id: UUID) -> str:
    with db.work.data.connect() as connection:
        return str(
            connection.scalar(select(case_step.c.state).where(case_step.c.step_id == step_id))
        )


def count(db: PortalDb, table: Table) -> int:
    with db.work.data.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


# ---- the member's own word ---------------------------------------------------------------------


@pytest.mark.promise("P31")
def test_leaving_for_a_caller_waits_for_the_members_own_word(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.LEAVE)
    step = ask(one, case, StepWhat.LEAVE)
    assert count(portal_db, move) == 0
    token = link_of(portal_db, case, step)
    found = follow(token)
    assert (found.what, found.no, found.sent_to) == (StepWhat.LEAVE, case.no, who)
    given = case_confirming.confirm(found, "ko", NOW)
    assert given is not None
    with portal_db.work.data.connect() as connection:
        row = connection.execute(select(move)).one()
    assert (row.actor_kind, row.actor_id, row.case_id) == ("self", who, case.case_id)
    assert state(portal_db, step) == StepState.DONE
    with pytest.raises(LinkOver):
        follow(token)
    with pytest.raises(LinkOver):
        case_confirming.confirm(found, "ko", NOW)


def test_a_no_by_the_link_ends_it(portal_db: PortalDb, one: Actor) -> None:
    case = verified_case(one, member(portal_db), CallWish.CORRECT)
    step = ask(one, case, StepWhat.CLEAR, "pregnancy")
    found = follow(link_of(portal_db, case, step))
    case_confirming.object_to(found, "ko", NOW)
    assert state(portal_db, step) == StepState.REFUSED
    with pytest.raises(LinkOver):
        case_confirming.confirm(found, "ko", NOW)


def test_a_link_is_over_after_a_day_and_when_it_was_taken_back(
    portal_db: PortalDb, one: Actor
) -> None:
    case = verified_case(one, member(portal_db), CallWish.EXPORT)
    step = ask(one, case, StepWhat.EXPORT)
    token = link_of(portal_db, case, step)
    with pytest.raises(LinkOver):
        follow(token, NOW + timedelta(hours=24))
    with portal_db.work.data.begin() as connection:
        assert case_lives.expire(connection, NOW + timedelta(hours=24)) == 1
    assert state(portal_db, step) == StepState.EXPIRED
    step = ask(one, case, StepWhat.EXPORT)
    token = link_of(portal_db, case, step)
    with access.open(one, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        case_settling.take_back(subject, case, step)
    with pytest.raises(LinkOver):
        follow(token)


@pytest.mark.promise("P31")
@pytest.mark.parametrize("how", ["suspended_at", "closed_at"])
def test_who_says_that_was_not_me_ends_the_link_at_once(
    portal_db: PortalDb, one: Actor, how: str
) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.LEAVE)
    step = ask(one, case, StepWhat.LEAVE)
    token = link_of(portal_db, case, step)
    opened_before = follow(token)
    with portal_db.work.data.begin() as connection:
        mine = cases.c.case_id == case.case_id
        connection.execute(update(cases).where(mine).values({how: NOW}))
    with pytest.raises(LinkOver):
        follow(token)
    with pytest.raises(LinkOver):
        case_confirming.confirm(opened_before, "ko", NOW)
    assert (count(portal_db, move), state(portal_db, step)) == (0, StepState.WAITING)


def test_a_new_sign_in_is_objected_to_although_its_case_was_stopped(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    case, step = recovered(portal_db, one, other, member(portal_db))
    token = link_of(portal_db, case, step)
    with portal_db.work.data.begin() as connection:
        mine = cases.c.case_id == case.case_id
        connection.execute(update(cases).where(mine).values(suspended_at=NOW))
    case_confirming.object_to(follow(token), "ko", NOW)
    assert state(portal_db, step) == StepState.REFUSED


def test_a_guardian_gets_the_link_for_a_child(portal_db: PortalDb, one: Actor) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2018-03-04")
    case = guardians_case(one, child, CallWish.EXPORT)
    step = ask(one, case, StepWhat.EXPORT)
    found = follow(link_of(portal_db, case, step))
    assert (found.member_id, found.sent_to) == (child, guardian)
    case_confirming.confirm(found, "ko", NOW)
    with portal_db.work.data.connect() as connection:
        row = connection.execute(select(export)).one()
    assert (row.member_id, row.actor_kind) == (child, "guardian")


# ---- a second one of the staff -----------------------------------------------------------------


@pytest.mark.promise("P31")
def test_a_second_one_agrees_and_it_is_done_as_the_member_would(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.CORRECT)
    step = ask(one, case, StepWhat.CLEAR, "pregnancy")
    with pytest.raises(AccessDenied):
        approve(one, case, step)
    with pytest.raises(StepUpRequired):
        approve(replace(other, verified_at=NOW - timedelta(hours=1)), case, step)
    approve(other, case, step)
    assert state(portal_db, step) == StepState.DONE
    with portal_db.work.data.connect() as connection:
        table = STORES[Store.LIVE].profile_value.c
        held = connection.scalar(select(table.sealed).where(table.item == "pregnancy"))
        noted = connection.execute(
            select(event).where(
                event.c.name == EventName.VALUE_CLEARED, event.c.actor_kind == "staff"
            )
        ).first()
    assert held is None
    assert noted is not None
    assert (noted.actor_id, noted.case_id) == (other.person, case.case_id)
    # Nothing waits any more, so that the case is shut to the second one.
    with pytest.raises(AccessDenied):
        approve(other, case, step)


def test_the_database_lets_nobody_agree_with_themselves(portal_db: PortalDb, one: Actor) -> None:
    case = verified_case(one, member(portal_db), CallWish.LEAVE)
    step = ask(one, case, StepWhat.LEAVE)
    with (
        pytest.raises(IntegrityError),
        access.open(one, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        case_settling.settle(subject, case.case_id, step, StepState.DONE, StepMeans.SECOND)


def test_only_what_was_asked_for_by_a_verified_caller_can_wait(
    portal_db: PortalDb, one: Actor
) -> None:
    case = opened(one, member(portal_db), CallWish.LEAVE)
    with pytest.raises(CaseRefused, match="clear who"):
        ask(one, case, StepWhat.LEAVE)
    case = verified(one, case)
    with pytest.raises(CaseRefused, match="not asked"):
        ask(one, case, StepWhat.EMAIL, typed="new@example.com")
    ask(one, case, StepWhat.LEAVE)
    with pytest.raises(CaseRefused, match="already"):
        ask(one, case, StepWhat.LEAVE)


@pytest.mark.parametrize(
    ("what", "first", "again"),
    [
        (StepWhat.EXPORT, (), ()),
        (StepWhat.EMAIL, (), ()),
        (StepWhat.CLEAR, ("pregnancy", "phone"), ("phone",)),
    ],
    ids=["export", "email", "clear"],
)
def test_the_same_is_asked_for_again_only_when_the_first_is_over(
    portal_db: PortalDb,
    one: Actor,
    what: StepWhat,
    first: tuple[str, ...],
    again: tuple[str, ...],
) -> None:
    case = verified_case(one, member(portal_db), case_asking.NEEDS[what])
    ask(one, case, what, *first, typed="first@example.com")
    with pytest.raises(CaseRefused, match="already"):
        ask(one, case, what, *again, typed="second@example.com")
    if what is StepWhat.CLEAR:
        ask(one, case, what, "baby_name")
    with portal_db.work.data.begin() as connection:
        connection.execute(update(case_step).values(expires_at=NOW))  # the worker comes later
    step = ask(one, case, what, *again, typed="second@example.com")
    with access.open(one, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        case_settling.take_back(subject, case, step)
    ask(one, case, what, *again, typed="third@example.com")


# ---- a new sign-in -----------------------------------------------------------------------------

NEW = "found.again@example.com"


def recovered(db: PortalDb, one: Actor, other: Actor, who: UUID) -> tuple[Case, UUID]:
    """A recovery that both of the staff have agreed to; the wait runs."""
    case = opened(one, who, CallWish.SIGN_IN)
    case = by_papers(one, case)
    step = ask(one, case, StepWhat.RECOVER, typed=NEW)
    approve(other, case, step)
    with db.work.keys.begin() as keys:
        keys.execute(
            insert(sign_in).values(
                digest=digest(f"old {who}"), member_id=who, provider="https://id", linked_at=NOW
            )
        )
    return case, step


def run(db: PortalDb, now: datetime) -> int:
    """As the worker, then be the portal again."""
    before = house()
    open_house(as_worker(db))
    try:
        return account_recovery.run(house(), now)
    finally:
        open_house(before)


@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT], ids=str)
def test_a_new_sign_in_comes_after_two_of_the_staff_and_the_wait(
    portal_db: PortalDb, one: Actor, other: Actor, store: Store
) -> None:
    who = member(portal_db, store)
    case, step = recovered(portal_db, one, other, who)
    found = follow(link_of(portal_db, case, step))
    assert found.running
    assert found.until == NOW + timedelta(hours=72)
    with pytest.raises(LinkOver):
        case_confirming.confirm(found, "ko", NOW)
    assert run(portal_db, NOW + timedelta(hours=71, minutes=59)) == 0
    then = NOW + timedelta(hours=72)
    assert run(portal_db, then) == 1
    assert run(portal_db, then) == 0
    assert state(portal_db, step) == StepState.DONE
    with portal_db.work.data.connect() as data, portal_db.work.keys.connect() as keys:
        _store, sealer = sealer_of(keys, portal_db.keyring, who)
        table = STORES[store].profile_value.c
        sealed = data.scalar(select(table.sealed).where(table.item == "email"))
        assert sealed is not None
        assert sealer.open(sealed, places.profile("email", 0)).decode() == NEW
        assert keys.scalar(select(func.count()).select_from(sign_in)) == 0
        exact = portal_db.keyring.blind("email", NEW)
        index = blind_index.c
        assert keys.scalar(select(index.member_id).where(index.digest == exact)) == who
        old = portal_db.keyring.blind("email", PLAIN["email"])
        assert keys.scalar(select(index.member_id).where(index.digest == old)) is None
        link = data.execute(select(ops.one_time).where(ops.one_time.c.use == "forgotten")).one()
        sent = data.execute(
            select(ops.outbox).where(ops.outbox.c.template == "recovery_link")
        ).one()
        names = set(data.scalars(select(event.c.name).where(event.c.member_id == who)))
    assert link.member_id == sent.member_id == who
    assert {EventName.RECOVERED, EventName.VALUE_CORRECTED} <= names


def test_the_old_contact_objects_and_nothing_changes(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    who = member(portal_db)
    case, step = recovered(portal_db, one, other, who)
    found = follow(link_of(portal_db, case, step))
    case_confirming.object_to(found, "ko", NOW + timedelta(hours=71))
    assert run(portal_db, NOW + timedelta(hours=73)) == 0
    assert state(portal_db, step) == StepState.REFUSED
    with portal_db.work.keys.connect() as keys:
        assert keys.scalar(select(func.count()).select_from(sign_in)) == 1


def test_a_child_without_a_sign_in_who_turned_14_gets_one(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    grown = member(
        portal_db, values=(ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", "2012-11-01")),
        records=(), devices=(),
    )  # fmt: skip
    case, step = recovered(portal_db, one, other, grown)
    link_of(portal_db, case, step)
    assert run(portal_db, NOW + timedelta(hours=72)) == 1


def test_the_wait_for_a_new_sign_in_runs_from_the_notice_to_the_old_contacts(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    case, step = recovered(portal_db, one, other, member(portal_db))
    late = NOW + timedelta(hours=100)
    assert run(portal_db, late) == 0
    assert case_telling.link(as_worker(portal_db), case.case_id, step, late)
    assert run(portal_db, late + timedelta(hours=71, minutes=59)) == 0
    assert run(portal_db, late + timedelta(hours=72)) == 1


def by_guardian(db: PortalDb, actor: Actor, birth_date: str, wish: CallWish) -> tuple[UUID, Case]:
    """A child, and the case of its guardian, who was verified."""
    child = child_of(db, member(db), birth_date)
    return child, guardians_case(actor, child, wish)


def test_nothing_asked_by_a_guardian_is_done_after_the_14th_birthday(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    _child, case = by_guardian(portal_db, one, "2012-11-23", CallWish.EXPORT)
    step = ask(one, case, StepWhat.EXPORT)
    tomorrow = NOW + timedelta(hours=13)  # before the sweep has ended the right to act
    with pytest.raises(AccessDenied):
        approve(replace(other, at=tomorrow, verified_at=tomorrow), case, step)
    assert state(portal_db, step) == StepState.WAITING
    assert count(portal_db, export) == 0


def test_nobody_agrees_to_a_step_once_the_right_it_was_asked_under_has_ended(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    case = verified_case(one, member(portal_db), CallWish.EXPORT)
    step = ask(one, case, StepWhat.EXPORT)
    with portal_db.work.data.begin() as connection:
        assert case_lives.moved(connection, [case.member_id], GrantEnded.WOKEN, NOW) == 1
    with pytest.raises(AccessDenied):
        approve(other, case, step)
    assert count(portal_db, export) == 0


@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT], ids=str)
@pytest.mark.parametrize(
    "ended",
    [{"grant_ended": GrantEnded.WOKEN}, {"suspended_at": NOW}, {"closed_at": NOW}],
    ids=lambda one: next(iter(one)),
)
def test_no_new_sign_in_comes_of_a_right_that_ended_in_the_wait(
    portal_db: PortalDb, one: Actor, other: Actor, store: Store, ended: dict[str, object]
) -> None:
    case, step = recovered(portal_db, one, other, member(portal_db, store))
    link_of(portal_db, case, step)
    then = NOW + timedelta(hours=72)
    due = account_recovery._due(found_due(portal_db, case))
    assert due is not None
    with portal_db.work.data.begin() as connection:
        connection.execute(cases.update().values(ended))
    assert run(portal_db, then) == 0
    # Nor where it ended after the worker had looked what is due.
    with portal_db.work.data.begin() as connection:
        assert not account_recovery._settled(connection, due, then)
    assert state(portal_db, step) == StepState.RUNNING


def found_due(db: PortalDb, case: Case) -> object:
    with db.work.data.connect() as connection:
        return connection.execute(
            select(case_step, cases.c.case_no, cases.c.channel)
            .join(cases, cases.c.case_id == case_step.c.case_id)
            .where(cases.c.case_id == case.case_id)
        ).one()


def test_a_new_sign_in_asked_by_a_guardian_ends_with_the_14th_birthday(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    _child, case = by_guardian(portal_db, one, "2012-11-24", CallWish.SIGN_IN)
    step = ask(one, case, StepWhat.RECOVER, typed=NEW)
    approve(other, case, step)
    link_of(portal_db, case, step)
    due = account_recovery._due(found_due(portal_db, case))
    assert due is not None
    then = NOW + timedelta(hours=72)
    assert run(portal_db, then) == 0
    with portal_db.work.data.begin() as connection:
        as_subject(connection, case.member_id)
        assert not account_recovery._settled(connection, due, then)
    assert state(portal_db, step) == StepState.RUNNING


def test_a_new_sign_in_is_listed_until_its_wait_is_over_and_it_has_come(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    case, step = recovered(portal_db, one, other, member(portal_db))
    waiting = ask(one, verified_case(one, member(portal_db), CallWish.LEAVE), StepWhat.LEAVE)
    for hours, expected in ((23, {step, waiting}), (71, {step})):
        late = replace(other, at=NOW + timedelta(hours=hours))
        with portal_db.web.data.begin() as connection:
            assert {s.step_id for s in case_steps.listed(connection, late)} == expected
    link_of(portal_db, case, step)
    assert run(portal_db, NOW + timedelta(hours=72)) == 1
    late = replace(other, at=NOW + timedelta(hours=72))
    with portal_db.web.data.begin() as connection:
        assert case_steps.listed(connection, late) == ()


def test_who_said_no_has_a_whole_wait_after_the_officer_let_the_case_go_on(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    who = member(portal_db)
    case, step = recovered(portal_db, one, other, who)
    link_of(portal_db, case, step)
    deny(acting(who), who, case.case_id)
    late = NOW + timedelta(hours=70)
    officer = replace(clerk(portal_db, StaffRole.OFFICER), at=late)
    with portal_db.web.data.begin() as connection:
        [found] = report_desk.page(connection, officer)
        report_desk.close(connection, officer, found, "확인했어요", ReportOutcome.NOTHING_FOUND)
    assert read(case.case_id).suspended_at is None
    assert run(portal_db, late + timedelta(hours=71, minutes=59)) == 0
    assert run(portal_db, late + timedelta(hours=72)) == 1


def test_a_new_sign_in_never_comes_by_the_members_link_alone(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.SIGN_IN)
    step = ask(one, case, StepWhat.RECOVER, typed=NEW)
    assert not case_telling.link(as_worker(portal_db), case.case_id, step, NOW)
    with pytest.raises(IntegrityError), portal_db.work.data.begin() as connection:
        connection.execute(
            case_step.update().values(
                state="running", means="link", decided_at=NOW, waits_until=NOW
            )
        )


# ---- the member leaves, or moves ---------------------------------------------------------------


def test_who_leaves_takes_what_was_said_along(portal_db: PortalDb, one: Actor) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.LEAVE)
    step = ask(one, case, StepWhat.LEAVE)
    case_confirming.confirm(follow(link_of(portal_db, case, step)), "ko", NOW)
    assert withdrawing.withdraw(as_worker(portal_db), signer(portal_db), who, NOW)
    closed = read(case.case_id)
    assert (closed.outcome, closed.permissions) == (CaseOutcome.MEMBER_LEFT, frozenset())
    assert closed.closed_at == NOW
    assert count(portal_db, case_paper) == count(portal_db, case_step) == 0
    with portal_db.work.keys.connect() as keys:
        assert keys.scalar(select(func.count()).select_from(case_key)) == 0


def test_who_wakes_ends_the_right_to_act_and_the_case_says_so(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db, Store.DORMANT)
    case = opened(one, who, CallWish.LEAVE)
    with portal_db.work.data.begin() as connection:
        connection.execute(
            insert(move).values(
                member_id=who, kind="reactivate", asked_at=NOW, actor_kind="self", actor_id=who,
                session_id=who, language="ko",
            )
        )  # fmt: skip
    assert waking.wake(as_worker(portal_db), who, NOW)
    ended = read(case.case_id)
    assert ended.grant_ended is GrantEnded.WOKEN
    assert not ended.runs(NOW)
    assert not ended.verified


def test_what_was_said_goes_with_its_key_three_years_after_the_end(
    portal_db: PortalDb, one: Actor
) -> None:
    case = verified_case(one, member(portal_db))
    with portal_db.work.data.begin() as connection:
        connection.execute(cases.update().values(closed_at=NOW))
    assert case_lives.run(as_worker(portal_db), NOW + timedelta(days=3 * 365)) == 0
    assert case_lives.run(as_worker(portal_db), NOW + timedelta(days=3 * 365 + 2)) == 1
    assert count(portal_db, case_paper) == 0
    with portal_db.work.keys.connect() as keys:
        assert keys.scalar(select(func.count()).select_from(keys_tables.case_key)) == 0
    assert read(case.case_id).no == case.no


def test_a_papers_key_opens_nothing_of_another_case(portal_db: PortalDb, one: Actor) -> None:
    first, second = (opened(one, member(portal_db)) for _ in range(2))
    key = case_papers.sealer(first.member_id, first.case_id)
    assert key is not None
    assert case_papers.sealer(first.member_id, second.case_id) is None
    with portal_db.work.data.connect() as connection:
        row = connection.execute(
            select(case_paper).where(case_paper.c.case_id == second.case_id)
        ).one()
    with pytest.raises(SealError):
        key.open(row.sealed, places.case_paper(row.paper_id))


def test_who_sleeps_leaves_by_the_link_without_waking(portal_db: PortalDb, one: Actor) -> None:
    who = member(portal_db, Store.DORMANT)
    case = opened(one, who, CallWish.LEAVE)
    case = by_papers(one, case)
    step = ask(one, case, StepWhat.LEAVE)
    given = case_confirming.confirm(follow(link_of(portal_db, case, step)), "ko", NOW)
    assert given is not None
    assert withdrawing.withdraw(as_worker(portal_db), signer(portal_db), who, NOW)
    assert read(case.case_id).outcome is CaseOutcome.MEMBER_LEFT


# ---- a guardian who calls while it is disputed who acts ----------------------------------------


def test_staff_see_and_do_no_more_for_a_guardian_than_the_guardian_may(portal_db: PortalDb) -> None:
    family = Family(portal_db)
    family.dispute(family.mother)
    one = staff_actor(agent(portal_db))
    wishes = (CallWish.SEE, CallWish.EXPORT)
    case = guardians_case(one, family.child, *wishes, guardian_id=family.father)
    look = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data")
    shown = in_case(one, case, frozenset({"address", "nickname"}))
    with access.open(shown, family.child, Purpose.SHOW, look=look) as subject:
        held = profile.held(subject, plain=False)
    texts = [v.text for items in held.groups.values() for i in items for v in i.values]
    assert PLAIN["nickname"] in texts
    assert PLAIN["address"] not in texts
    step = ask(one, case, StepWhat.EXPORT)
    found = follow(link_of(portal_db, case, step))
    with pytest.raises(HeldBack):
        case_confirming.confirm(found, "ko", NOW)
    assert state(portal_db, step) == StepState.WAITING
