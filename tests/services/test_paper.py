"""Forms on paper are destroyed with their data, and an officer says so (clause 4, P15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from db.drafts import RecordDraft, ValueDraft
from db.tables.keeping import paper_destruction
from db.tables.ledger import event
from db.tables.member import STORES
from db.words import PaperMethod, RecordKind, Source, StaffRole, Store
from services import destruction, paper
from services.actor import AccessDenied, StepUpRequired
from services.destroying_rows import LEAVING
from services.holds import AFTER_WITHDRAWAL
from services.paper import Destroyed, Paper, PaperRefused
from tests.leaving import leave
from tests.people import FIELDS, NOW, ORIGIN, PLAIN, member, portal_house
from tests.services.test_safeguards import officer

if TYPE_CHECKING:
    from services.actor import Actor
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P15")

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(1)
PAPER = replace(ORIGIN, source=Source.PAPER)
SHRED, VISIT = PaperMethod.SHREDDING, RecordKind.VISIT


def on_paper(ends_on: date, given: date = date(2026, 8, 1)) -> RecordDraft:
    origin = replace(PAPER, obtained_on=given)
    return RecordDraft(uuid4(), VISIT, ends_on - timedelta(90), ends_on, FIELDS[VISIT], origin)


def holder(db: PortalDb, *records: RecordDraft) -> None:
    member(db, records=records, values=(), devices=())


def listed(db: PortalDb) -> dict[str, Paper]:
    with db.web.data.begin() as data:
        assert paper.due(data) == sum(one.due for one in paper.listed(data))
        return {one.kind: one for one in paper.listed(data)}


def record(db: PortalDb, chief: Actor, forms: int, day: date = TODAY, kind: str = VISIT) -> None:
    with db.web.data.begin() as data:
        paper.record(data, chief, Destroyed(kind, forms, SHRED, day))


def test_a_form_is_due_when_its_data_is_destroyed_and_not_before(portal_db: PortalDb) -> None:
    # Two visits on one form, one on another; one whose time has not come; one not on paper.
    other = replace(on_paper(YESTERDAY), origin=ORIGIN)
    holder(portal_db, on_paper(YESTERDAY), on_paper(YESTERDAY), other)
    holder(portal_db, on_paper(YESTERDAY), on_paper(TODAY, date(2026, 9, 1)))
    assert listed(portal_db) == {VISIT: Paper(VISIT, 0, 0, 3)}
    destruction.run(portal_db.work, NOW)
    assert listed(portal_db) == {VISIT: Paper(VISIT, 2, 0, 1)}


def test_who_left_is_one_form_however_many_values_it_had(portal_db: PortalDb) -> None:
    values = tuple(ValueDraft(name, PLAIN[name], PAPER) for name in ("name", "email", "mobile"))
    member(portal_db, Store.RETAINED, values=values, records=(), devices=())
    table = STORES[Store.RETAINED].profile_value
    with portal_db.work.data.begin() as data:
        data.execute(update(table).values(ends_on=YESTERDAY))
    assert listed(portal_db) == {AFTER_WITHDRAWAL: Paper(AFTER_WITHDRAWAL, 0, 0, 1)}
    destruction.run(portal_db.work, NOW)
    assert listed(portal_db)[AFTER_WITHDRAWAL] == Paper(AFTER_WITHDRAWAL, 1, 0, 0)


def test_leaving_makes_a_form_due_of_which_nothing_is_kept(portal_db: PortalDb) -> None:
    """The nine items stay for a year, and with them the form they stand on."""
    other = replace(PAPER, obtained_on=date(2025, 5, 5))
    values = (
        ValueDraft("name", PLAIN["name"], PAPER),
        ValueDraft("nickname", PLAIN["nickname"], PAPER),
        ValueDraft("children", PLAIN["children"], other),
        ValueDraft("baby_name", PLAIN["baby_name"], other),
        ValueDraft("email", PLAIN["email"], ORIGIN),
    )
    who = member(portal_db, values=values, records=(), devices=())
    leave(portal_db, who)
    assert listed(portal_db) == {
        AFTER_WITHDRAWAL: Paper(AFTER_WITHDRAWAL, 0, 0, 1),
        LEAVING: Paper(LEAVING, 1, 0, 0),
    }
    portal_house(portal_db)
    record(portal_db, officer(portal_db), 1, kind=LEAVING)
    assert listed(portal_db)[LEAVING] == Paper(LEAVING, 0, 1, 0)


def test_what_the_officer_destroyed_is_recorded_and_open_no_more(portal_db: PortalDb) -> None:
    holder(portal_db, *(on_paper(YESTERDAY, date(2026, 8, n)) for n in (1, 2, 3)))
    destruction.run(portal_db.work, NOW)
    chief = officer(portal_db)
    record(portal_db, chief, 2)
    assert listed(portal_db) == {VISIT: Paper(VISIT, 1, 2, 0)}
    record(portal_db, officer(portal_db), 1)
    assert listed(portal_db) == {VISIT: Paper(VISIT, 0, 3, 0)}
    with portal_db.web.data.begin() as data:
        lines = paper.lately(data)
    assert sorted(one.what.forms for one in lines) == [1, 2]
    assert {(one.what.method, one.what.day) for one in lines} == {(SHRED, TODAY)}
    with portal_db.work.data.connect() as data:
        first, _second = data.execute(select(event).order_by(event.c.event_id)).all()
    assert (first.name, first.actor_id, first.member_id, first.reason) == (
        "paper_destroyed", chief.person, None, "visit",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("forms", "day", "kind"),
    [
        (0, TODAY, VISIT),
        (-1, TODAY, VISIT),
        (3, TODAY, VISIT),
        (1, TODAY + timedelta(1), VISIT),
        (1, YESTERDAY, VISIT),
        (1, TODAY, RecordKind.PAYMENT),
        (1, TODAY, "shoe_size"),
    ],
)
def test_not_more_than_are_due_nor_before_nor_ahead(
    portal_db: PortalDb, forms: int, day: date, kind: str
) -> None:
    holder(portal_db, on_paper(YESTERDAY), on_paper(YESTERDAY, date(2026, 8, 2)))
    destruction.run(portal_db.work, NOW)
    with pytest.raises(PaperRefused):
        record(portal_db, officer(portal_db), forms, day, kind)
    assert listed(portal_db)[VISIT] == Paper(VISIT, 2, 0, 0)


def test_of_two_officers_at_once_the_second_waits_and_finds_nothing_left(
    portal_db: PortalDb,
) -> None:
    holder(portal_db, on_paper(YESTERDAY))
    destruction.run(portal_db.work, NOW)
    first, second = officer(portal_db), officer(portal_db)
    done = Destroyed(VISIT, 1, SHRED, TODAY)
    with portal_db.web.data.begin() as data:
        paper.record(data, first, done)
        with (
            pytest.raises(OperationalError, match="lock timeout"),
            portal_db.web.data.begin() as other,
        ):
            other.execute(text("set local lock_timeout = '50ms'"))
            paper.record(other, second, done)
    with pytest.raises(PaperRefused):
        record(portal_db, second, 1)
    assert listed(portal_db)[VISIT] == Paper(VISIT, 0, 1, 0)


def test_only_an_officer_who_has_just_confirmed_who_they_are(portal_db: PortalDb) -> None:
    holder(portal_db, on_paper(YESTERDAY))
    destruction.run(portal_db.work, NOW)
    with pytest.raises(StepUpRequired):
        record(portal_db, officer(portal_db, verified_at=None), 1)
    with pytest.raises(AccessDenied):
        record(portal_db, officer(portal_db, role=StaffRole.AGENT), 1)
    assert listed(portal_db)[VISIT].due == 1


def test_no_column_names_a_member_and_no_role_changes_the_record(portal_db: PortalDb) -> None:
    assert "member_id" not in paper_destruction.c
    holder(portal_db, on_paper(YESTERDAY))
    destruction.run(portal_db.work, NOW)
    record(portal_db, officer(portal_db), 1)
    for engine in (portal_db.web.data, portal_db.work.data):
        for verb in ("update {} set forms = 9", "delete from {}"):
            with pytest.raises(ProgrammingError, match="permission denied"):  # noqa: SIM117
                with engine.begin() as data:
                    data.exec_driver_sql(verb.format("ops.paper_destruction"))
