"""Role x case x permission x store, of the staff: what services, gate and routes allow (P26, P27).

`STANDS` says how one of the staff may stand to a member; a new permission, role or store is checked
by itself, and a route of the staff without an entry in `ROUTES` fails a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from starlette.applications import Starlette

from db.drafts import GuardianshipDraft, ValueDraft
from db.settings import settings
from db.tables.cases import case_step
from db.words import (
    AnsweredBy,
    CaseOutcome,
    LinkMeans,
    PaperKind,
    StaffRole,
    Store,
)
from pages.components import gate
from pages.http import case_letter, case_paper, demand, evidence, staff_register
from pages.http.names import SESSION_COOKIE
from services import access, case_ending, case_papers, cases, sessions
from services.actor import (
    OF_CASES,
    OFFICER_ONLY,
    PERMISSIONS,
    AccessDenied,
    Actor,
    Permission,
    Relation,
    SignInRequired,
    page_opens,
)
from services.house import house
from services.relations import as_subject
from tests.calling import staff_actor
from tests.people import NOW, agent, member, open_case
from tests.portal import portal
from tests.services.test_files import picture
from tests.signing_in import Http
from tests.test_matrix import OF_STAFF, opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.routing import Route

    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal"]

ALL = frozenset(Permission)
"""More than any case gives, so that the table alone says what staff never may for a member."""
NEVER = frozenset[Permission]()
UNVERIFIED = frozenset({Permission.CASE_HANDLE})
UNASKED = {Permission.MEMBER_FIND}
"""What needs no case, since it comes before one."""
YESTERDAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Stand:
    """How one of the staff stands to a member: their case, and what is on record of their account.

    `gives`: the case's rights, None for no case. `whose`: in whose hand it is, and about whom.
    `linked`: their own membership is the member's, the child's or the guardian's. `until`: rights
    that a guardian's case loses when the guardian may not act; `named`: whether it says which one
    calls; `beside`: another guardian may act; `step`: who asked for what waits.
    """

    gives: frozenset[Permission] | None = ALL
    whose: str = "mine"
    case: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    linked: str = ""
    guardian: bool | None = None
    named: bool = True
    beside: bool = False
    step: str = ""

    @property
    def works(self) -> bool:
        """Return whether the account lets them work at all."""
        return not self.account

    @property
    def runs(self) -> bool:
        """Return whether they have a case about this member in hand that still gives its rights."""
        return self.gives is not None and self.whose == "mine" and not self.case and self.works

    def opens(self, permission: Permission, role: StaffRole, store: Store) -> bool:
        """Return whether this permission opens the member's data to them."""
        # Of a child that has left it is not known any more who its guardian was.
        kin = self.linked and (self.linked != "guardian" or store is not Store.RETAINED)
        if not enters(self, permission, role) or kin:
            return False
        if permission in UNASKED:
            return True
        if permission is Permission.CALLER_WRITE:
            return False  # of who the case is about nobody; of who called, see below
        if permission is Permission.CASE_APPROVE:
            return self.step == "a colleague"
        given = (self.gives or NEVER) & ({Permission.CASE_HANDLE} if self.loses(store) else ALL)
        return self.runs and permission in given

    def loses(self, store: Store) -> bool:
        """Return whether it is the case of a guardian who may not act."""
        # A guardian's case gives no more than the guardian may, and a guardian only who is awake's.
        nobody = self.guardian is True and (store is not Store.LIVE or not self.named)
        return self.guardian is False or nobody


def enters(stand: Stand, permission: Permission, role: StaffRole) -> bool:
    """Return whether role and account are no obstacle."""
    allowed = role is StaffRole.OFFICER or permission not in OFFICER_ONLY
    return stand.works and allowed and Relation.STAFF in PERMISSIONS[permission]


STANDS: dict[str, Stand] = {
    "no case": Stand(None),
    "a case with all rights": Stand(),
    "a case with no rights": Stand(NEVER),
    "a caller not verified": Stand(UNVERIFIED),
    "a grant that ended": Stand(case={"granted_until": NOW}),
    "a grant from tomorrow": Stand(case={"opened_at": NOW + timedelta(days=1)}),
    "a suspended case": Stand(case={"suspended_at": NOW}),
    "a closed case": Stand(case={"closed_at": NOW}),
    "a case about somebody else": Stand(whose="somebody else"),
    "a colleague's case": Stand(whose="a colleague"),
    "no training": Stand(account={"trained_until": YESTERDAY}),
    "no assignment": Stand(account={"assigned_until": YESTERDAY}),
    "an old password": Stand(account={"password_set_on": date(2026, 8, 1)}),
    "an account that ended": Stand(account={"ended_at": NOW}),
    "a case about oneself": Stand(linked="self"),
    "a case about one's child": Stand(linked="guardian"),
    "a case about one's guardian": Stand(linked="child"),
    "a guardian's case": Stand(guardian=True),
    "a former guardian's case": Stand(guardian=False),
    "a former guardian's case beside another guardian": Stand(guardian=False, beside=True),
    "a guardian's case that doesn't say whose": Stand(guardian=True, named=False),
    "a step of one's own waits": Stand(step="myself"),
    "a step of a colleague waits": Stand(whose="a colleague", step="a colleague"),
}


@dataclass(frozen=True)
class Made:
    """One of the staff beside a member, as written: `requested` is a request's case."""

    actor: Actor
    who: UUID
    case_id: UUID | None
    requested: UUID | None


def made(db: PortalDb, stand: Stand, role: StaffRole, store: Store) -> Made:
    """Write a member in a store, one of the staff, and what stands between them."""
    who, own, guardian = person(db, stand, store)
    staff_id = agent(db, role, **stand.account, own_membership=own)
    # Who worked a moment ago and may not any more: the session's own word is tested at the gate.
    actor = staff_actor(staff_id, role=role)
    if stand.gives is None:
        return Made(actor, who, None, None)
    holder = staff_id if stand.whose != "a colleague" else agent(db)
    about = who if stand.whose != "somebody else" else member(db, values=(), records=())
    rights = {"permissions": sorted(stand.gives)} | stand.case
    verified = None if stand.gives == UNVERIFIED else NOW
    case_id = open_case(
        db, holder, about, kind="call", case_no=uuid4().hex[:8], channel="phone", asked=["see"],
        received_on=NOW.date(), due_on=NOW.date(),
        caller="self" if stand.guardian is None else "guardian",
        guardian_id=guardian if stand.guardian is not None and stand.named else None,
        verified_by=verified and "documents", verified_at=verified, **rights,
    )  # fmt: skip
    if stand.step:
        step(db, about, case_id, staff_id if stand.step == "myself" else holder)
    return Made(actor, who, case_id, open_case(db, holder, about, request_id=uuid4(), **rights))


def person(db: PortalDb, stand: Stand, store: Store) -> tuple[UUID, UUID | None, UUID | None]:
    """Write the member; return them, the staff's own membership, and the child's guardian.

    The own membership is linked with the member, or is the same.
    """
    if stand.linked == "child":
        who = child(db, store)
        return who, child(db, Store.LIVE, who), None
    guardian = member(db, values=(), records=(), devices=())
    others = (member(db, values=(), records=(), devices=()),) if stand.beside else ()
    who = child(db, store, guardian, *others, over=stand.guardian is False)
    return who, {"self": who, "guardian": guardian}.get(stand.linked), guardian


def child(db: PortalDb, store: Store, *guardians: UUID, over: bool = False) -> UUID:
    """Write a child, whose first guardian may have ceased to be one."""
    ended, since = (NOW.date() if over else None), date(2025, 1, 1)
    links = tuple(
        GuardianshipDraft(
            one, since, LinkMeans.JOINING, proof=True, ended_on=None if number else ended
        )
        for number, one in enumerate(guardians)
    )
    values = (ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", "2018-03-04"))
    return member(db, store, values=values, records=(), devices=(), guardianships=links)


def step(db: PortalDb, who: UUID, case_id: UUID, asked_by: UUID) -> None:
    """Write what waits in a case for a second one of the staff."""
    with db.work.data.begin() as connection:
        connection.execute(
            insert(case_step).values(
                member_id=who, case_id=case_id, step_id=uuid4(), what="leave", items=[],
                language="ko", asked_by=asked_by, asked_at=NOW, state="waiting",
                expires_at=NOW + timedelta(days=1),
            )
        )  # fmt: skip


@pytest.mark.promise("P25", "P26", "P27")
@pytest.mark.parametrize("role", StaffRole, ids=str)
def test_what_opens_a_members_data(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, role: StaffRole
) -> None:
    # That a refusal is written down is tested elsewhere; here it would be most of the time.
    monkeypatch.setattr(access, "deny", Mock())
    for store, (name, stand) in product(Store, STANDS.items()):
        one = made(portal.db, stand, role, store)
        for permission in PERMISSIONS:
            seen = opened(one.actor, one.who, permission, one.case_id)
            expected = stand.opens(permission, role, store)
            assert (seen is not None) is expected, (name, store, permission)
            assert bool(seen) is (expected and store is Store.LIVE), (name, store, permission)
    assert set(PERMISSIONS) == set(Permission)


@pytest.mark.promise("P26", "P27", "P31")
@pytest.mark.parametrize("role", StaffRole, ids=str)
def test_which_pages_open(portal: Portal, monkeypatch: pytest.MonkeyPatch, role: StaffRole) -> None:
    monkeypatch.setattr(gate, "st", SimpleNamespace(session_state={}))
    monkeypatch.setattr(gate, "kept_typing", Mock())
    for name, stand in STANDS.items():
        one = made(portal.db, stand, role, Store.LIVE)
        actor = signed_in(portal, one)
        here = gate.Here(None, actor, case=in_hand(actor, one))
        monkeypatch.setattr(gate, "here", lambda here=here: here)
        for permission in PERMISSIONS:
            expected = permission is Permission.PUBLIC or enters(stand, permission, role)
            gone = actor is None and permission is not Permission.PUBLIC
            assert page_opens(permission, actor) is (expected and not gone), (name, permission)
            if here.case is not None and permission in OF_CASES:
                expected = expected and stand.runs and permission in (stand.gives or NEVER)
            assert entered(permission) is expected, (name, permission)


def signed_in(portal: Portal, one: Made) -> Actor | None:
    """Return who acts in a session of this one of the staff, by its row, as the frame finds out."""
    portal.sign_in(staff=one.actor.person, verified=NOW)
    with house().databases.data.begin() as connection:
        session = sessions.find(connection, portal.token, NOW)
    assert session is not None
    return session.actor(NOW)


def in_hand(actor: Actor | None, one: Made) -> cases.Case | None:
    """Return the case that the tab of this one of the staff has in hand."""
    if actor is None or one.case_id is None:
        return None
    with house().databases.data.begin() as connection:
        found = cases.own(connection, actor, one.case_id)
    # A tab has the case of whoever is asked about, or another's; then it shows the other's data.
    return found if found and found.member_id == one.who else None


def entered(permission: Permission) -> bool:
    try:
        gate.guard(permission)
    except (AccessDenied, SignInRequired):
        return False
    return True


# ---- the staff's routes -----------------------------------------------------------------------


def _letter(one: Made, _paper: UUID) -> str:
    return f"{case_letter.PATH}/{one.case_id or uuid4()}"


def _paper(one: Made, paper: UUID) -> str:
    return f"{case_paper.PATH}/{one.case_id or uuid4()}/{paper}"


def _demand(one: Made, _paper: UUID) -> str:
    return f"{demand.PATH}/{one.requested or uuid4()}"


def _proof(one: Made, paper: UUID) -> str:
    return f"{evidence.PATH}/{one.requested or uuid4()}/{paper}"


ROUTES: dict[str, tuple[Permission, Route, Callable[[Made, UUID], str]]] = {
    "case_letter": (Permission.CASE_HANDLE, case_letter.ROUTE, _letter),
    "case_paper": (Permission.CASE_HANDLE, case_paper.ROUTE, _paper),
    "demand": (Permission.DEMAND_ENTER, demand.ROUTE, _demand),
    "evidence": (Permission.REQUEST_DECIDE, evidence.ROUTE, _proof),
}
"""By which a member's data goes out to staff, with the permission each names, and its address."""
REGISTER = staff_register.ROUTE
"""About staff alone: who could see data when."""


@pytest.mark.promise("P25", "P26", "P27")
@pytest.mark.parametrize("role", StaffRole, ids=str)
def test_what_routes_give_out(portal: Portal, role: StaffRole) -> None:
    assert {*ROUTES, "staff_register"} == OF_STAFF
    http = Http(Starlette(routes=[*(route for _p, route, _a in ROUTES.values()), REGISTER]))
    for store, (name, stand) in product(Store, STANDS.items()):
        one = made(portal.db, stand, role, store)
        paper = papers(one) if one.case_id else uuid4()
        portal.sign_in(staff=one.actor.person, verified=NOW)
        http.cookies.set(SESSION_COOKIE[settings().secure], portal.token or "")
        for route, (permission, _route, address) in ROUTES.items():
            status = http.get(address(one, paper)).status_code
            # Its address names a case alone, and what it gives is of whom that case is about.
            there = replace(stand, whose="mine") if stand.whose == "somebody else" else stand
            if permission is not Permission.CASE_HANDLE:
                there = replace(there, guardian=None)  # a request's case has no caller
            given = there.opens(permission, role, store)
            if route == "case_letter" and stand.gives == UNVERIFIED:
                given = False  # nobody who is not verified is written to
            if route == "case_letter" and there.loses(store):
                given = False  # nor a guardian who may not act
            assert status in ({200, 404} if given else {401, 403}), (name, store, route, status)
        status = http.get(REGISTER.path).status_code
        assert (status == 200) is (stand.works and role is StaffRole.OFFICER), name


def papers(one: Made) -> UUID:
    """Keep a file and an answer in a case; return the file's id."""
    assert one.case_id is not None
    with house().databases.data.begin() as connection:
        case = cases.read(connection, one.case_id)
        assert case is not None
        whose = (case.member_id, one.case_id)
        as_subject(connection, case.member_id)
        key = case_papers.new_key(*whose, NOW)
        file = (PaperKind.AUTHORITY, picture(), "image/png")
        paper = case_papers.keep(connection, key, whose, file, NOW)
        answer = case_ending.Answer(CaseOutcome.DONE, None, AnsweredBy.LETTER, "")
        case_ending.write(connection, one.actor, case, answer)
    return paper


@pytest.mark.parametrize("who", ["nobody", "a member"])
def test_no_route_of_the_staff_gives_a_member_anything(portal: Portal, who: str) -> None:
    one = made(portal.db, Stand(), StaffRole.OFFICER, Store.LIVE)
    paper = papers(one)
    http = Http(Starlette(routes=[*(route for _p, route, _a in ROUTES.values()), REGISTER]))
    if who == "a member":
        portal.sign_in(one.who, verified=NOW)
        http.cookies.set(SESSION_COOKIE[settings().secure], portal.token or "")
    expected = 401 if who == "nobody" else 403
    for path in [*(address(one, paper) for _p, _r, address in ROUTES.values()), REGISTER.path]:
        assert http.get(path).status_code == expected, path
