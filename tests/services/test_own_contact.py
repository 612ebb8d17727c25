"""A child's own address or number, entered by a guardian, proved by who reads it (P29)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from db import places
from db.drafts import ValueDraft
from db.tables.member import LIVE
from db.tables.ops import outbox as told
from db.words import Purpose
from services import access, correction, email_change, outbox, own_contact
from services.actor import Permission, StepUpRequired
from services.contact_values import ValueRefused
from services.correction import Outcome
from services.email_change import LinkOver
from services.guardians_own import ContactRefused
from services.identity import passwords
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house

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


def test_a_number_is_told_how_to_set_a_password(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    assert give(guardian, child, "010-1234-5678") is Outcome.CHANGED
    assert set(sent(portal_db, child)) == {"own_sign_in", "mobile_changed"}


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
            email_change.expire(data, at)
        assert waits(portal_db, other) == left


def waits(db: PortalDb, child: UUID) -> int:
    with db.work.data.connect() as data:
        table = LIVE.pending_value
        return len(data.execute(select(table).where(table.c.member_id == child)).all())


def test_it_needs_a_verification(portal_db: PortalDb) -> None:
    guardian, child = family(portal_db)
    with pytest.raises(StepUpRequired):
        give(guardian, child, OWN, verified_at=None)
