"""Members are told once, whatever happens to the mail server, and can read it in the portal."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from db.clock import SEOUL
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox as rows
from db.words import Ground, Purpose
from services import (
    access,
    bounces,
    delivery,
    inbox,
    notify,
    outbox,
    patience,
    sharing,
    usage_notice,
)
from services.actor import Permission
from services.ledger import EventName
from services.mail import NotSent, SmtpMailer
from services.outbox import Message
from tests.people import NOW, PLAIN, acting, member, portal_house
from tests.receivers import PostOffice, post_office
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.subject import Subject
    from tests.database import PortalDb

LOOK = access.Look(EventName.INBOX_VIEWED, Permission.INBOX_READ, "/messages")
CHANGED = Message("password_changed", "email", "ko")
SOMEBODY = "new@example.com"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as one:
        yield one


@contextmanager
def opened(db: PortalDb, who: UUID, **actor: Any) -> Iterator[Subject]:  # noqa: ANN401
    portal_house(db)
    one = replace(acting(who), **actor)
    with access.open(one, who, Purpose.SHOW, look=LOOK) as subject:
        yield subject


def tell(db: PortalDb, who: UUID, key: str = "k", **more: Any) -> bool:  # noqa: ANN401
    with opened(db, who) as subject:
        return notify.notify(subject, "password_changed", key=key, **more)


def sent(db: PortalDb) -> Any:  # noqa: ANN401
    with db.owner_data.connect() as data:
        return data.execute(select(rows)).one()


def deliver(db: PortalDb, office: PostOffice, port: int | None = None) -> bool:
    """As the worker does it: a failure is counted apart."""
    one = sent(db)
    key = (one.member_id, one.message_id)
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port or office.port}", "jikim@example.kr")
    try:
        with db.work.keys.connect() as ring:
            found = outbox.sealer_of(ring, db.keyring, one.member_id)
        with db.work.data.begin() as data:
            senders = delivery.Senders(mailer, Letters(), HOME, "코덱사")
            return delivery.deliver(data, found, key, senders, NOW)
    except NotSent:
        with db.work.data.begin() as data:
            delivery.failed(data, key, NOW)
        raise


def test_a_fact_is_told_once_by_mail_and_in_the_inbox(
    portal_db: PortalDb, office: PostOffice
) -> None:
    who = member(portal_db)
    assert [tell(portal_db, who) for _ in range(2)] == [True, False]
    assert deliver(portal_db, office)
    assert not deliver(portal_db, office)
    (mail,) = office.mails
    assert mail["To"] == PLAIN["email"]
    assert mail["Message-ID"] == f"<{sent(portal_db).message_id}@jikim>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}
    with opened(portal_db, who) as subject:
        found = inbox.read(subject, 1, "en", HOME)
    assert (found.count, found.letters[0].subject) == (1, "Your password was changed")


def test_a_rolled_back_cause_leaves_no_message_in_the_inbox(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with pytest.raises(RuntimeError), opened(portal_db, who) as subject:
        notify.notify(subject, "password_changed", key="k")
        raise RuntimeError
    with portal_db.owner_data.connect() as data:
        assert data.execute(select(LIVE.inbox)).all() == []
        assert data.execute(select(rows)).all() == []


def test_a_disputed_address_is_passed_over_for_the_new_one(
    portal_db: PortalDb, office: PostOffice
) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as data:
        data.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=who, item="email", started_at=NOW, why="disputed"
            )
        )
    assert tell(portal_db, who, to=SOMEBODY)
    assert SOMEBODY.encode() not in sent(portal_db).sealed
    assert deliver(portal_db, office)
    assert [mail["To"] for mail in office.mails] == [SOMEBODY]


@pytest.mark.promise("P32")
def test_a_disputed_address_gets_nothing_and_the_inbox_all(
    portal_db: PortalDb, office: PostOffice
) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as data:
        data.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=who, item="email", started_at=NOW, why="disputed"
            )
        )
    tell(portal_db, who)
    assert not deliver(portal_db, office)
    assert (office.mails, sent(portal_db).failed_at) == ([], NOW)
    with opened(portal_db, who) as subject:
        assert inbox.read(subject, 1, "ko", HOME).count == 1
    with portal_db.owner_data.connect() as data:
        assert data.scalar(select(LIVE.restriction.c.blocked)) == 1


def _wait(attempts: int) -> timedelta | None:
    """What the queue is told after so many attempts."""
    job: Any = SimpleNamespace(attempts=attempts)
    before = datetime.now(UTC)
    decision = patience.Patience().get_retry_decision(exception=OSError(), job=job)
    return decision.retry_at - before if decision and decision.retry_at else None


def test_a_mail_server_that_is_down_for_a_day_loses_nothing(
    portal_db: PortalDb, office: PostOffice
) -> None:
    tell(portal_db, member(portal_db))
    clock, attempt = timedelta(0), 0
    while clock < timedelta(days=1):  # nobody listens at port 1
        with pytest.raises(NotSent):
            deliver(portal_db, office, port=1)
        wait = _wait(attempt)
        assert wait
        clock, attempt = clock + wait, attempt + 1
    assert sent(portal_db).failed_at is None
    assert deliver(portal_db, office)
    assert len(office.mails) == 1
    # and it does not stay away for half a day after the server is back
    assert max(patience.WAITS) <= timedelta(hours=6)
    assert sum(patience.WAITS, timedelta()) > timedelta(days=3)
    assert _wait(len(patience.WAITS)) is None


def test_a_busy_server_is_tried_again(portal_db: PortalDb, office: PostOffice) -> None:
    tell(portal_db, member(portal_db))
    office.busy = True
    with pytest.raises(NotSent):
        deliver(portal_db, office)
    office.busy = False
    assert deliver(portal_db, office)
    assert sent(portal_db).attempts == 2


def test_a_mailbox_that_is_not_there_bounces_at_once(
    portal_db: PortalDb, office: PostOffice
) -> None:
    tell(portal_db, member(portal_db), to="gone@example.com")
    assert not deliver(portal_db, office)
    one = sent(portal_db)
    assert (one.bounced_at, one.sent_at, one.failed_at, one.sealed) == (NOW, None, None, None)
    assert not deliver(portal_db, office)


def report(message_id: str, action: str = "failed", *, whole: bool = True) -> bytes:
    """What a mail server sends back."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "MAILER-DAEMON@x.kr", "jikim@x.kr", "Undelivered"
    mail.set_content("Sorry.")
    mail.make_mixed()
    mail.set_type("multipart/report")
    status = (
        "Reporting-MTA: dns; mx.x.kr\n\nFinal-Recipient: rfc822; a@x.kr\n"
        f"Action: {action}\nStatus: 5.1.1\n"
    )
    back = f"Message-ID: <{message_id}@jikim>\nSubject: x\n\nbody\n"
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    edge = "=_edge"
    return (
        f"From: MAILER-DAEMON@x.kr\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"\n\n'
        f"--{edge}\nContent-Type: text/plain\n\nSorry.\n"
        f"--{edge}\nContent-Type: message/delivery-status\n\n{status}\n"
        f"--{edge}\nContent-Type: {kind}\n\n{back}\n--{edge}--\n"
    ).encode()


@pytest.mark.parametrize("whole", [True, False])
def test_a_later_bounce_finds_its_message(
    portal_db: PortalDb,
    office: PostOffice,
    whole: bool,  # noqa: FBT001
) -> None:
    tell(portal_db, member(portal_db))
    deliver(portal_db, office)
    message_id = bounces.failed(report(str(sent(portal_db).message_id), whole=whole))
    assert message_id == sent(portal_db).message_id
    with portal_db.work.data.begin() as data:
        assert [bounces.record(data, message_id, NOW) for _ in range(2)] == [True, False]
    assert (sent(portal_db).bounced_at, sent(portal_db).sent_at) == (NOW, NOW)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00",
        b"Content-Type: multipart/report; boundary=x\n\n--x\n",
        report(str(UUID(int=1)), "delayed"),
        report("not-an-id"),
        report(str(UUID(int=1))).replace(b"@jikim>", b"@elsewhere>"),
        b"a" * (bounces.LONGEST + 1),
    ],
)
def test_what_is_no_bounce_of_ours_is_left_alone(raw: bytes) -> None:
    assert bounces.failed(raw) is None


def test_the_inbox_marks_what_was_shown_and_ends_after_a_year(portal_db: PortalDb) -> None:
    who = member(portal_db)
    tell(portal_db, who)
    with opened(portal_db, who) as subject:
        assert inbox.read(subject, 1, "ko", HOME).letters[0].unread
    with opened(portal_db, who) as subject:
        assert not inbox.read(subject, 1, "ko", HOME).letters[0].unread
    last = date(2027, 11, 22)
    with portal_db.work.data.begin() as data:
        assert [inbox.end(data, day) for day in (last, last + timedelta(days=1))] == [0, 1]


def test_a_message_that_can_not_be_filled_any_more_does_not_hide_the_others(
    portal_db: PortalDb,
) -> None:
    who = member(portal_db)
    tell(portal_db, who, "a")
    tell(portal_db, who, "b")
    with portal_db.work.data.begin() as data:
        first = data.scalar(select(LIVE.inbox.c.message_id).limit(1))
        data.execute(
            update(LIVE.inbox)
            .where(LIVE.inbox.c.message_id == first)
            .values(template="password_link", sealed=b"damaged")
        )
        data.execute(
            insert(LIVE.inbox).values(
                member_id=who, message_id=uuid4(), template="of_old", created_at=NOW,
                ends_on=date(2027, 1, 1),
            )
        )  # fmt: skip
    with opened(portal_db, who) as subject:
        found = inbox.read(subject, 1, "ko", HOME)
    assert sorted(bool(one.blocks) for one in found.letters) == [False, False, True]


def told(db: PortalDb, now: datetime, most: int = 10) -> int:
    with db.work.data.begin() as data:
        return usage_notice.tell(data, now, most)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SEOUL)


def test_each_member_is_told_once_a_year_what_was_used(
    portal_db: PortalDb, office: PostOffice
) -> None:
    who, new = member(portal_db), member(portal_db)
    day = date(2028, 2, 29)
    with portal_db.work.data.begin() as data:
        joined = update(LIVE.member).values(joined_on=date(2027, 3, 1))
        data.execute(joined.where(LIVE.member.c.member_id == new))
    assert [told(portal_db, noon(day)) for _ in range(2)] == [1, 0]
    assert sent(portal_db).member_id == who
    assert deliver(portal_db, office)
    plain = office.mails[0].get_body(("plain",))
    assert plain is not None
    assert f"{HOME}/sharing" in plain.get_content()
    with portal_db.owner_data.connect() as data:
        assert list(data.scalars(select(LIVE.inbox.c.template))) == ["usage"]
        assert list(data.scalars(select(event.c.name))) == [EventName.USAGE_TOLD]
        assert data.exec_driver_sql("select count(*) from jobs.procrastinate_jobs").scalar() == 1
    assert told(portal_db, noon(date(2028, 3, 1))) == 1  # the new one's year is over
    assert told(portal_db, noon(date(2029, 2, 27))) == 0
    assert told(portal_db, noon(date(2029, 3, 1))) == 2


@pytest.mark.parametrize(("day", "shown"), [(date(2028, 2, 29), False), (date(2028, 3, 1), True)])
def test_the_yearly_notice_tells_no_demand_before_its_day(
    portal_db: PortalDb,
    office: PostOffice,
    day: date,
    shown: bool,  # noqa: FBT001
) -> None:
    """Neither the message nor what it leads to; from that day on all of it is there."""
    who, police = member(portal_db), "[가상] 경찰서"
    given = {
        "member_id": who, "disclosure_id": uuid4(), "recipient": police, "items": ["mobile"],
        "ground": Ground.LEGAL_DEMAND, "disclosed_on": date(2028, 1, 10),
        "shown_from": date(2028, 3, 1),
    }  # fmt: skip
    with portal_db.work.data.begin() as data:
        data.execute(insert(LIVE.disclosure).values(given))
    assert told(portal_db, noon(day)) == 1
    assert sent(portal_db).sealed is None  # nothing about the member fills it
    assert deliver(portal_db, office)
    parts = [p for p in office.mails[0].walk() if p.get_content_maintype() == "text"]
    assert len(parts) == 2
    assert not any(police in part.get_content() for part in parts)
    with opened(portal_db, who, at=noon(day)) as subject:
        (letter,) = inbox.read(subject, 1, "ko", HOME).letters
        read = sharing.read(subject)
    assert police not in str(letter)
    assert (police in str(read)) is shown


def test_one_run_tells_no_more_than_it_may(portal_db: PortalDb) -> None:
    for _ in range(3):
        member(portal_db)
    assert [told(portal_db, NOW, most=2) for _ in range(3)] == [2, 1, 0]


def test_two_workers_at_once_tell_each_member_once(portal_db: PortalDb) -> None:
    member(portal_db)
    with portal_db.work.data.begin() as one, portal_db.work.data.begin() as other:
        assert usage_notice.tell(one, NOW) == 1
        assert usage_notice.tell(other, NOW) == 0


def test_a_database_that_is_away_is_no_failed_message() -> None:
    assert not issubclass(OperationalError, NotSent)
