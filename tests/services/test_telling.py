"""Whoever has a value is told of its change, once, and the member sees who confirmed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from db.drafts import Origin, ValueDraft
from db.tables.member import LIVE
from db.tables.ops import company, dispatch
from db.words import Change, Purpose, Source
from services import access, sharing, telling
from services.actor import Permission
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, member, portal_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from services.subject import Subject
    from tests.database import PortalDb

LOOK = access.Look(EventName.VALUE_CORRECTED, Permission.PROFILE_CORRECT, "/edit")


def a_company(db: PortalDb, name: str, role: str = "recipient", **changes: Any) -> str:  # noqa: ANN401
    row = {
        "company_id": name, "role": role, "name": name.title(), "items": [], "means": "webhook",
        "address": "http://127.0.0.1:9/hook", "terms_from": NOW, "added_at": NOW,
    }  # fmt: skip
    with db.work.data.begin() as data:
        data.execute(insert(company).values(row | changes))
    return name


def handed_out(db: PortalDb, who: UUID, to: str, *items: str, until: date | None = None) -> None:
    with db.work.data.begin() as data:
        data.execute(
            insert(LIVE.disclosure).values(
                member_id=who, disclosure_id=uuid4(), recipient=to, items=list(items),
                disclosed_on=date(2026, 1, 1), kept_until=until,
            )
        )  # fmt: skip


@contextmanager
def opened(db: PortalDb, who: UUID, at: datetime = NOW) -> Iterator[Subject]:
    portal_house(db)
    with access.open(replace(acting(who), at=at), who, Purpose.CORRECT, look=LOOK) as subject:
        yield subject


def tell(
    db: PortalDb, who: UUID, *items: str, key: str = "k", change: Change = Change.CORRECTED
) -> int:
    with opened(db, who) as subject:
        return telling.tell(subject, change, items, key=key)


def rows(db: PortalDb) -> list[Any]:
    with db.owner_data.connect() as data:
        return list(data.execute(select(dispatch).order_by(dispatch.c.company_id)))


def queued(db: PortalDb) -> int:
    with db.owner_data.connect() as data:
        return len(data.exec_driver_sql("select 1 from jobs.procrastinate_jobs").all())


@pytest.mark.promise("P33")
def test_each_recipient_of_an_item_that_still_keeps_it_is_told(portal_db: PortalDb) -> None:
    who, other = member(portal_db), member(portal_db)
    for name in ("seller", "insurer", "past", "elsewhere"):
        a_company(portal_db, name)
    handed_out(portal_db, who, a_company(portal_db, "gone", ended_at=NOW), "email")
    handed_out(portal_db, who, "seller", "email", "name")
    handed_out(portal_db, who, "insurer", "address", "email", until=NOW.date())
    handed_out(portal_db, who, "insurer", "email")
    handed_out(portal_db, who, "past", "email", until=NOW.date() - timedelta(days=1))
    handed_out(portal_db, other, "elsewhere", "email")
    assert tell(portal_db, who, "email", "name") == 2
    told = rows(portal_db)
    assert [(r.company_id, r.items) for r in told] == [
        ("insurer", ["email"]),
        ("seller", ["email", "name"]),
    ]
    assert {r.member_id for r in told} == {who}
    assert queued(portal_db) == 2


def test_the_same_fact_is_told_once(portal_db: PortalDb) -> None:
    who = member(portal_db)
    handed_out(portal_db, who, a_company(portal_db, "seller"), "email")
    assert [tell(portal_db, who, "email", key=k) for k in ("a", "a", "b")] == [1, 0, 1]
    assert (len(rows(portal_db)), queued(portal_db)) == (2, 2)


@pytest.mark.promise("P33")
def test_the_systems_a_value_came_from_are_told_every_time(portal_db: PortalDb) -> None:
    ours = Origin(Source.PORTAL, date(2026, 11, 22), "2021-03-15", None, None)
    app = Origin(Source.APP, date(2024, 3, 2), "2021-03-15", "엄마와", None)
    partner = Origin(Source.PARTNER, date(2024, 3, 2), "2021-03-15", "쇼핑", "맘카드")
    who = member(
        portal_db,
        values=(
            ValueDraft("email", PLAIN["email"], app),
            ValueDraft("name", PLAIN["name"], partner),
            ValueDraft("sex", "female", ours),
        ),
    )
    a_company(portal_db, "app", "source_system", service="엄마와")
    a_company(portal_db, "card", "source_system", service="맘카드")
    a_company(portal_db, "other", "source_system", service="다른 곳")
    a_company(portal_db, "bare", "source_system")
    assert tell(portal_db, who, "email", "name", "sex", key="a") == 2
    assert [(r.company_id, r.items) for r in rows(portal_db)] == [
        ("app", ["email"]),
        ("card", ["name"]),
    ]
    with portal_db.work.data.begin() as data:  # as a correction leaves it
        data.execute(update(LIVE.profile_value).values(service=None, partner=None))
    assert tell(portal_db, who, "email", key="b") == 1


@pytest.mark.promise("P22")
def test_a_refused_device_is_told_to_its_app(portal_db: PortalDb) -> None:
    who = member(portal_db)
    a_company(portal_db, "app", "source_system", service="엄마와")
    assert tell(portal_db, who, "device_id", change=Change.DEVICE_REFUSED) == 1


def test_who_is_told_by_hand_makes_no_job(portal_db: PortalDb) -> None:
    who = member(portal_db)
    handed_out(portal_db, who, a_company(portal_db, "seller", means="none", address=None), "email")
    assert (tell(portal_db, who, "email"), queued(portal_db)) == (1, 0)


@pytest.mark.promise("P33")
def test_the_member_sees_who_confirmed_and_who_is_late(portal_db: PortalDb) -> None:
    who = member(portal_db)
    for name in ("a", "b", "c"):
        handed_out(portal_db, who, a_company(portal_db, name), "email")
    tell(portal_db, who, "email")
    with portal_db.work.data.begin() as data:
        data.execute(update(dispatch).where(dispatch.c.company_id == "a").values(answered_at=NOW))
        data.execute(update(dispatch).where(dispatch.c.company_id == "b").values(failed_at=NOW))
    with opened(portal_db, who) as subject:
        (one,) = sharing.read(subject).told
    assert (one.told, one.answered, one.late, one.done) == (3, 1, ("B",), False)
    assert (one.change, one.items) == (Change.CORRECTED, ("email",))
    with opened(portal_db, who, NOW + telling.LATE_AFTER + timedelta(seconds=1)) as subject:
        (one,) = sharing.read(subject).told
    assert one.late == ("B", "C")


def test_nobody_has_it_and_nobody_is_told(portal_db: PortalDb) -> None:
    who = member(portal_db)
    assert tell(portal_db, who, "email") == 0
    with opened(portal_db, who) as subject:
        assert sharing.read(subject).told == ()
