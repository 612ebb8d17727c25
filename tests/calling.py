"""Callers for tests: a case opened and verified, without a screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from db.clock import seoul_day
from db.tables.ops import one_time
from db.words import ActorKind, Caller, CallWish, CaseChannel, Purpose, StaffRole, VerifiedBy
from services import access, caller_check, case_opening, cases
from services.actor import Actor, Permission
from services.house import house
from services.identity.recovery import code_of
from services.ledger import EventName
from tests.people import acting, agent, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from services.cases import Case
    from tests.database import PortalDb

HANDLE = access.Look(EventName.CASE_VIEWED, Permission.CASE_HANDLE, cases.PAGE)


def staff_actor(staff_id: UUID, **changes: Any) -> Actor:  # noqa: ANN401
    """Return one of the staff, just signed in."""
    one = acting(staff_id, kind=ActorKind.STAFF, role=changes.pop("role", StaffRole.AGENT))
    return replace(one, verified_at=one.at, **changes)


@pytest.fixture
def one(portal_db: PortalDb) -> Actor:
    """One of the staff, at a portal."""
    portal_house(portal_db)
    return staff_actor(agent(portal_db))


@pytest.fixture
def other(portal_db: PortalDb) -> Actor:
    """A second one."""
    return staff_actor(agent(portal_db))


def opened(actor: Actor, member_id: UUID, *asked: CallWish, **changes: Any) -> Case:  # noqa: ANN401
    """Open a case of a phone call."""
    given: dict[str, Any] = {
        "channel": CaseChannel.PHONE, "caller": Caller.SELF,
        "received_on": seoul_day(actor.at), "words": "제 주소를 바꿔 주세요",
    }  # fmt: skip
    draft = case_opening.Draft(
        member_id, asked=frozenset(asked or {CallWish.SEE}), **(given | changes)
    )
    with house().databases.data.begin() as connection:
        case_id = case_opening.open_case(connection, actor, draft)
    return read(case_id)


def read(case_id: UUID) -> Case:
    """Return a case as it is now."""
    with house().databases.data.connect() as connection:
        found = cases.read(connection, case_id)
    assert found is not None
    return found


def verified(actor: Actor, case: Case) -> Case:
    """Let the caller read out the code that was sent to their mobile."""
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        caller_check.send(subject, case, VerifiedBy.MOBILE_CODE)
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        assert caller_check.check_code(subject, case, code_for(case))
    return read(case.case_id)


def guardians_case(actor: Actor, child: UUID, *asked: CallWish, **changes: Any) -> Case:  # noqa: ANN401
    """Open the case of a guardian, who showed papers; of several say `guardian_id`."""
    case = opened(actor, child, *asked, caller=Caller.GUARDIAN, **changes)
    return by_papers(actor, case)


def by_papers(actor: Actor, case: Case) -> Case:
    """Let papers show who the caller is."""
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        caller_check.by_documents(subject, case)
    return read(case.case_id)


def code_for(case: Case) -> str:
    """Return the code that the registered mobile of this case's caller got."""
    with house().databases.data.connect() as connection:
        key = connection.scalar(
            select(one_time.c.digest).where(one_time.c.use == f"case:{case.case_id}")
        )
    assert key is not None
    return code_of(house().keyring, bytes(key))


def in_case(actor: Actor, case: Case, shown: frozenset[str] = frozenset()) -> Actor:
    """Return the staff as they act for the case's member, as `gate` makes them."""
    return replace(actor, acting_for=case.member_id, grant=case.grant(shown))


def verified_case(actor: Actor, member_id: UUID, *asked: CallWish) -> Case:
    """Open a case and verify its caller."""
    return verified(actor, opened(actor, member_id, *asked))
