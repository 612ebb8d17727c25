"""Whom the notice did not reach is listed, not separated, and told anew at a new address (P10)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import Purpose, StaffRole, Store
from services import access, dormancy, reference, unreached
from services.actor import AccessDenied, Permission
from services.ledger import EventName
from services.unreached import Unreached
from tests.people import NOW, acting, member, portal_house
from tests.services.test_dormancy import accept, house_of, later, notices, told
from tests.services.test_moving import stores_of
from tests.services.test_safeguards import officer

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P10")


def listed(db: PortalDb, number: int = 1) -> tuple[Unreached, ...]:
    portal_house(db)
    with db.web.data.begin() as data:
        found = unreached.page(data, officer(db), number)
        assert number > 1 or unreached.count(data) == len(found)
    return found


def new_email(db: PortalDb, at: datetime, item: str = "email") -> None:
    value = LIVE.profile_value
    with db.work.data.begin() as data:
        data.execute(update(value).where(value.c.item == item).values(changed_at=at))


@pytest.mark.parametrize(("column", "bounced"), [("bounced_at", True), ("failed_at", False)])
def test_who_bounced_is_listed_by_a_name_of_the_desks_and_not_separated(
    portal_db: PortalDb, column: str, *, bounced: bool
) -> None:
    who = told(portal_db)
    assert listed(portal_db) == ()
    accept(portal_db, **{column: NOW})
    assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert listed(portal_db) == (Unreached(reference.for_desk(who), NOW, bounced),)
    assert listed(portal_db, 2) == ()


def test_who_used_a_service_since_needs_no_notice_and_is_listed_no_more(
    portal_db: PortalDb,
) -> None:
    who = told(portal_db)
    accept(portal_db, bounced_at=NOW)
    with portal_db.work.data.begin() as data:
        used = LIVE.service_use
        data.execute(update(used).where(used.c.member_id == who).values(last_used_on=NOW.date()))
    dormancy.run(house_of(portal_db), later(1))
    assert listed(portal_db) == ()


def test_at_a_new_address_the_portal_writes_again_and_only_then(portal_db: PortalDb) -> None:
    who = told(portal_db)
    accept(portal_db, bounced_at=later(1))
    new_email(portal_db, later(1) - timedelta(hours=1))
    new_email(portal_db, later(2), "address")
    assert dormancy.run(house_of(portal_db), later(2)).told == 0
    new_email(portal_db, later(3))
    assert dormancy.run(house_of(portal_db), later(3)).told == 1
    assert listed(portal_db) == ()
    assert len(notices(portal_db)) == 2
    assert dormancy.run(house_of(portal_db), later(4)).told == 0
    # The first notice carries nothing still: the days are counted from the second.
    fresh = next(row for row in notices(portal_db) if row.bounced_at is None)
    with portal_db.work.data.begin() as data:
        own = outbox.c.message_id == fresh.message_id
        data.execute(update(outbox).where(own).values(sent_at=later(3)))
    assert dormancy.run(house_of(portal_db), later(33)).separated == 0
    assert dormancy.run(house_of(portal_db), later(34)).separated == 1
    assert stores_of(portal_db, who) == [Store.DORMANT]


def test_only_an_officer_sees_the_list(portal_db: PortalDb) -> None:
    told(portal_db)
    accept(portal_db, bounced_at=NOW)
    clerk = officer(portal_db, role=StaffRole.AGENT)
    with portal_db.web.data.begin() as data:
        with pytest.raises(AccessDenied):
            unreached.page(data, clerk)
        # The database asks who it is, too.
        rows = func.ops.unreached_members(clerk.session_id, 0, 20).table_valued("member_id")
        assert data.execute(select(rows)).all() == []


def test_whoever_has_a_request_in_hand_learns_it_of_that_member_only(portal_db: PortalDb) -> None:
    who = told(portal_db)
    accept(portal_db, bounced_at=NOW)
    portal_house(portal_db)

    def since(member_id: UUID) -> datetime | None:
        look = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ)
        with access.open(acting(member_id), member_id, Purpose.SHOW, look=look) as subject:
            found = unreached.since(subject)
            assert subject.connection.scalar(select(func.ops.unreached_since(who))) == found
            return found

    assert since(who) == NOW
    assert since(member(portal_db)) is None
