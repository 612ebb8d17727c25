"""A child's own address or number, entered by a guardian, proved by who reads it (P29)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text, update

from db import places
from db.drafts import GuardianshipDraft, ValueDraft
from db.tables.member import LIVE
from db.tables.ops import outbox as told
from db.words import DisputeWhy, LinkMeans, Purpose
from services import (
    access,
    birthdays,
    correction,
    disputes,
    email_change,
    guarding,
    held_values,
    mobile_change,
    outbox,
    own_contact,
    waiting_values,
)
from services.actor import AccessDenied, Permission, StepUpRequired
from services.contact_values import ValueRefused
from services.correction import Outcome
from services.email_change import LinkOver
from services.guardians_own import ContactRefused
from services.holding_back import HeldBack
from services.identity import passwords, recovery
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house
from tests.services.test_correction import standing

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/", folds=False)
OWN = "kid@example.com"


def give(guardian: UUID, child: UUID, typed: str, **actor: Any) -> Outcome:  # noqa: ANN401
    who = acting(guardian, acting_for=child, **({"verified_at": NOW} | actor))
    with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
        return own_contact.give(subject, typed)


def sent(db: PortalDb, child: UUID) -> list[str]:
    with db.work.data.connect() as data:
        return list(data.scalars(select(told.c.template).where(told.c.member_id == child)))


def confirm(db: PortalDb, child: UUID, now: datetime = NOW) -> None:
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        row = data.execute(
            select(told).where(told.c.member_id == child, told.c.template == "email_link")
        ).one()
        _store, sealer = outbox.sealer_of(keys, db.keyring, child)
    said = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    email_change.confirm(said["token"], "ko", now)


def invited(db: PortalDb) -> list[Any]:
    with db.work.data.connect() as data:
        jobs = "select args from jobs.procrastinate_jobs where task_name = 'recover'"
        return [row.args for row in data.execute(text(jobs))]


def family(db: PortalDb) -> tuple[UUID, UUID]:
    portal_house(db)
    guardian = member(db)
    return guardian, child_of(db, guardian, "2012-12-10")


def child_links(guardian: UUID) -> tuple[GuardianshipDraft, ...]:
    return (GuardianshipDraft(guardian, date(2024, 1, 1), LinkMeans.JOINING, proof=True),)


def test_an_address_counts_once_its_reader_says_so_and_leads_to_a_password(
    portal_db: PortalDb,
) -> None:
    guardian, child = family(portal_db)
    assert give(guardian, child, OWN) is Outcome.LINK_SENT
    assert sent(portal_db, child) == ["email_link"]
    assert invited(portal_db) == []
    confirm(portal_db, child)
    assert [(job["people"], job["use"]) for job in invited(portal_db)] == [([str(child)], "first")]


def test_whoever_has_a_password_or_was_no_child_gets_no_second_link(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    with portal_db.web.data.begin() as data:
        passwords.set_password(data, child, "haneul-garam-2026", NOW)
    give(guardian, child, OWN)
    confirm(portal_db, child)
    grown = member(portal_db, values=(ValueDraft("nickname", "어른"),))
    actor = acting(grown, verified_at=NOW)
    with access.open(actor, grown, Purpose.CORRECT, look=LOOK) as subject:
        own_contact.give(subject, "grown@example.com")
    confirm(portal_db, grown)
    assert invited(portal_db) == []


NUMBER = "010-1234-5678"


def said(db: PortalDb, child: UUID, template: str) -> dict[str, str]:
    """Return what fills the newest message of a kind, and where it goes."""
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        row = data.execute(
            select(told).where(told.c.member_id == child, told.c.template == template)
            .order_by(told.c.created_at.desc(), told.c.message_id).limit(1)
        ).one()  # fmt: skip
        _store, sealer = outbox.sealer_of(keys, db.keyring, child)
    filled: dict[str, str] = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    return filled


def enter(guardian: UUID, child: UUID, code: str, at: datetime = NOW) -> bool:
    who = acting(guardian, acting_for=child, at=at, verified_at=at)
    with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
        return mobile_change.confirm(subject, code)


def way(guardian: UUID, child: UUID, at: datetime = NOW) -> own_contact.Way:
    who = acting(guardian, acting_for=child, at=at)
    with access.open(who, child, Purpose.SHOW, look=LOOK) as subject:
        return own_contact.way(subject)


def kept_only_at_14(db: PortalDb, child: UUID) -> bool:
    """Return whether the child's data is kept only once it is 14, by the hourly run."""
    with db.work.data.begin() as data:
        birthdays.clear(data, date(2026, 12, 10))
        table = LIVE.member
        claimed = data.scalar(select(table.c.unclaimed_on).where(table.c.member_id == child))
        today = date(2026, 12, 10)
        kept = select(guarding.store_only(LIVE, today)).where(table.c.member_id == child)
        assert bool(data.scalar(kept)) is (claimed is not None)
    return claimed is not None


def test_a_number_counts_once_its_code_was_entered(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    assert give(guardian, child, NUMBER) is Outcome.CODE_SENT
    assert sent(portal_db, child) == ["mobile_code"]
    code = said(portal_db, child, "mobile_code")
    assert code[outbox.TO] == NUMBER
    waiting = own_contact.Way(reached=False, code_until=NOW + recovery.CODE_LASTS)
    assert way(guardian, child) == waiting
    assert enter(guardian, child, code["code"])
    assert way(guardian, child) == own_contact.Way(reached=True, code_until=None)
    assert set(sent(portal_db, child)) == {"mobile_code", "own_sign_in", "mobile_changed"}
    assert waits(portal_db, child) == 0
    assert not enter(guardian, child, code["code"]), "a code counts once"
    assert not kept_only_at_14(portal_db, child)


def test_a_number_that_nobody_confirmed_leaves_the_child_kept_only_at_14(
    portal_db: PortalDb,
) -> None:
    guardian, child = family(portal_db)
    give(guardian, child, NUMBER)
    with portal_db.work.data.begin() as data:
        waiting_values.expire(data, NOW + recovery.CODE_LASTS)
    assert way(guardian, child) == own_contact.Way(reached=False, code_until=None)
    assert kept_only_at_14(portal_db, child)


def test_in_edit_my_data_a_guardians_number_waits_too_and_the_old_one_stays(
    portal_db: PortalDb,
) -> None:
    portal_house(portal_db)
    guardian = member(portal_db, values=(ValueDraft("nickname", "엄마"),))
    child = member(
        portal_db, records=(), devices=(), guardianships=child_links(guardian),
        values=(ValueDraft("birth_date", "2012-12-10"), ValueDraft("mobile", "01099998888")),
    )  # fmt: skip
    who = acting(guardian, acting_for=child, verified_at=NOW)

    def held() -> str | None:
        with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
            return held_values.text_of(subject, "mobile", 0)

    with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
        assert correction.correct(subject, "mobile", 0, NUMBER) is Outcome.CODE_SENT
    with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
        assert standing(portal_db, child).restricts("mobile", Purpose.NOTICES), "disputed (P32)"
        assert waiting_values.take_back(subject, "mobile")
    assert (held(), waits(portal_db, child)) == ("01099998888", 0)
    give(guardian, child, NUMBER, at=NOW + timedelta(seconds=1))
    assert enter(guardian, child, said(portal_db, child, "mobile_code")["code"])
    assert held() == NUMBER
    assert not standing(portal_db, child).restricts("mobile", Purpose.NOTICES)


@pytest.mark.parametrize("how", ["wrong", "late", "replaced", "tries", "taken back", "disputed"])
def test_no_other_code_lets_a_number_count(portal_db: PortalDb, how: str) -> None:
    guardian, child = family(portal_db)
    give(guardian, child, NUMBER)
    code, at = said(portal_db, child, "mobile_code")["code"], NOW
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    who = acting(guardian, acting_for=child, verified_at=NOW)
    if how == "late":
        at = NOW + recovery.CODE_LASTS
    elif how == "replaced":
        give(guardian, child, "010-5555-6666", at=NOW + timedelta(seconds=1))
    elif how == "tries":
        assert [enter(guardian, child, wrong) for _ in range(recovery.CODE_TRIES)].count(True) == 0
    elif how == "taken back":
        with access.open(who, child, Purpose.CORRECT, look=LOOK) as subject:
            waiting_values.take_back(subject, "mobile")
    elif how == "disputed":
        with access.open(who, child, Purpose.SHOW, look=LOOK) as subject:
            disputes.open_dispute(subject, DisputeWhy.CUSTODY)
    if how == "disputed":
        with pytest.raises(HeldBack):
            enter(guardian, child, code)
    else:
        assert not enter(guardian, child, wrong if how == "wrong" else code, at)
    assert not way(guardian, child).reached


def test_nor_does_the_right_one_of_a_guardian_who_may_act_no_more(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    give(guardian, child, NUMBER)
    other = member(portal_db, values=(ValueDraft("nickname", "아빠"),))
    link = LIVE.guardianship
    with portal_db.work.data.begin() as data:
        row = data.execute(select(link).where(link.c.member_id == child)).mappings().one()
        data.execute(insert(link).values(dict(row) | {"guardian_id": other}))
        data.execute(update(link).where(link.c.guardian_id == guardian).values(ended_on=NOW.date()))
    code = said(portal_db, child, "mobile_code")["code"]
    with pytest.raises(AccessDenied):
        enter(guardian, child, code)
    assert not enter(other, child, code)
    assert (way(other, child).reached, waits(portal_db, child)) == (False, 0)


def test_three_codes_a_day_and_no_more(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    for n in range(mobile_change.MOST_A_DAY):
        give(guardian, child, f"010-1234-567{n}")
    with pytest.raises(ContactRefused):
        give(guardian, child, NUMBER)
    tomorrow = NOW + timedelta(days=1, seconds=1)
    assert give(guardian, child, NUMBER, at=tomorrow, verified_at=tomorrow) is Outcome.CODE_SENT


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (PLAIN["email"], ContactRefused), (PLAIN["email"].upper(), ContactRefused),
        (PLAIN["mobile"], ContactRefused), ("그냥 글", ContactRefused), ("", ContactRefused),
        ("a@b", ContactRefused), ("x" * 300 + "@example.com", ValueRefused),
    ],
)  # fmt: skip
def test_a_guardians_own_is_refused_and_nothing_is_sent(
    portal_db: PortalDb, typed: str, error: type[Exception]
) -> None:
    guardian, child = family(portal_db)
    with pytest.raises(error):
        give(guardian, child, typed)
    assert sent(portal_db, child) == []


@pytest.mark.parametrize("item", ["email", "mobile"])
def test_nor_is_it_taken_where_the_child_is_corrected(portal_db: PortalDb, item: str) -> None:
    guardian, child = family(portal_db)
    who = acting(guardian, acting_for=child, verified_at=NOW)
    with (
        pytest.raises(ContactRefused),
        access.open(who, child, Purpose.CORRECT, look=LOOK) as subject,
    ):
        correction.correct(subject, item, 0, PLAIN[item])
    assert sent(portal_db, child) == []


def test_at_14_a_guardians_link_works_no_more_and_is_forgotten(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    evening = datetime(2026, 12, 9, 14, 59, tzinfo=UTC)
    give(guardian, child, OWN, at=evening, verified_at=evening)
    midnight = evening + timedelta(minutes=1)
    with pytest.raises(LinkOver):
        confirm(portal_db, child, midnight)
    assert waits(portal_db, child) == 0
    # Also without anybody following it, by the hourly run.
    other = child_of(portal_db, guardian, "2012-12-10")
    give(guardian, other, OWN, at=evening, verified_at=evening)
    for at, left in ((evening, 1), (midnight, 0)):
        with portal_db.work.data.begin() as data:
            waiting_values.expire(data, at)
        assert waits(portal_db, other) == left


def waits(db: PortalDb, child: UUID) -> int:
    with db.work.data.connect() as data:
        table = LIVE.pending_value
        return len(data.execute(select(table).where(table.c.member_id == child)).all())


def test_it_needs_a_verification(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    with pytest.raises(StepUpRequired):
        give(guardian, child, OWN, verified_at=None)
