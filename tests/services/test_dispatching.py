"""Companies are told for certain, once, with no more than they may have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from db import company_keys
from db.drafts import ConsentDraft
from db.sealing import digest
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import company, dispatch
from db.words import Change, ConsentKind, Ground, Purpose
from services import (
    answers,
    contract_ends,
    delivery,
    dispatching,
    outbox,
    patience,
    telling,
    webhook,
)
from services.dispatching import Courier
from services.mail import NotSent, SmtpMailer
from tests.people import NOW, PLAIN, member, portal_house
from tests.receivers import PostOffice, Receiver, post_office, receiving
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import PortalDb

COMPANY = "seller"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as one:
        yield one


@pytest.fixture
def keys(portal_db: PortalDb) -> company_keys.CompanyKeys:
    portal_house(portal_db)
    return company_keys.load(portal_db.var / "keys")


def a_company(db: PortalDb, address: str | None, **changes: Any) -> None:  # noqa: ANN401
    row = {
        "company_id": COMPANY, "role": "recipient", "name": "아기물티슈", "items": ["email"],
        "means": "webhook", "address": address, "terms_from": NOW - timedelta(days=900),
        "added_at": NOW,
    }  # fmt: skip
    with db.work.data.begin() as data:
        data.execute(insert(company).values(row | changes))


def shared(db: PortalDb, ground: Ground = Ground.PURCHASE, **member_changes: Any) -> UUID:  # noqa: ANN401
    """A member of whom the company has name and e-mail."""
    who = member(db, **member_changes)
    with db.work.data.begin() as data:
        for item, purpose in (("email", Purpose.NOTICES), ("name", Purpose.DELIVERY)):
            data.execute(
                insert(LIVE.disclosure).values(
                    member_id=who, disclosure_id=uuid4(), recipient=COMPANY, items=[item],
                    disclosed_on=NOW.date(), purpose=purpose, ground=ground,
                )
            )  # fmt: skip
    return who


def notice(
    db: PortalDb, who: UUID, *items: str, change: Change = Change.CORRECTED
) -> tuple[UUID, UUID]:
    row = {
        "member_id": who, "dispatch_id": uuid4(), "company_id": COMPANY, "change": change,
        "items": list(items or ("email", "name")), "key": uuid4().hex, "created_at": NOW,
    }  # fmt: skip
    with db.work.data.begin() as data:
        data.execute(insert(dispatch).values(row))
    return who, row["dispatch_id"]  # type: ignore[return-value]


def courier(keys: company_keys.CompanyKeys, office: PostOffice | None = None) -> Courier:
    mails: Any = SmtpMailer(office.url, "jikim@example.kr") if office else Letters()
    return Courier(delivery.Senders(mails, Letters(), HOME), keys, here=True, timeout=5)


def send(db: PortalDb, key: tuple[UUID, UUID], by: Courier) -> bool:
    """As the worker does it, failures counted apart."""
    try:
        with db.work.keys.connect() as ring:
            opened = outbox.sealer_of(ring, db.keyring, key[0])
    except outbox.NoKeyError:
        opened = None
    try:
        with db.work.data.begin() as data:
            return dispatching.dispatch_one(data, opened, key, by, NOW)
    except Exception:
        with db.work.data.begin() as data:
            dispatching.failed(data, key, NOW)
        raise


def row(db: PortalDb) -> Any:  # noqa: ANN401
    with db.owner_data.connect() as data:
        return data.execute(select(dispatch)).one()


def events(db: PortalDb) -> list[str]:
    with db.owner_data.connect() as data:
        return list(data.scalars(select(event.c.name).order_by(event.c.event_id)))


@pytest.mark.promise("P33")
def test_a_webhook_gets_the_new_values_of_what_it_had_signed_and_nothing_else(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    receiver.secret = keys.secret(COMPANY, 1)
    who = shared(portal_db)
    key = notice(portal_db, who, "email", "name", "pregnancy")
    assert send(portal_db, key, courier(keys))
    assert not send(portal_db, key, courier(keys))
    (got,) = receiver.got
    assert receiver.forged == 0
    assert got["values"] == {"email": [PLAIN["email"]], "name": [PLAIN["name"]]}
    assert (got["change"], got["items"]) == ("corrected", ["email", "name", "pregnancy"])
    assert got["header_id"] == got["id"] == str(key[1])
    assert got["reference"] == dispatching.called_there(COMPANY, who)
    assert str(who) not in str(got)
    told = row(portal_db)
    assert (told.sent_at, told.answered_at, told.attempts) == (NOW, None, 1)
    assert events(portal_db) == ["company_told"]
    with portal_db.owner_data.connect() as data:  # each value that left is written down
        rows = data.execute(
            select(LIVE.disclosure).where(LIVE.disclosure.c.disclosed_at == NOW)
        ).all()
    assert sorted(r.items[0] for r in rows) == ["email", "name"]
    assert {r.ground for r in rows} == {Ground.PURCHASE}


@pytest.mark.promise("P32")
def test_a_value_that_may_not_be_used_any_more_stays_here(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    who = shared(portal_db)
    with portal_db.work.data.begin() as data:
        data.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=who, item="email", started_at=NOW, why="disputed"
            )
        )
    assert send(portal_db, notice(portal_db, who), courier(keys))
    assert receiver.got[0]["values"] == {"name": [PLAIN["name"]]}
    with portal_db.owner_data.connect() as data:
        assert data.scalar(select(LIVE.restriction.c.blocked)) == 1


@pytest.mark.promise("P33")
@pytest.mark.parametrize("still", [True, False])
def test_what_was_given_by_consent_follows_the_consent(
    portal_db: PortalDb,
    receiver: Receiver,
    keys: company_keys.CompanyKeys,
    still: bool,  # noqa: FBT001
) -> None:
    a_company(portal_db, receiver.url)
    consent = ConsentDraft(uuid4(), ConsentKind.THIRD_PARTY, still, NOW - timedelta(days=1))
    consent = replace(consent, recipient=COMPANY, item="email")
    who = shared(portal_db, Ground.CONSENT, consents=(consent,))
    assert send(portal_db, notice(portal_db, who, "email"), courier(keys))
    assert receiver.got[0]["values"] == ({"email": [PLAIN["email"]]} if still else {})


@pytest.mark.parametrize("change", [c for c in Change if c is not Change.CORRECTED])
def test_no_other_change_carries_a_value(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys, change: Change
) -> None:
    a_company(portal_db, receiver.url)
    assert send(portal_db, notice(portal_db, shared(portal_db), change=change), courier(keys))
    assert receiver.got[0]["values"] == {}


@pytest.mark.promise("P33")
def test_a_receiver_may_acknowledge_at_once(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    receiver.says = b'{"acknowledged": true}'
    assert send(portal_db, notice(portal_db, shared(portal_db)), courier(keys))
    assert row(portal_db).answered_at == NOW
    assert events(portal_db) == ["company_told", "company_answered"]


@pytest.mark.parametrize("says", [b"", b"[]", b'{"acknowledged": "yes"}', b"\xff", b"{" * 70_000])
def test_any_other_answer_is_no_acknowledgement(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys, says: bytes
) -> None:
    a_company(portal_db, receiver.url)
    receiver.says = says
    assert send(portal_db, notice(portal_db, shared(portal_db)), courier(keys))
    assert row(portal_db).answered_at is None


@pytest.mark.parametrize(
    ("status", "headers"), [(500, {}), (404, {}), (302, {"Location": "http://127.0.0.1:9/"})]
)
def test_whoever_does_not_say_yes_is_asked_again_until_the_last_time(
    portal_db: PortalDb,
    receiver: Receiver,
    keys: company_keys.CompanyKeys,
    status: int,
    headers: dict[str, str],
) -> None:
    a_company(portal_db, receiver.url)
    receiver.status, receiver.headers = status, headers
    key = notice(portal_db, shared(portal_db))
    for attempt in range(1, patience.MOST_ATTEMPTS + 1):
        with pytest.raises(webhook.NotTaken, match=str(status)):
            send(portal_db, key, courier(keys))
        assert row(portal_db).attempts == attempt
    assert row(portal_db).failed_at == NOW
    assert set(receiver.ids) == {str(key[1])}  # the same id every time
    assert not send(portal_db, key, courier(keys))
    with portal_db.web.data.begin() as data:
        (late,) = telling.late(data, NOW)
    assert (late.name, late.failed, late.waiting) == ("아기물티슈", 1, 0)


def test_a_receiver_that_hangs_is_left_after_the_time_is_up(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    receiver.hangs = True
    key = notice(portal_db, shared(portal_db))
    with pytest.raises(webhook.NotTaken, match="Timeout") as caught:
        send(portal_db, key, replace(courier(keys), timeout=0.2))
    assert "127.0.0.1" not in repr(caught.value)
    receiver.hangs = False
    assert send(portal_db, key, courier(keys))
    assert row(portal_db).attempts == 2


@pytest.mark.parametrize(
    "address",
    ["http://example.com/x", "https://127.0.0.1:1/", "https://inner.example/", "https://[::1]/"],
)
def test_nothing_goes_into_a_private_network_or_in_the_clear(
    portal_db: PortalDb,
    keys: company_keys.CompanyKeys,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolved(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("10.0.0.5" if host == "inner.example" else host, port))]

    monkeypatch.setattr("socket.getaddrinfo", resolved)
    a_company(portal_db, address)
    key = notice(portal_db, shared(portal_db))
    with pytest.raises(webhook.NotTaken, match="PrivateAddress"):
        send(portal_db, key, replace(courier(keys), here=False))


def test_a_company_that_was_removed_meanwhile_is_closed(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url, ended_at=NOW)
    assert not send(portal_db, notice(portal_db, shared(portal_db)), courier(keys))
    assert (row(portal_db).failed_at, receiver.got) == (NOW, [])
    with portal_db.web.data.begin() as data:
        assert telling.late(data, NOW + timedelta(days=99)) == ()


def test_a_contract_that_ended_asks_for_deletion_once(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url, role="processor", ended_at=NOW)
    with portal_db.work.data.begin() as data:
        assert [contract_ends.tell(data, NOW) for _ in range(2)] == [1, 0]
    told = row(portal_db)
    assert send(portal_db, (told.member_id, told.dispatch_id), courier(keys))
    got = receiver.got[0]
    assert (got["change"], got["reference"], got["values"]) == ("contract_ended", None, {})
    assert events(portal_db) == []


def test_a_contract_is_over_on_the_day_after_its_last(portal_db: PortalDb) -> None:
    a_company(portal_db, "https://x.kr/", role="processor", contract_ends_on=NOW.date())
    with portal_db.work.data.begin() as data:
        assert contract_ends.tell(data, NOW) == 0
        assert contract_ends.tell(data, NOW + timedelta(days=1)) == 1


@pytest.mark.promise("P33")
def test_a_mail_names_no_value_and_its_link_confirms_once(
    portal_db: PortalDb, office: PostOffice, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, "privacy@seller.kr", means="email")
    who = shared(portal_db)
    key = notice(portal_db, who)
    assert send(portal_db, key, courier(keys, office))
    (mail,) = office.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert mail["Message-ID"] == f"<{key[1]}@jikim>"
    for form in (text, html):
        assert not any(value in form for value in PLAIN.values())
        assert str(dispatching.called_there(COMPANY, who)) in form
        assert f"{HOME}/answer?token={keys.token(key[1])}" in form
        assert "무엇이: 이메일, 이름" in form
        assert "What: E-mail, Name" in form
    token = keys.token(key[1])
    later = NOW + timedelta(hours=1)
    with portal_db.web.data.begin() as data:
        asked = answers.asked(data, token)
        assert asked
        assert (asked.company, asked.items, asked.answered_at) == (
            "아기물티슈",
            ("email", "name"),
            None,
        )
        assert answers.answer(data, "another", NOW) is None
        for at in (NOW, later):  # a replay changes nothing
            answered = answers.answer(data, token, at)
            assert answered
            assert answered.answered_at == NOW
    assert row(portal_db).answered_at == NOW
    assert events(portal_db) == ["company_told", "company_answered"]


def test_a_company_without_that_mailbox_is_late_at_once(
    portal_db: PortalDb, office: PostOffice, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, "gone@seller.kr", means="email")
    assert not send(portal_db, notice(portal_db, shared(portal_db)), courier(keys, office))
    assert row(portal_db).failed_at == NOW


def test_a_busy_mail_server_is_asked_again(
    portal_db: PortalDb, office: PostOffice, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, "privacy@seller.kr", means="email")
    key = notice(portal_db, shared(portal_db))
    office.busy = True
    with pytest.raises(NotSent):
        send(portal_db, key, courier(keys, office))
    office.busy = False
    assert send(portal_db, key, courier(keys, office))


def test_who_is_told_by_hand_is_on_the_desks_list(
    portal_db: PortalDb, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, None, means="none")
    assert not send(portal_db, notice(portal_db, shared(portal_db)), courier(keys))
    with portal_db.web.data.begin() as data:
        (late,) = telling.late(data, NOW)
    assert (late.by_hand, late.waiting) == (True, 1)


def test_the_answers_secret_is_kept_as_a_digest(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    key = notice(portal_db, shared(portal_db))
    send(portal_db, key, courier(keys))
    assert row(portal_db).answer_digest == digest(keys.token(key[1]))
    assert keys.token(key[1]) not in str(row(portal_db))
    assert keys.secret(COMPANY, 1) != keys.secret(COMPANY, 2)


def test_a_new_secret_counts_from_the_next_notice_on(
    portal_db: PortalDb, receiver: Receiver, keys: company_keys.CompanyKeys
) -> None:
    a_company(portal_db, receiver.url)
    receiver.secret = keys.secret(COMPANY, 2)
    who = shared(portal_db)
    send(portal_db, notice(portal_db, who), courier(keys))
    assert receiver.forged == 1
    with portal_db.work.data.begin() as data:
        data.execute(update(company).values(secret_no=2))
    send(portal_db, notice(portal_db, who), courier(keys))
    assert receiver.forged == 1
