"""What protects outside the portal counts only while an officer's word for it is fresh (P42)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from db.law import law
from db.policy import policies
from db.tables.ledger import event
from db.tables.ops import safeguard_confirmation as rows
from db.tables.ops import staff
from db.words import ActorKind, StaffRole
from services import safeguards
from services.actor import AccessDenied, Actor, StepUpRequired
from services.safeguards import ConfirmationRefused, State
from tests.people import NOW, acting, agent

if TYPE_CHECKING:
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P42")

TODAY = date(2026, 11, 22)
OUTSIDE = {one.id: one for one in law().outside}
ALL = {name: [check.id for check in one.checks] for name, one in OUTSIDE.items()}


def officer(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    who = agent(db, StaffRole.OFFICER)
    given = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(who, **(given | changes))


def confirm(db: PortalDb, chief: Actor, name: str, checks: list[str], day: date = TODAY) -> None:
    with db.web.data.begin() as data:
        safeguards.confirm(data, chief, name, checks, day)


def states(db: PortalDb, day: date = TODAY) -> dict[str, State]:
    with db.web.data.begin() as data:
        return {one.safeguard: one.state for one in safeguards.listed(data, day)}


def test_each_lies_outside_and_is_named_by_the_policy() -> None:
    named = {one.id for one in policies()[0].safeguards}
    assert set(OUTSIDE) <= named
    assert {"antivirus", "firewall"} <= set(OUTSIDE)
    for checks in ALL.values():
        assert len(checks) == len(set(checks))


def test_nobody_confirmed_anything_yet_and_it_is_said(portal_db: PortalDb) -> None:
    assert states(portal_db) == dict.fromkeys(OUTSIDE, State.MISSING)
    with portal_db.web.data.begin() as data:
        assert safeguards.open_ones(data, TODAY) == len(OUTSIDE)


def test_a_confirmation_counts_for_its_period_and_no_longer(portal_db: PortalDb) -> None:
    chief = officer(portal_db)
    confirm(portal_db, chief, "antivirus", ALL["antivirus"])
    with portal_db.web.data.begin() as data:
        [one] = [s for s in safeguards.listed(data, TODAY) if s.safeguard == "antivirus"]
        number = data.scalar(select(staff.c.staff_no).where(staff.c.staff_id == chief.person))
    last = date(2027, 5, 22)
    assert (one.state, one.until) == (State.CONFIRMED, last)
    assert {(look.on, look.staff_no, look.until) for look in one.looked} == {(TODAY, number, last)}
    assert states(portal_db, last)["antivirus"] is State.CONFIRMED
    assert states(portal_db, last + timedelta(1))["antivirus"] is State.OVERDUE
    with portal_db.work.data.connect() as data:
        [noted] = data.execute(select(event)).all()
    assert (noted.name, noted.actor_id, noted.member_id) == (
        "safeguard_confirmed", chief.person, None,
    )  # fmt: skip


def test_what_nobody_looked_at_stays_missing_and_each_look_counts_by_itself(
    portal_db: PortalDb,
) -> None:
    first, *others = ALL["firewall"]
    earlier = TODAY - timedelta(100)
    confirm(portal_db, officer(portal_db), "firewall", [first], earlier)
    assert states(portal_db)["firewall"] is State.MISSING
    confirm(portal_db, officer(portal_db), "firewall", others)
    assert states(portal_db)["firewall"] is State.CONFIRMED
    with portal_db.web.data.begin() as data:
        [one] = [s for s in safeguards.listed(data, TODAY) if s.safeguard == "firewall"]
    assert one.until == OUTSIDE["firewall"].every.ends_on(earlier)
    # A later entry about an earlier day takes nothing back.
    confirm(portal_db, officer(portal_db), "firewall", others, earlier)
    with portal_db.web.data.begin() as data:
        [same] = [s for s in safeguards.listed(data, TODAY) if s.safeguard == "firewall"]
    assert same == one


@pytest.mark.parametrize(
    ("name", "checks", "day"),
    [
        ("antivirus", [], TODAY),
        ("antivirus", ["restored"], TODAY),
        ("antivirus", ["running", "fine"], TODAY),
        ("antivirus", ["running"], TODAY + timedelta(1)),
        ("antivirus", ["running"], TODAY - timedelta(190)),
        ("training", ["running"], TODAY),
        ("moat", ["running"], TODAY),
    ],
)
def test_words_and_days_of_ours_only(
    portal_db: PortalDb, name: str, checks: list[str], day: date
) -> None:
    with pytest.raises(ConfirmationRefused):
        confirm(portal_db, officer(portal_db), name, checks, day)
    assert states(portal_db)["antivirus"] is State.MISSING


def test_only_an_officer_who_has_just_confirmed_who_they_are(portal_db: PortalDb) -> None:
    with pytest.raises(StepUpRequired):
        confirm(portal_db, officer(portal_db, verified_at=None), "antivirus", ["running"])
    with pytest.raises(AccessDenied):
        confirm(portal_db, officer(portal_db, role=StaffRole.AGENT), "antivirus", ["running"])
    assert set(states(portal_db).values()) == {State.MISSING}


@pytest.mark.parametrize("role", ["web", "work"])
@pytest.mark.parametrize("verb", ["update {} set checked_on = now()", "delete from {}"])
def test_no_login_role_changes_a_confirmation(portal_db: PortalDb, role: str, verb: str) -> None:
    confirm(portal_db, officer(portal_db), "antivirus", ["running"])
    with pytest.raises(ProgrammingError, match="permission denied"):  # noqa: SIM117
        with getattr(portal_db, role).data.begin() as data:
            data.exec_driver_sql(verb.format("ops.safeguard_confirmation"))


def test_the_database_takes_no_day_ahead(portal_db: PortalDb) -> None:
    row = {
        "confirmation_id": officer(portal_db).session_id, "safeguard": "antivirus",
        "checks": ["running"], "confirmed_by": agent(portal_db, StaffRole.OFFICER),
        "confirmed_at": NOW, "checked_on": TODAY + timedelta(1),
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="not_ahead"), portal_db.web.data.begin() as data:
        data.execute(insert(rows).values(row))
