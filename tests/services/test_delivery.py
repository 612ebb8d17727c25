"""Messages reach their member once, sealed until then."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text

from db import places
from db.drafts import ValueDraft
from db.settings import Settings
from db.tables import ops
from db.tables.member import LIVE
from db.words import Purpose, Store
from services import delivery, mailbox, outbox, patience, worker
from services.house import House, open_house
from services.outbox import Message
from services.relations import as_subject
from services.tasks import messages
from tests.people import NOW, PLAIN, member
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from uuid import UUID

    from procrastinate import JobContext

    from services.mail import Mail
    from tests.database import PortalDb

CHANGED = Message("password_changed", "either", "ko")


@pytest.fixture
def letters() -> Letters:
    return Letters()


def opened(db: PortalDb, who: UUID) -> Any:  # noqa: ANN401
    with db.work.keys.connect() as keys:
        return outbox.sealer_of(keys, db.keyring, who)


def enqueue(db: PortalDb, who: UUID, message: Message = CHANGED) -> tuple[UUID, UUID]:
    """As the portal does it: with its role, and the member's key only for what is filled."""
    sealer = opened(db, who)[1] if message.params else None
    with db.web.data.begin() as data:
        as_subject(data, who)
        return who, outbox.enqueue(data, sealer, who, message, NOW)


def deliver(db: PortalDb, key: tuple[UUID, UUID], letters: Letters) -> bool:
    with db.work.data.begin() as data:
        senders = delivery.Senders(letters, letters, HOME)
        return delivery.deliver(data, opened(db, key[0]), key, senders, NOW)


def row(db: PortalDb) -> Any:  # noqa: ANN401
    with db.owner_data.connect() as data:
        # A sleeping member has the proof of an earlier notice there, too.
        mine = select(ops.outbox).where(ops.outbox.c.template != "dormancy_notice")
        return data.execute(mine).one()


def test_a_message_is_sent_once_and_then_forgotten(portal_db: PortalDb, letters: Letters) -> None:
    link = Message("password_link", "email", "en", {"token": "t0ken", "use": "first"})
    key = enqueue(portal_db, member(portal_db), link)
    assert b"t0ken" not in row(portal_db).sealed
    assert deliver(portal_db, key, letters)
    assert not deliver(portal_db, key, letters)
    (mail,) = letters.mails
    assert mail.to == PLAIN["email"]
    assert f"{HOME}/signin/set?token=t0ken" in mail.text
    assert mail.message_id == str(key[1])
    assert (row(portal_db).sealed, row(portal_db).sent_at) == (None, NOW)


def test_a_rolled_back_cause_sends_nothing(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.web.data.connect() as data:
        as_subject(data, who)
        outbox.enqueue(data, None, who, CHANGED, NOW)
        data.rollback()
    with portal_db.work.data.connect() as data:
        assert data.execute(select(ops.outbox)).all() == []
        assert data.exec_driver_sql("select 1 from jobs.procrastinate_jobs").all() == []


@pytest.mark.promise("P25")
def test_the_portal_can_not_write_to_somebody_else(portal_db: PortalDb) -> None:
    from sqlalchemy.exc import ProgrammingError  # noqa: PLC0415

    me, other = member(portal_db), member(portal_db)
    with portal_db.web.data.connect() as data:
        as_subject(data, me)
        with pytest.raises(ProgrammingError):
            outbox.enqueue(data, None, other, CHANGED, NOW)


def test_who_has_no_mail_gets_a_text(portal_db: PortalDb, letters: Letters) -> None:
    who = member(portal_db, values=(ValueDraft("mobile", "010-2345-6789"),))
    assert deliver(portal_db, enqueue(portal_db, who), letters)
    assert [t.to for t in letters.texts] == ["010-2345-6789"]


def test_who_has_no_address_gets_nothing_and_nothing_is_kept(
    portal_db: PortalDb, letters: Letters
) -> None:
    who = member(portal_db, values=(ValueDraft("nickname", "하늘맘"),))
    key = enqueue(
        portal_db, who, Message("password_link", "email", "ko", {"token": "t", "use": "x"})
    )
    assert not deliver(portal_db, key, letters)
    assert (row(portal_db).sealed, row(portal_db).failed_at) == (None, NOW)


@pytest.mark.promise("P41")
def test_a_child_kept_only_is_still_asked_to_prove_its_own_contact(
    portal_db: PortalDb, letters: Letters
) -> None:
    """Putting a contact right is the child's right, so that it ever gets out of being kept only."""
    values = (ValueDraft("mobile", "010-2345-6789"), ValueDraft("birth_date", "2018-03-04"))
    who = member(portal_db, values=values)
    link = Message("email_link", "email", "ko", {"token": "t0ken"}, to="kid@example.com")
    assert deliver(portal_db, enqueue(portal_db, who, link), letters)
    assert [mail.to for mail in letters.mails] == ["kid@example.com"]
    assert deliver(portal_db, enqueue(portal_db, who, Message("own_sign_in", "sms", "ko")), letters)
    assert [text.to for text in letters.texts] == ["010-2345-6789"]
    assert not deliver(portal_db, enqueue(portal_db, who), letters), "of the rest nothing"


@pytest.mark.promise("P01")
def test_a_restricted_address_is_not_used(portal_db: PortalDb, letters: Letters) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as data:
        data.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=who, item="email", purpose=Purpose.NOTICES,
                started_at=NOW,
            )
        )  # fmt: skip
    assert deliver(portal_db, enqueue(portal_db, who), letters)
    assert (letters.mails, len(letters.texts)) == ([], 1)


@pytest.mark.parametrize("own", [True, False], ids=["own", "guardians"])
def test_a_new_address_is_written_to_only_if_the_member_asked_for_it(
    portal_db: PortalDb, letters: Letters, *, own: bool
) -> None:
    who = member(portal_db, values=(ValueDraft("nickname", "하늘맘"),))
    sealed = opened(portal_db, who)[1].seal(b"new@example.org", places.pending("email"))
    day = NOW + timedelta(days=1)
    pending = {"member_id": who, "item": "email", "sealed": sealed, "asked_at": NOW,
               "expires_at": day, "asked_by": who if own else uuid4()}  # fmt: skip
    stop = {"member_id": who, "restriction_id": who, "item": "email", "started_at": NOW}
    with portal_db.work.data.begin() as data:
        data.execute(insert(LIVE.pending_value).values(pending))
        data.execute(insert(LIVE.restriction).values(stop))
    assert deliver(portal_db, enqueue(portal_db, who), letters) is own


def test_a_failure_is_counted_and_after_the_last_nothing_is_kept(portal_db: PortalDb) -> None:
    letters = Letters(broken=True)
    key = enqueue(
        portal_db,
        member(portal_db),
        Message("password_link", "email", "ko", {"token": "t", "use": "x"}),
    )
    for attempt in range(1, patience.MOST_ATTEMPTS + 1):
        with pytest.raises(ConnectionError):
            deliver(portal_db, key, letters)
        with portal_db.work.data.begin() as data:
            delivery.failed(data, key, NOW)
        assert row(portal_db).attempts == attempt
    assert (row(portal_db).sealed, row(portal_db).failed_at) == (None, NOW)
    letters.broken = False
    assert not deliver(portal_db, key, letters)


def test_the_worker_sends_what_the_portal_enqueued(portal_db: PortalDb) -> None:
    enqueue(portal_db, member(portal_db, store=Store.DORMANT))
    settings = Settings(var=portal_db.var)
    worker.run_worker(portal_db.addresses, settings, wait=False)
    message, *_earlier = mailbox.newest(mailbox.folder(settings))
    assert (message.channel, message.to) == ("email", PLAIN["email"])
    assert row(portal_db).sent_at
    with portal_db.work.data.connect() as data:
        # What comes by itself each minute may have been put in just then.
        asked = "select 1 from jobs.procrastinate_jobs where task_name = 'deliver'"
        assert data.exec_driver_sql(asked).all() == []


def test_while_a_mail_server_is_slow_the_keys_are_free(
    portal_db: PortalDb, letters: Letters
) -> None:
    key, held = enqueue(portal_db, member(portal_db)), []
    locks = text(
        "select count(*) from pg_locks l join pg_class c on c.oid = l.relation "
        "where c.relname like 'member_key%' and l.pid <> pg_backend_pid()"
    )

    class Slow(Letters):
        def send(self, message: Mail) -> None:
            with portal_db.owner_keys.connect() as keys:
                held.append(keys.scalar(locks))
            letters.send(message)

    open_house(House(portal_db.work, portal_db.keyring))
    sending = delivery.Senders(Slow(), letters, HOME)
    given = SimpleNamespace(additional_context={"senders": sending})
    messages.deliver(cast("JobContext", given), str(key[0]), str(key[1]))
    assert held == [0]
    assert row(portal_db).sent_at
