"""A copy for two, the child and the guardian who called: each lets go of it alone (clause 9)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from db.tables.cases import case as cases
from db.tables.exports import export
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import CallWish, DisputeOutcome, Purpose, StepWhat, SuspensionWhy
from services import access, export_ending, exports, guardian_stop
from services import exporting as exporter
from services.actor import AccessDenied
from services.guardian_stop import Decision
from services.holding_back import HeldBack
from tests import exporting
from tests.calling import guardians_case, staff_actor
from tests.exporting import LOOK, no_files
from tests.leaving import worker_house
from tests.people import NOW, agent, portal_house
from tests.services.test_case_steps import approve, ask
from tests.services.test_disputes import WORDS, Family
from tests.services.test_exporting import waits_for_a_lock
from tests.services.test_own_copies import by_phone, made, takes

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

__all__ = ["no_files"]

pytestmark = pytest.mark.promise("P29")

BOTH = [
    pytest.param(("mother", "child"), id="mother"),
    pytest.param(("child", "mother"), id="child"),
]


@pytest.fixture
def family(portal_db: PortalDb) -> Family:
    return Family(portal_db)


def gives_up(family: Family, who: UUID, which: UUID | None = None) -> bool:
    actor = family.actor(who)
    done: bool = exporting.do(family.db, family.child, lambda s: exports.destroy(s, which), actor)
    return done


def noted(family: Family) -> list[tuple[str, UUID | None]]:
    with family.db.owner_data.connect() as data:
        ends = ("export_let_go", "export_destroyed", "export_cancelled")
        rows = select(event.c.name, event.c.actor_id).where(event.c.name.in_(ends))
        return [tuple(row) for row in data.execute(rows.order_by(event.c.event_id))]


def swept(family: Family) -> list[str]:
    """Let the worker destroy what has ended; return the files that are left."""
    at = NOW + timedelta(minutes=2)
    with family.db.work.data.begin() as data:
        export_ending.over(data, at)
    export_ending.destroy(worker_house(family.db), exporting.folder(family.db), at)
    portal_house(family.db)
    return exporting.files(family.db)


@pytest.mark.parametrize("names", BOTH)
def test_one_lets_go_and_the_other_takes_it_until_both_have(
    family: Family, names: tuple[str, str]
) -> None:
    first, second = (getattr(family, name) for name in names)
    which = by_phone(family, family.mother)
    for who in (first, second):
        found = exporting.do(family.db, family.child, exports.latest, family.actor(who))
        assert (found.shared, found.let_go) == (True, False)
    assert gives_up(family, first, which)
    assert not takes(family, first, which)
    found = exporting.do(family.db, family.child, exports.latest, family.actor(first))
    assert (found.shared, found.let_go, found.state) == (True, True, "done")
    assert not gives_up(family, first, which), "twice changes nothing"
    assert len(swept(family)) == 1
    assert takes(family, second, which)
    found = exporting.do(family.db, family.child, exports.latest, family.actor(second))
    assert (found.shared, found.let_go) == (False, False), "nobody else may take it"
    assert gives_up(family, second, which)
    assert exporting.row(family.db, which).state == "destroyed"
    assert (swept(family), exporting.keys(family.db)) == ([], [])
    assert noted(family) == [("export_let_go", first), ("export_destroyed", second)]


def test_of_two_who_let_go_at_once_the_second_ends_it(family: Family) -> None:
    which = by_phone(family, family.mother)
    portal_house(family.db)
    mother = family.actor(family.mother)
    with ThreadPoolExecutor(1) as other:
        with access.open(mother, family.child, Purpose.EXPORT, look=LOOK) as subject:
            assert exports.destroy(subject, which)
            second = other.submit(gives_up, family, family.child, which)
            waits_for_a_lock(family.db)
        assert second.result(30)
    assert exporting.row(family.db, which).state == "destroyed"
    assert noted(family) == [
        ("export_let_go", family.mother), ("export_destroyed", family.child),
    ]  # fmt: skip


def stop(family: Family, who: UUID) -> None:
    decided = Decision(DisputeOutcome.ENDED, WORDS * 2, who, SuspensionWhy.COURT_ORDER)
    family.do(family.child, lambda s: guardian_stop.stop(s, guardian_stop.guardians(s), decided))


@pytest.mark.parametrize("why", ["stopped", "disputed"])
def test_what_nobody_else_may_take_is_destroyed_at_once(family: Family, why: str) -> None:
    which = by_phone(family, family.mother)
    if why == "stopped":
        stop(family, family.mother)
    else:
        family.dispute(family.child)
    assert exporting.row(family.db, which).state == "done"
    assert gives_up(family, family.child, which)
    assert exporting.row(family.db, which).state == "destroyed"
    assert noted(family)[-1] == ("export_destroyed", family.child)


@pytest.mark.parametrize("how", ["stopped", "disputed", "ended_later"])
def test_let_go_of_by_the_child_it_ends_with_the_guardians_right(family: Family, how: str) -> None:
    which = by_phone(family, family.mother)
    assert gives_up(family, family.child, which)
    if how == "stopped":
        stop(family, family.father)
        assert exporting.row(family.db, which).state == "done", "not hers"
        stop(family, family.mother)
    elif how == "disputed":
        family.dispute(family.father)
    else:
        link = LIVE.guardianship
        with family.db.work.data.begin() as data:
            hers = link.c.guardian_id == family.mother
            data.execute(update(link).where(hers).values(ended_on=NOW.date()))
    assert swept(family) == []
    assert exporting.row(family.db, which).state == "destroyed"
    with pytest.raises((AccessDenied, HeldBack)):
        takes(family, family.mother, which)


def test_let_go_of_by_the_guardian_it_is_the_childs_whatever_becomes_of_them(
    family: Family,
) -> None:
    which = by_phone(family, family.mother)
    assert gives_up(family, family.mother, which)
    stop(family, family.mother)
    assert len(swept(family)) == 1
    assert takes(family, family.child, which)
    exporter.run(exporting.shop(family.db), NOW + timedelta(days=8))
    assert exporting.row(family.db, which).state == "destroyed"
    assert exporting.files(family.db) == []


def test_who_let_go_has_another_made(family: Family) -> None:
    first = by_phone(family, family.mother)
    assert gives_up(family, family.mother, first)
    with family.db.work.data.begin() as data:
        data.execute(update(cases).values(closed_at=NOW))
    second = by_phone(family, family.mother)
    assert takes(family, family.mother, second)
    assert not takes(family, family.mother, first)
    own = made(family, family.child)
    assert gives_up(family, family.child, own)
    # Of several, only the one that was shown is given up.
    assert [exporting.row(family.db, one).state for one in (first, second, own)] == [
        "done", "done", "destroyed",
    ]  # fmt: skip
    assert exporting.row(family.db, second).let_go_by is None
    found = exporting.do(family.db, family.child, exports.latest, family.actor(family.child))
    assert found.export_id in {first, second}, "what is there comes before what is gone"


@pytest.mark.parametrize("names", BOTH)
def test_while_it_is_made_one_lets_go_and_it_is_made_for_the_other(
    family: Family, names: tuple[str, str]
) -> None:
    first, second = (getattr(family, name) for name in names)
    one, other = staff_actor(agent(family.db)), staff_actor(agent(family.db))
    portal_house(family.db)
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.mother)
    approve(other, case, ask(one, case, StepWhat.EXPORT))
    assert exporting.do(family.db, family.child, exports.cancel, family.actor(first))
    found = exporting.do(family.db, family.child, exports.latest, family.actor(first))
    assert (found.waiting, found.let_go) == (False, True)
    assert exporting.make(family.db, family.child, found.export_id, NOW)
    exporter.run(exporting.shop(family.db), NOW + timedelta(minutes=2))
    assert takes(family, second, found.export_id)
    assert not takes(family, first, found.export_id)
    with family.db.work.data.connect() as data:
        ready = select(outbox.c.member_id).where(outbox.c.template == "export_ready")
        told = set(data.scalars(ready))
    assert told == ({family.mother} if second == family.mother else set())
    assert noted(family) == [("export_let_go", first)]


def test_who_lets_go_in_the_midst_of_its_making_is_not_told_that_it_is_ready(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = staff_actor(agent(family.db)), staff_actor(agent(family.db))
    portal_house(family.db)
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.mother)
    approve(other, case, ask(one, case, StepWhat.EXPORT))
    found = exporting.do(family.db, family.child, exports.latest, family.actor(family.mother))
    finish = exporter._finish

    def meanwhile(*given: Any) -> bool:  # noqa: ANN401
        exporting.do(family.db, family.child, exports.cancel, family.actor(family.mother))
        return finish(*given)

    with monkeypatch.context() as patched:
        patched.setattr(exporter, "_finish", meanwhile)
        assert exporting.make(family.db, family.child, found.export_id, NOW + timedelta(minutes=1))
    with family.db.work.data.connect() as data:
        ready = select(outbox.c.member_id).where(outbox.c.template == "export_ready")
        assert data.scalars(ready).all() == []


def test_only_one_of_the_two_can_have_let_go(family: Family) -> None:
    which = by_phone(family, family.mother)
    for row, who in ((which, family.father), (made(family, family.child), family.child)):
        change = update(export).where(export.c.export_id == row).values(let_go_by=who)
        with pytest.raises(IntegrityError, match="let_go"), family.db.work.data.begin() as data:
            data.execute(change)
    assert not gives_up(family, family.father, which)
    assert exporting.row(family.db, which).let_go_by is None
