"""Reports of anybody: taken, answered, found again, kept for their time, then destroyed (P35)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from db.clock import seoul_day
from db.tables import keeping, keys, ledger
from db.tables.member import LIVE
from db.tables.reports import report, report_line
from db.words import ActorKind, ReportKind, ReportOutcome, ReportState, StaffRole
from services import (
    destruction,
    report_desk,
    report_ending,
    report_lookup,
    report_mail,
    report_pace,
    reports,
    withdrawing,
)
from services.actor import AccessDenied
from services.delivery import Senders
from services.house import House, house, open_house
from services.identity.attempts import WaitFirst
from services.report_pace import TooMany
from services.reports import ReportRefused, Wish
from tests.leaving import ask, signer, worker_house
from tests.people import NOW, acting, agent, member, portal_house
from tests.restoring import Restoring, portal
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from services.actor import Actor
    from services.certificate import Certificate
    from services.reports import Report
    from tests.database import PortalDb

__all__ = ["portal"]

SAID = "이메일이 다른 사람에게 간 것 같아요 비밀"
DAY = timedelta(days=1)
PERMISSION_DENIED = "42501"


def wish(**changes: Any) -> Wish:  # noqa: ANN401
    return replace(Wish(ReportKind.LEAK, SAID), **changes)


def send(db: PortalDb, who: Actor | None = None, one: Wish | None = None) -> Certificate:
    portal_house(db)
    with db.web.data.begin() as connection:
        return reports.make(connection, who, one or wish(), "ko", NOW)


def staff(db: PortalDb, role: StaffRole = StaffRole.AGENT) -> Actor:
    return acting(agent(db, role), kind=ActorKind.STAFF, role=role)


def listed(db: PortalDb, who: Actor) -> tuple[Report, ...]:
    with db.web.data.begin() as connection:
        return report_desk.page(connection, who)


def whole(db: PortalDb, given: Certificate) -> Report:
    with db.web.data.begin() as connection:
        found = reports.by_number(connection, given)
        assert found is not None
        return reports.whole(connection, found, secret=given.secret)


@pytest.mark.promise("P35")
def test_anybody_reports_is_answered_within_ten_days_and_finds_the_answer(
    portal_db: PortalDb,
) -> None:
    given = send(portal_db)
    clerk = staff(portal_db)
    [found] = listed(portal_db, clerk)
    assert (found.number, found.state, found.due_on) == (
        given.number, ReportState.OPEN, seoul_day(NOW) + 10 * DAY,
    )  # fmt: skip
    assert found.ends_on == date(2029, 11, 22), "three years, as complaints and disputes are kept"
    with portal_db.web.data.begin() as connection:
        opened = report_desk.one(connection, clerk, found.report_id)
        assert [line.text for line in opened.lines] == [SAID]
        soon = replace(clerk, at=NOW + timedelta(hours=1))
        report_desk.ask_back(connection, soon, opened, "언제였나요?")
    assert whole(portal_db, given).state is ReportState.ASKED
    with portal_db.web.data.begin() as connection:
        reports.add(connection, found, given.secret, "어제요", NOW + DAY)
    assert whole(portal_db, given).state is ReportState.OPEN
    with portal_db.web.data.begin() as connection:
        later = replace(clerk, at=NOW + 2 * DAY)
        report_desk.close(connection, later, found, "바로잡았어요", ReportOutcome.PUT_RIGHT)
    done = whole(portal_db, given)
    assert (done.state, done.outcome) == (ReportState.CLOSED, ReportOutcome.PUT_RIGHT)
    assert [line.text for line in done.lines] == [SAID, "언제였나요?", "어제요", "바로잡았어요"]
    assert listed(portal_db, clerk) == ()
    with portal_db.web.data.begin() as connection, pytest.raises(ReportRefused, match="closed"):
        reports.add(connection, found, given.secret, "하나 더", NOW + 3 * DAY)
    with portal_db.work.data.connect() as connection:
        names = connection.scalars(select(ledger.event.c.name).order_by(ledger.event.c.event_id))
        assert names.all() == ["report_made", "report_viewed", "report_answered", "report_closed"]


@pytest.mark.promise("P35")
def test_a_member_finds_theirs_signed_in_and_nobody_elses(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    given = send(portal_db, acting(one))
    assert given.secret == ""
    clerk = staff(portal_db)
    with portal_db.web.data.begin() as connection:
        [found] = reports.mine(connection, acting(one))
        opened = report_desk.one(connection, clerk, found.report_id)
        soon = replace(clerk, at=NOW + timedelta(hours=1))
        report_desk.answer(connection, soon, opened, "살펴볼게요")
    with portal_db.web.data.begin() as connection:
        lines = reports.whole(connection, found).lines
    assert [(line.text, line.staff_no is not None) for line in lines] == [
        (SAID, False), ("살펴볼게요", True),
    ]  # fmt: skip
    with portal_db.web.data.begin() as connection:
        assert reports.mine(connection, acting(other)) == ()
        assert reports.by_number(connection, given) is None
        mine = replace(found, member_id=other)
        assert reports.whole(connection, mine).lines == ()
        with pytest.raises(ReportRefused):
            reports.add(connection, mine, None, "남의 글", NOW)
    with portal_db.work.data.connect() as connection:
        told = connection.execute(select(LIVE.inbox.c.member_id, LIVE.inbox.c.template)).all()
        assert told == [(one, "report_answered")]
        seen = select(ledger.event.c.name).where(ledger.event.c.member_id == one)
        assert set(connection.scalars(seen)) == {"report_made", "report_viewed", "report_answered"}


def test_what_was_written_lies_nowhere_in_the_clear(portal_db: PortalDb) -> None:
    send(portal_db, one=wish(contact="mina@example.com"))
    with portal_db.owner_data.connect() as connection:
        for table in ("ops.report", "ops.report_line", "ledger.event", "ops.journal"):
            rows = str(connection.execute(text(f"select t::text from {table} t")).all())  # noqa: S608
            assert "비밀" not in rows
            assert SAID.encode().hex() not in rows
            assert b"mina@example.com".hex() not in rows


def test_the_portal_itself_reads_no_report_of_others(portal_db: PortalDb) -> None:
    send(portal_db)
    send(portal_db, acting(member(portal_db)))
    with portal_db.web.data.begin() as connection:
        assert connection.execute(select(report)).all() == []
    for verb in (
        select(report_line.c.line_id),
        update(report).values(state="open"),
        text("delete from ops.report"),
    ):
        with portal_db.web.data.begin() as connection, pytest.raises(DBAPIError) as caught:
            connection.execute(verb)
        assert getattr(caught.value.orig, "sqlstate", "") == PERMISSION_DENIED
    row = {"report_id": uuid4(), "number": "x", "member_id": uuid4(), "kind": "question",
           "state": "open", "language": "ko", "received_at": NOW, "due_on": NOW.date(),
           "ends_on": NOW.date(), "policy_version": "2021-03-15"}  # fmt: skip
    with portal_db.web.data.begin() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(insert(report).inline().values(row))
    assert getattr(caught.value.orig, "sqlstate", "") == PERMISSION_DENIED, "in another's name"


def test_members_and_staff_without_standing_see_no_list(portal_db: PortalDb) -> None:
    send(portal_db)
    for who in (acting(member(portal_db)), replace(staff(portal_db), lacks=None)):
        with pytest.raises(AccessDenied):
            listed(portal_db, who)
    gone = acting(agent(portal_db, ended_at=NOW), kind=ActorKind.STAFF, role=StaffRole.AGENT)
    assert listed(portal_db, gone) == (), "the database asks as well"


def test_an_incident_is_the_officers(portal_db: PortalDb) -> None:
    one = member(portal_db)
    send(portal_db, acting(one), wish(kind=ReportKind.INCIDENT, about_id=one))
    assert listed(portal_db, staff(portal_db)) == ()
    [found] = listed(portal_db, staff(portal_db, StaffRole.OFFICER))
    assert (found.kind, found.about_id) == (ReportKind.INCIDENT, one)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"text": "  "}, "what it is about"), ({"text": "x" * 4001}, "at most 4000"),
     ({"contact": "x" * 201}, "at most 200")],
    ids=["empty", "long", "contact"],
)  # fmt: skip
def test_bad_input_gets_a_sentence(portal_db: PortalDb, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ReportRefused) as caught:
        send(portal_db, one=wish(**changes))
    assert said in str(caught.value)


def test_guessing_a_secret_is_slowed(portal_db: PortalDb) -> None:
    given = send(portal_db)
    assert report_lookup.look_up(house(), given, NOW).number == given.number
    wrong = replace(given, secret="0" * 20)
    for _ in range(5):
        with pytest.raises(ReportRefused):
            report_lookup.look_up(house(), wrong, NOW)
    with pytest.raises(WaitFirst):
        report_lookup.look_up(house(), given, NOW)


def test_a_flood_neither_fills_the_desk_nor_costs_more_than_a_look(portal_db: PortalDb) -> None:
    """10,000 in a minute, each from another browser and address; a member still gets through."""
    portal_house(portal_db)
    ring, taken = house().keyring, 0
    with portal_db.web.keys.begin() as connection:
        for n in range(10_000):
            at = NOW + timedelta(milliseconds=6 * n)
            try:
                report_pace.count(
                    connection, ring, f"browser {n}", f"198.51.{n // 250}.{n % 250}", at
                )
            except TooMany:
                continue
            taken += 1
        assert 60 <= taken <= 61
        # What was refused left nothing behind: one row for all, two for each that was taken.
        assert connection.scalar(select(func.count()).select_from(keys.attempt)) == 1 + 2 * taken
        report_pace.count_member(connection, ring, uuid4(), NOW)
        with pytest.raises(TooMany, match="call or write"):
            report_pace.count(connection, ring, "me", "203.0.113.9", NOW + timedelta(seconds=59))
        report_pace.count(connection, ring, "me", "203.0.113.9", NOW + timedelta(minutes=3))


def test_one_browser_one_address_and_one_member_have_a_pace(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    ring, who = house().keyring, uuid4()
    with portal_db.web.keys.begin() as connection:
        for n in range(10):
            report_pace.count(connection, ring, f"b{n // 3}", "203.0.113.9", NOW)
            report_pace.count_member(connection, ring, who, NOW)
        for browser, address in (("b0", "198.51.100.1"), ("new", "203.0.113.9")):
            with pytest.raises(TooMany, match="several just now"):
                report_pace.count(connection, ring, browser, address, NOW)
        with pytest.raises(TooMany, match="several just now"):
            report_pace.count_member(connection, ring, who, NOW)


def test_the_list_goes_on_from_a_place_and_asks_for_what_it_shows(portal_db: PortalDb) -> None:
    for _ in range(45):
        send(portal_db)
    clerk, seen, after = staff(portal_db), list[str](), None
    while True:
        with portal_db.web.data.begin() as connection:
            rows = report_desk.page(connection, clerk, after)
        shown = rows[: report_desk.PAGE_ROWS]
        seen += [one.number for one in shown]
        if len(rows) <= report_desk.PAGE_ROWS:
            break
        after = (shown[-1].due_on, shown[-1].report_id)
    assert len(seen) == len(set(seen)) == 45
    with portal_db.web.data.begin() as connection:
        late = replace(clerk, at=NOW + 11 * DAY)
        assert report_desk.count(connection, clerk) == (45, 0)
        assert report_desk.count(connection, late) == (45, 45)


@pytest.mark.promise("P06", "P13")
def test_a_report_ends_with_its_key_and_a_record(portal_db: PortalDb) -> None:
    """On the day after its last; what a killed run left of the keys goes with the next one."""
    given = send(portal_db)
    open_house(House(portal_db.work, portal_db.keyring))
    last = NOW.replace(year=2029)
    assert report_ending.run(house(), last) == 0
    assert report_ending.run(house(), last + DAY) == 1
    assert report_ending.run(house(), last + DAY) == 0
    destruction.run(portal_db.work, last + DAY)
    with portal_db.work.data.connect() as data, portal_db.work.keys.connect() as held:
        assert data.execute(select(report_line)).all() == []
        assert held.execute(select(keys.report_key)).all() == []
        done = data.execute(select(keeping.destruction)).one()
        run = data.execute(select(keeping.destruction_run)).one()
    assert (done.kind, done.rows, done.method) == ("report", 1, "rows_and_key")
    assert run.verified_at is not None
    portal_house(portal_db)
    with portal_db.web.data.begin() as connection:
        assert reports.by_number(connection, given) is None
    orphan = {"report_id": uuid4(), "wrapped": b"x", "created_at": NOW}
    with portal_db.work.keys.begin() as held:
        held.execute(insert(keys.report_key).values(orphan))
    open_house(House(portal_db.work, portal_db.keyring))
    report_ending.run(house(), NOW + DAY)
    with portal_db.work.keys.connect() as held:
        assert len(held.execute(select(keys.report_key)).all()) == 1, "it may be being written"
    report_ending.run(house(), last + DAY)
    with portal_db.work.keys.connect() as held:
        assert held.execute(select(keys.report_key)).all() == []


def test_who_is_no_member_gets_a_mail_that_says_nothing_of_it(portal_db: PortalDb) -> None:
    send(portal_db, one=wish(contact="mina@example.com"))
    send(portal_db, one=wish(contact="010-1234-5678"))
    letters = Letters()
    with portal_db.work.data.begin() as data:
        sent = [report_mail.tell(data, Senders(letters, letters, HOME), one, "ko", NOW)
                for one in data.scalars(select(report.c.report_id))]  # fmt: skip
    assert sorted(sent) == [False, True]
    [mail] = letters.mails
    assert mail.to == "mina@example.com"
    assert "비밀" not in mail.text
    assert "/contact" in mail.text


@pytest.mark.promise("P35", "P06")
def test_a_report_outlives_its_member_and_the_certificate_says_until_when(
    portal: Restoring,
) -> None:
    one = member(portal.db, records=())
    send(portal.db, acting(one))
    ask(portal.db, one)
    withdrawing.withdraw(worker_house(portal.db), signer(portal.db), one, NOW)
    with portal.db.work.data.connect() as data:
        line = data.execute(
            text("select kind, count, kept_until, destroyed_at from ops.withdrawal_line "
                 "where kind = 'complaint'")
        ).one()  # fmt: skip
        assert tuple(line) == ("complaint", 1, date(2029, 11, 22), None)
        assert data.scalar(select(func.count()).select_from(report)) == 1
    report_ending.run(house(), NOW.replace(year=2029) + DAY)
    with portal.db.work.data.connect() as data:
        gone = text("select destroyed_at from ops.withdrawal_line where kind = 'complaint'")
        assert data.scalar(gone) is not None


def test_what_was_reported_and_answered_since_a_backup_is_there_after_a_restore(
    portal: Restoring,
) -> None:
    clerk = staff(portal.db)
    member(portal.db)
    before = send(portal.db)
    file = portal.back_up()
    after = send(portal.db)
    with portal.db.web.data.begin() as connection:
        found = reports.by_number(connection, before)
        assert found
        report_desk.close(connection, clerk, found, "끝났어요", ReportOutcome.ANSWERED)
    portal.restore(file)
    portal_house(portal.db)
    assert [line.text for line in whole(portal.db, after).lines] == [SAID]
    done = whole(portal.db, before)
    assert (done.state, len(done.lines)) == (ReportState.CLOSED, 2)
