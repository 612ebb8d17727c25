"""Legal demands: two officers, the least, and shown to the member from their day on (P16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select

from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import case as cases
from db.words import ActorKind, FindingKind, Purpose, StaffRole, Store
from services import access, demand_entry, demands, disclosure_check, history, later, proof, sharing
from services.actor import AccessDenied, Actor, Permission, StepUpRequired
from services.demand_entry import DemandDraft, DemandRefused
from services.demands import DemandGone, DemandRefusal
from services.disclosing import Disclosure, DisclosureRefused, Refusal
from services.files import FileRefused
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, agent, member, portal_house
from tests.sealing import SEALS_AT, START, Sealed, sealed
from tests.services.test_requests import PNG

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.subject import Subject
    from tests.database import PortalDb

__all__ = ["sealed"]

pytestmark = pytest.mark.promise("P16")

T = TypeVar("T")
LOOK = access.Look(EventName.PROFILE_VIEWED)
TODAY = NOW.date()
DAY = date(2026, 12, 1)
DRAFT = DemandDraft(
    PLAIN["email"], "[가상] 경찰서", "[가상] 법 제1조", ("name", "mobile"), TODAY, None, PNG
)


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    """Return databases, opened as the portal opens them."""
    portal_house(portal_db)
    return portal_db


def officer(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    person = agent(db, StaffRole.OFFICER)
    given: dict[str, Any] = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(person, **given | changes)


def seek(db: PortalDb, who: Actor, typed: str) -> tuple[UUID, ...]:
    with db.web.data.begin() as connection:
        return demand_entry.seek(connection, who, typed)


def open_case(db: PortalDb, who: Actor, one: UUID, demand_id: UUID) -> UUID:
    with db.web.data.begin() as connection:
        return demands.open_case(connection, who, one, demand_id)


def within(who: Actor, one: UUID, case_id: UUID, do: Callable[[Subject], T]) -> T:
    look = demands.VIEWING
    with access.open(who, one, demand_entry.PURPOSE, case_id, look=look) as subject:
        return do(subject)


def enter(db: PortalDb, who: Actor, **changes: Any) -> tuple[UUID, UUID]:  # noqa: ANN401
    """Enter a demand as the page does; return the member's id and its own."""
    good, demand_id = demand_entry.checked(who, replace(DRAFT, **changes)), uuid4()
    one = demand_entry.the_one(seek(db, who, good.typed))
    case_id, look = open_case(db, who, one, demand_id), demand_entry.ENTERING
    with access.open(who, one, demand_entry.PURPOSE, case_id, look=look) as subject:
        demand_entry.enter(subject, demand_id, good)
    return one, demand_id


def approve(db: PortalDb, who: Actor, at: tuple[UUID, UUID], *items: str) -> Disclosure:
    case_id = open_case(db, who, *at)
    return within(who, at[0], case_id, lambda s: demands.approve(s, items))


def rows(db: PortalDb, what: Any) -> list[Any]:  # noqa: ANN401
    with db.work.data.connect() as connection:
        return list(connection.execute(select(what)).all())


def noted(db: PortalDb, *names: EventName) -> list[Any]:
    return [row for row in rows(db, event) if row.name in names]


def test_one_enters_another_approves_fewer_and_these_alone_go(db: PortalDb) -> None:
    one, first, second = member(db), officer(db), officer(db)
    found = enter(db, first)
    assert found[0] == one
    made = approve(db, second, found, "name")
    assert made.values == {"name": (PLAIN["name"],)}
    (given,) = rows(db, LIVE.disclosure)
    assert (given.recipient, given.items, given.purpose, given.ground, given.ground_id) == (
        "[가상] 경찰서", ["name"], None, "legal_demand", found[1],
    )  # fmt: skip
    (row,) = rows(db, LIVE.demand)
    assert (row.entered_by, row.approved_by) == (first.person, second.person)
    assert (row.items, row.approved_items) == (["name", "mobile"], ["name"])
    assert row.document != PNG
    assert PNG not in row.document
    assert all(case.closed_at for case in rows(db, cases))
    with db.work.data.begin() as connection:
        assert disclosure_check.run(connection, NOW) == 0, list(FindingKind)
    with pytest.raises(DemandGone):
        approve(db, officer(db), found, "name")


def test_the_one_who_entered_decides_nothing(db: PortalDb) -> None:
    member(db)
    first = officer(db)
    found = enter(db, first)
    case_id = open_case(db, first, *found)
    with pytest.raises(DemandRefused, match="another officer"):
        within(first, found[0], case_id, lambda s: demands.approve(s, ("name",)))
    with pytest.raises(DemandRefused, match="another officer"):
        within(first, found[0], case_id, lambda s: demands.refuse(s, DemandRefusal.NOT_HELD))
    assert rows(db, LIVE.disclosure) == []


@pytest.mark.parametrize("items", [(), ("email",), ("name", "email"), ("name", "mobile", "sex")])
def test_nothing_beyond_what_was_demanded(db: PortalDb, items: tuple[str, ...]) -> None:
    member(db)
    found = enter(db, officer(db))
    with pytest.raises(DemandRefused, match="at least one item"):
        approve(db, officer(db), found, *items)
    assert rows(db, LIVE.disclosure) == []
    assert rows(db, LIVE.demand)[0].approved_at is None


def test_refused_with_its_reason_nothing_goes(db: PortalDb) -> None:
    member(db)
    found, second = enter(db, officer(db)), officer(db)
    case_id = open_case(db, second, *found)
    within(second, found[0], case_id, lambda s: demands.refuse(s, DemandRefusal.TOO_BROAD))
    (told,) = noted(db, EventName.DEMAND_REFUSED)
    assert (told.reason, told.case_id, told.actor_id) == ("too_broad", case_id, second.person)
    assert rows(db, LIVE.disclosure) == []
    with db.web.data.begin() as connection:
        assert demands.waiting(connection, second) == ()
    with pytest.raises(DemandGone):
        approve(db, officer(db), found, "name")


@pytest.mark.parametrize("typed", [PLAIN["email"], "HANEUL87", "010 2345 6789"])
def test_found_by_exactly_what_the_sign_in_knows(db: PortalDb, typed: str) -> None:
    one, who = member(db), officer(db)
    assert seek(db, who, typed) == (one,)
    assert seek(db, who, typed[:-1]) == ()
    told = noted(db, EventName.DEMAND_SOUGHT)
    assert [(t.member_id, t.actor_id, t.items) for t in told] == [(None, who.person, None)] * 2


def test_shared_or_unknown_nobody_is_chosen(db: PortalDb) -> None:
    member(db)
    member(db)
    who = officer(db)
    for typed, words in ((PLAIN["mobile"], "Several"), ("nobody@example.com", "no active member")):
        with pytest.raises(DemandRefused, match=words):
            enter(db, who, typed=typed)
    with pytest.raises(DemandRefused, match="no active member"):
        open_case(db, who, uuid4(), uuid4())
    assert rows(db, LIVE.demand) == rows(db, cases) == []


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "no document": ({"content": b""}, DemandRefused),
    "a program": ({"content": b"MZ\x90\x00"}, FileRefused),
    "pdf in name only": ({"content": b"%PDF-1.7\nhello\n%%EOF"}, FileRefused),
    "nobody named": ({"typed": "  "}, DemandRefused),
    "no authority": ({"authority": " \n"}, DemandRefused),
    "a control character": ({"authority": "a\x00b"}, DemandRefused),
    "no law": ({"legal_basis": ""}, DemandRefused),
    "endless": ({"legal_basis": "x" * 301}, DemandRefused),
    "no item": ({"items": ()}, DemandRefused),
    "a password": ({"items": ("name", "password")}, DemandRefused),
    "from the future": ({"received_on": TODAY + timedelta(1)}, DemandRefused),
    "a day that is over": ({"shown_from": TODAY}, DemandRefused),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_amiss_is_said_before_anybody_is_looked_for(db: PortalDb, name: str) -> None:
    changes, error = WRONG[name]
    with pytest.raises(error):
        enter(db, officer(db), **changes)
    assert noted(db, EventName.DEMAND_SOUGHT) == []


def test_only_officers_who_have_confirmed_who_they_are(db: PortalDb) -> None:
    one, second = member(db), officer(db, verified_at=None)
    for who, error in (
        (second, StepUpRequired),
        (officer(db, role=StaffRole.AGENT), AccessDenied),
        (acting(one, verified_at=NOW), AccessDenied),
    ):
        with pytest.raises(error):
            demand_entry.checked(who, DRAFT)
        with pytest.raises(error):
            seek(db, who, PLAIN["email"])
        with pytest.raises(error):
            open_case(db, who, one, uuid4())
    found = enter(db, officer(db))
    fresh = replace(second, verified_at=NOW)
    case_id = open_case(db, fresh, *found)
    for do in (demands.document, lambda s: demands.approve(s, ("name",))):
        with pytest.raises(StepUpRequired):
            within(second, found[0], case_id, do)
    with pytest.raises(AccessDenied):
        within(officer(db), found[0], case_id, demands.document)
    assert within(fresh, found[0], case_id, demands.document).content == PNG


def seen(one: UUID, days: int) -> tuple[list[str], int, int]:
    """Return what the member sees that many days later: lines, disclosures, leaves of a proof."""
    mine = acting(one, at=NOW + timedelta(days=days))
    with access.open(mine, one, Purpose.SHOW, look=LOOK) as subject:
        lines = [line.name for line in history.read(subject, 1, only_others=True).lines]
        proved = select(func.count()).where(
            event.c.member_id == one, event.c.actor_kind == "staff", later.shown(Store.LIVE)
        )
        day = {"member": one, "today": subject.today, "guardian": None}
        return lines, sharing.read(subject).count, subject.connection.scalar(proved, day) or 0


def test_hidden_until_its_day_then_all_of_it_is_there(db: PortalDb) -> None:
    member(db)
    found, second = enter(db, officer(db), shown_from=DAY), officer(db)
    case_id = open_case(db, second, *found)
    within(second, found[0], case_id, demands.document)
    with pytest.raises(AccessDenied):
        within(officer(db), found[0], case_id, demands.document)
    approve(db, second, found, "name")
    for days in (0, 8):
        assert seen(found[0], days) == ([], 0, 0)
    lines, given, proved = seen(found[0], 9)
    assert {"demand_entered", "demand_viewed", "demand_approved", "disclosed"} == set(lines)
    assert given == 1
    assert proved == len(lines)


def test_at_once_when_no_day_is_stated(db: PortalDb) -> None:
    member(db)
    found = enter(db, officer(db))
    approve(db, officer(db), found, "name")
    lines, given, _ = seen(found[0], 0)
    assert {"demand_entered", "demand_approved", "disclosed"} <= set(lines)
    assert given == 1


@pytest.mark.promise("P32")
def test_disputed_data_stays_and_the_try_shows_no_earlier_than_the_demand(db: PortalDb) -> None:
    member(db)
    found = enter(db, officer(db), shown_from=DAY)
    row = {"member_id": found[0], "restriction_id": uuid4(), "item": "name", "why": "disputed",
           "started_at": NOW}  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(LIVE.restriction).values(row))
    second = officer(db)
    with pytest.raises(DisclosureRefused) as error:
        approve(db, second, found, "name")
    assert error.value.why is Refusal.RESTRICTED
    named = within(second, found[0], open_case(db, second, *found), demands.read).named
    assert "name" not in dict(named)
    assert rows(db, LIVE.restriction)[0].blocked == 0
    assert rows(db, LIVE.demand)[0].approved_at is None
    assert seen(found[0], 0) == ([], 0, 0)
    assert "disclosure_refused" in seen(found[0], 9)[0]


def test_the_list_names_no_member_and_the_case_only_masked(db: PortalDb) -> None:
    member(db)
    first, second = officer(db), officer(db)
    found = enter(db, first)
    with db.web.data.begin() as connection:
        (mine,), (theirs,) = (demands.waiting(connection, who) for who in (first, second))
        assert demands.waiting(connection, acting(agent(db))) == ()
    assert (mine.mine, theirs.mine) == (True, False)
    shown = within(second, found[0], open_case(db, second, *found), demands.read)
    assert dict(shown.named)["name"] == "홍*순"
    text = f"{mine} {theirs} {shown} {shown.named}"
    assert not any(PLAIN[name] in text for name in ("name", "email", "mobile", "login_id"))


def test_a_proof_holds_no_line_of_it_before_its_day(sealed: Sealed) -> None:
    portal_house(sealed.db)
    one = member(sealed.db)
    sealed.happen(NOW, one)
    found = enter(sealed.db, officer(sealed.db), shown_from=DAY)
    approve(sealed.db, officer(sealed.db), found, "name")
    for days in range(5, 7):
        sealed.happen(START + timedelta(days=days, hours=1))
        sealed.seal(START + timedelta(days=days) + SEALS_AT)

    def proved(days: int) -> set[str]:
        look = access.Look(EventName.PROOF_TAKEN, Permission.HISTORY_READ, "/history")
        mine = acting(one, at=NOW + timedelta(days=days))
        with access.open(mine, one, Purpose.SHOW, look=look) as subject:
            made = proof.take(subject, TODAY, sealed.verifier)
        return {entry["event"]["name"] for entry in made["events"]}

    assert not {name for name in proved(8) if name.startswith(("demand", "disclosed"))}
    assert {"demand_entered", "demand_approved", "disclosed"} <= proved(9)
