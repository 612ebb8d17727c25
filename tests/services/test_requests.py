"""Requests: made, told, decided, taken back; what they restrict meanwhile (P32)."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from db.drafts import RecordDraft
from db.law import law
from db.tables.cases import case as cases
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import (
    RIGHTS,
    ActorKind,
    Purpose,
    RecordKind,
    RefusalReason,
    RequestKind,
    RequestState,
    RestrictionWhy,
    StaffRole,
)
from services import access, deciding, desk_queue, evidence, requests, restriction, use
from services.actor import AccessDenied, Permission, StepUpRequired
from services.desk_queue import TakenError
from services.ledger import EventName
from services.relations import as_subject
from tests.people import NOW, PLAIN, acting, agent, child_of, member, open_case, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.subject import Subject
    from tests.database import PortalDb

WORDS = "서류로는 확인할 수 없었어요."
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    """Return the databases, with this process as the portal's."""
    portal_house(portal_db)
    return portal_db


def own(person: UUID, do: Callable[[Subject], Any], when: datetime = NOW, **who: Any) -> Any:  # noqa: ANN401
    """Do something as the member, or as somebody for them."""
    look = access.Look(EventName.RESTRICTIONS_VIEWED, Permission.PROCESSING_STOP)
    actor = acting(who.pop("by", person), at=when)
    with access.open(actor, person, Purpose.SHOW, look=look) as subject:
        return do(subject)


def correction(person: UUID, value: str = "홍길동", **given: Any) -> UUID:  # noqa: ANN401
    found: UUID = own(
        person,
        lambda s: requests.make(
            s, RequestKind.CORRECTION, item="name", proposed={"value": value, "note": "개명"}
        ),
        **given,
    )
    return found


def take(db: PortalDb, staff_id: UUID, person: UUID, request_id: UUID) -> desk_queue.Case:
    with db.web.data.begin() as connection:
        return desk_queue.take(
            connection, acting(staff_id, kind=ActorKind.STAFF), person, request_id
        )


def in_case(
    staff_id: UUID,
    case: desk_queue.Case,
    do: Callable[[Subject], Any],
    verified: datetime | None = NOW,
) -> Any:  # noqa: ANN401
    look = access.Look(EventName.REQUEST_VIEWED, Permission.REQUEST_DECIDE)
    actor = acting(staff_id, kind=ActorKind.STAFF, verified_at=verified)
    with access.open(actor, case.member_id, Purpose.CORRECT, case.case_id, look=look) as subject:
        return do(subject)


def events(db: PortalDb, person: UUID) -> list[str]:
    with db.work.data.connect() as connection:
        chosen = select(event.c.name).where(event.c.member_id == person)
        return list(connection.scalars(chosen.order_by(event.c.event_id)))


def told(db: PortalDb, person: UUID) -> list[str]:
    with db.work.data.connect() as connection:
        chosen = select(outbox.c.template).where(outbox.c.member_id == person)
        return sorted(connection.scalars(chosen))


def may(person: UUID, purpose: Purpose, item: str) -> bool:
    look = access.Look(EventName.PROFILE_VIEWED)
    with access.open(acting(person), person, purpose, look=look) as subject:
        return subject.may_use(item)


# ---- deadlines ------------------------------------------------------------------------------


@given(st.dates(date(2026, 1, 1), date(2100, 1, 1)), st.sampled_from(RequestKind))
def test_an_answer_is_due_ten_days_after_the_day_of_receipt(day: date, kind: RequestKind) -> None:
    assert (law().due_on(kind, day) - day).days == 10


def test_deadlines_cross_month_ends_and_leap_days() -> None:
    due = law().due_on
    assert due(RequestKind.CORRECTION, date(2028, 2, 20)) == date(2028, 3, 1)
    assert due(RequestKind.CORRECTION, date(2027, 2, 20)) == date(2027, 3, 2)
    assert due(RequestKind.RESTRICTION, date(2026, 12, 25)) == date(2027, 1, 4)


def test_the_day_of_receipt_is_the_one_in_seoul(db: PortalDb) -> None:
    one = member(db)
    correction(one, when=datetime(2026, 11, 22, 15, 0, tzinfo=UTC))  # midnight of the 23rd
    assert own(one, requests.mine)[0].due_on == date(2026, 12, 3)


# ---- the member's side ----------------------------------------------------------------------


def test_a_request_is_told_with_its_deadline_and_written_down(db: PortalDb) -> None:
    one = member(db)
    correction(one)
    (found,) = own(one, requests.mine)
    assert (found.state, found.item, found.due_on) == ("open", "name", date(2026, 12, 2))
    assert told(db, one) == ["request_received"]
    assert "request_made" in events(db, one)


def test_what_is_proposed_is_sealed_and_forgotten_with_the_end(db: PortalDb) -> None:
    one = member(db)
    made = correction(one, "홍비밀")
    chosen = select(LIVE.request.c.sealed).where(LIVE.request.c.request_id == made)
    with db.work.data.connect() as connection:
        sealed = connection.scalar(chosen)
    assert sealed
    assert "홍비밀".encode() not in sealed
    own(one, lambda s: requests.take_back(s, made))
    with db.work.data.connect() as connection:
        assert connection.scalar(chosen) is None


def test_the_same_is_asked_once_at_a_time(db: PortalDb) -> None:
    one = member(db)
    made = correction(one)
    with pytest.raises(requests.RequestRefused):
        correction(one)
    own(one, lambda s: requests.take_back(s, made))
    with pytest.raises(requests.RequestRefused):
        own(one, lambda s: requests.take_back(s, made))
    correction(one)
    assert [r.state for r in own(one, requests.mine)] == ["open", "taken_back"]


def test_a_request_of_another_member_cant_be_taken_back(db: PortalDb) -> None:
    one, other = member(db), member(db, values=())
    made = correction(one)
    with pytest.raises(requests.RequestRefused):
        own(other, lambda s: requests.take_back(s, made))
    assert own(one, requests.mine)[0].state == "open"


@pytest.mark.promise("P32")
@pytest.mark.parametrize("purpose", sorted(set(Purpose) - RIGHTS))
def test_a_disputed_item_serves_nothing_but_the_members_rights(purpose: Purpose) -> None:
    disputed = use.Standing(frozenset(), restricted=frozenset({("name", None)}))
    assert not use.decide("name", purpose, disputed).allowed
    assert all(use.decide("name", right, disputed).allowed for right in RIGHTS)


@pytest.mark.promise("P32")
def test_a_dispute_holds_until_its_end_and_counts_what_it_kept_away(db: PortalDb) -> None:
    one = member(db)
    assert may(one, Purpose.DELIVERY, "name")
    made = correction(one)
    for _ in range(3):
        assert not may(one, Purpose.DELIVERY, "name")
    assert not may(one, Purpose.IDENTIFICATION, "name")
    assert may(one, Purpose.SHOW, "name")
    assert may(one, Purpose.DELIVERY, "address")
    (found,) = own(one, restriction.in_force)
    assert (found.why, found.blocked, found.last_blocked_at) == ("disputed", 4, NOW)
    # The ledger says it once a day for each use; the count says how often.
    assert events(db, one).count("use_blocked") == 2
    own(one, lambda s: requests.take_back(s, made))
    assert may(one, Purpose.DELIVERY, "name")
    assert own(one, restriction.in_force) == ()


@pytest.mark.promise("P32")
def test_one_transaction_counts_one_use_of_an_item_once(db: PortalDb) -> None:
    one = member(db)
    correction(one)
    look = access.Look(EventName.PROFILE_VIEWED)
    with access.open(acting(one), one, Purpose.DELIVERY, look=look) as subject:
        assert not any([subject.may_use("name"), subject.may_use("name")])
    assert own(one, restriction.in_force)[0].blocked == 1


# ---- stopping -------------------------------------------------------------------------------


def purchase(day: date) -> RecordDraft:
    return RecordDraft(uuid4(), RecordKind.PAYMENT, day, date(2031, 1, 1), {"what": "기저귀"})


def test_a_stop_is_in_force_at_once_and_lifted_at_will(db: PortalDb) -> None:
    one = member(db, records=())
    made = own(one, lambda s: restriction.stop(s, None))
    assert not may(one, Purpose.DELIVERY, "address")
    assert not may(one, Purpose.CONTENT, "nickname")
    assert may(one, Purpose.NOTICES, "email")
    assert may(one, Purpose.EXPORT, "email")
    assert own(one, requests.mine)[0].kind is RequestKind.RESTRICTION
    with pytest.raises(restriction.StopRefused):
        own(one, lambda s: restriction.stop(s, None))
    own(one, lambda s: restriction.lift(s, made))
    assert may(one, Purpose.DELIVERY, "address")
    assert own(one, requests.mine)[0].state is RequestState.TAKEN_BACK
    assert told(db, one) == ["request_received", "stop_lifted"]
    with pytest.raises(restriction.StopRefused):
        own(one, lambda s: restriction.lift(s, made))


def test_only_the_chosen_use_is_stopped(db: PortalDb) -> None:
    one = member(db, records=())
    own(one, lambda s: restriction.stop(s, Purpose.CONTENT))
    assert not may(one, Purpose.CONTENT, "nickname")
    assert may(one, Purpose.DELIVERY, "address")


def test_a_running_purchase_goes_on_until_it_is_finished_and_no_longer(db: PortalDb) -> None:
    one = member(db, records=(purchase(date(2026, 11, 20)),))
    found = own(one, lambda s: restriction.what_continues(s, [Purpose.DELIVERY]))
    assert {c.id: c.until for c in found} == {
        "own_rights": None, "running_purchase": date(2026, 12, 4),
    }  # fmt: skip
    own(one, lambda s: restriction.stop(s, Purpose.DELIVERY))
    assert may(one, Purpose.DELIVERY, "address")
    with db.work.data.connect() as connection:
        for day, allowed in ((date(2026, 12, 4), True), (date(2026, 12, 5), False)):
            known = use.standing(connection, LIVE, one, day)
            assert use.decide("address", Purpose.DELIVERY, known).allowed is allowed


def test_an_old_purchase_keeps_nothing_going(db: PortalDb) -> None:
    one = member(db, records=(purchase(date(2026, 11, 7)),))
    own(one, lambda s: restriction.stop(s, Purpose.DELIVERY))
    assert not may(one, Purpose.DELIVERY, "address")


def test_what_a_law_demands_cant_be_stopped(db: PortalDb) -> None:
    one = member(db)
    with pytest.raises(restriction.StopRefused):
        own(one, lambda s: restriction.stop(s, Purpose.NOTICES))
    assert own(one, requests.mine) == ()


# ---- the desk's side ------------------------------------------------------------------------


def test_the_queue_lists_what_is_due_first_and_marks_what_is_late(db: PortalDb) -> None:
    late, soon = member(db), member(db, values=())
    correction(soon)
    correction(late, when=NOW - timedelta(days=11))
    with db.web.data.begin() as connection:
        queue = desk_queue.page(connection, acting(agent(db), kind=ActorKind.STAFF), 1)
    assert queue.count == 2
    assert [(r.member_id, r.days_left, r.hand) for r in queue.rows] == [
        (late, -1, None), (soon, 10, None),
    ]  # fmt: skip


def test_a_page_of_the_queue_fetches_only_what_it_shows(
    db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_queue, "PAGE_ROWS", 2)
    people = [member(db, values=()) for _ in range(3)]
    for days, one in enumerate(people):
        correction(one, when=NOW - timedelta(days=days))
    with db.web.data.begin() as connection:
        actor = acting(agent(db), kind=ActorKind.STAFF)
        pages = [desk_queue.page(connection, actor, n) for n in (1, 2)]
    assert [[r.member_id for r in p.rows] for p in pages] == [people[:0:-1], people[:1]]
    assert {p.count for p in pages} == {3}


def test_of_two_staff_the_second_is_told_who_has_it(db: PortalDb) -> None:
    one, first, second = member(db), agent(db), agent(db)
    made = correction(one)
    case = take(db, first, one, made)
    with pytest.raises(desk_queue.TakenError, match=first.hex[:6]):
        take(db, second, one, made)
    take(db, first, one, made)
    with db.web.data.begin() as connection:
        desk_queue.put_back(connection, acting(first, kind=ActorKind.STAFF), case.case_id)
    assert "request_taken" in events(db, one)


@pytest.mark.promise("P32")
def test_who_of_the_staff_asked_does_not_decide(db: PortalDb) -> None:
    person, asker = member(db), agent(db)
    call = {
        "kind": "call", "case_no": "261122-ABCD", "channel": "phone", "caller": "self",
        "asked": ["correct"], "due_on": NOW.date(), "verified_by": "documents", "verified_at": NOW,
        "permissions": ["profile_correct"],
    }  # fmt: skip
    case_id = open_case(db, asker, person, **call)
    look = access.Look(EventName.VALUE_CORRECTED, Permission.PROFILE_CORRECT)
    actor = acting(asker, kind=ActorKind.STAFF, verified_at=NOW)
    with access.open(actor, person, Purpose.CORRECT, case_id, look=look) as subject:
        request = requests.make(
            subject, RequestKind.CORRECTION, item="name", proposed={"value": "홍길동"}
        )
    with pytest.raises(TakenError, match="You entered"):
        take(db, asker, person, request)
    with db.web.data.begin() as connection:
        as_subject(connection, person)
        taking = func.ops.take_request(asker, person, request, NOW, NOW)
        assert connection.scalar(select(taking)) is None, "nor does the database let them"
    own = open_case(db, asker, person, request_id=request, permissions=["request_decide"])
    given = desk_queue.Case(own, person, request, NOW)
    with pytest.raises(deciding.DecisionRefused, match="You entered"):
        in_case(asker, given, deciding.grant)
    other = agent(db)
    with db.work.data.begin() as connection:
        connection.execute(update(cases).where(cases.c.case_id == own).values(closed_at=NOW))
    in_case(other, take(db, other, person, request), deciding.grant)


@pytest.mark.parametrize("whose", ["own", "child"])
def test_nobody_takes_a_request_of_their_own_or_their_childs(db: PortalDb, whose: str) -> None:
    me = member(db)
    person = me if whose == "own" else child_of(db, me, "2018-03-04")
    request = correction(person, by=me)
    clerk = agent(db, own_membership=me)
    with pytest.raises(TakenError, match="about you"):
        take(db, clerk, person, request)
    with db.web.data.begin() as connection:
        as_subject(connection, person)
        taking = func.ops.take_request(clerk, person, request, NOW, NOW)
        assert connection.scalar(select(taking)) is None, "nor does the database let them"


def test_a_granted_correction_changes_the_value_and_ends_the_dispute(db: PortalDb) -> None:
    one, staff = member(db), agent(db)
    made = correction(one)
    own(one, lambda s: evidence.keep(s, made, PNG))
    case = take(db, staff, one, made)
    seen = in_case(staff, case, lambda s: deciding.read(s, plain=False))
    assert (seen.present, seen.shown) == (("홍*순",), "홍*동")
    plain = in_case(staff, case, lambda s: deciding.read(s, plain=True))
    assert (plain.present, plain.shown) == ((PLAIN["name"],), "홍길동")
    ((file_id, kind, _size),) = plain.proofs
    assert in_case(staff, case, lambda s: deciding.proof(s, file_id)).content == PNG
    assert kind == "image/png"
    in_case(staff, case, deciding.grant)
    (found,) = own(one, requests.mine)
    assert (found.state, found.files) == (RequestState.DONE, 0)
    assert own(one, restriction.in_force) == ()
    assert may(one, Purpose.DELIVERY, "name")
    with db.work.data.connect() as connection:
        left = connection.scalars(select(LIVE.evidence.c.sealed)).all()
    assert left == [None]
    assert told(db, one) == ["request_done", "request_received"]
    assert {"request_granted", "evidence_destroyed"} <= set(events(db, one))
    with pytest.raises(AccessDenied):
        in_case(staff, case, deciding.grant)


@pytest.mark.promise("P32")
def test_a_refusal_says_why_ends_the_dispute_and_can_be_objected_to(db: PortalDb) -> None:
    one, staff, other = member(db), agent(db), agent(db, StaffRole.OFFICER)
    made = correction(one)
    case = take(db, staff, one, made)
    in_case(staff, case, lambda s: deciding.refuse(s, RefusalReason.PROOF_MISSING, WORDS))
    (found,) = own(one, requests.mine)
    assert (found.state, found.reason, found.answer) == ("refused", "proof_missing", WORDS)
    assert own(one, restriction.in_force) == ()
    assert told(db, one) == ["request_received", "request_refused"]
    again = own(one, lambda s: requests.object_to(s, made, "다시 봐 주세요"))
    with pytest.raises(requests.RequestRefused):
        own(one, lambda s: requests.object_to(s, made, ""))
    case = take(db, staff, one, again)
    with pytest.raises(deciding.DecisionRefused):
        in_case(staff, case, deciding.grant)
    with db.web.data.begin() as connection:
        desk_queue.put_back(connection, acting(staff, kind=ActorKind.STAFF), case.case_id)
    in_case(other, take(db, other, one, again), deciding.grant)
    assert {r.kind: r.state for r in own(one, requests.mine)} == {
        "correction": "refused", "objection": "done",
    }  # fmt: skip


@pytest.mark.parametrize(("granted", "allowed"), [(True, False), (False, True)])
def test_a_stop_stays_when_granted_and_ends_when_refused(
    db: PortalDb,
    granted: bool,  # noqa: FBT001 (a parameter of the test)
    allowed: bool,  # noqa: FBT001
) -> None:
    one, staff = member(db, records=()), agent(db)
    made = own(one, lambda s: restriction.stop(s, Purpose.CONTENT))
    case = take(db, staff, one, made)
    if granted:
        in_case(staff, case, deciding.grant)
    else:
        why = RefusalReason.NEEDED_FOR_CONTRACT
        in_case(staff, case, lambda s: deciding.refuse(s, why, WORDS))
    assert may(one, Purpose.CONTENT, "nickname") is allowed
    if granted:
        own(one, lambda s: restriction.lift(s, made))
        assert may(one, Purpose.CONTENT, "nickname")


def test_a_stop_that_was_refused_wrongly_is_in_force_again(db: PortalDb) -> None:
    one, staff, other = member(db, records=()), agent(db), agent(db)
    made = own(one, lambda s: restriction.stop(s, Purpose.CONTENT))
    why = RefusalReason.NEEDED_FOR_CONTRACT
    in_case(staff, take(db, staff, one, made), lambda s: deciding.refuse(s, why, WORDS))
    again = own(one, lambda s: requests.object_to(s, made, ""))
    in_case(other, take(db, other, one, again), deciding.grant)
    assert not may(one, Purpose.CONTENT, "nickname")
    (found,) = own(one, restriction.in_force)
    assert (found.why, found.scope) == (RestrictionWhy.STOPPED, Purpose.CONTENT)


def test_a_decision_wants_a_verification_a_fitting_reason_and_words(db: PortalDb) -> None:
    one, staff = member(db), agent(db)
    case = take(db, staff, one, correction(one))
    with pytest.raises(StepUpRequired):
        in_case(staff, case, deciding.grant, verified=None)
    with pytest.raises(StepUpRequired):
        in_case(staff, case, lambda s: deciding.read(s, plain=True), verified=None)
    for reason, words in (
        (RefusalReason.NEEDED_FOR_CONTRACT, WORDS), (RefusalReason.PROOF_MISSING, " 아니요 "),
    ):  # fmt: skip
        with pytest.raises(deciding.DecisionRefused):
            in_case(staff, case, partial(deciding.refuse, reason=reason, words=words))
    assert own(one, requests.mine)[0].state == "open"


def test_a_case_for_one_thing_decides_no_request(db: PortalDb) -> None:
    one, staff = member(db), agent(db)
    made = correction(one)
    rights = [Permission.REQUEST_DECIDE.value]
    case_id = open_case(db, staff, one, permissions=rights)
    case = desk_queue.Case(case_id, one, made, NOW)
    with pytest.raises(AccessDenied):
        in_case(staff, case, deciding.grant)
    assert own(one, requests.mine)[0].state == "open"


def test_staff_without_a_case_decide_nothing(db: PortalDb) -> None:
    one, staff, other = member(db), agent(db), agent(db)
    case = take(db, staff, one, correction(one))
    with pytest.raises(AccessDenied):
        in_case(other, case, deciding.grant)


def test_a_guardian_asks_for_a_child_and_the_request_is_decided_alike(db: PortalDb) -> None:
    guardian, staff = member(db), agent(db)
    child = child_of(db, guardian, "2018-03-04")
    made = own(child, lambda s: restriction.stop(s, Purpose.CONTENT), by=guardian)
    in_case(staff, take(db, staff, child, made), deciding.grant)
    assert own(child, requests.mine, by=guardian)[0].state == "done"


# ---- any order of events --------------------------------------------------------------------


@pytest.mark.promise("P32")
@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_of_events_a_dispute_is_never_used(db: PortalDb, seed: int) -> None:
    """A model: two open questions, each of them closing a door for as long as it is open."""
    steps = _sequence(seed)
    one, staff = member(db, records=()), agent(db)
    open_ask: UUID | None = None
    stop: UUID | None = None
    kept = 0
    for step in steps:
        if step == "ask" and open_ask is None:
            open_ask, kept = correction(one), 0
        elif step == "back" and open_ask:
            own(one, partial(requests.take_back, request_id=open_ask))
            open_ask = None
        elif step in {"grant", "refuse"} and open_ask:
            case = take(db, staff, one, open_ask)
            no = partial(deciding.refuse, reason=RefusalReason.CORRECT_ALREADY, words=WORDS)
            in_case(staff, case, no if step == "refuse" else deciding.grant)
            open_ask = None
        elif step == "stop" and stop is None:
            stop = own(one, lambda s: restriction.stop(s, Purpose.DELIVERY))
        elif step == "lift" and stop:
            own(one, partial(restriction.lift, request_id=stop))
            stop = None
        kept += open_ask is not None
        assert may(one, Purpose.IDENTIFICATION, "name") is (open_ask is None), steps
        assert may(one, Purpose.DELIVERY, "address") is (stop is None), steps
        assert may(one, Purpose.SHOW, "name")
        disputes = [o for o in own(one, restriction.in_force) if o.why == "disputed"]
        assert [d.blocked for d in disputes] == ([kept] if open_ask else [])


def _sequence(seed: int) -> list[str]:
    chosen = random.Random(seed)  # noqa: S311 (a test's steps)
    words = ["ask", "back", "grant", "refuse", "stop", "lift", "use"]
    return [chosen.choice(words) for _ in range(10)]
