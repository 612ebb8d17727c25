"""Leaving: nine items stay a year, records their time, all else is destroyed with its key (P05)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError

from db import places
from db.drafts import RecordDraft, ValueDraft
from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.keeping import hold, journal
from db.tables.ledger import event
from db.tables.member import LIVE, STORES
from db.words import ConsentKind, Purpose, RecordKind, Store
from services import (
    access,
    certificate,
    delivery,
    destruction,
    dormancy,
    leaving,
    withdrawing,
)
from services.actor import StepUpRequired
from services.leaving_plan import Fate
from services.ledger import EventName
from services.outbox import sealer_of
from tests.leaving import LOOK, ask, leave, preview, signer, status, worker_house
from tests.people import (
    FIELDS,
    NOW,
    ORIGIN,
    PLAIN,
    acting,
    child_of,
    granted,
    member,
    portal_house,
)
from tests.rows import one_of_each
from tests.services.test_moving import held, key_of, stores_of

if TYPE_CHECKING:
    from services.mail import Mail
    from tests.database import PortalDb

NINE = {
    "name", "birth_date", "sex", "login_id", "phone", "address", "mobile", "email",
    "profile_image",
}  # fmt: skip
YEAR_LATER = date(2027, 11, 22)
RETAINED = STORES[Store.RETAINED]


def opened(db: PortalDb, who: UUID) -> dict[str, str]:
    """Return the values that are kept, opened with today's key."""
    with db.work.keys.connect() as secret, db.work.data.connect() as data:
        store, sealer = sealer_of(secret, db.keyring, who)
        assert store is Store.RETAINED
        rows = data.execute(
            select(RETAINED.profile_value).where(RETAINED.profile_value.c.member_id == who)
        ).all()
        return {r.item: sealer.open(r.sealed, places.profile(r.item, r.seq)).decode() for r in rows}


def ends(db: PortalDb, who: UUID) -> dict[str, date]:
    with db.owner_data.connect() as data:
        value = RETAINED.profile_value.c
        rows = data.execute(select(value["item"], value.ends_on).where(value.member_id == who))
        return dict(rows.all())


@pytest.mark.promise("P05", "P34")
@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
def test_nine_items_stay_for_a_year_under_a_fresh_key_and_all_else_goes(
    portal_db: PortalDb, store: Store
) -> None:
    who = member(portal_db, store, records=())
    with portal_db.owner_data.begin() as data:
        if store is Store.LIVE:
            one_of_each(data, LIVE, who)
            data.execute(text("delete from live.record"))
    before = key_of(portal_db, who).wrapped
    made = leave(portal_db, who)
    assert stores_of(portal_db, who) == [Store.RETAINED]
    assert opened(portal_db, who) == {item: PLAIN[item] for item in NINE}
    assert ends(portal_db, who) == dict.fromkeys(NINE, YEAR_LATER)
    kept = held(portal_db, Store.RETAINED, who)
    assert {name for name, rows in kept.items() if rows} == {"member", "profile_value"}
    after = key_of(portal_db, who)
    assert (after.store, after.next_store, after.next_wrapped) == ("retained", None, None)
    assert after.wrapped != before
    found = status(portal_db, made)
    kinds = {one.line.kind for one in found.lines if one.destroyed_at is None}
    assert kinds == NINE
    assert found.kept_until == YEAR_LATER


@pytest.mark.promise("P06")
def test_records_stay_their_time_with_the_identifiers_of_their_kind(portal_db: PortalDb) -> None:
    ends_on = date(2031, 10, 1)
    payment = RecordDraft(
        uuid4(), RecordKind.PAYMENT, date(2026, 10, 1), ends_on, FIELDS[RecordKind.PAYMENT], ORIGIN
    )
    over = RecordDraft(
        uuid4(), RecordKind.VISIT, date(2026, 1, 1), date(2026, 4, 1), FIELDS[RecordKind.VISIT],
        ORIGIN,
    )  # fmt: skip
    who = member(portal_db, records=(payment, over))
    made = leave(portal_db, who)
    with portal_db.work.keys.connect() as secret, portal_db.work.data.connect() as data:
        _store, sealer = sealer_of(secret, portal_db.keyring, who)
        (row,) = data.execute(select(RETAINED.record)).all()
        assert (row.kind, row.record_id, row.ends_on) == ("payment", payment.record_id, ends_on)
        place = places.record("payment", payment.record_id)
        assert PLAIN["address"] not in sealer.open(row.sealed, place).decode()
        assert "기저귀" in sealer.open(row.sealed, place).decode()
    kept = ends(portal_db, who)
    assert {item for item, day in kept.items() if day == ends_on} == {
        "name", "email", "mobile", "address",
    }  # fmt: skip
    lines = {one.line.kind: one.line for one in status(portal_db, made).lines}
    assert (lines["payment"].rule, lines["payment"].kept_until) == ("payment", ends_on)
    assert (lines["email"].rule, lines["email"].kept_until) == ("payment", ends_on)
    assert lines["sex"].rule == "after_withdrawal"
    assert lines["visit"].fate is Fate.DESTROYED


@pytest.mark.promise("P05", "P34")
def test_what_was_shown_before_is_what_happens(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.owner_data.begin() as data:
        one_of_each(data, LIVE, who)
    before = preview(portal_db, who)
    made = leave(portal_db, who)
    assert tuple(one.line for one in status(portal_db, made).lines) == before.lines
    assert {line.fate for line in before.lines} == set(Fate)


@pytest.mark.promise("P13", "P34")
def test_sign_ins_sessions_and_messages_end(portal_db: PortalDb) -> None:
    who, other = member(portal_db), member(portal_db)
    with portal_db.owner_data.begin() as data:
        for one in (who, other):
            for table in (ops.credential, ops.session, ops.signin_session, ops.outbox):
                data.execute(_row(table, one))
    leave(portal_db, who)
    with portal_db.owner_data.connect() as data, portal_db.owner_keys.connect() as secret:
        for table in (ops.credential, ops.session, ops.signin_session):
            assert list(data.scalars(select(table.c.member_id))) == [other]
        told = data.execute(select(ops.outbox.c.member_id, ops.outbox.c.template)).all()
        assert sorted(t.template for t in told if t.member_id == who) == ["left"]
        index = keys_tables.blind_index.c.member_id
        assert set(secret.scalars(select(index))) == {other}


def _row(table: Any, who: UUID) -> Any:  # noqa: ANN401
    rows = {
        "credential": {"password_hash": "x", "set_at": NOW},
        "session": {"session_id": uuid4(), "token_digest": who.bytes, "started_at": NOW,
                    "last_active_at": NOW},
        "signin_session": {"digest": who.bytes, "auth_time": NOW, "expires_at": NOW},
        "outbox": {"message_id": uuid4(), "channel": "email", "template": "woken",
                   "language": "ko", "created_at": NOW},
    }  # fmt: skip
    return insert(table).values(member_id=who, **rows[table.name])


@pytest.mark.promise("P13", "P15")
def test_the_old_key_opens_nothing_of_what_stays(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.work.keys.connect() as secret:
        _store, old = sealer_of(secret, portal_db.keyring, who)
    leave(portal_db, who)
    with portal_db.owner_data.connect() as data:
        value = RETAINED.profile_value.c
        sealed = data.scalar(select(value.sealed).where(value["item"] == "email"))
    assert sealed is not None
    with pytest.raises(SealError):
        old.open(sealed, places.profile("email", 0))


def test_a_certificate_proves_itself_and_any_change_shows(portal_db: PortalDb) -> None:
    made = leave(portal_db, member(portal_db))
    found, verifier = status(portal_db, made), signer(portal_db).verifier
    whole = certificate.file(made, found, verifier)
    certificate.check(whole, verifier)
    lines = [*whole["lines"][1:]]
    for change in ({"lines": lines}, {"number": "X"}, {"left_at": "2020"}, {"signature": "00"}):
        with pytest.raises(certificate.CertificateError):
            certificate.check(whole | change, verifier)
    with pytest.raises(certificate.CertificateError):
        certificate.check({}, verifier)


@pytest.mark.promise("P34")
def test_number_and_secret_only_together_open_the_status(portal_db: PortalDb) -> None:
    one, other = leave(portal_db, member(portal_db)), leave(portal_db, member(portal_db))
    crossed = certificate.Certificate(one.number, other.secret)
    with portal_db.web.data.connect() as connection:
        assert certificate.status(connection, crossed) is None
        again = certificate.typed(one.number.lower().replace("-", " "), f" {one.secret} ")
        assert certificate.status(connection, again) is not None
    with portal_db.owner_data.connect() as data:
        stored = str(data.execute(text("select * from ops.withdrawal")).all())
    assert one.number not in stored
    assert one.secret not in stored


def test_without_a_verification_nobody_leaves(portal_db: PortalDb) -> None:
    who = member(portal_db)
    portal_house(portal_db)
    late = acting(who, verified_at=NOW - timedelta(minutes=16))
    with (
        pytest.raises(StepUpRequired),
        access.open(late, who, Purpose.SHOW, look=LOOK) as subject,
    ):
        leaving.ask(subject, certificate.new())


def test_of_two_tabs_one_leaves_and_the_other_is_told(portal_db: PortalDb) -> None:
    who = member(portal_db)
    first = ask(portal_db, who)
    with pytest.raises(leaving.LeavingError):
        ask(portal_db, who)
    house = worker_house(portal_db)
    assert withdrawing.withdraw_all(house, signer(portal_db), NOW) == 1
    assert withdrawing.withdraw_all(house, signer(portal_db), NOW) == 0
    assert status(portal_db, first).left_at == NOW


@pytest.mark.promise("P21")
def test_companies_are_asked_to_delete(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.owner_data.begin() as data:
        for name, role, items, ended in (
            ("sends", "processor", ["email"], None), ("far", "processor", ["password"], None),
            ("over", "processor", ["email"], NOW), ("app", "source_system", [], None),
        ):  # fmt: skip
            data.execute(
                insert(ops.company).values(
                    company_id=name, role=role, name=name, items=items, means="none",
                    service="엄마와" if name == "app" else None, terms_from=NOW, added_at=NOW,
                    ended_at=ended,
                )
            )  # fmt: skip
    assert preview(portal_db, who).companies == ("app", "sends")
    made = leave(portal_db, who)
    with portal_db.owner_data.connect() as data:
        rows = data.execute(select(ops.dispatch.c.company_id, ops.dispatch.c.change)).all()
    assert sorted(rows) == [("app", "left"), ("sends", "left")]
    assert [(t.name, t.answered_at) for t in status(portal_db, made).told] == [
        ("app", None), ("sends", None),
    ]  # fmt: skip


def test_the_links_to_children_end_and_the_ledger_says_so(portal_db: PortalDb) -> None:
    guardian, other = member(portal_db), member(portal_db)
    child = child_of(portal_db, guardian, "2020-01-01")
    (ward,) = preview(portal_db, guardian).wards
    assert (ward.member_id, ward.others) == (child, 0)
    with portal_db.owner_data.begin() as data:
        data.execute(
            insert(LIVE.guardianship).values(
                member_id=child, guardian_id=other, started_on=date(2024, 1, 1), proof=True
            )
        )
    assert preview(portal_db, guardian).wards[0].others == 1
    leave(portal_db, guardian)
    with portal_db.owner_data.connect() as data:
        link = LIVE.guardianship.c
        rows = data.execute(select(link.guardian_id, link.ended_on)).all()
        assert dict(rows) == {guardian: NOW.date(), other: None}
        names = data.scalars(select(event.c.name).where(event.c.member_id == child)).all()
    assert EventName.GUARDIAN_LEFT in names
    assert stores_of(portal_db, child) == [Store.LIVE]


def test_a_guardian_leaves_for_a_child(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2020-01-01")
    made = ask(portal_db, child, by=guardian)
    assert withdrawing.withdraw(worker_house(portal_db), signer(portal_db), child, NOW)
    assert status(portal_db, made).left_at == NOW
    assert stores_of(portal_db, child) == [Store.RETAINED]
    assert stores_of(portal_db, guardian) == [Store.LIVE]
    with portal_db.owner_data.connect() as data:
        left = select(event.c.actor_kind, event.c.actor_id).where(event.c.name == EventName.LEFT)
        assert data.execute(left).all() == [("guardian", guardian)]


def test_what_a_hold_covers_stays_until_it_ends(portal_db: PortalDb) -> None:
    who = member(portal_db, consents=granted(ConsentKind.MARKETING))
    with portal_db.owner_data.begin() as data:
        data.execute(
            insert(hold).values(
                hold_id=uuid4(), member_id=who, why="lawsuit", ends_on=date(2026, 12, 31),
                placed_at=NOW,
            )
        )  # fmt: skip
    before = preview(portal_db, who)
    assert before.of(Fate.DESTROYED) == ()
    made = leave(portal_db, who)
    assert "nickname" in opened(portal_db, who)
    assert all(one.destroyed_at is None for one in status(portal_db, made).lines)
    destruction.run(portal_db.work, NOW + timedelta(days=5))
    assert "nickname" in opened(portal_db, who)
    destruction.run(portal_db.work, NOW + timedelta(days=41))
    assert set(opened(portal_db, who)) == NINE
    gone = {one.line.kind for one in status(portal_db, made).lines if one.destroyed_at}
    assert "nickname" in gone
    assert not gone & NINE


@pytest.mark.promise("P13", "P34")
def test_when_all_is_over_nothing_is_left_and_the_status_says_so(portal_db: PortalDb) -> None:
    who = member(portal_db, records=())
    made = leave(portal_db, who)
    assert status(portal_db, made).erased_at is None
    done = destruction.run(portal_db.work, NOW + timedelta(minutes=5))
    assert done.erased
    assert status(portal_db, made).erased_at is not None
    destruction.run(portal_db.work, NOW + timedelta(days=366))
    assert stores_of(portal_db, who) == []
    with portal_db.owner_keys.connect() as secret:
        assert secret.scalar(select(keys_tables.member_key.c.member_id)) is None
    found = status(portal_db, made)
    assert all(one.destroyed_at for one in found.lines)
    assert found.kept_until is None


def test_who_has_nothing_that_stays_is_gone_at_once(portal_db: PortalDb) -> None:
    who = member(portal_db, records=(), devices=(), values=(ValueDraft("nickname", "봄"),))
    made = leave(portal_db, who)
    assert stores_of(portal_db, who) == []
    with portal_db.owner_keys.connect() as secret:
        assert secret.scalar(select(keys_tables.member_key.c.member_id)) is None
    assert status(portal_db, made).kept_until is None


def test_who_has_lost_their_key_can_leave(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.owner_keys.begin() as secret:
        secret.execute(keys_tables.member_key.delete())
    made = leave(portal_db, who)
    assert stores_of(portal_db, who) == []
    assert all(one.destroyed_at for one in status(portal_db, made).lines)


def test_the_journal_knows_who_left(portal_db: PortalDb) -> None:
    who = member(portal_db)
    leave(portal_db, who)
    with portal_db.owner_data.connect() as data:
        assert set(data.scalars(select(journal.c.kind))) == {"requested", "withdrawn"}


@pytest.mark.promise("P07", "P14", "P34")
def test_nothing_reads_what_is_kept_and_the_portal_cannot(portal_db: PortalDb) -> None:
    who = member(portal_db)
    leave(portal_db, who)
    with portal_db.web.data.connect() as connection:
        for table in RETAINED.all:
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(select(table.c.member_id))
            connection.rollback()
    sent: list[str] = []
    listener = lambda *given: sent.append(str(given[2]).lower())  # noqa: E731
    sqlalchemy_event.listen(portal_db.work.data, "before_cursor_execute", listener)
    house, mails = worker_house(portal_db), Taker()
    with portal_db.work.keys.connect() as secret, portal_db.work.data.begin() as data:
        told = select(ops.outbox.c.message_id).where(ops.outbox.c.template == "left")
        key = (who, data.scalars(told).one())
        senders = delivery.Senders(mails, mails, "http://localhost")  # type: ignore[arg-type]
        opened_by = sealer_of(secret, portal_db.keyring, who)
        assert delivery.deliver(data, opened_by, key, senders, NOW)
    destruction.run(portal_db.work, NOW + timedelta(hours=1))
    dormancy.run(house, NOW + timedelta(hours=1))
    sqlalchemy_event.remove(portal_db.work.data, "before_cursor_execute", listener)
    assert [mail.to for mail in mails.taken] == [PLAIN["email"]]
    assert "2027. 11. 22." in mails.taken[0].text
    reads = [one for one in sent if "retained." in one and "sealed" in one]
    assert reads == []
    assert any("retained." in one for one in sent)


class Taker:
    """Takes mails instead of a server."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.taken.append(mail)
