"""A caller's case: looked up, opened, verified, acted in, and closed (clause 9; P31)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import ARRAY, Text, cast, func, select, update
from sqlalchemy.exc import IntegrityError

from db import places
from db.drafts import ValueDraft
from db.law import law
from db.tables.cases import case as rows
from db.tables.cases import case_paper
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox, staff
from db.words import (
    AnsweredBy,
    Caller,
    CallWish,
    CaseOutcome,
    CaseReason,
    GrantEnded,
    Postponed,
    Purpose,
    RefusalReason,
    StaffRole,
    Store,
    VerifiedBy,
)
from services import (
    access,
    call_back,
    caller_check,
    callers,
    case_ending,
    case_going_on,
    case_list,
    case_lives,
    case_papers,
    case_telling,
    clearing,
    correction,
    profile,
)
from services.actor import AccessDenied, Permission, SecondWordNeeded, StepUpRequired
from services.case_opening import CaseTaken
from services.cases import CaseRefused
from services.correction import NotCorrectable
from services.house import House, house
from services.ledger import EventName
from services.outbox import sealer_of
from services.relations import as_subject
from tests.calling import HANDLE, in_case, opened, read, staff_actor, verified, verified_case
from tests.people import NOW, PLAIN, agent, child_of, member, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.cases import Case
    from tests.database import PortalDb

READ = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data")
CORRECT = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")


@pytest.fixture
def one(portal_db: PortalDb) -> Actor:
    """One of the staff, at a portal."""
    portal_house(portal_db)
    return staff_actor(agent(portal_db))


def seek(actor: Actor, typed: str, born: date | None = None) -> callers.Sought:
    with house().databases.data.begin() as connection:
        return callers.seek(connection, actor, typed, born)


def events(db: PortalDb, **where: object) -> list[Any]:
    with db.work.data.connect() as connection:
        query = select(event).order_by(event.c.event_id)
        return list(connection.execute(query.filter_by(**where)))


# ---- finding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        (PLAIN["email"], None),
        ("01023456789", None),
        (PLAIN["login_id"], None),
        (PLAIN["name"], date(1987, 5, 6)),
    ],
    ids=["email", "mobile", "login id", "name and birth date"],
)
def test_a_caller_is_found_by_exactly_what_they_say_and_masked(
    portal_db: PortalDb, one: Actor, typed: str, born: date | None
) -> None:
    who = member(portal_db)
    sought = seek(one, typed, born)
    assert sought.people == ((who, Store.LIVE),)
    (found,) = callers.shown(one, sought)
    assert found.values["name"] == "홍*순"
    assert found.values["mobile"] == "010-****-6789"
    # A nickname is hidden nowhere.
    assert {*PLAIN.values()} & {*found.values.values()} == {PLAIN["nickname"]}
    (noted,) = events(portal_db, member_id=who)
    assert (noted.name, noted.actor_id) == (EventName.CALLER_FOUND, one.person)


def test_a_look_up_that_finds_nobody_is_noted_and_names_nobody(
    portal_db: PortalDb, one: Actor
) -> None:
    member(portal_db)
    assert seek(one, PLAIN["name"]) == callers.Sought()
    assert seek(one, "nobody@example.com") == callers.Sought()
    found = events(portal_db)
    assert [(e.name, e.member_id) for e in found] == [(EventName.CALLER_SOUGHT, None)] * 2


def test_who_sleeps_is_found_without_a_value_and_who_left_not_at_all(
    portal_db: PortalDb, one: Actor
) -> None:
    asleep = member(portal_db, Store.DORMANT)
    sought = seek(one, PLAIN["email"])
    (found,) = callers.shown(one, sought)
    assert (found.member_id, found.asleep, found.values) == (asleep, True, {})
    assert events(portal_db, member_id=asleep)
    assert seek(one, "AAAAA-BBBBB") == callers.Sought()


def test_guessing_ends_with_the_days_look_ups_and_the_officer_sees_it(
    portal_db: PortalDb, one: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member(portal_db)
    calls = law().calls.model_copy(update={"lookups_a_day": 3})
    fewer = law().model_copy(update={"calls": calls})
    monkeypatch.setattr(callers, "law", lambda: fewer)
    for number in range(3):
        assert seek(one, f"guess{number}@example.com") == callers.Sought()
    assert seek(one, PLAIN["email"]) == callers.Sought(over=True)
    refused = events(portal_db)[-1]
    assert (refused.name, refused.allowed) == (EventName.CALLER_SOUGHT, False)
    with house().databases.data.connect() as connection:
        (row,) = callers.unusual(connection, date(2026, 11, 22))
    assert (row.made, row.found, row.refused) == (3, 0, 1)
    tomorrow = replace(one, at=NOW + timedelta(days=1))
    assert seek(tomorrow, PLAIN["email"]).people == ((who, Store.LIVE),)


def test_nobody_looks_at_themselves_or_their_child(portal_db: PortalDb, one: Actor) -> None:
    own = member(portal_db)
    child = child_of(portal_db, own, "2018-03-04")
    officer = agent(portal_db, StaffRole.OFFICER)
    with house().databases.data.begin() as connection:
        case_going_on.link_staff(
            connection, staff_actor(officer, role=StaffRole.OFFICER), one.person, own,
            CaseReason.THEY_SAID_SO,
        )  # fmt: skip
    assert callers.shown(one, seek(one, PLAIN["email"])) == ()
    for who in (own, child):
        with pytest.raises(CaseRefused, match="themselves"):
            opened(one, who)
    assert events(portal_db, member_id=own)[-1].allowed is False


def test_an_officer_takes_no_membership_of_their_own_away(portal_db: PortalDb, one: Actor) -> None:
    own = member(portal_db)
    officer = staff_actor(
        agent(portal_db, StaffRole.OFFICER, own_membership=own), role=StaffRole.OFFICER
    )
    why = CaseReason.NOTED_WRONGLY
    with portal_db.web.data.begin() as connection:
        with pytest.raises(CaseRefused, match="Another officer"):
            case_going_on.link_staff(connection, officer, officer.person, None, why)
        asked = func.ops.link_staff(officer.person, officer.person, None)
        assert connection.scalar(select(asked)) is None, "nor does the database let them"
        with pytest.raises(StepUpRequired):
            unverified = replace(officer, verified_at=None)
            case_going_on.link_staff(connection, unverified, one.person, None, why)
        case_going_on.link_staff(connection, officer, one.person, own, why)
        case_going_on.link_staff(connection, officer, one.person, None, why)
    noted = [e for e in events(portal_db, member_id=own) if e.name == EventName.STAFF_LINKED]
    assert [e.reason for e in noted] == [why, why], "the member sees when it is taken away, too"


# ---- the case ---------------------------------------------------------------------------------


@pytest.mark.promise("P31")
def test_nothing_of_the_member_opens_before_the_caller_is_verified(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = opened(one, who, CallWish.SEE, CallWish.CORRECT)
    assert case.permissions == {"case_handle"}
    assert case.due_on == case.received_on + timedelta(days=10)
    with pytest.raises(AccessDenied), access.open(in_case(one, case), who, Purpose.SHOW, look=READ):
        pass
    case = verified(one, case)
    assert case.verified_by is VerifiedBy.MOBILE_CODE
    with access.open(in_case(one, case), who, Purpose.SHOW, look=READ) as subject:
        held = profile.held(subject, plain=True)
    shown = [v.text for items in held.groups.values() for i in items for v in i.values]
    assert PLAIN["email"] not in shown
    assert "ha***@example.com" in shown
    # What was not asked for stays shut.
    stop = access.Look(EventName.CONSENTS_VIEWED, Permission.CONSENT_CHANGE, "/consents")
    with pytest.raises(AccessDenied), access.open(in_case(one, case), who, Purpose.SHOW, look=stop):
        pass
    mine = [e for e in events(portal_db, member_id=who) if e.name == EventName.PROFILE_VIEWED]
    assert {(e.actor_kind, e.case_id) for e in mine} == {("staff", case.case_id)}


@pytest.mark.promise("P31")
def test_one_item_is_shown_in_full_and_put_right_as_the_member_would(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who, CallWish.CORRECT)
    actor = in_case(one, case, frozenset({"address"}))
    with access.open(actor, who, Purpose.CORRECT, look=CORRECT) as subject:
        held = profile.held(subject, plain=False)
        correction.correct(subject, "address", 0, "부산광역시 해운대구 1")
    texts = [v.text for items in held.groups.values() for i in items for v in i.values]
    assert PLAIN["address"] in texts
    assert PLAIN["mobile"] not in texts
    changed = events(portal_db, name=EventName.VALUE_CORRECTED)[0]
    assert (changed.actor_id, changed.case_id) == (one.person, case.case_id)
    with portal_db.work.data.connect() as connection:
        table = LIVE.profile_value.c
        source = connection.scalar(select(table.source).where(table.item == "address"))
    assert source == "phone"
    with (
        pytest.raises(SecondWordNeeded),
        access.open(actor, who, Purpose.CORRECT, look=CORRECT) as subject,
    ):
        correction.correct(subject, "email", 0, "new@example.com")
    with (
        # A code sent there opens the account: one of the staff alone would take it over.
        pytest.raises(NotCorrectable, match="mobile"),
        access.open(actor, who, Purpose.CORRECT, look=CORRECT) as subject,
    ):
        correction.correct(subject, "mobile", 0, "010-9999-0000")
    with (
        pytest.raises(SecondWordNeeded),
        access.open(actor, who, Purpose.CORRECT, look=CORRECT) as subject,
    ):
        clearing.clear(subject, ("pregnancy",))


def test_a_wrong_code_is_counted_and_after_five_nobody_is_verified_today(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = opened(one, who)
    for _ in range(5):
        with access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
            caller_check.send(subject, case, VerifiedBy.EMAIL_CODE)
        with access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
            assert not caller_check.check_code(subject, case, "not it")
    assert read(case.case_id).failed_tries == 5
    with (
        pytest.raises(CaseRefused, match="Too many"),
        access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        call_back.called_back(subject, case)
    failures = [e for e in events(portal_db) if e.name == EventName.CALLER_NOT_VERIFIED]
    assert [e.reason for e in failures] == [VerifiedBy.EMAIL_CODE] * 5


def test_failures_count_by_when_they_failed_however_old_the_case(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    first = opened(one, who)
    later = replace(one, at=NOW + timedelta(days=2))
    with house().databases.data.begin() as connection:
        case_going_on.renew(connection, later, first, CaseReason.STILL_WORKING)
    case = read(first.case_id)
    for left in (4, 3, 2, 1, 0):
        with access.open(later, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
            caller_check.failed(subject, case, None)
            assert caller_check.tries_left(subject.connection, case, later.at) == left
    with portal_db.web.data.begin() as connection:
        verify = func.ops.verify_call(
            one.person, case.case_id, later.at, "call_back", cast([], ARRAY(Text)), 5
        )
        assert connection.scalar(select(verify)) is None, "nor does the database"
        day_after = later.at + timedelta(hours=24)
        assert caller_check.tries_left(connection, case, day_after) == 5


def test_a_member_gets_few_codes_a_day(portal_db: PortalDb, one: Actor) -> None:
    who = member(portal_db)
    case = opened(one, who)
    for _ in range(caller_check.CODES_A_DAY):
        with access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
            caller_check.send(subject, case, VerifiedBy.EMAIL_CODE)
    with (
        pytest.raises(CaseRefused, match="Too many codes"),
        access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        caller_check.send(subject, case, VerifiedBy.EMAIL_CODE)


def test_the_database_gives_no_right_to_who_is_not_verified(
    portal_db: PortalDb, one: Actor
) -> None:
    case = opened(one, member(portal_db))
    with pytest.raises(IntegrityError), portal_db.work.data.begin() as connection:
        connection.execute(
            update(rows).where(rows.c.case_id == case.case_id).values(permissions=["profile_read"])
        )


def test_two_of_the_staff_at_once_have_one_case_and_the_second_takes_it_over(
    portal_db: PortalDb, one: Actor
) -> None:
    who, other = member(portal_db), staff_actor(agent(portal_db))
    case = opened(one, who)
    with pytest.raises(CaseTaken) as taken:
        opened(other, who)
    assert taken.value.case_id == case.case_id
    with portal_db.work.data.connect() as connection:
        number = connection.scalar(select(staff.c.staff_no).where(staff.c.staff_id == one.person))
    assert taken.value.params["number"] == number
    with house().databases.data.begin() as connection:
        case_going_on.take_over(connection, other, case.case_id, CaseReason.CALLED_AGAIN)
    assert read(case.case_id).staff_id == other.person
    with (
        pytest.raises(AccessDenied),
        access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE),
    ):
        pass
    # On the next day whoever takes it over makes sure anew who is calling.
    verified(other, read(case.case_id))
    tomorrow = replace(one, at=NOW + timedelta(days=1))
    with house().databases.data.begin() as connection:
        case_going_on.take_over(connection, tomorrow, case.case_id, CaseReason.CALLED_AGAIN)
    again = read(case.case_id)
    assert not again.verified
    assert again.permissions == {"case_handle"}
    noted = events(portal_db, name=EventName.CASE_TAKEN_OVER)[0]
    assert noted.reason == CaseReason.CALLED_AGAIN


def test_a_grant_ends_is_renewed_with_a_reason_and_is_void_while_suspended(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who)
    later = replace(one, at=NOW + timedelta(minutes=31))
    with (
        pytest.raises(AccessDenied),
        access.open(in_case(later, case), who, Purpose.SHOW, look=READ),
    ):
        pass
    with house().databases.data.begin() as connection:
        until = case_going_on.renew(connection, later, case, CaseReason.CALL_GOES_ON)
    assert until == later.at + timedelta(minutes=30)
    case = read(case.case_id)
    with access.open(in_case(later, case), who, Purpose.SHOW, look=READ):
        pass
    # On the next day the caller is verified anew.
    tomorrow = replace(one, at=NOW + timedelta(days=1))
    with house().databases.data.begin() as connection:
        case_going_on.renew(connection, tomorrow, case, CaseReason.CALLED_AGAIN)
    assert read(case.case_id).permissions == {"case_handle"}
    with portal_db.work.data.begin() as connection:
        connection.execute(update(rows).values(suspended_at=NOW))
    with (
        pytest.raises(AccessDenied),
        access.open(tomorrow, who, Purpose.SHOW, case.case_id, look=HANDLE),
    ):
        pass
    with pytest.raises(CaseRefused), house().databases.data.begin() as connection:
        case_going_on.renew(connection, tomorrow, case, CaseReason.CALL_GOES_ON)


def test_a_guardian_asks_for_a_child_until_the_child_turns_14(
    portal_db: PortalDb, one: Actor
) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2012-11-23")
    case = opened(one, child, caller=Caller.GUARDIAN)
    evening = replace(one, at=NOW + timedelta(hours=11, minutes=45))  # 23:45 in Seoul
    with house().databases.data.begin() as connection:
        until = case_going_on.renew(connection, evening, case, CaseReason.CALL_GOES_ON)
    assert until == NOW + timedelta(hours=12)
    with portal_db.work.data.begin() as connection:
        assert case_lives.turned_14(connection, NOW + timedelta(hours=12)) == 1
    ended = read(case.case_id)
    assert ended.grant_ended is GrantEnded.TURNED_14
    assert not ended.runs(NOW + timedelta(hours=12))
    tomorrow = replace(one, at=NOW + timedelta(hours=13))
    with house().databases.data.begin() as connection:
        case_going_on.renew(connection, tomorrow, ended, CaseReason.CALL_GOES_ON)
    with (
        pytest.raises(CaseRefused, match="guardian"),
        access.open(tomorrow, child, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        caller_check.by_documents(subject, read(case.case_id))
    with pytest.raises(CaseRefused, match="No guardian"):
        opened(one, guardian, caller=Caller.GUARDIAN)


def test_somebody_else_needs_a_written_authority(portal_db: PortalDb, one: Actor) -> None:
    with pytest.raises(CaseRefused, match="authority"):
        opened(one, member(portal_db), caller=Caller.AGENT)


# ---- the answer -------------------------------------------------------------------------------


def answer(case: Case, actor: Actor, **changes: object) -> case_ending.Answer:
    made: dict[str, Any] = {
        "outcome": CaseOutcome.DONE,
        "refusal": None,
        "by": AnsweredBy.EMAIL,
        "words": "",
    }
    found = case_ending.Answer(**(made | changes))
    with house().databases.data.begin() as connection:
        case_ending.write(connection, actor, case, found)
    return found


def papers(case: Case) -> tuple[case_papers.Paper, ...]:
    with house().databases.data.begin() as connection:
        as_subject(connection, case.member_id)
        return case_papers.of_case(connection, case.member_id, case.case_id)


def test_an_answer_is_seen_before_it_goes_and_the_case_ends_with_it(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    case = verified_case(one, who)
    written = answer(case, one, words="주소를 바꿔 드렸어요.")
    assert case_ending.last(papers(case)) == written
    with house().databases.data.begin() as connection:
        case_ending.end(connection, one, case, written, ())
    closed = read(case.case_id)
    assert (closed.outcome, closed.answered_by) == (CaseOutcome.DONE, AnsweredBy.EMAIL)
    assert closed.permissions == frozenset()
    with (
        pytest.raises(AccessDenied),
        access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE),
    ):
        pass
    with portal_db.work.data.connect() as connection:
        sealed = connection.scalars(select(case_paper.c.sealed)).all()
    assert not any("주소".encode() in bytes(one_) for one_ in sealed)


def test_a_refusal_needs_its_reason_and_words_and_nobody_unverified_is_written_to(
    portal_db: PortalDb, one: Actor
) -> None:
    case = opened(one, member(portal_db))
    for wrong in (
        {"outcome": CaseOutcome.REFUSED, "words": "안 돼요, 그래서"},
        {"outcome": CaseOutcome.REFUSED, "refusal": RefusalReason.HARMS_OTHERS, "words": " "},
        {"outcome": CaseOutcome.DONE, "refusal": RefusalReason.HARMS_OTHERS},
    ):
        with pytest.raises(CaseRefused):
            answer(case, one, **wrong)
    spoken = answer(case, one, outcome=CaseOutcome.NOT_VERIFIED, by=AnsweredBy.EMAIL)
    with pytest.raises(CaseRefused, match="written to"), house().databases.data.begin() as c:
        case_ending.end(c, one, case, spoken, ())


def test_an_answer_is_put_off_once(portal_db: PortalDb, one: Actor) -> None:
    case = verified_case(one, member(portal_db))
    with house().databases.data.begin() as connection:
        due = case_going_on.postpone(connection, one, case, Postponed.PROOF_AWAITED)
    assert due == case.due_on + timedelta(days=10)
    with pytest.raises(CaseRefused), house().databases.data.begin() as connection:
        case_going_on.postpone(connection, one, read(case.case_id), Postponed.PROOF_AWAITED)


def test_the_lists_fetch_only_what_they_show(
    portal_db: PortalDb, one: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_list, "PAGE_ROWS", 2)
    made: list[UUID] = []
    for number in range(5):
        values = (ValueDraft("nickname", f"{number}"),)
        received = date(2026, 11, 22) - timedelta(days=number)
        who = member(portal_db, values=values, records=(), devices=())
        made.insert(0, opened(one, who, received_on=received).case_id)
    seen, after = [], None
    with house().databases.data.connect() as connection:
        for _ in range(3):
            page = case_list.page(connection, after)
            seen += [row.case_id for row in page.rows]
            after = page.after
    assert after is None
    assert seen == made


def told(db: PortalDb, template: str) -> dict[str, str]:
    """Return what fills the one message of this template."""
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        row = data.execute(select(outbox).where(outbox.c.template == template)).one()
        _store, sealer = sealer_of(keys, db.keyring, row.member_id)
    found: dict[str, str] = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    return found


@pytest.mark.promise("P31")
@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT], ids=str)
def test_the_caller_is_told_once_what_came_of_it_and_why_it_takes_longer(
    portal_db: PortalDb, one: Actor, store: Store
) -> None:
    who = member(portal_db, store)
    case = opened(one, who, CallWish.SEE)
    with access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        caller_check.by_documents(subject, case)
    case = read(case.case_id)
    worker = House(portal_db.work, portal_db.keyring)
    with house().databases.data.begin() as connection:
        due = case_going_on.postpone(connection, one, case, Postponed.PROOF_AWAITED)
    assert case_telling.answer(worker, case.case_id, "case_postponed", "ko", NOW)
    later = told(portal_db, "case_postponed")
    assert (later["until"], later["why"]) == (due.isoformat(), Postponed.PROOF_AWAITED)
    case = read(case.case_id)
    reason = RefusalReason.LAW_NAMES_IT
    given = {"outcome": CaseOutcome.REFUSED, "refusal": reason, "words": "법으로 정해 두어서요."}
    written = answer(case, one, **given)
    with house().databases.data.begin() as connection:
        case_ending.end(connection, one, case, written, ())
    for new in (True, False):
        assert case_telling.answer(worker, case.case_id, "case_answer", "ko", NOW) is new
    said = told(portal_db, "case_answer")
    assert (said["no"], said["reason"], said["words"]) == (case.no, reason, "법으로 정해 두어서요.")
