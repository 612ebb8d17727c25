"""An officer lets suspended guardians act again, of a child who is awake and of one who sleeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, text, update

from db import places
from db.tables.keeping import journal as rows_of
from db.tables.ledger import event
from db.tables.member import DORMANT, LIVE
from db.tables.ops import outbox as told
from db.words import ActorKind, Noted, StaffRole, Store, SuspensionWhy
from services import lift_notices, moving, outbox, unguarded
from services.actor import AccessDenied, Actor, StepUpRequired
from services.disputes import DisputeRefused
from tests.people import NOW, acting, agent, child_of, member, portal_house
from tests.restoring import AT, LATER, portal
from tests.services.test_custody import acts, in_store, officer, sleeping
from tests.services.test_restore import restored_as_it_was

if TYPE_CHECKING:
    from db.tables.member import MemberTables
    from tests.database import PortalDb
    from tests.restoring import Restoring

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P29")

TODAY = NOW.date()
WHERE = [pytest.param(LIVE, id="awake"), pytest.param(DORMANT, id="asleep")]


def stopped(db: PortalDb, tables: MemberTables, *guardians: UUID, **changes: Any) -> UUID:  # noqa: ANN401
    """Return a child whose guardians are suspended, for good."""
    child = (
        sleeping(db, *guardians) if tables is DORMANT else child_of(db, guardians[0], "2016-05-06")
    )
    why = {"suspended_on": TODAY, "suspended_why": SuspensionWhy.COURT_ORDER}
    link = tables.guardianship
    with db.work.data.begin() as data:
        data.execute(update(link).where(link.c.member_id == child).values(**(why | changes)))
    return child


def lift(db: PortalDb, staff: Actor, child: UUID) -> int:
    with db.web.data.begin() as data:
        return unguarded.lift(data, staff, child)


def tell(db: PortalDb, child: UUID) -> dict[tuple[UUID, str], str]:
    """Do the worker's job twice; return who was told what, and in which words."""
    with db.work.data.begin() as data, db.work.keys.connect() as keys:
        asked = "select args from jobs.procrastinate_jobs where task_name = 'suspension_lifted'"
        (args,) = data.execute(text(asked)).scalars().all()
        assert args["member_id"] == str(child)
        lifted, who = datetime.fromisoformat(args["at"]), [UUID(one) for one in args["guardians"]]
        for _ in range(2):
            opened = partial(outbox.sealer_of, keys, db.keyring)
            lift_notices.tell(data, child, who, opened, lifted, lifted)
        found = {}
        for row in data.execute(select(told).where(told.c.template.like("guardian_again%"))):
            _store, sealer = outbox.sealer_of(keys, db.keyring, row.member_id)
            plain = sealer.open(row.sealed, places.outbox(row.message_id)) if row.sealed else b""
            assert (row.member_id, row.template) not in found
            found[row.member_id, row.template] = plain.decode()
    return found


@pytest.mark.parametrize("tables", WHERE)
def test_a_suspended_guardian_acts_again_and_is_told(
    portal_db: PortalDb, tables: MemberTables
) -> None:
    db = portal_db
    portal_house(db)
    guardian, staff = member(db), officer(db)
    child = stopped(db, tables, guardian)
    assert not acts(guardian, child)
    assert lift(db, staff, child) == 1
    (link,) = in_store(db, tables, child)
    assert link.suspended_until == TODAY - timedelta(days=1)
    with db.work.data.connect() as data:
        who = select(event.c.actor_id).where(
            event.c.name == "suspension_lifted", event.c.member_id == child
        )
        assert data.scalars(who).all() == [staff.person]
        carried = str(data.scalars(select(rows_of.c.detail)).all())
        assert f"{tables.store}.guardianship" in carried, "a restore does it again"
    expected = {(guardian, "guardian_again")}
    # The address of who sleeps is used for nothing.
    expected |= {(child, "guardian_again_child")} if tables is LIVE else set()
    found = tell(db, child)
    assert found.keys() == expected
    assert ('"yes"' in found[guardian, "guardian_again"]) is (tables is DORMANT)
    if tables is DORMANT:  # it slept on, and its guardian acts once it is back
        assert in_store(db, LIVE, child) == []
        with db.work.data.begin() as data, db.work.keys.begin() as keys:
            moving.rewrap(keys, db.keyring, [child], Store.DORMANT, Store.LIVE)
            moving.rows(data, [child], Store.DORMANT, Store.LIVE)
        portal_house(db)
    assert acts(guardian, child)


@pytest.mark.parametrize("tables", WHERE)
def test_nobody_else_lifts_it_and_nothing_else_is_lifted(
    portal_db: PortalDb, tables: MemberTables
) -> None:
    db = portal_db
    portal_house(db)
    guardian, staff = member(db), officer(db)
    child = stopped(db, tables, guardian)
    later = stopped(db, tables, member(db), suspended_on=TODAY + timedelta(days=1))
    before = in_store(db, tables, child) + in_store(db, tables, later)
    helper = acting(agent(db), kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    with pytest.raises(AccessDenied):
        lift(db, helper, child)
    unconfirmed = acting(staff.person, kind=ActorKind.STAFF, role=StaffRole.OFFICER)
    with pytest.raises(StepUpRequired):
        lift(db, unconfirmed, child)
    own = officer(db, own_membership=guardian)
    for who, which in ((own, child), (staff, later), (staff, guardian)):
        with pytest.raises(DisputeRefused, match="Nothing was changed"):
            lift(db, who, which)
    # Nor does the database, whoever asks it.
    with db.web.data.begin() as data:
        for who in (helper, own):
            for lifting in (func.ops.lift_suspensions, func.ops.lift_asleep):
                asked = lifting(who.person, child, TODAY).table_valued("member_id")
                assert data.execute(select(asked)).all() == []
    assert in_store(db, tables, child) + in_store(db, tables, later) == before
    with db.work.data.connect() as data:
        assert "suspension_lifted" not in data.scalars(select(event.c.name)).all()


def test_whose_link_has_ended_is_told_nothing(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    first, second = member(db), member(db)
    child = stopped(db, DORMANT, first, second)
    link = DORMANT.guardianship
    with db.work.data.begin() as data:
        data.execute(update(link).where(link.c.guardian_id == first).values(ended_on=TODAY))
    assert lift(db, officer(db), child) == 2
    assert tell(db, child).keys() == {(second, "guardian_again")}


@pytest.mark.promise("P23")
@pytest.mark.parametrize("sure", [True, False], ids=["committed", "perhaps"])
@pytest.mark.parametrize("tables", WHERE)
def test_it_is_lifted_again_in_restored_data(
    portal: Restoring, tables: MemberTables, *, sure: bool
) -> None:
    """But not where it may never have been committed: until somebody lifts it, it stands."""
    child = stopped(portal.db, tables, member(portal.db))
    staff = acting(agent(portal.db, StaffRole.OFFICER), kind=ActorKind.STAFF,
                   role=StaffRole.OFFICER, at=LATER, verified_at=LATER)  # fmt: skip
    file = portal.back_up()
    assert lift(portal.db, staff, child) == 1
    if sure:
        restored_as_it_was(portal, file)
    else:
        with portal.db.owner_data.begin() as data:
            data.execute(delete(rows_of).where(rows_of.c.kind != Noted.BACKED_UP))
        portal.restore(file, LATER + timedelta(minutes=5))
    (link,) = in_store(portal.db, tables, child)
    assert link.suspended_until == (AT.date() - timedelta(days=1) if sure else None)


# ---- the list of those whom nobody may act for --------------------------------------------------


def listed(db: PortalDb, staff: Actor, number: int = 1) -> unguarded.Page:
    with db.web.data.begin() as data:
        return unguarded.alone(data, staff, number)


def test_children_who_sleep_are_listed_after_those_awake(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    guardian, staff = member(db), officer(db)
    assert listed(db, staff) == unguarded.NOBODY
    awake, asleep = stopped(db, LIVE, guardian), stopped(db, DORMANT, guardian)
    nobodys, minor = sleeping(db), sleeping(db, member(db))
    with db.work.data.begin() as data:
        young = LIVE.member.c.member_id.in_(
            select(DORMANT.guardianship.c.guardian_id).where(
                DORMANT.guardianship.c.member_id == minor
            )
        )
        data.execute(update(LIVE.member).where(young).values(turns_19_on=TODAY + timedelta(days=1)))
    # Guarded as soon as they wake, no children, or children of who sleeps as well: not alone.
    for who in (member(db), member(db, Store.DORMANT)):
        sleeping(db, who)
    sleeping(db, born="2012-11-22")
    member(db, Store.DORMANT)
    sleeping(db, guardian, member(db))
    found = listed(db, staff)
    assert (found.count, found.asleep) == (4, 3)
    assert [(one.member_id, one.asleep, one.suspended, one.since) for one in found.rows] == [
        (awake, False, True, TODAY), (asleep, True, True, TODAY),
        *((one, True, False, None) for one in sorted((nobodys, minor))),
    ]  # fmt: skip
    past = listed(db, staff, 2)
    assert (past.rows, past.count, past.asleep) == ((), 4, 3)


def test_of_two_guardians_of_a_sleeping_child_both_must_be_stopped(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    first, second, staff = member(db), member(db), officer(db)
    child = stopped(db, DORMANT, first, second)
    assert [one.member_id for one in listed(db, staff).rows] == [child]
    link = DORMANT.guardianship
    with db.work.data.begin() as data:
        over = {"suspended_until": TODAY - timedelta(days=1)}
        data.execute(update(link).where(link.c.guardian_id == second).values(over))
    assert listed(db, staff) == unguarded.NOBODY


@pytest.mark.parametrize("tables", WHERE)
def test_what_was_seen_to_leaves_the_list_until_it_begins_anew(
    portal_db: PortalDb, tables: MemberTables
) -> None:
    db = portal_db
    portal_house(db)
    guardian, staff = member(db), officer(db)
    child = stopped(db, tables, guardian)
    own = officer(db, own_membership=guardian)
    with pytest.raises(DisputeRefused, match="Nothing was changed"), db.web.data.begin() as data:
        unguarded.see(data, own, child)
    assert listed(db, staff).count == 1
    with db.web.data.begin() as data:
        unguarded.see(data, staff, child)
    assert listed(db, staff) == unguarded.NOBODY
    lift(db, staff, child)
    link = tables.guardianship
    with db.work.data.begin() as data:
        again = update(link).where(link.c.member_id == child).values(suspended_until=None)
        data.execute(again)
    assert listed(db, staff).count == 1, "suspended again on the same day"
    with db.work.data.connect() as data:
        who = select(event.c.actor_id).where(event.c.name == "unguarded_seen")
        assert data.scalars(who).all() == [staff.person]


def test_who_is_no_officer_reads_nothing_of_it(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    stopped(db, DORMANT, member(db))
    helper = acting(agent(db), kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    with pytest.raises(AccessDenied):
        listed(db, helper)
    with db.web.data.begin() as data:
        asked = func.ops.unguarded(helper.person, TODAY, 0, 20).table_valued("member_id")
        assert data.scalars(select(asked)).all() == [None]


def test_of_who_is_awake_the_list_says_what_every_door_says(portal_db: PortalDb) -> None:
    """It asks of all children at once what `ops.may_guard` answers of two people."""
    db = portal_db
    portal_house(db)
    grown, second, staff = member(db), member(db), officer(db)
    young, unsaid, asleep = member(db), member(db), member(db, Store.DORMANT)
    day, link, own = timedelta(days=1), LIVE.guardianship, LIVE.member
    why = {"suspended_why": SuspensionWhy.REMOVAL}
    links: list[dict[str, Any]] = [
        {}, {"started_on": TODAY}, {"started_on": TODAY + day}, {"ended_on": TODAY},
        {"ended_on": TODAY + day}, why | {"suspended_on": TODAY},
        why | {"suspended_on": TODAY + day}, why | {"suspended_on": TODAY - day,
        "suspended_until": TODAY}, why | {"suspended_on": TODAY - day,
        "suspended_until": TODAY - day},
        *({"guardian_id": who} for who in (second, young, unsaid, asleep)),
    ]  # fmt: skip
    children = [child_of(db, grown, "2016-05-06") for _ in links]
    with db.work.data.begin() as data:
        for child, changed in zip(children, links, strict=True):
            if changed:
                data.execute(update(link).where(link.c.member_id == child).values(**changed))
        for who, turns in ((young, TODAY + day), (second, TODAY), (unsaid, None)):
            data.execute(update(own).where(own.c.member_id == who).values(turns_19_on=turns))
        may = func.ops.may_guard(link.c.member_id, link.c.guardian_id, TODAY)
        guarded = set(data.scalars(select(link.c.member_id).where(may)))
    listed_ones = {one.member_id for one in listed(db, staff).rows}
    assert listed_ones == set(children) - guarded
    assert len(guarded) == 7
