"""Relation x permission x store, from the permission table: what services, gate and routes allow.

A new permission is checked by itself. A new relation is one entry in `ASKERS`: how somebody stands
so to a member, and what they may at all. Staff, by role and case, are in `test_matrix_of_staff`. A
new route of `pages/http` fails a test until it stands in `ROUTES`, in `OF_STAFF` or, with its
reason, in `NOT_OF_MEMBERS`.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

import pages.http
from db import seal_keys
from db.drafts import GuardianshipDraft, ValueDraft
from db.settings import Settings, settings
from db.tables.member import LIVE
from db.words import ActorKind, LinkMeans, Purpose, Store
from pages.components import gate
from pages.http import consent_receipt, export, proof
from pages.http.names import SESSION_COOKIE
from services import access, child_link, export_link
from services.actor import PERMISSIONS, AccessDenied, Actor, Permission, Relation, page_opens
from services.ledger import EventName
from services.sessions import Session
from tests.people import NOW, acting, member, portal_house
from tests.portal import portal
from tests.signing_in import Http

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.routing import Route

    from tests.database import PortalDb
    from tests.portal import Portal

__all__ = ["portal"]

OPEN_ASLEEP = {
    Permission.PUBLIC, Permission.PORTAL_OPEN, Permission.ACCOUNT_LEAVE, Permission.DATA_EXPORT,
}  # fmt: skip
"""What who sleeps may open (clause 3.3), written down a second time."""


@dataclass(frozen=True)
class Asker:
    """How somebody stands to a child: `relation` as the table has it, None for none at all.

    `link`: days since the link began and, where it is over, since it ended. `kind` and `role` say
    who asks.
    """

    relation: Relation | None
    link: tuple[int, int | None] | None = None
    kind: ActorKind = ActorKind.SELF

    def opens(self, permission: Permission, store: Store) -> bool:
        """Return whether this permission opens the child's data to them.

        Who asks for themselves is let in whatever the store, and sees nothing outside of the live
        one; of others the gate decides by rows of the live store alone.
        """
        here = store is Store.LIVE or self.relation is Relation.SELF
        return here and self.relation in PERMISSIONS[permission]

    def enters(self, permission: Permission, store: Store) -> bool:
        """Return whether a page of this permission opens to them; `store` is that of who asks."""
        own = Relation.STAFF if self.kind is ActorKind.STAFF else Relation.SELF
        may = permission is Permission.PUBLIC or own in PERMISSIONS[permission]
        return may and (store is not Store.DORMANT or permission in OPEN_ASLEEP)


ASKERS: dict[str, Asker] = {
    "the child itself": Asker(Relation.SELF),
    "a guardian": Asker(Relation.GUARDIAN, (400, None)),
    "a guardian until tomorrow": Asker(Relation.GUARDIAN, (400, -1)),
    "a guardian from tomorrow": Asker(None, (-1, None)),
    "a former guardian": Asker(None, (400, 0)),
    "a stranger": Asker(None),
}
"""Everybody who may ask but the staff."""


def a_child(db: PortalDb, asker: Asker, person: UUID, store: Store) -> UUID:
    """Write a child in a store, to whom `person` stands like this."""
    links: tuple[GuardianshipDraft, ...] = ()
    if asker.link is not None:
        began, over = asker.link
        ended = None if over is None else NOW.date() - timedelta(days=over)
        since = NOW.date() - timedelta(days=began)
        links = (GuardianshipDraft(person, since, LinkMeans.JOINING, proof=True, ended_on=ended),)
    values = (ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", "2018-03-04"))
    who = person if asker.relation is Relation.SELF else None
    return member(
        db, store, member_id=who, values=values, records=(), devices=(), guardianships=links
    )


def opened(
    actor: Actor, child: UUID, permission: Permission, case: UUID | None = None
) -> int | None:
    """Return how many of the child's values are seen; None for a refusal."""
    look = access.Look(EventName.PROFILE_VIEWED, permission, folds=False)
    value = LIVE.profile_value.c
    try:
        with access.open(actor, child, Purpose.SHOW, case, look=look) as subject:
            count = select(func.count()).where(value.member_id == child)
            return int(subject.connection.scalar(count) or 0)
    except AccessDenied:
        return None


@pytest.mark.promise("P25", "P29")
@pytest.mark.parametrize("name", ASKERS)
def test_what_opens_a_childs_data(portal_db: PortalDb, name: str) -> None:
    asker, checked = ASKERS[name], set()
    portal_house(portal_db)
    for store in Store:
        person = uuid4() if asker.relation is Relation.SELF else member(portal_db)
        child = a_child(portal_db, asker, person, store)
        for permission in PERMISSIONS:
            seen = opened(acting(person, kind=asker.kind), child, permission)
            assert (seen is not None) is asker.opens(permission, store), (permission, store)
            assert bool(seen) is (asker.opens(permission, store) and store is Store.LIVE)
            checked.add((permission, store))
    assert checked == {(permission, store) for permission in Permission for store in Store}


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", ASKERS)
@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
def test_which_pages_open(monkeypatch: pytest.MonkeyPatch, name: str, store: Store) -> None:
    asker, checked = ASKERS[name], set()
    actor = acting(uuid4(), kind=asker.kind)
    here = gate.Here(_session(actor, store), actor)
    monkeypatch.setattr(gate, "here", lambda: here)
    for permission in PERMISSIONS:
        expected = asker.enters(permission, store)
        if store is Store.LIVE:
            assert page_opens(permission, actor) is expected, permission
        assert _entered(permission) is expected, permission
        checked.add(permission)
    assert checked == set(Permission)


def _session(actor: Actor, store: Store) -> Session:
    return Session(
        actor.session_id, actor.person, None, None, store, NOW, NOW, NOW, None, None, None, None,
        None,
    )  # fmt: skip


def _entered(permission: Permission) -> bool:
    try:
        gate.guard(permission)
    except AccessDenied:
        return False
    return True


# ---- routes outside of Streamlit's pages ------------------------------------------------------

Path = "Callable[[Portal, Actor, UUID], str]"


def _receipt(_one: Portal, actor: Actor, child: UUID) -> str:
    return f"{consent_receipt.PATH}{_child(actor, child)}"


def _proof(_one: Portal, actor: Actor, child: UUID) -> str:
    return f"{proof.PATH}/{date(2026, 11, 20)}{_child(actor, child)}"


def _export(one: Portal, actor: Actor, child: UUID) -> str:
    link = export_link.Link(child, uuid4(), actor.session_id)
    return f"{export.PATH}?of={export_link.seal(one.db.keyring, link, NOW)}"


def _child(actor: Actor, child: UUID) -> str:
    return "" if actor.person == child else f"?child={child_link.token(actor, child)}"


ROUTES: dict[str, tuple[Permission, list[Route], Callable[[Portal, Actor, UUID], str]]] = {
    "consent_receipt": (Permission.CONSENT_CHANGE, [*consent_receipt.ROUTES], _receipt),
    "proof": (Permission.HISTORY_READ, [proof.ROUTE], _proof),
    "export": (Permission.DATA_EXPORT, [export.ROUTE], _export),
}
"""Routes by which a member's data goes out, with the permission each names, and its address."""
OF_STAFF = {"case_letter", "case_paper", "demand", "evidence", "staff_register"}
"""The staff's routes: checked in `tests/test_matrix_of_staff.py`."""
NOT_OF_MEMBERS = {
    "certificate": "opens by its number and secret, to who has left",
    "health": "nobody's data",
    "joining_check": "asked by a company, answered yes or no; see test_joining_check.py",
}


def test_no_route_is_left_out() -> None:
    names = [found.name for found in pkgutil.iter_modules(pages.http.__path__)]
    modules = {name: import_module(f"pages.http.{name}") for name in names}
    routes = {n for n, one in modules.items() if hasattr(one, "ROUTE") or hasattr(one, "ROUTES")}
    assert routes == {*ROUTES, *OF_STAFF, *NOT_OF_MEMBERS}


@pytest.mark.promise("P25", "P29")
@pytest.mark.parametrize("name", ASKERS)
def test_what_routes_give_out(portal: Portal, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asker, checked = ASKERS[name], set()
    seal_keys.create(portal.db.var / "keys")
    for module in (export, proof):
        monkeypatch.setattr(module, "settings", lambda: Settings(var=portal.db.var))
    for store in Store:
        person = uuid4() if asker.relation is Relation.SELF else member(portal.db)
        child = a_child(portal.db, asker, person, store)
        # Whoever has left can't sign in, so that they ask from the store of who is awake.
        session_id = portal.sign_in(person, verified=NOW)
        actor = replace(acting(person, kind=asker.kind), session_id=session_id)
        for route, (permission, routes, address) in ROUTES.items():
            http = Http(Starlette(routes=routes))
            http.cookies.set(SESSION_COOKIE[settings().secure], portal.token or "")
            status = http.get(address(portal, actor, child)).status_code
            given = asker.opens(permission, store)
            assert (status not in {401, 403}) is given, (route, store, status)
            checked.add((route, store))
    assert checked == {(route, store) for route in ROUTES for store in Store}


def test_signed_out_no_route_gives_anything(portal: Portal) -> None:
    child = a_child(portal.db, ASKERS["a stranger"], uuid4(), Store.LIVE)
    for _permission, routes, address in ROUTES.values():
        answer: Any = Http(Starlette(routes=routes)).get(address(portal, acting(child), child))
        assert answer.status_code == 401
