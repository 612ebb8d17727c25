"""Role, assignment, password and training: one of them missing, and staff open nothing (P26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from db.clock import seoul_day
from db.tables.ops import staff
from db.words import ActorKind, Purpose, StaffLack, StaffRole
from services import access, desk_queue, officer_open
from services.actor import PERMISSIONS, AccessDenied, Permission, Relation, page_opens
from services.ledger import EventName
from services.staff_standing import Facts, ending, lacking, password_day
from tests.people import NOW, acting, agent, member, open_case, portal_house

if TYPE_CHECKING:
    from tests.database import PortalDb

TODAY = seoul_day(NOW)
DAY = timedelta(days=1)
GOOD = Facts(TODAY, TODAY, TODAY - 90 * DAY)
"""Each on its last day."""
LOOK = access.Look(EventName.PROFILE_VIEWED)


@pytest.mark.promise("P26", "P27")
@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (GOOD, ()),
        (replace(GOOD, assigned_until=TODAY - DAY), (StaffLack.ASSIGNMENT,)),
        (replace(GOOD, assigned_until=None), (StaffLack.ASSIGNMENT,)),
        (replace(GOOD, trained_until=TODAY - DAY), (StaffLack.TRAINING,)),
        (replace(GOOD, trained_until=None), (StaffLack.TRAINING,)),
        (replace(GOOD, password_set_on=TODAY - 91 * DAY), (StaffLack.PASSWORD,)),
        (replace(GOOD, password_set_on=None), (StaffLack.PASSWORD,)),
        (Facts(None, None, None), tuple(StaffLack)),
    ],
    ids=["good", "assigned", "unassigned", "trained", "untrained", "old", "unknown", "nothing"],
)
def test_what_is_missing_or_over_shuts_the_desk(
    facts: Facts, missing: tuple[StaffLack, ...]
) -> None:
    assert lacking(facts, TODAY) == missing


@pytest.mark.promise("P26", "P27")
@pytest.mark.parametrize(
    "change",
    [
        {"assigned_until": TODAY - DAY},
        {"trained_until": None},
        {"password_set_on": TODAY - 91 * DAY},
        {"ended_at": NOW - DAY},
    ],
    ids=lambda c: next(iter(c)),
)
def test_an_open_case_opens_nothing_once_the_standing_is_lost(
    portal_db: PortalDb, change: dict[str, Any]
) -> None:
    """The actor was made while all was well: what counts is how it stands at the opening."""
    portal_house(portal_db)
    one, who = member(portal_db), agent(portal_db)
    case = open_case(portal_db, who, one)
    actor = acting(who, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    with access.open(actor, one, Purpose.SHOW, case, look=LOOK) as subject:
        assert subject.relation is Relation.STAFF
    with portal_db.work.data.begin() as connection:
        connection.execute(update(staff).where(staff.c.staff_id == who).values(change))
    with pytest.raises(AccessDenied), access.open(actor, one, Purpose.SHOW, case, look=LOOK):
        pass


@pytest.mark.promise("P26", "P27")
@pytest.mark.parametrize("lacks", [None, (StaffLack.TRAINING,)], ids=["unknown", "untrained"])
def test_no_permission_of_staff_is_left_without_standing(
    portal_db: PortalDb, lacks: tuple[StaffLack, ...] | None
) -> None:
    """Nor is one left when nobody has looked: what is not known counts as missing."""
    good = acting(uuid4(), kind=ActorKind.STAFF, role=StaffRole.OFFICER, verified_at=NOW)
    lost = replace(good, lacks=lacks)
    theirs = {p for p, relations in PERMISSIONS.items() if Relation.STAFF in relations}
    assert {p for p in Permission if page_opens(p, good)} == theirs | {Permission.PUBLIC}
    assert {p for p in Permission if page_opens(p, lost)} == {Permission.PUBLIC}
    with portal_db.web.data.connect() as connection, pytest.raises(AccessDenied):
        officer_open.count(connection, lost)


def test_a_request_in_hand_opens_nothing_either(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    one, who = member(portal_db), agent(portal_db, trained_until=None)
    case = open_case(portal_db, who, one, permissions=[Permission.REQUEST_DECIDE.value],
                     request_id=uuid4())  # fmt: skip
    actor = acting(who, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    with portal_db.web.data.connect() as connection:
        assert desk_queue.in_hand(connection, actor, case)
    look = access.Look(EventName.REQUEST_VIEWED, Permission.REQUEST_DECIDE)
    with pytest.raises(AccessDenied), access.open(actor, one, Purpose.CORRECT, case, look=look):
        pass


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()), date(2026, 11, 1)),
        # Half past three in the afternoon of the day before is past midnight in Seoul.
        ("2026-10-31T15:30:00+00:00", date(2026, 11, 1)),
        ("2026-11-01", date(2026, 11, 1)),
        ("2026-11-23", None),
        ("lately", None), (True, None), (None, None), (1e30, None), ([], None),
    ],
    ids=str,
)  # fmt: skip
def test_another_providers_word_on_the_password(value: object, day: date | None) -> None:
    assert password_day({"pw": value}, "pw", NOW) == day
    assert password_day({}, "pw", NOW) is None


def test_what_ends_soon_is_said_before() -> None:
    facts = Facts(TODAY + 14 * DAY, TODAY + 15 * DAY, TODAY - 90 * DAY)
    assert ending(facts, TODAY) == (
        (StaffLack.ASSIGNMENT, TODAY + 14 * DAY), (StaffLack.PASSWORD, TODAY),
    )  # fmt: skip
