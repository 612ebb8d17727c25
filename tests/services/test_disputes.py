"""Disputes: the place is hidden, what can't be undone waits, an officer decides (P29, P41)."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, update

from db import places
from db.declarations import LOCATING
from db.drafts import GuardianshipDraft, RecordDraft, ValueDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox as told
from db.words import (
    ActorKind,
    DisputeOutcome,
    DisputeWhy,
    LinkMeans,
    LinkReason,
    Purpose,
    RecordKind,
    StaffRole,
    SuspensionWhy,
)
from services import (
    access,
    birthdays,
    certificate,
    clearing,
    correction,
    dispute_case,
    dispute_list,
    dispute_notices,
    dispute_rights,
    disputes,
    email_change,
    export_link,
    exports,
    guardian_stop,
    history,
    leaving,
    link_rows,
    messages,
    outbox,
    profile,
    records,
    unguarded,
    use,
    withdrawing,
)
from services import exporting as exporter
from services.actor import AccessDenied, Permission, Relation, StepUpRequired
from services.desk_queue import TakenError
from services.disputes import DisputeRefused
from services.guardian_stop import Decision
from services.holding_back import HeldBack
from services.ledger import EventName
from tests import exporting
from tests import leaving as leaving_tests
from tests.people import FIELDS, NOW, PLAIN, acting, agent, member, portal_house
from tests.services.test_exporting import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.actor import Actor
    from services.subject import Subject
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data", folds=False)
OPEN = access.Look(EventName.DISPUTE_OPENED, Permission.DISPUTE_OPEN, "/", folds=False)
CHANGE = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit", folds=False)
LEAVE = access.Look(EventName.LEAVING_ASKED, Permission.ACCOUNT_LEAVE, "/leave", folds=False)
TODAY = NOW.date()
WORDS = "법원 서류를 확인했어요."


class Family:
    """A child with everything that tells where it is, and two guardians."""

    def __init__(self, db: PortalDb) -> None:
        portal_house(db)
        self.db = db
        self.father, self.mother = member(db), member(db)
        values = ("nickname", "address", "phone", "mobile", "email", "children")
        made = [ValueDraft(name, PLAIN[name]) for name in values]
        made.append(ValueDraft("birth_date", "2016-05-05"))
        kinds = (RecordKind.PAYMENT, RecordKind.VISIT)
        held = [RecordDraft(uuid4(), kind, date(2026, 10, 1), date(2027, 10, 1), FIELDS[kind])
                for kind in kinds]  # fmt: skip
        links = [GuardianshipDraft(who, date(2024, 1, 1 + n), LinkMeans.JOINING, proof=True)
                 for n, who in enumerate((self.father, self.mother))]  # fmt: skip
        self.child = member(db, values=tuple(made), records=tuple(held), devices=(),
                            guardianships=tuple(links))  # fmt: skip

    def actor(self, who: UUID, **changes: Any) -> Actor:  # noqa: ANN401
        acts = None if who == self.child else self.child
        return acting(who, **({"verified_at": NOW, "acting_for": acts} | changes))

    def do(self, who: UUID, what: Callable[[Subject], Any], look: access.Look = CHANGE,
           purpose: Purpose = Purpose.CORRECT, **changes: Any) -> Any:  # noqa: ANN401  # fmt: skip
        portal_house(self.db)
        with access.open(self.actor(who, **changes), self.child, purpose, look=look) as subject:
            return what(subject)

    def dispute(
        self, who: UUID, why: DisputeWhy = DisputeWhy.FEAR, words: str = "도와주세요"
    ) -> UUID:
        found: UUID = self.do(who, lambda s: disputes.open_dispute(s, why, words), OPEN)
        return found

    def seen(self, who: UUID) -> str:
        """Return every value that somebody sees in full: items and records."""

        def look(subject: Subject) -> str:
            held = profile.held(subject, plain=True)
            values = [v.text for items in held.groups.values() for i in items for v in i.values]
            rows = [r.fields for kind in (RecordKind.PAYMENT, RecordKind.VISIT)
                    for r in records.page(subject, kind, 1, plain=True)]  # fmt: skip
            return json.dumps([values, rows], ensure_ascii=False)

        found: str = self.do(who, look, LOOK, Purpose.SHOW)
        return found

    def desk(self) -> Actor:
        return acting(agent(self.db, StaffRole.OFFICER), kind=ActorKind.STAFF,
                      role=StaffRole.OFFICER, verified_at=NOW)  # fmt: skip

    def decide(self, officer: Actor, which: UUID, decision: Decision) -> None:
        portal_house(self.db)
        with self.db.web.data.begin() as data:
            case = dispute_case.take(data, officer, self.child, which)
        with access.open(officer, self.child, dispute_rights.PURPOSE, case,
                         look=dispute_rights.VIEWING) as subject:  # fmt: skip
            dispute_case.decide(subject, decision)


@pytest.fixture
def family(portal_db: PortalDb) -> Family:
    return Family(portal_db)


PLACES = (PLAIN["address"], PLAIN["phone"], FIELDS[RecordKind.PAYMENT]["address"],
          FIELDS[RecordKind.VISIT]["network"])  # fmt: skip


@pytest.mark.parametrize("opener", ["child", "mother"])
def test_from_then_on_no_guardian_sees_where_the_child_is(family: Family, opener: str) -> None:
    for who in (family.father, family.mother, family.child):
        assert all(place in family.seen(who) for place in PLACES)
    family.dispute(getattr(family, opener))
    for who in (family.father, family.mother):
        shown = family.seen(who)
        assert not any(place in shown for place in PLACES)
        assert PLAIN["mobile"] in shown, "the rest is as before"
        allowed = family.do(who, lambda s: {i for i in LOCATING if s.may_use(i)})
        assert allowed == set()
    assert all(place in family.seen(family.child) for place in PLACES)


def test_what_can_not_be_undone_waits_for_everybody(family: Family) -> None:
    made = certificate.new()
    clear: Callable[[Subject], Any] = lambda s: clearing.clear(s, ("children",))  # noqa: E731
    ask: Callable[[Subject], Any] = lambda s: clearing.ask(s, "address")  # noqa: E731
    leave: Callable[[Subject], Any] = lambda s: leaving.ask(s, made)  # noqa: E731
    family.dispute(family.mother)
    for who in (family.father, family.mother, family.child):
        for what, look in ((clear, CHANGE), (ask, CHANGE), (leave, LEAVE)):
            with pytest.raises(HeldBack):
                family.do(who, what, look)
        assert family.do(who, leaving.preview, LEAVE).disputed


@pytest.mark.parametrize(
    ("item", "typed"),
    [("email", "new@example.com"), ("mobile", "010-9999-8888"), ("address", PLAIN["address"]),
     ("phone", "02-999-8888")],
)  # fmt: skip
def test_guardians_change_no_contact_and_learn_no_address_by_guessing(
    family: Family, item: str, typed: str
) -> None:
    family.dispute(family.child)
    change: Callable[[Subject], Any] = lambda s: correction.correct(s, item, 0, typed)  # noqa: E731
    for who in (family.father, family.mother):
        with pytest.raises(HeldBack):
            family.do(who, change)
    assert family.do(family.child, change) is not None, "the child changes its own"


def test_a_link_that_the_child_asked_for_waits_too(family: Family) -> None:
    token = new_address(family, family.child)
    family.dispute(family.mother)
    with pytest.raises(HeldBack):
        email_change.confirm(token, "ko", NOW)


def test_a_guardians_link_from_before_works_no_more(family: Family) -> None:
    token = new_address(family, family.father)
    which = family.dispute(family.child)
    with pytest.raises(email_change.LinkOver):
        email_change.confirm(token, "ko", NOW)
    family.decide(family.desk(), which, Decision(DisputeOutcome.KEPT, WORDS * 2))
    with pytest.raises(email_change.LinkOver):
        email_change.confirm(token, "ko", NOW)


@pytest.mark.parametrize("days", [0, 1])
def test_a_stopped_guardians_link_never_counts(family: Family, days: int) -> None:
    """At once it is forgotten; stopped from tomorrow on, it is refused from tomorrow on."""
    token = new_address(family, family.father)
    since = TODAY + timedelta(days=days)
    stop = Decision(DisputeOutcome.SUSPENDED, WORDS * 2, family.father,
                    SuspensionWhy.COURT_ORDER, since=since)  # fmt: skip
    family.do(family.child, lambda s: guardian_stop.stop(s, guardian_stop.guardians(s), stop))
    assert waiting_addresses(family) == days
    with pytest.raises(email_change.LinkOver):
        email_change.confirm(token, "ko", NOW + timedelta(hours=23))
    assert waiting_addresses(family) == 0


def test_a_stop_of_one_guardian_leaves_what_another_asked_for(family: Family) -> None:
    token = new_address(family, family.mother)
    stop = Decision(DisputeOutcome.ENDED, WORDS * 2, family.father, SuspensionWhy.COURT_ORDER)
    family.do(family.child, lambda s: guardian_stop.stop(s, guardian_stop.guardians(s), stop))
    email_change.confirm(token, "ko", NOW)
    assert waiting_addresses(family) == 0


def waiting_addresses(family: Family) -> int:
    with family.db.work.data.connect() as data:
        return len(data.execute(select(LIVE.pending_value)).all())


def new_address(family: Family, who: UUID) -> str:
    """Ask for a new address of the child and return its link's secret."""
    family.do(who, lambda s: correction.correct(s, "email", 0, "new@example.com"))
    with family.db.work.data.connect() as data, family.db.work.keys.connect() as keys:
        row = data.execute(select(told).where(told.c.template == "email_link")).one()
        _store, sealer = outbox.sealer_of(keys, family.db.keyring, family.child)
        said = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    return str(said["token"])


def test_copies_that_guardians_had_made_end_and_they_get_no_other(family: Family) -> None:
    db, child = family.db, family.child
    actor = family.actor(family.father)
    which = exporting.ask(db, child, actor)
    assert exporting.make(db, child, which)
    link = export_link.Link(child, which, actor.session_id)
    assert exporting.do(db, child, lambda s: exports.take(s, link), actor).size
    family.dispute(family.mother)
    assert exporting.row(db, which).state == "destroyed"
    with pytest.raises(HeldBack):
        exporting.do(db, child, lambda s: exports.take(s, link), actor)
    with pytest.raises(HeldBack):
        exporting.ask(db, child, actor)
    own = exporting.ask(db, child)
    assert exporting.make(db, child, own), "the child has its own"
    # A copy of the child's own is not the guardian's to take.
    link = export_link.Link(child, own, actor.session_id)
    with pytest.raises(HeldBack):
        exporting.do(db, child, lambda s: exports.take(s, link), actor)


def test_a_copy_under_way_is_stopped(family: Family) -> None:
    which = exporting.ask(family.db, family.child, family.actor(family.father))
    family.dispute(family.child)
    assert not exporting.make(family.db, family.child, which)
    assert exporting.row(family.db, which).state == "destroyed"


def test_a_wish_to_leave_from_before_waits_and_then_goes_on(family: Family) -> None:
    db, child = family.db, family.child
    leaving_tests.ask(db, child, by=family.father)
    which = family.dispute(family.mother)
    house, signer = leaving_tests.worker_house(db), leaving_tests.signer(db)
    assert not withdrawing.withdraw(house, signer, child, NOW)
    family.decide(family.desk(), which, Decision(DisputeOutcome.KEPT, WORDS * 2))
    assert withdrawing.withdraw(leaving_tests.worker_house(db), signer, child, NOW)


def test_a_suspended_guardians_wish_falls_away(family: Family) -> None:
    db, child = family.db, family.child
    leaving_tests.ask(db, child, by=family.father)
    which = family.dispute(family.mother)
    stop = Decision(DisputeOutcome.SUSPENDED, WORDS * 2, family.father, SuspensionWhy.COURT_ORDER)
    family.decide(family.desk(), which, stop)
    house, signer = leaving_tests.worker_house(db), leaving_tests.signer(db)
    assert not withdrawing.withdraw(house, signer, child, NOW)
    assert withdrawing.withdraw_all(house, signer, NOW) == 0


# ---- who opened it --------------------------------------------------------------------------


def lines(family: Family, who: UUID) -> list[tuple[str, str]]:
    look = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, "/history")
    found = family.do(who, lambda s: history.read(s, 1, only_others=False), look, Purpose.SHOW)
    return [(line.name, line.who.value) for line in found.lines]


def test_no_other_guardian_learns_who_said_it(family: Family) -> None:
    which = family.dispute(family.mother)
    names = {who: [name for name, _ in lines(family, who)]
             for who in (family.father, family.mother, family.child)}  # fmt: skip
    assert "dispute_opened" not in names[family.father]
    assert "dispute_opened" in names[family.mother]
    assert "dispute_opened" in names[family.child]
    seen = family.do(family.father, disputes.standing, LOOK, Purpose.SHOW)
    assert (seen.open, seen.mine, seen.can_open) == (True, None, True)
    family.decide(family.desk(), which, Decision(DisputeOutcome.KEPT, WORDS * 2))
    # Decided, it stays so: in the copies that guardians may have again.
    copies = {}
    for who in (family.father, family.mother):
        one = exporting.ask(family.db, family.child, family.actor(who))
        assert exporting.make(family.db, family.child, one)
        own = plain(family.db, family.child, one, family.actor(who))
        packed = zipfile.ZipFile(io.BytesIO(own))
        looked = packed.read("data/who_looked.json").decode()
        told_ = packed.read("data/disputes.json").decode()
        copies[who] = (looked.count("dispute_opened"), told_.count("도와주세요"))
        family.do(who, exports.destroy, exporting.LOOK, Purpose.EXPORT)
        exporter.run(exporting.shop(family.db), NOW)
    assert copies[family.father] == (0, 0)
    assert all(copies[family.mother])


def test_nobody_opens_a_second_one_nor_one_about_a_grown_member(family: Family) -> None:
    family.dispute(family.mother)
    with pytest.raises(DisputeRefused):
        family.dispute(family.mother)
    family.dispute(family.father)
    with pytest.raises(DisputeRefused):
        family.dispute(family.child, words="가" * 1001)
    grown = acting(family.father, verified_at=NOW)
    with (
        pytest.raises(DisputeRefused),
        access.open(grown, family.father, Purpose.CORRECT, look=OPEN) as subject,
    ):
        disputes.open_dispute(subject, DisputeWhy.OTHER)
    stranger = acting(member(family.db), acting_for=family.child)
    with (
        pytest.raises(AccessDenied),
        access.open(stranger, family.child, Purpose.CORRECT, look=OPEN) as subject,
    ):
        disputes.open_dispute(subject, DisputeWhy.OTHER)


# ---- the desk -------------------------------------------------------------------------------


def opens(family: Family, who: UUID, at: Any = NOW) -> bool:  # noqa: ANN401
    try:
        return bool(family.do(who, lambda s: s.relation is Relation.GUARDIAN, LOOK, at=at))
    except AccessDenied:
        return False


@pytest.mark.parametrize(
    ("until", "back_on"), [(None, None), (0, 1), (5, 6)], ids=["for good", "today", "five days"]
)
def test_an_officer_suspends_and_the_guardian_is_out_at_once(
    family: Family, until: int | None, back_on: int | None
) -> None:
    which, officer = family.dispute(family.child), family.desk()
    with family.db.web.data.begin() as data:
        (one,) = dispute_list.waiting(data, officer)
    assert (one.dispute_id, one.by_child, one.guardians, one.hand) == (which, True, 2, None)
    last = None if until is None else TODAY + timedelta(days=until)
    family.decide(officer, which, Decision(
        DisputeOutcome.SUSPENDED, WORDS * 2, family.father, SuspensionWhy.COURT_ORDER, last,
    ))  # fmt: skip
    assert not opens(family, family.father)
    assert opens(family, family.mother)
    assert PLAIN["address"] in family.seen(family.mother), "it is decided"
    if back_on is not None:
        assert not opens(family, family.father, NOW + timedelta(days=back_on - 1))
        assert opens(family, family.father, NOW + timedelta(days=back_on))
    mine = family.do(family.child, disputes.standing, LOOK, Purpose.SHOW).mine
    assert (mine.outcome, mine.answer) == (DisputeOutcome.SUSPENDED, WORDS * 2)
    with family.db.work.data.connect() as data:
        found = data.execute(
            select(event.c.name, event.c.reason)
            .where(event.c.member_id == family.child, event.c.actor_kind == "staff")
            .order_by(event.c.event_id)
        ).all()
    assert [tuple(row) for row in found if row.name.endswith(("decided", "suspended"))] == [
        ("guardian_suspended", "court_order"), ("dispute_decided", "suspended"),
    ]  # fmt: skip


def test_a_new_link_gets_round_no_suspension(family: Family) -> None:
    which = family.dispute(family.mother)
    family.decide(family.desk(), which, Decision(
        DisputeOutcome.ENDED, WORDS * 2, family.father, SuspensionWhy.REMOVAL))  # fmt: skip
    with family.db.work.data.begin() as data:
        data.execute(insert(LIVE.guardianship).values(
            member_id=family.child, guardian_id=family.father, started_on=TODAY, proof=True,
        ))  # fmt: skip
    assert not opens(family, family.father)


def test_the_last_guardian_stopped_leaves_the_child_store_only_and_on_the_list(
    family: Family,
) -> None:
    officer = family.desk()
    for who in (family.father, family.mother):
        with family.db.web.data.begin() as data:
            assert unguarded.alone(data, officer).rows == ()
        family.decide(officer, family.dispute(family.child), Decision(
            DisputeOutcome.SUSPENDED, WORDS * 2, who, SuspensionWhy.CUSTODY_END))  # fmt: skip
    with family.db.work.data.connect() as data:
        assert use.standing(data, LIVE, family.child, TODAY).store_only
    with family.db.web.data.begin() as data:
        (one,) = unguarded.alone(data, officer).rows
        assert (one.member_id, one.since, one.suspended) == (family.child, TODAY, True)
        assert str(family.child) not in one.name
        unguarded.see(data, officer, family.child)
    with family.db.web.data.begin() as data:
        assert unguarded.alone(data, officer).rows == ()
        assert unguarded.lift(data, officer, family.child) == 2
    assert opens(family, family.father)
    with family.db.work.data.connect() as data:
        assert not use.standing(data, LIVE, family.child, TODAY).store_only


@pytest.mark.parametrize("again", ["linked", "lifted"])
def test_left_alone_again_on_the_day_it_was_seen_the_child_is_listed_again(
    family: Family, again: str
) -> None:
    officer, db = family.desk(), family.db
    link, ends = LIVE.guardianship, {"suspended_on": TODAY, "suspended_why": SuspensionWhy.DESK}
    open_ones = (link.c.member_id == family.child, link.c.ended_on.is_(None))
    stop = update(link).where(*open_ones).values(suspended_until=None, **ends)
    with db.work.data.begin() as data:
        data.execute(stop)
    with db.web.data.begin() as data:
        assert unguarded.alone(data, officer).count == 1
        unguarded.see(data, officer, family.child)
        assert unguarded.alone(data, officer).rows == ()
        if again == "lifted":
            assert unguarded.lift(data, officer, family.child) == 2
    if again == "linked":
        other = member(db)
        new = link_rows.New(LinkMeans.CODE, LinkReason.PARENT, NOW)
        look = access.Look(EventName.FAMILY_VIEWED, Permission.FAMILY_READ, "/family", folds=False)
        with access.open(acting(other), other, Purpose.SHOW, look=look) as subject:
            assert link_rows.write(subject, family.child, new)
    with db.web.data.begin() as data:
        assert unguarded.alone(data, officer).rows == ()
    with db.work.data.begin() as data:
        data.execute(stop)
    with db.web.data.begin() as data:
        assert unguarded.alone(data, officer).count == 1


def test_a_guardian_who_leaves_puts_the_child_on_the_list(family: Family) -> None:
    officer = family.desk()
    for who in (family.father, family.mother):
        leaving_tests.leave(family.db, who)
    portal_house(family.db)
    with family.db.web.data.begin() as data:
        (one,) = unguarded.alone(data, officer).rows
    assert (one.since, one.suspended) == (TODAY, False)


def test_what_an_officer_may_not(family: Family) -> None:
    which, officer = family.dispute(family.child), family.desk()
    helper = acting(agent(family.db), kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    with pytest.raises(AccessDenied), family.db.web.data.begin() as data:
        dispute_list.waiting(data, helper)
    with pytest.raises(AccessDenied), family.db.web.data.begin() as data:
        dispute_case.take(data, helper, family.child, which)
    for bad in (
        Decision(DisputeOutcome.SUSPENDED, WORDS * 2),
        Decision(DisputeOutcome.ENDED, WORDS * 2, member(family.db), SuspensionWhy.DESK),
        Decision(DisputeOutcome.KEPT, "짧아요"),
        Decision(DisputeOutcome.SUSPENDED, WORDS * 2, family.father, SuspensionWhy.DESK,
                 TODAY - timedelta(days=1)),
    ):  # fmt: skip
        with pytest.raises(DisputeRefused):
            family.decide(officer, which, bad)
    with pytest.raises(TakenError), family.db.web.data.begin() as data:
        dispute_case.take(data, family.desk(), family.child, which)
    own = acting(
        agent(family.db, StaffRole.OFFICER, own_membership=family.father),
        kind=ActorKind.STAFF, role=StaffRole.OFFICER, verified_at=NOW,
    )  # fmt: skip
    after = NOW + timedelta(hours=1)
    with family.db.web.data.begin() as data:
        with pytest.raises(TakenError, match="about you"):
            dispute_case.take(data, replace(own, at=after), family.child, which)
        taking = func.ops.take_dispute(own.person, family.child, which, after, after)
        assert data.scalar(select(taking)) is None, "nor does the database let them"
    with pytest.raises(StepUpRequired):
        family.decide(acting(officer.person, kind=ActorKind.STAFF, role=StaffRole.OFFICER), which,
                      Decision(DisputeOutcome.KEPT, WORDS * 2))  # fmt: skip
    family.decide(officer, which, Decision(DisputeOutcome.KEPT, WORDS * 2))
    assert opens(family, family.father)
    with pytest.raises(TakenError):
        family.decide(officer, which, Decision(DisputeOutcome.KEPT, WORDS * 2))


def test_everybody_is_told_what_was_decided_once_and_not_who_said_it(family: Family) -> None:
    which = family.dispute(family.mother)
    family.decide(family.desk(), which, Decision(
        DisputeOutcome.SUSPENDED, WORDS * 2, family.father, SuspensionWhy.COURT_ORDER,
        date(2027, 1, 31)))  # fmt: skip
    db = family.db
    for expected in (3, 0):
        with db.work.data.begin() as data, db.work.keys.connect() as keys:
            count = dispute_notices.tell(
                data, (family.child, which), lambda m: outbox.sealer_of(keys, db.keyring, m), NOW
            )
        assert count == expected
    with db.work.data.connect() as data:
        rows = data.execute(select(told.c.member_id, told.c.template)).all()
    assert {tuple(row) for row in rows} == {
        (family.child, "dispute_decided"), (family.mother, "dispute_decided"),
        (family.father, "guardian_stopped"),
    }  # fmt: skip


def test_while_another_is_open_nobody_is_told_that_the_address_is_shown(family: Family) -> None:
    db, officer = family.db, family.desk()
    disputed = {who: family.dispute(who) for who in (family.mother, family.child)}
    still, over = "주소를 계속 가려 두고", "이제 다시 전과 같아요"
    mine = (told.c.member_id == family.father, told.c.template == "dispute_decided")
    for opener, another, said in ((family.mother, "yes", still), (family.child, "no", over)):
        family.decide(officer, disputed[opener], Decision(DisputeOutcome.KEPT, WORDS * 2))
        with db.work.data.begin() as data, db.work.keys.connect() as keys:
            dispute_notices.tell(
                data, (family.child, disputed[opener]),
                lambda m: outbox.sealer_of(keys, db.keyring, m), NOW,
            )  # fmt: skip
            _store, key = outbox.sealer_of(keys, db.keyring, family.father)
            rows = data.execute(select(told).where(*mine)).all()
        given = [json.loads(key.open(one.sealed, places.outbox(one.message_id))) for one in rows]
        assert [one["another"] for one in given].count(another) == 1
        values: dict[str, object] = {"another": another, "address": "https://my.example.kr"}
        assert said in messages.body("dispute_decided", "ko", values)


def test_a_dispute_falls_away_at_14(family: Family) -> None:
    """Nobody acts for the child any more, so nothing waits: neither the hour before a run."""
    which = family.dispute(family.father)
    grown = {"turns_14_on": TODAY}
    with family.db.work.data.begin() as data:
        data.execute(
            update(LIVE.member).where(LIVE.member.c.member_id == family.child).values(grown)
        )
    state = family.do(family.child, disputes.standing, LOOK, Purpose.SHOW)
    assert (state.open, state.can_open) == (False, False)
    family.do(family.child, lambda s: clearing.clear(s, ("children",)))
    with family.db.work.data.begin() as data:
        birthdays.clear(data, TODAY)
        assert birthdays.end_disputes(data, TODAY, NOW) == 1
        assert birthdays.end_disputes(data, TODAY, NOW) == 0
        row = data.execute(select(LIVE.dispute).where(LIVE.dispute.c.dispute_id == which)).one()
    assert row.outcome == "grown"
