"""At 14 the right passes to the child by itself, at midnight in Seoul, at every door (P29)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update

from db import places, writer
from db.clock import SEOUL, seoul_day
from db.drafts import ConsentDraft, GuardianshipDraft, ValueDraft
from db.tables.ledger import event
from db.tables.member import DORMANT, LIVE
from db.tables.ops import outbox as told
from db.tables.ops import session as session_rows
from db.words import ActorKind, Channel, ConsentKind, LinkMeans, Purpose, RequestState, Store
from services import (
    access,
    birthdays,
    consent_list,
    consents,
    correction,
    fourteen,
    messages,
    outbox,
    requests,
    sessions,
    sign_in,
    use,
    withdrawing,
)
from services.actor import AccessDenied, Permission, Relation
from services.audience import audience
from services.consent_asked import State
from services.ledger import EventName
from services.use import Why
from tests import exporting, leaving
from tests.people import NOW, PLAIN, acting, granted, member, portal_house

if TYPE_CHECKING:
    from services.consent_asked import Consents
    from services.consents import Recorded
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

BIRTHDAY = date(2026, 12, 10)
BORN = "2012-12-10"
LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data", folds=False)
CHANGE = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit", folds=False)
CONSENT = access.Look(EventName.CONSENTS_VIEWED, Permission.CONSENT_CHANGE, "/consents")


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SEOUL)


def child(db: PortalDb, *guardians: UUID, born: str = BORN, store: Store = Store.LIVE,
          contact: bool = True, consents: tuple[ConsentDraft, ...] = ()) -> UUID:  # fmt: skip
    """Write a child whose guardians gave its consents."""
    values = [ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", born),
              ValueDraft("address", PLAIN["address"])]  # fmt: skip
    if contact:
        values.append(ValueDraft("email", "kid@example.com"))
    links = tuple(
        GuardianshipDraft(g, date(2024, 1, 1), LinkMeans.JOINING, proof=True) for g in guardians
    )
    return member(db, store, values=tuple(values), records=(), devices=(), guardianships=links,
                  consents=consents)  # fmt: skip


def agreed(*kinds: ConsentKind, by: ActorKind = ActorKind.GUARDIAN) -> tuple[ConsentDraft, ...]:
    rows = [replace(one, decided_by=by) for one in granted(*kinds, at=NOW - timedelta(days=9))]
    ads = ConsentDraft(uuid4(), ConsentKind.ADVERTISING, granted=True, channel=Channel.EMAIL,
                       decided_at=NOW - timedelta(days=9), decided_by=by)  # fmt: skip
    return (*rows, ads)


def opens(person: UUID, whose: UUID, at: datetime) -> Relation | None:
    actor = acting(person, at=at, acting_for=None if person == whose else whose)
    try:
        with access.open(actor, whose, Purpose.SHOW, look=LOOK) as subject:
            return subject.relation
    except AccessDenied:
        return None


def column(db: PortalDb, who: UUID, name: str, tables: Any = LIVE) -> Any:  # noqa: ANN401
    with db.work.data.connect() as data:
        own = tables.member.c.member_id == who
        return data.scalar(select(tables.member.c[name]).where(own))


def daily(db: PortalDb, at: datetime) -> None:
    """Do what the hourly run does around a birthday."""
    with db.work.data.begin() as data:
        birthdays.clear(data, seoul_day(at))
        birthdays.end_unanswered(data, seoul_day(at), at)


def names(db: PortalDb, who: UUID) -> list[str]:
    with db.work.data.connect() as data:
        mine = select(event.c.name).where(event.c.member_id == who).order_by(event.c.event_id)
        return list(data.scalars(mine))


# ---- the midnight ---------------------------------------------------------------------------

LAST_SECOND = datetime(2026, 12, 9, 14, 59, 59, tzinfo=UTC)
"""23:59:59 of the day before in Seoul; in UTC it is the same date as the second after."""


@pytest.mark.parametrize(
    ("born", "at", "guards"),
    [
        (BORN, LAST_SECOND, True),
        (BORN, LAST_SECOND + timedelta(seconds=1), False),
        # The UTC date is the birthday nine hours later: by then it is long over.
        (BORN, datetime(2026, 12, 10, 0, 0, tzinfo=UTC), False),
        # Born on February 29: the year of 14 has none, so the day after the 28th.
        ("2012-02-29", datetime(2026, 2, 28, 14, 59, 59, tzinfo=UTC), True),
        ("2012-02-29", datetime(2026, 2, 28, 15, 0, tzinfo=UTC), False),
    ],
)
def test_the_right_passes_at_midnight_in_seoul(
    portal_db: PortalDb, born: str, at: datetime, *, guards: bool
) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian, born=born)
    with portal_db.work.data.begin() as data:  # written today, when the day may be past
        data.execute(update(LIVE.member).where(LIVE.member.c.member_id == who).values(
            turns_14_on=writer.turns(born, 14)))  # fmt: skip
    assert (opens(guardian, who, at) is Relation.GUARDIAN) is guards
    assert opens(who, who, at) is Relation.SELF


# ---- told a month before --------------------------------------------------------------------


def tell(db: PortalDb, at: datetime) -> int:
    """Let the worker find who is due, and write the notices."""
    with db.work.data.begin() as data:
        due = fourteen.run(data, at)
        jobs = data.execute(text(
            "select args from jobs.procrastinate_jobs where task_name = 'fourteen' order by id"
        )).all()  # fmt: skip
        for (args,) in jobs:
            with db.work.keys.connect() as keys:
                fourteen.tell(
                    data,
                    UUID(args["member_id"]),
                    lambda m: outbox.sealer_of(keys, db.keyring, m),
                    at,
                )
    return due


def letters(db: PortalDb, who: UUID) -> list[tuple[str, dict[str, str]]]:
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        found = data.execute(
            select(told).where(told.c.member_id == who).order_by(told.c.created_at)
        ).all()
        _store, sealer = outbox.sealer_of(keys, db.keyring, who)
        return [
            (row.template, json.loads(sealer.open(row.sealed, places.outbox(row.message_id))))
            for row in found
        ]


def test_child_and_guardians_are_told_a_month_before_and_once(portal_db: PortalDb) -> None:
    father, mother, stranger = (member(portal_db) for _ in range(3))
    who = child(portal_db, father, mother, contact=False)
    child(portal_db, stranger, born="2013-12-10")
    first = noon(BIRTHDAY - timedelta(days=30))
    assert tell(portal_db, first - timedelta(days=1)) == 0
    assert tell(portal_db, first) == 1
    for later in (first, first + timedelta(hours=1), first + timedelta(days=9)):
        assert tell(portal_db, later) == 0
    said = {"day": "2026-12-10", "reached": "no", "answer": "30"}
    assert letters(portal_db, who) == [("fourteen_child", said)]
    for guardian in (father, mother):
        assert letters(portal_db, guardian) == [("fourteen_guardian", said)]
    assert letters(portal_db, stranger) == []
    assert names(portal_db, who) == ["fourteen_told"]


def test_of_a_sleeping_child_its_guardians_alone_are_told_and_once(portal_db: PortalDb) -> None:
    father, mother, gone = (member(portal_db) for _ in range(3))
    who = child(portal_db, father, mother, gone, store=Store.DORMANT)
    with portal_db.work.data.begin() as data:
        link = DORMANT.guardianship
        data.execute(
            update(link).where(link.c.guardian_id == gone).values(ended_on=date(2025, 1, 1))
        )
    first = noon(BIRTHDAY - timedelta(days=30))
    assert tell(portal_db, first - timedelta(days=1)) == 0
    assert tell(portal_db, first) == 1
    for later in (first, first + timedelta(hours=1), first + timedelta(days=9)):
        assert tell(portal_db, later) == 0
    for guardian in (father, mother):
        said = {"day": "2026-12-10", "answer": "30"}
        assert letters(portal_db, guardian) == [("fourteen_asleep", said)]
    assert letters(portal_db, gone) == []
    with portal_db.work.data.connect() as data:
        own = select(told.c.template).where(told.c.member_id == who)
        assert "fourteen_child" not in data.scalars(own).all()
    assert names(portal_db, who) == ["fourteen_told"]


def test_what_is_told_names_the_day_what_changes_and_what_to_do() -> None:
    said: dict[str, object] = {"day": "2026-12-10", "reached": "no", "answer": "30", "nickname": "",
            "address": "https://x.kr"}  # fmt: skip
    body = messages.body("fourteen_guardian", "ko", said)
    for part in ("2026. 12. 10.", "0시부터", "30일", "보관만"):
        assert part in body
    assert "보관만" not in messages.body("fourteen_guardian", "ko", said | {"reached": "yes"})


def test_a_corrected_day_is_told_anew(
    portal_db: PortalDb,
) -> None:
    guardian = member(portal_db)
    who = child(portal_db, guardian)
    first = noon(BIRTHDAY - timedelta(days=30))
    assert tell(portal_db, first) == 1
    put_birth_date(portal_db, who, "2012-12-12", first)
    assert tell(portal_db, first + timedelta(days=2)) == 1
    days = [said["day"] for _template, said in letters(portal_db, who)]
    assert days == ["2026-12-10", "2026-12-12"]


# ---- consents given by a guardian -----------------------------------------------------------


def standing(db: PortalDb, who: UUID, day: date, tables: Any = LIVE) -> use.Standing:  # noqa: ANN401
    with db.work.data.connect() as data:
        return use.standing(data, tables, who, day)


def reached(db: PortalDb, at: datetime) -> set[UUID]:
    with db.work.data.connect() as data:
        return set(data.scalars(audience(Purpose.EVENTS, Channel.EMAIL, at)))


def current(who: UUID, at: datetime) -> Consents:
    with access.open(acting(who, at=at), who, Purpose.SHOW, look=CONSENT) as subject:
        return consent_list.current(subject)


def answer(who: UUID, key: str, at: datetime, *, yes: bool) -> Recorded:
    actor = acting(who, at=at, verified_at=at)
    with access.open(actor, who, Purpose.CORRECT, look=CONSENT) as subject:
        return consents.record_by_key(subject, key, granted=yes)


def test_a_guardians_consents_pause_on_the_day_and_end_unless_answered(
    portal_db: PortalDb,
) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian, consents=agreed(ConsentKind.MARKETING))
    before, day = noon(BIRTHDAY - timedelta(days=1)), noon(BIRTHDAY)
    marketing = (ConsentKind.MARKETING, (ConsentKind.ADVERTISING, Channel.EMAIL))
    found = standing(portal_db, who, before.date())
    assert marketing[0] in found.granted
    assert marketing[1] in found.channels
    assert who in reached(portal_db, before)
    # From the first second on, before any run came by, and the contract's part goes on.
    midnight = datetime.combine(BIRTHDAY, time(), SEOUL)
    assert standing(portal_db, who, BIRTHDAY).granted == frozenset()
    assert who not in reached(portal_db, midnight)
    may_write = use.decide("email", Purpose.NOTICES, standing(portal_db, who, BIRTHDAY))
    assert may_write.allowed
    first = current(who, midnight)
    assert {one.term.id for one in first.paused} == {"marketing", "advertising.email"}
    last = BIRTHDAY + timedelta(days=30)
    assert first.answers_until == last
    daily(portal_db, day)
    assert current(who, day).answers_until == last
    assert column(portal_db, who, "answers_until") == last
    # One is answered, the other is not.
    answer(who, "marketing", day, yes=True)
    assert ConsentKind.MARKETING in standing(portal_db, who, BIRTHDAY).granted
    assert [one.term.id for one in current(who, day).paused] == ["advertising.email"]
    daily(portal_db, noon(last))
    assert names(portal_db, who).count("consent_ended") == 0
    for _ in range(2):
        daily(portal_db, noon(last + timedelta(days=1)))
    assert names(portal_db, who).count("consent_ended") == 1
    after = current(who, noon(last + timedelta(days=1)))
    assert after.paused == ()
    ended = after.find("advertising.email")
    assert ended
    assert ended.state is State.OVER
    assert who not in reached(portal_db, noon(last + timedelta(days=1)))


def test_what_the_child_ends_or_had_decided_itself_is_not_asked_again(
    portal_db: PortalDb,
) -> None:
    portal_house(portal_db)
    own = child(portal_db, member(portal_db), consents=agreed(
        ConsentKind.MARKETING, by=ActorKind.SELF))  # fmt: skip
    who = child(portal_db, member(portal_db), consents=agreed(ConsentKind.MARKETING))
    day = noon(BIRTHDAY)
    daily(portal_db, day)
    assert ConsentKind.MARKETING in standing(portal_db, own, BIRTHDAY).granted
    assert current(own, day).paused == ()
    assert column(portal_db, own, "answers_until") is None
    for one in current(who, day).paused:
        answer(who, one.key, day, yes=False)
    assert current(who, day).paused == ()
    daily(portal_db, noon(BIRTHDAY + timedelta(days=31)))
    assert "consent_ended" not in names(portal_db, who)


# ---- nobody to reach ------------------------------------------------------------------------


def test_a_child_nobody_reaches_is_kept_only_until_claimed(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian, contact=False)
    known = child(portal_db, guardian)
    before = BIRTHDAY - timedelta(days=1)
    assert not standing(portal_db, who, before).store_only
    assert standing(portal_db, who, BIRTHDAY).store_only, "before any run came by"
    daily(portal_db, noon(BIRTHDAY))
    found = standing(portal_db, who, BIRTHDAY + timedelta(days=400))
    assert use.decide("nickname", Purpose.CONTENT, found).why is Why.STORE_ONLY
    assert not standing(portal_db, known, BIRTHDAY).store_only
    # Staff enter an address of theirs in a case; then it is theirs.
    at = noon(BIRTHDAY + timedelta(days=3))
    actor = acting(who, at=at, verified_at=at)
    with access.open(actor, who, Purpose.CORRECT, look=CHANGE) as subject:
        correction.correct(subject, "mobile", 0, "010-1234-5678")
    assert not standing(portal_db, who, at.date()).store_only
    daily(portal_db, at)
    assert column(portal_db, who, "unclaimed_on") is None


def test_who_signs_in_is_reached_and_has_claimed_what_was_kept(portal_db: PortalDb) -> None:
    """Also by another provider, which leaves neither password nor address here."""
    portal_house(portal_db)
    guardian = member(portal_db)
    early, late = (child(portal_db, guardian, contact=False) for _ in range(2))
    signed_in(portal_db, early, noon(BIRTHDAY - timedelta(days=9)))
    daily(portal_db, noon(BIRTHDAY))
    assert not standing(portal_db, early, BIRTHDAY).store_only
    assert column(portal_db, early, "unclaimed_on") is None
    assert standing(portal_db, late, BIRTHDAY).store_only
    signed_in(portal_db, late, noon(BIRTHDAY))
    assert not standing(portal_db, late, BIRTHDAY).store_only
    assert column(portal_db, late, "unclaimed_on") is None, "also when that session is forgotten"


def signed_in(db: PortalDb, who: UUID, at: datetime) -> None:
    """Sign in by a provider, as the callback does."""
    token = uuid4().hex
    with db.web.data.begin() as data:
        sessions.ask(data, token, "member", at, return_to="/")
        found = sessions.find(data, token, at)
        assert found
        given = sign_in.Person(who, None, Store.LIVE)
        sign_in._used(data, given, at)
        data.execute(
            update(session_rows)
            .where(session_rows.c.session_id == found.session_id)
            .values(member_id=who, signed_in_at=at, store=Store.LIVE)
        )


# ---- a corrected birth date -----------------------------------------------------------------


def put_birth_date(db: PortalDb, who: UUID, born: str, at: datetime = NOW) -> None:
    """Put it right as a decided request does."""
    portal_house(db)

    class Wish:
        item = "birth_date"
        proposed = {"value": born}  # noqa: RUF012

    actor = acting(who, at=at, verified_at=at)
    with access.open(actor, who, Purpose.CORRECT, look=CHANGE) as subject:
        correction.apply(subject, Wish())


def test_a_corrected_birth_date_applies_the_same_rules_in_both_directions(
    portal_db: PortalDb,
) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian, contact=False, consents=agreed(ConsentKind.MARKETING))
    today = NOW.date()
    assert opens(guardian, who, NOW) is Relation.GUARDIAN
    put_birth_date(portal_db, who, "2012-11-22")
    assert opens(guardian, who, NOW) is None
    assert ConsentKind.MARKETING not in standing(portal_db, who, today).granted
    assert standing(portal_db, who, today).store_only
    assert column(portal_db, who, "answers_until") == today + timedelta(days=30)
    assert len(current(who, NOW).paused) == 2
    put_birth_date(portal_db, who, "2012-11-23")
    assert opens(guardian, who, NOW) is Relation.GUARDIAN
    assert ConsentKind.MARKETING in standing(portal_db, who, today).granted
    assert not standing(portal_db, who, today).store_only
    assert current(who, NOW).paused == ()
    assert column(portal_db, who, "answers_until") is None
    # Later corrections of somebody who has long been 14 change nothing.
    put_birth_date(portal_db, who, "2001-01-01")
    put_birth_date(portal_db, who, "2000-01-01")
    assert column(portal_db, who, "answers_until") == today + timedelta(days=30)


@pytest.mark.parametrize("days", [0, 2])
def test_a_birth_date_corrected_before_the_hourly_run_loses_nothing(
    portal_db: PortalDb, days: int
) -> None:
    portal_house(portal_db)
    who = child(portal_db, member(portal_db), contact=False, consents=agreed(ConsentKind.MARKETING))
    put_birth_date(portal_db, who, "2012-12-09", noon(BIRTHDAY + timedelta(days=days)))
    assert column(portal_db, who, "turns_14_on") is None
    assert column(portal_db, who, "unclaimed_on") == BIRTHDAY
    assert column(portal_db, who, "answers_until") == BIRTHDAY + timedelta(days=30)


def test_a_guardian_acts_from_19_on(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    young = member(portal_db, values=(ValueDraft("birth_date", "2007-11-23"),))
    grown = member(portal_db, values=(ValueDraft("birth_date", "2007-11-22"),))
    asleep = member(portal_db, Store.DORMANT, records=(), devices=())
    who = child(portal_db, young, grown, asleep)
    assert column(portal_db, young, "turns_19_on") == date(2026, 11, 23)
    assert opens(young, who, NOW) is None
    assert opens(grown, who, NOW) is Relation.GUARDIAN
    assert opens(asleep, who, NOW) is None
    daily(portal_db, NOW + timedelta(days=1))
    assert column(portal_db, young, "turns_19_on") is None
    assert opens(young, who, NOW + timedelta(days=1)) is Relation.GUARDIAN


# ---- while something is under way -----------------------------------------------------------


def test_a_guardians_wish_to_end_it_falls_away_at_midnight(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    who = child(portal_db, guardian)
    leaving.ask(portal_db, who, LAST_SECOND, by=guardian)
    house, signer = leaving.worker_house(portal_db), leaving.signer(portal_db)
    assert not withdrawing.withdraw(house, signer, who, LAST_SECOND + timedelta(seconds=1))
    assert column(portal_db, who, "joined_on") is not None, "still a member"
    assert names(portal_db, who)[-1] == "wish_fell_away"
    assert withdrawing.withdraw_all(house, signer, LAST_SECOND + timedelta(hours=1)) == 0
    # The child's own wish counts.
    leaving.ask(portal_db, who, LAST_SECOND + timedelta(hours=2))
    house = leaving.worker_house(portal_db)
    assert withdrawing.withdraw(house, signer, who, LAST_SECOND + timedelta(hours=2))


def test_a_child_leaves_with_its_guardian_whichever_the_worker_takes_first(
    portal_db: PortalDb,
) -> None:
    guardian = member(portal_db)
    who = child(portal_db, guardian)
    leaving.ask(portal_db, who, by=guardian)
    leaving.leave(portal_db, guardian)
    house, signer = leaving.worker_house(portal_db), leaving.signer(portal_db)
    assert withdrawing.withdraw(house, signer, who, NOW)


def test_a_request_under_way_becomes_the_childs(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian)
    actor = acting(guardian, at=LAST_SECOND, verified_at=LAST_SECOND, acting_for=who)
    with access.open(actor, who, Purpose.CORRECT, look=CHANGE) as subject:
        asked = correction.ask(subject, "name", "홍길동")
    after = LAST_SECOND + timedelta(seconds=1)
    with (
        pytest.raises(AccessDenied),
        access.open(replace(actor, at=after), who, Purpose.CORRECT, look=CHANGE) as subject,
    ):
        requests.take_back(subject, asked)
    own = acting(who, at=after, verified_at=after)
    with access.open(own, who, Purpose.CORRECT, look=CHANGE) as subject:
        (one,) = requests.mine(subject)
        assert one.state is RequestState.OPEN
        requests.take_back(subject, asked)


def test_a_copy_under_way_is_not_the_guardians_any_more(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    who = child(portal_db, guardian)
    actor = acting(guardian, at=LAST_SECOND, verified_at=LAST_SECOND, acting_for=who)
    which = exporting.ask(portal_db, who, actor)
    assert not exporting.make(portal_db, who, which, LAST_SECOND + timedelta(seconds=1))
    assert exporting.row(portal_db, which).state == "destroyed"


def test_a_child_asleep_comes_of_age_asleep(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    guardian = member(portal_db)
    who = child(portal_db, guardian, store=Store.DORMANT, contact=False,
                consents=agreed(ConsentKind.MARKETING))  # fmt: skip
    assert opens(guardian, who, NOW) is None, "asleep, nobody opens it"
    daily(portal_db, noon(BIRTHDAY))
    assert column(portal_db, who, "turns_14_on", DORMANT) is None
    assert column(portal_db, who, "unclaimed_on", DORMANT) == BIRTHDAY
    assert standing(portal_db, who, BIRTHDAY, DORMANT).store_only
    assert standing(portal_db, who, BIRTHDAY, DORMANT).granted == frozenset()
