"""What was done after a backup is done again before the restored data opens (P23, P13)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, delete, insert, select, text, update
from sqlalchemy.pool import NullPool

from db import aside, backup_file, backup_keys, pg_tools, places, seal_keys, sealing
from db.drafts import RecordDraft
from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.bars import bar
from db.tables.exports import export
from db.tables.keeping import destruction_run, hold
from db.tables.keeping import journal as rows_of
from db.tables.member import LIVE
from db.tables.moves import separation
from db.words import (
    ActorKind,
    BarKept,
    BarWhy,
    ConsentKind,
    Ground,
    HoldWhy,
    Noted,
    Purpose,
    RecordKind,
    StaffRole,
    Store,
)
from services import (
    access,
    bars,
    clearing,
    consents,
    correction,
    deciding,
    destruction,
    disclosing,
    dormancy,
    email_change,
    holds,
    journal,
    requests,
    restore_report,
    restriction,
    waking,
    withdrawing,
)
from services.actor import Actor, Permission
from services.consents import Decision
from services.identity import passwords
from services.ledger import EventName
from tests.companies import PARCEL, company
from tests.leaving import ask, status
from tests.people import (
    FIELDS,
    NOW,
    ORIGIN,
    PLAIN,
    acting,
    agent,
    child_of,
    granted,
    member,
    open_case,
)
from tests.restoring import AT, HOUR, LATER, RETAINED, Restoring, portal
from tests.services.test_dormancy import accept, unused, wish
from tests.services.test_moving import email, key_of, stores_of
from tests.services.test_requests import PNG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from services.restore import Report

__all__ = ["portal"]

DAY = timedelta(days=1)


def ended(day: date, kind: RecordKind = RecordKind.VISIT) -> RecordDraft:
    return RecordDraft(uuid4(), kind, day - 90 * DAY, day, FIELDS[kind], ORIGIN)


def restored_as_it_was(portal: Restoring, file: Path) -> Report:
    """Restore, see that everything is as it was just before, and return the report."""
    portal.settle()
    before = portal.held()
    report = portal.restore(file)
    assert portal.held() == before
    assert (report.done.unknown, report.done.unsure, report.done.lost) == (0, 0, 0)
    return report


@pytest.mark.promise("P23")
def test_what_was_put_right_and_cleared_stays_so(portal: Restoring) -> None:
    who, other = member(portal.db), member(portal.db)
    file = portal.back_up()
    portal.as_member(who, lambda s: correction.correct(s, "nickname", 0, "새별"))
    portal.as_member(who, lambda s: correction.correct(s, "children", None, "아들 둘"))
    portal.as_member(who, lambda s: clearing.clear(s, ("pregnancy",)))
    portal.as_member(other, lambda s: correction.correct(s, "mobile", 0, "010-9876-5432"))
    portal.as_member(other, lambda s: clearing.clear(s, ("mobile", "birth_date")))
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.CORRECTED] == 3
    assert report.members == 2


@pytest.mark.promise("P23")
def test_the_last_of_several_changes_counts(portal: Restoring) -> None:
    who = member(portal.db)
    file = portal.back_up()
    for minute, name in enumerate(("하나", "둘둘", "세셋")):
        at = LATER + timedelta(minutes=minute)
        portal.as_member(who, lambda s, name=name: correction.correct(s, "nickname", 0, name), at)  # type: ignore[misc]
    restored_as_it_was(portal, file)


def test_a_child_still_turns_fourteen_on_its_day(portal: Restoring) -> None:
    """The day says the birth date, so the journal doesn't; it is found again from the value."""
    child = child_of(portal.db, member(portal.db), "2014-05-06")
    file = portal.back_up()
    staff = agent(portal.db)
    asked = portal.as_member(child, lambda s: correction.ask(s, "birth_date", "2015-06-07"))
    grant(portal, staff, child, asked)
    with portal.db.owner_data.connect() as data:
        turns = select(LIVE.member.c.turns_14_on).where(LIVE.member.c.member_id == child)
        assert data.scalar(turns) == date(2029, 6, 7)
    assert "2029-06-07" not in str(portal.held()["live.profile_value"])
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.REQUESTED] == 2


def grant(portal: Restoring, staff: UUID, who: UUID, request_id: UUID) -> None:
    """Let staff do what a request asks."""
    case = open_case(
        portal.db, staff, who, request_id=request_id, opened_at=LATER, granted_until=AT,
        permissions=[Permission.REQUEST_DECIDE.value],
    )  # fmt: skip
    actor = acting(staff, kind=ActorKind.STAFF, role=StaffRole.AGENT, at=LATER, verified_at=LATER)
    look = access.Look(EventName.REQUEST_VIEWED, Permission.REQUEST_DECIDE)
    with access.open(actor, who, Purpose.CORRECT, case, look=look) as subject:
        deciding.grant(subject)


@pytest.mark.promise("P23")
def test_consents_given_and_withdrawn_stay_so(portal: Restoring) -> None:
    who = member(portal.db, consents=granted(ConsentKind.MARKETING))
    file = portal.back_up()
    yes = Decision("advertising.email", granted=True)
    portal.as_member(who, lambda s: consents.record(s, yes))
    portal.as_member(who, consents.advertising_off, LATER + timedelta(minutes=1))
    with portal.db.owner_data.connect() as data:
        [device] = data.scalars(select(LIVE.device.c.device_row_id))
    portal.as_member(who, lambda s: consents.refuse_device(s, device))
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.CONSENT] == 3


@pytest.mark.promise("P23")
def test_stops_and_requests_stay_with_their_end(portal: Restoring) -> None:
    who = member(portal.db)
    early = portal.as_member(who, lambda s: correction.ask(s, "name", "홍길동", PNG), NOW)
    file = portal.back_up()
    portal.as_member(who, lambda s: requests.take_back(s, early))
    portal.as_member(who, lambda s: correction.ask(s, "sex", "male", PNG))
    stopped = portal.as_member(who, lambda s: restriction.stop(s, "marketing"))
    portal.as_member(who, lambda s: restriction.lift(s, stopped), LATER + timedelta(minutes=1))
    portal.as_member(who, lambda s: restriction.stop(s, "events"))
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.RESTRICTED] > 3


def test_an_address_that_waits_for_its_link_still_does(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three links the last works, as before; the others, replaced since, still don't."""
    tokens = iter(("one", "two", "three"))
    monkeypatch.setattr("secrets.token_urlsafe", lambda _n: next(tokens))
    who = member(portal.db)
    portal.as_member(who, lambda s: correction.correct(s, "email", 0, "one@example.org"), NOW)
    file = portal.back_up()
    portal.as_member(who, lambda s: correction.correct(s, "email", 0, "two@example.org"))
    portal.as_member(who, lambda s: correction.correct(s, "email", 0, "three@example.org"))
    restored_as_it_was(portal, file)
    for over in ("one", "two"):
        with pytest.raises(email_change.LinkOver):
            email_change.confirm(over, "ko", AT)
    email_change.confirm("three", "ko", AT)
    assert email(portal.db, who) == "three@example.org"


def test_an_address_that_was_confirmed_stays_so(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda _n: "one")
    who = member(portal.db)
    portal.as_member(who, lambda s: correction.correct(s, "email", 0, "one@example.org"), NOW)
    file = portal.back_up()
    email_change.confirm("one", "ko", LATER)
    restored_as_it_was(portal, file)
    assert email(portal.db, who) == "one@example.org"
    with pytest.raises(email_change.LinkOver):
        email_change.confirm("one", "ko", AT)
    index = keys_tables.blind_index.c
    with portal.db.owner_keys.connect() as keys:
        digest = portal.db.keyring.blind("email", "one@example.org")
        assert keys.scalar(select(index.member_id).where(index.digest == digest)) == who


def test_who_was_given_data_stays_known(portal: Restoring) -> None:
    shop, who = company(portal.db), member(portal.db)
    file = portal.back_up()

    portal.as_member(
        who, lambda s: disclosing.disclose(s, shop, PARCEL, Purpose.DELIVERY, Ground.REQUEST)
    )
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.DISCLOSED] == 1


def told_long_ago(portal: Restoring, count: int = 1) -> list[UUID]:
    """Return members who can be separated: told a month ago by a mail that was taken."""
    members = [unused(portal.db, date(2025, 10, 1)) for _ in range(count)]
    assert dormancy.run(portal.house, NOW - 32 * DAY).told == count
    accept(portal.db, NOW - 32 * DAY)
    return members


@pytest.mark.promise("P23")
def test_who_was_put_to_sleep_sleeps_and_who_came_back_is_awake(portal: Restoring) -> None:
    asleep, both = told_long_ago(portal, 2)
    woken = member(portal.db, Store.DORMANT)
    file = portal.back_up()
    assert dormancy.run(portal.house, LATER).separated == 2
    for who in (woken, both):
        wish(portal.db, who)
        assert waking.wake(portal.house, who, LATER + timedelta(minutes=1))
    report = restored_as_it_was(portal, file)
    assert (report.done.again[Noted.SEPARATED], report.done.again[Noted.REACTIVATED]) == (2, 2)
    assert stores_of(portal.db, asleep) == [Store.DORMANT]
    assert key_of(portal.db, asleep).store == Store.DORMANT
    for who in (asleep, woken, both):
        assert email(portal.db, who) == PLAIN["email"]


@pytest.mark.promise("P23")
def test_who_left_has_left_and_what_is_kept_of_them_is_there(portal: Restoring) -> None:
    shop, who = company(portal.db), member(portal.db)
    child = child_of(portal.db, who, "2020-05-06")
    give = partial(
        disclosing.disclose, company_id=shop, items=PARCEL, purpose=Purpose.DELIVERY,
        ground=Ground.REQUEST,
    )  # fmt: skip
    portal.as_member(who, give, NOW)
    with portal.db.work.data.begin() as data:
        passwords.set_password(data, who, "longer-than-ten", NOW)
    file = portal.back_up()
    made = portal.leave(who)
    before = status(portal.db, made)
    with portal.db.owner_data.connect() as data:
        asked = data.execute(select(ops.dispatch)).all()
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.WITHDRAWN] == 1
    assert stores_of(portal.db, who) == [Store.RETAINED]
    assert email(portal.db, who) == PLAIN["email"]
    after = status(portal.db, made)
    assert (after.lines, after.left_at) == (before.lines, before.left_at)
    with portal.db.owner_data.connect() as data:
        assert data.execute(select(ops.credential)).all() == []
        assert data.execute(select(ops.dispatch)).all() == asked
        assert len(asked) == 1
        link = LIVE.guardianship.c
        ended = select(link.ended_on).where(link.member_id == child)
        assert data.scalar(ended) == date(2026, 11, 22)


def test_who_left_with_nothing_to_keep_has_their_certificate(portal: Restoring) -> None:
    who = member(portal.db, values=(), records=())
    file = portal.back_up()
    made = portal.leave(who)
    restored_as_it_was(portal, file)
    assert stores_of(portal.db, who) == []
    assert all(line.destroyed_at for line in status(portal.db, made).lines)


@pytest.mark.promise("P23")
def test_a_wish_that_the_worker_did_not_come_to_is_done_after_the_restore(
    portal: Restoring,
) -> None:
    """The certificate's number and secret were on a screen already."""
    leaver, sleeper = member(portal.db), member(portal.db, Store.DORMANT)
    file = portal.back_up()
    made = ask(portal.db, leaver, LATER)
    wish(portal.db, sleeper)
    restored_as_it_was(portal, file)
    signer = seal_keys.signer(portal.var / "keys")
    assert withdrawing.withdraw_all(portal.house, signer, AT) == 1
    assert status(portal.db, made).left_at == AT
    assert waking.wake_all(portal.house, AT) == 1
    assert stores_of(portal.db, sleeper) == [Store.LIVE]


def test_companies_are_told_again_of_what_was_changed(portal: Restoring) -> None:
    """Whether they had been, nobody knows any more; by hand stays by hand."""
    by_mail = company(portal.db, means="email", address="shop@example.com")
    by_hand, who = company(portal.db), member(portal.db)
    for shop in (by_mail, by_hand):
        portal.as_member(who, lambda s, shop=shop: disclosing.disclose(  # type: ignore[misc]
            s, shop, PARCEL, Purpose.DELIVERY, Ground.REQUEST), NOW)  # fmt: skip
    file = portal.back_up()
    portal.as_member(who, lambda s: correction.correct(s, "mobile", 0, "010-9876-5432"))
    with portal.db.owner_data.connect() as data:
        told = {row.dispatch_id: row.company_id for row in data.execute(select(ops.dispatch))}
    report = restored_as_it_was(portal, file)
    assert report.done.again[Noted.TOLD] == 1
    again = text("select args->>'dispatch_id' from jobs.procrastinate_jobs "
                 "where task_name = 'dispatch'")  # fmt: skip
    with portal.db.owner_data.connect() as data:
        here = {row.dispatch_id: row.company_id for row in data.execute(select(ops.dispatch))}
        assert here == told
        assert sorted(told.values()) == sorted((by_mail, by_hand))
        assert [told[UUID(one)] for one in data.scalars(again)] == [by_mail]


@pytest.mark.promise("P23", "P34")
def test_a_certificate_from_before_the_backup_says_what_was_destroyed_after_it(
    portal: Restoring,
) -> None:
    member(portal.db)  # without any key at all the keys would be taken for lost
    made = portal.leave(member(portal.db))
    with portal.db.work.data.begin() as data:
        data.execute(update(RETAINED.profile_value).values(ends_on=date(2026, 11, 22)))
        data.execute(update(RETAINED.record).values(ends_on=date(2026, 11, 22)))
    file = portal.back_up()
    assert destruction.run(portal.db.work, NOW + DAY).keys == 1
    assert portal.restore(file, NOW + DAY + 3 * HOUR).differences.gone == 1
    assert all(line.destroyed_at for line in status(portal.db, made).lines)


@pytest.mark.promise("P23", "P13")
def test_what_was_destroyed_is_destroyed_again(portal: Restoring) -> None:
    """Single records, and a member of whom nothing was kept any more: rows, then the key."""
    today = date(2026, 11, 22)
    keeps = member(portal.db, records=(ended(today), ended(today + 30 * DAY)))
    gone = member(portal.db, Store.RETAINED, records=())
    with portal.db.work.data.begin() as data:
        data.execute(update(RETAINED.profile_value).values(ends_on=today))
    file = portal.back_up()
    done = destruction.run(portal.db.work, NOW + DAY)
    assert (done.members, done.keys) == (1, 1)
    with portal.db.owner_data.connect() as data:
        record = data.execute(select(destruction_run.c.run_id, destruction_run.c.day)).one()
    report = portal.restore(file, NOW + DAY + 3 * HOUR)
    assert report.differences.gone == 1
    assert (report.destroyed.rows, report.destroyed.members) == (1, 0)
    assert stores_of(portal.db, gone) == []
    with portal.db.owner_data.connect() as data:
        ends = data.scalars(select(LIVE.record.c.ends_on)).all()
        assert ends == [today + 30 * DAY]
        # The proof of then is there, beside that of the second time.
        runs = data.execute(select(destruction_run.c.run_id, destruction_run.c.day)).all()
        assert record in runs
        assert len(runs) == 2
        assert data.scalars(select(destruction_run.c.left_over)).all() == [0, 0]
    assert stores_of(portal.db, keeps) == [Store.LIVE]


@contextmanager
def as_it_lies_there(portal: Restoring, file: Path) -> Iterator[Connection]:
    """Give the data of a backup without anything that a restore does."""
    owner = portal.db.addresses.owner[0]
    aside.begin(owner)
    tools = pg_tools.find(owner, embedded=True)
    key = backup_keys.load(portal.var / "keys")
    pg_tools.restore(tools, aside.beside(owner), lambda: backup_file.read(file, key))
    with create_engine(aside.beside(owner), poolclass=NullPool).connect() as data:
        yield data
    aside.give_up(owner)


def keys_of(portal: Restoring) -> dict[UUID, bytes]:
    """Return every member's own key, as whoever has all of today's keys can."""
    stores = portal.db.keyring.stores
    with portal.db.work.keys.connect() as keys:
        held = keys.execute(select(keys_tables.member_key)).all()
    return {
        row.member_id: sealing.unwrap(stores[Store(row.store)], row.member_id, row.wrapped)
        for row in held
    }


@pytest.mark.promise("P23", "P13")
def test_an_earlier_backup_with_todays_keys_opens_nothing_that_was_destroyed(
    portal: Restoring,
) -> None:
    gone, stays = member(portal.db), member(portal.db)
    file, before = portal.back_up(), keys_of(portal)
    portal.leave(gone)
    past = date(2026, 11, 22)
    with portal.db.work.data.begin() as data:
        data.execute(update(RETAINED.profile_value).values(ends_on=past))
        data.execute(update(RETAINED.record).values(event_date=past, ends_on=past))
    assert destruction.run(portal.db.work, NOW + DAY).keys == 1
    after, value = keys_of(portal), LIVE.profile_value.c
    assert list(after) == [stays]
    with as_it_lies_there(portal, file) as data:
        rows = data.execute(select(value.member_id, value["item"], value.sealed)).all()
    assert len(rows) == 2 * len(PLAIN)
    for row in rows:
        place, who = places.profile(row.item, 0), row.member_id
        opened = sealing.Sealer(who, before[who]).open(row.sealed, place)
        assert opened.decode() == PLAIN[row.item], "it was all there, and could be read"
        if who == stays:
            assert after[stays] == before[stays]
            continue
        for key in after.values():
            with pytest.raises(sealing.SealError):
                sealing.Sealer(who, key).open(row.sealed, place)
    portal.restore(file, NOW + DAY + HOUR)
    assert stores_of(portal.db, gone) == []


def officer(portal: Restoring, at: datetime = LATER) -> Actor:
    """Return a new officer who has just confirmed who they are."""
    staff = agent(portal.db, StaffRole.OFFICER)
    return acting(staff, kind=ActorKind.STAFF, role=StaffRole.OFFICER, at=at, verified_at=at)


def later(who: Actor, at: datetime) -> Actor:
    return replace(who, at=at, verified_at=at)


def test_holds_hold_again_and_what_was_destroyed_before_them_is_gone(portal: Restoring) -> None:
    """A hold does not bring back what was destroyed the day before it was placed."""
    today, boss = date(2026, 11, 22), officer(portal)
    member(portal.db, records=(ended(today), ended(today + DAY, RecordKind.ADVERTISEMENT)))
    file = portal.back_up()
    assert destruction.run(portal.db.work, NOW + DAY).rows == 1
    until = today + 90 * DAY
    boss, new = later(boss, NOW + DAY + HOUR), officer(portal, NOW + DAY + HOUR)
    with portal.db.work.data.begin() as data:
        placed = [
            holds.place(data, who, holds.Wish(HoldWhy.AUDIT, until, kind=kind))
            for who, kind in ((boss, "visit"), (new, "advertisement"), (new, "inbox"))
        ]
        holds.lift(data, later(boss, NOW + DAY + 2 * HOUR), placed[-1])
    with portal.db.work.data.begin() as data:
        journal.settle(data, NOW + 2 * DAY)
    report = portal.restore(file, NOW + 3 * DAY)
    with portal.db.owner_data.connect() as data:
        assert data.scalars(select(LIVE.record.c.kind)).all() == ["advertisement"]
        standing = select(hold.c.kind, hold.c.placed_by).where(hold.c.lifted_at.is_(None))
        # Staff who are not in the backup can't sign for anything.
        found = dict(map(tuple, data.execute(standing)))
        assert found == {"visit": boss.person, "advertisement": None}
    assert (report.done.again[Noted.HELD], report.done.again[Noted.HOLD_LIFTED]) == (3, 1)


def test_a_hold_whose_end_nobody_answers_for_stands_again(portal: Restoring) -> None:
    file = portal.back_up()
    boss = officer(portal)
    with portal.db.work.data.begin() as data:
        one = holds.place(data, boss, holds.Wish(HoldWhy.AUDIT, date(2027, 1, 1), kind="inbox"))
        holds.lift(data, boss, one)
    portal.settle()
    portal.restore(file)
    with portal.db.owner_data.connect() as data:
        assert [(r.lifted_at, r.placed_by) for r in data.execute(select(hold))] == [(None, None)]


def test_a_password_that_was_changed_opens_nothing_and_nobody_stays_signed_in(
    portal: Restoring,
) -> None:
    who, other = member(portal.db), member(portal.db)
    session = {"session_id": uuid4(), "token_digest": b"t", "member_id": other,
               "started_at": NOW, "last_active_at": NOW}  # fmt: skip
    with portal.db.work.data.begin() as data:
        for one in (who, other):
            passwords.set_password(data, one, "longer-than-ten", NOW)
        data.execute(insert(ops.session).values(session))
        data.execute(insert(ops.signin_session).values(
            digest=b"d", member_id=other, auth_time=NOW, expires_at=AT))  # fmt: skip
        for template in ("woken", "password_link"):
            data.execute(insert(ops.outbox).values(
                member_id=other, message_id=uuid4(), channel="email", template=template,
                language="ko", created_at=NOW))  # fmt: skip
    file = portal.back_up()
    with portal.db.work.data.begin() as data:
        passwords.set_password(data, who, "longer-than-that", LATER)
    portal.settle()
    report = portal.restore(file)
    with portal.db.owner_data.connect() as data:
        assert data.scalars(select(ops.credential.c.member_id)).all() == [other]
        [open_one] = data.execute(select(ops.session.c.revoked_at, ops.session.c.revoked_why))
        assert tuple(open_one) == (AT, "restored")
        assert data.execute(select(ops.signin_session)).all() == []
        failed = select(ops.outbox.c.template).where(ops.outbox.c.failed_at.is_not(None))
        assert data.scalars(failed).all() == ["password_link"]
    assert report.waiting == 1
    assert report.done.again[Noted.PASSWORD_SET] == 1


def test_who_joined_later_is_counted_and_what_was_done_about_them(portal: Restoring) -> None:
    member(portal.db)
    file = portal.back_up()
    late = member(portal.db)
    portal.as_member(late, lambda s: clearing.clear(s, ("mobile",)))
    portal.settle()
    report = portal.restore(file)
    assert report.differences.rows_lost == 1
    assert report.done.unknown == 2
    assert stores_of(portal.db, late) == []


def test_of_what_may_never_have_happened_only_what_protects_is_done(portal: Restoring) -> None:
    """The worker did not come to say which of the last lines were committed."""
    [asleep], who = told_long_ago(portal), member(portal.db)
    file = portal.back_up()
    yes = Decision("marketing", granted=True)
    portal.as_member(who, lambda s: consents.record(s, yes))
    portal.as_member(who, lambda s: clearing.clear(s, ("mobile",)))
    stop = portal.as_member(who, lambda s: restriction.stop(s, "events"))
    portal.as_member(who, lambda s: restriction.lift(s, stop), LATER + timedelta(minutes=1))
    dormancy.run(portal.house, LATER)
    with portal.db.owner_data.begin() as data:
        data.execute(delete(rows_of).where(rows_of.c.kind != Noted.BACKED_UP))
    report = portal.restore(file, LATER + timedelta(minutes=5))
    with portal.db.owner_data.connect() as data:
        value = LIVE.profile_value.c
        cleared = select(value["item"]).where(value.cleared_at.is_not(None))
        assert data.scalars(cleared).all() == ["mobile"]
        assert set(data.scalars(select(LIVE.consent.c.granted))) == {False}
        assert set(data.scalars(select(LIVE.restriction.c.ended_at))) == {None}
    # Who sleeps is known by their key.
    assert stores_of(portal.db, asleep) == [Store.DORMANT]
    assert report.done.unsure > 0
    # What was left out never happened, also for a second restore.
    again = portal.restore(file, LATER + timedelta(minutes=6))
    assert again.done.unsure == 0


def test_the_keys_decide_where_the_journal_says_nothing(portal: Restoring) -> None:
    """Moves of which no line is left: awake by the key; asleep only with the notice it rests on."""
    [asleep] = told_long_ago(portal)
    woken, left = member(portal.db, Store.DORMANT), member(portal.db)
    file = portal.back_up()
    with portal.nothing_noted():
        assert dormancy.run(portal.house, LATER).separated == 1
        wish(portal.db, woken)
        assert waking.wake(portal.house, woken, LATER)
        portal.leave(left)
    found = portal.restore(file).differences
    assert (found.woken, found.keys_moved, found.left) == (1, 1, 1)
    for who in (woken, asleep):
        assert stores_of(portal.db, who) == [Store.LIVE]
        assert key_of(portal.db, who).store == Store.LIVE
        assert email(portal.db, who) == PLAIN["email"]
    assert stores_of(portal.db, left) == []
    with portal.db.owner_data.connect() as data:
        assert data.execute(select(separation)).all() == []


def test_bars_stand_are_objected_to_and_are_lifted_again(portal: Restoring) -> None:
    boss, other = officer(portal), officer(portal)
    until, members = date(2027, 5, 1), [member(portal.db) for _ in range(3)]

    def place(who: UUID) -> UUID:
        with portal.db.web.data.begin() as data:
            return bars.place(data, boss, who, BarWhy.DECEIT, until)

    early = place(members[0])
    file = portal.back_up()
    kept, lifted = (place(who) for who in members[1:])
    for which in (early, kept, lifted):
        with portal.db.web.data.begin() as data:
            bars.note_objection(data, boss, which)
    with portal.db.web.data.begin() as data:
        bars.keep(data, other, kept, BarKept.HAPPENED_AGAIN)
        bars.lift(data, other, lifted)
    with portal.db.owner_data.connect() as data:
        before = set(data.execute(select(bar)).all())
    report = restored_as_it_was(portal, file)
    with portal.db.owner_data.connect() as data:
        assert str(set(data.execute(select(bar)).all()) ^ before) == "set()"
        waiting = text("select count(*) from jobs.procrastinate_jobs where task_name = 'bar'")
        assert data.scalar(waiting) == 1 + 7
    assert report.done.again[Noted.BAR_OBJECTED] == 3
    # Staff who came later can't answer for anything in the restored data.
    late = officer(portal, AT)
    with portal.db.web.data.begin() as data:
        bars.lift(data, late, early)
    portal.settle()
    again = portal.restore(file, AT + HOUR)
    assert again.done.lost == 1


def copy_of(portal: Restoring, who: UUID) -> UUID:
    """Let a member have a copy of their data that waits to be taken; return which."""
    row = {
        "member_id": who, "export_id": uuid4(), "asked_at": NOW, "actor_kind": "self",
        "actor_id": who, "session_id": uuid4(), "language": "ko", "groups": [], "workbook": False,
        "state": "done", "file": f"{who.hex}.zip", "size": 1, "sha256": b"x",
        "ends_on": date(2026, 11, 29),
    }  # fmt: skip
    key = {"export_id": row["export_id"], "member_id": who, "wrapped": b"k", "created_at": NOW}
    with portal.db.work.data.begin() as data, portal.db.work.keys.begin() as keys:
        data.execute(insert(export).values(row))
        keys.execute(insert(keys_tables.export_key).values(key))
    return row["export_id"]  # type: ignore[return-value]


def test_copies_that_were_destroyed_or_whose_member_left_have_ended(portal: Restoring) -> None:
    members = [member(portal.db) for _ in range(3)]
    stays, destroyed, left = (copy_of(portal, who) for who in members)
    file = portal.back_up()
    with portal.db.work.keys.begin() as keys:
        key = keys_tables.export_key
        keys.execute(delete(key).where(key.c.export_id == destroyed))
    portal.leave(members[2])
    portal.settle()
    portal.restore(file)
    with portal.db.owner_data.connect() as data:
        states = dict(map(tuple, data.execute(select(export.c.export_id, export.c.state))))
    assert states == {stays: "done", destroyed: "destroyed", left: "destroyed"}


def test_a_second_restore_of_the_same_backup_ends_the_same(portal: Restoring) -> None:
    who = member(portal.db)
    file = portal.back_up()
    portal.as_member(who, lambda s: clearing.clear(s, ("mobile",)))
    portal.settle()
    portal.restore(file)
    once = portal.held()
    portal.as_member(who, lambda s: clearing.clear(s, ("phone",)), AT)
    portal.settle()
    before = portal.held()
    assert before != once
    report = portal.restore(file, AT + HOUR)
    assert portal.held() == before
    assert report.done.again[Noted.CLEARED] == 2


def test_every_kind_of_entry_has_words_in_the_report() -> None:
    assert set(restore_report.AGAIN) == set(Noted) - {Noted.BACKED_UP}
