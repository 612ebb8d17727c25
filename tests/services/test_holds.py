"""Legal holds on the desk: checked, looked up, previewed, and seen by the member (clause 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.drafts import RecordDraft
from db.tables.keeping import hold, journal
from db.tables.ledger import event
from db.words import HoldWhy, Purpose, RecordKind, StaffRole, Store
from services import access, hold_entry, holds, reference
from services.actor import Permission, StepUpRequired
from services.history import read
from services.hold_entry import HoldDraft
from services.holds import HeldBack, HoldError, Wish
from services.ledger import EventName
from tests.people import FIELDS, ORIGIN, PLAIN, acting, member, portal_house
from tests.services.test_safeguards import officer

if TYPE_CHECKING:
    from tests.database import PortalDb

TODAY = date(2026, 11, 22)
END = TODAY + timedelta(30)
DRAFT = HoldDraft(PLAIN["email"], None, HoldWhy.LAWSUIT, END, "2026가단1")


def record(ends_on: date, kind: RecordKind = RecordKind.VISIT) -> RecordDraft:
    return RecordDraft(uuid4(), kind, ends_on - timedelta(90), ends_on, FIELDS[kind], ORIGIN)


def rows(db: PortalDb, table: Any) -> list[Any]:  # noqa: ANN401
    with db.work.data.connect() as data:
        return list(data.execute(select(table)).all())


def sought(db: PortalDb, typed: str, **who: Any) -> tuple[UUID, ...]:  # noqa: ANN401
    portal_house(db)
    with db.web.data.begin() as data:
        return hold_entry.seek(data, officer(db, **who), typed)


@pytest.mark.parametrize(
    "changes",
    [
        {"why": None},
        {"ends_on": None},
        {"ends_on": TODAY - timedelta(1)},
        {"reference": ""},
        {"reference": "홍길순"},
        {"reference": "haneul@example.com 1"},
        {"reference": "010-2345-6789"},
        {"reference": "+82 10-2345-6789"},
        {"reference": "9" * 61},
        {"kind": "shoe_size"},
        {"typed": " "},
    ],
)
def test_everything_is_checked_before_anybody_is_looked_for(
    portal_db: PortalDb, changes: dict[str, Any]
) -> None:
    with pytest.raises(HoldError):
        hold_entry.checked(officer(portal_db), replace(DRAFT, **changes))


def test_a_kind_of_everybody_needs_no_file(portal_db: PortalDb) -> None:
    draft = replace(DRAFT, typed="", kind="visit", reference="")
    assert hold_entry.checked(officer(portal_db), draft) == Wish(
        HoldWhy.LAWSUIT, END, None, "visit", ""
    )


@pytest.mark.parametrize("store", list(Store))
def test_whoever_is_found_in_any_store_is_told_of_the_look(
    portal_db: PortalDb, store: Store
) -> None:
    who = member(portal_db, store)
    assert sought(portal_db, PLAIN["email"]) == (who,)
    assert sought(portal_db, "nobody@example.com") == ()
    assert [(row.name, row.member_id) for row in rows(portal_db, event)] == [
        ("hold_sought", who), ("hold_sought", None),
    ]  # fmt: skip


def test_nobody_and_several_are_not_the_one() -> None:
    for found in ((), (uuid4(), uuid4())):
        with pytest.raises(HoldError):
            hold_entry.the_one(found)


def test_the_preview_counts_what_is_due_and_what_ends_in_every_store(portal_db: PortalDb) -> None:
    days = (TODAY - timedelta(1), TODAY, END - timedelta(1), END)
    found = [
        member(portal_db, store, records=tuple(map(record, days)), values=(), devices=())
        for store in Store
    ]
    chief = officer(portal_db)

    def preview(**wish: Any) -> tuple[HeldBack, ...]:  # noqa: ANN401
        with portal_db.web.data.begin() as data:
            return holds.preview(data, chief, Wish(HoldWhy.AUDIT, END, **wish))

    assert preview(kind="visit") == (HeldBack("visit", 3, 6),)
    assert preview(kind="payment") == ()
    for who in found:
        assert preview(member_id=who) == (HeldBack("visit", 1, 2),)
        assert preview(member_id=who, kind="inbox") == ()
    assert preview(member_id=uuid4()) == ()


def test_the_member_sees_the_hold_and_its_end_in_who_looked(portal_db: PortalDb) -> None:
    who = member(portal_db)
    portal_house(portal_db)
    chief = officer(portal_db)
    with portal_db.web.data.begin() as data:
        hold_id = holds.place(data, chief, Wish(HoldWhy.LAWSUIT, END, who, reference="1"))
        other = holds.place(data, chief, Wish(HoldWhy.AUDIT, END, kind="visit"))
        assert holds.count(data, TODAY) == 2
    with portal_db.web.data.begin() as data:
        for _ in range(2):
            holds.lift(data, chief, hold_id)
        holds.lift(data, chief, other)
        assert holds.standing(data, TODAY) == ()
    look = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ)
    with access.open(acting(who), who, Purpose.SHOW, look=look) as subject:
        names = [line.name for line in read(subject, 1, only_others=True).lines]
    assert names == ["hold_lifted", "hold_placed"]
    assert [row.kind for row in rows(portal_db, journal)].count("hold_lifted") == 2
    about = [row.member_id for row in rows(portal_db, event) if row.name.startswith("hold_")]
    assert about == [who, None, who, None]


def test_only_an_officer_who_has_just_confirmed_who_they_are(portal_db: PortalDb) -> None:
    wish = Wish(HoldWhy.AUDIT, END, kind="visit")
    agent, unsure = officer(portal_db, role=StaffRole.AGENT), officer(portal_db, verified_at=None)
    with portal_db.web.data.begin() as data:
        for one, refused in ((agent, HoldError), (unsure, StepUpRequired)):
            with pytest.raises(refused):
                holds.place(data, one, wish)
            with pytest.raises(refused):
                holds.lift(data, one, uuid4())
            with pytest.raises(refused):
                holds.preview(data, one, wish)
            with pytest.raises(refused):
                hold_entry.checked(one, DRAFT)
            with pytest.raises(refused):
                hold_entry.seek(data, one, PLAIN["email"])
    assert (rows(portal_db, hold), rows(portal_db, event)) == ([], [])


def test_the_desks_name_of_a_member_is_short_and_its_own(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    one, other = uuid4(), uuid4()
    name = reference.for_desk(one)
    assert name == reference.for_desk(one) != reference.for_desk(other)
    assert len(name) == 9
    assert name.replace("-", "").lower() not in reference.for_company("x", one)
