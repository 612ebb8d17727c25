"""Who is here: the session row, read on every run, becomes an `Actor`; each page asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import streamlit as st

from db import clock
from db.settings import settings
from db.words import N_, ActorKind, CaseOutcome, Store
from pages.components import acting, kept_typing, said
from pages.components.acting import CERTIFICATES, HERE, TAB
from pages.components.text import _, language
from pages.http.names import SESSION_COOKIE
from services import cases, own_sessions, sessions, sign_in, used_answers
from services.actor import (
    ASLEEP,
    OF_CASES,
    AccessDenied,
    Actor,
    Permission,
    SignInRequired,
    page_opens,
)
from services.claims import answers
from services.house import house
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.cases import Case
    from services.sessions import Session

_READ: Final = "jk_read"
_CASE: Final = "jk_call"
_OF_CASE: Final = "jk_call_"
"""How the names of all begin that this tab keeps of the case in hand; it goes with the case."""
_SHOWN: Final = "jk_call_shown"
_OPEN_ASLEEP: Final = frozenset(
    {
        Permission.PUBLIC,
        Permission.PORTAL_OPEN,
        Permission.ACCOUNT_LEAVE,
        Permission.DATA_EXPORT,
    }
)
"""What a member whose data is in the dormant store may open."""


@dataclass(frozen=True)
class Here:
    """Who is here in this run. `session` is None for a browser that never asked to sign in.

    `changed`: this tab showed somebody else before; `left`: it did, and now nobody is signed in.
    """

    session: Session | None
    actor: Actor | None
    refused: sign_in.SignInRefused | None = None
    changed: bool = False
    returned: bool = False
    left: bool = False
    case: Case | None = None
    """Of staff: the case that this tab has in hand, whether or not the right to act still runs."""

    @property
    def asleep(self) -> bool:
        """Return whether the member's data is in the dormant store."""
        return self.session is not None and self.session.store is Store.DORMANT


def browser_token() -> str | None:
    """Return this browser's cookie. A function of its own so that a test can be a browser."""
    return st.context.cookies.get(SESSION_COOKIE[settings().secure])


def claims() -> dict[str, object]:
    """Return what Streamlit keeps of the last sign-in; proves nothing without a session row."""
    return dict(st.user.to_dict())


def _read(now: datetime) -> tuple[Session | None, sign_in.SignInRefused | None, bool]:
    """Read the session row; let a fresh sign-in count for it, or say why not."""
    token = browser_token()
    with house().databases.look[0].connect() as connection:
        session = sessions.find(connection, token, now)
    if session is None or session.asked_at is None or not answers(session, claims(), now):
        return session, None, False
    try:
        with house().databases.data.begin() as connection:
            if not used_answers.first_time(connection, claims(), now):
                return sessions.find(connection, token, now), None, False
            sign_in.adopt(connection, session, claims(), issuer(), now)
            found = sessions.find(connection, token, now)
            _note_browser(connection, found, now)
            return found, None, True
    except sign_in.SignInRefused as refusal:
        with house().databases.data.begin() as connection:
            sign_in.unasked(connection, session)
        return session, refusal, False


def _note_browser(connection: Connection, session: Session | None, now: datetime) -> None:
    """After a sign-in (not a verification), note the browser and tell of a new one."""
    if session is None or session.member_id is None or session.signed_in_at != now:
        return
    as_subject(connection, session.member_id)
    header = st.context.headers.get("User-Agent")
    own_sessions.note_browser(connection, session.session_id, header, language(), now)


def issuer() -> str:
    """Return the issuer of the built-in sign-in service."""
    return f"{settings().address}/signin"


def arrive() -> Here:
    """Find out who is here; called once a run by the frame, before any page."""
    session, refused, returned = _read(clock.now())
    actor = session.actor(clock.now()) if session else None
    person = actor.person if actor else None
    known = st.session_state.get(TAB)
    # A tab that showed one person must never show another: it starts afresh.
    changed = known is not None and person is not None and known != person
    left = known is not None and person is None
    if changed or left:
        # Who has left the family in this tab keeps their certificate: it opens nothing else.
        certificates = st.session_state.get(CERTIFICATES) if left else None
        st.session_state.clear()
        if certificates:
            st.session_state[CERTIFICATES] = certificates
    if person is not None:
        st.session_state[TAB] = person
    case = None
    if actor:
        staff = actor.kind is ActorKind.STAFF
        acting_for = None if staff else _acting_for(
            actor, session, returned=returned, fresh=known is None, changed=changed
        )  # fmt: skip
        actor = replace(actor, acting_for=acting_for, language=language())
        case = _case_in_hand(actor) if staff else None
    here = Here(session, actor, refused, changed, returned, left, case)
    st.session_state[HERE] = here
    st.session_state[_READ] = True
    return here


def _acting_for(
    actor: Actor, session: Session | None, *, returned: bool, fresh: bool, changed: bool
) -> UUID | None:
    """Return the child for whom the tab acts; back from a verification, the one from before it."""
    before = (session.resume or {}).get("acting_for") if session and returned else None
    if before:
        acting.act_for(actor, UUID(before))
    return acting.settle(actor, fresh=fresh and not before, changed=changed)


def _case_in_hand(actor: Actor) -> Case | None:
    """Return the case that this tab has in hand; what was closed or taken over is let go."""
    case_id = st.session_state.get(_CASE)
    if case_id is None:
        return None
    with house().databases.look[0].connect() as connection:
        found = cases.read(connection, case_id)
    if found is not None and found.staff_id == actor.person and found.closed_at is None:
        return found
    take_in_hand(None)
    if found is not None:
        said.keep(_let_go(found))
    return None


def _let_go(case: Case) -> str:
    """Say why the case is not in this tab's hand any more."""
    if case.outcome is CaseOutcome.MEMBER_LEFT:
        return _("The member left, so that the case {no} is closed.", no=case.no)
    if case.closed_at is not None:
        return _("The case {no} is closed.", no=case.no)
    return _("Staff {number} has the case {no} in hand now.", number=case.staff_no, no=case.no)


def take_in_hand(case_id: UUID | None) -> None:
    """Let this tab have a case in hand from the next run on; None: no case.

    Nothing that it keeps of the one before stays: the next one may be about somebody else.
    """
    for key in [k for k in map(str, st.session_state) if k.startswith(_OF_CASE)]:
        st.session_state.pop(key)
    st.session_state.pop(_CASE, None)
    if case_id is not None:
        st.session_state[_CASE] = case_id


def show_in_full(name: str) -> None:
    """Show an item, or a kind of record, in full for as long as the tab has its case in hand."""
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, frozenset()) | {name}


def _acting(actor: Actor, case: Case, permission: Permission) -> Actor:
    """Return the actor as they act for the case's member; what they typed is kept when it is over.

    Raise `AccessDenied` where the case doesn't give this right, or not any more.
    """
    if case.suspended_at is not None:
        raise AccessDenied(
            N_("We were told that the member did not ask for this: nothing more can be seen or "
               "changed in this case.")
        )  # fmt: skip
    if not case.runs(actor.at):
        kept_typing.keep(case.case_id, here_path())
        raise AccessDenied(
            N_("The half hour of this case is over. Go on with it above: what you typed is kept.")
        )
    if permission.value not in case.permissions:
        raise AccessDenied(
            N_("This was not asked for in this case, or the caller is not verified.")
        )
    kept_typing.restore(case.case_id, here_path())
    shown = st.session_state.get(_SHOWN, frozenset())
    return replace(actor, acting_for=case.member_id, grant=case.grant(shown))


def just_read() -> Session | None:
    """Return the session's row as this run read it, once; None in a fragment's run of its own."""
    return here().session if st.session_state.pop(_READ, False) else None


def here() -> Here:
    """Return who is here in this run."""
    found: Here = st.session_state[HERE]
    return found


def here_path() -> str:
    """Return the path of the page in this run, as the frame found it."""
    return str(st.session_state.get(acting.PATH, "/"))


def guard(permission: Permission, *, step_up: bool = False) -> Actor | None:
    """Let the page go on, or raise what the frame shows instead.

    Returns the actor; None only for a public page seen signed out. Raise `SignInRequired`,
    `StandingLost` (staff who may not work today), `AccessDenied` (wrong role) or `StepUpRequired`
    (a verification older than 15 minutes).
    """
    actor = here().actor
    if permission is not Permission.PUBLIC and actor is None:
        raise SignInRequired(N_("Please sign in to see this page."))
    if actor is not None and permission is not Permission.PUBLIC:
        actor.require_standing()
    if not page_opens(permission, actor):
        raise AccessDenied(N_("This page is not open to you."))
    if here().asleep and permission not in _OPEN_ASLEEP:
        raise AccessDenied(ASLEEP)
    case = here().case
    if case is not None and actor is not None and permission in OF_CASES:
        actor = _acting(actor, case, permission)
    if step_up and actor is not None:
        actor.require_verification()
    return actor


def member(permission: Permission, *, step_up: bool = False) -> Actor:
    """As `guard`, for a page that shows a member's data: it needs somebody signed in."""
    actor = guard(permission, step_up=step_up)
    if actor is None:
        raise SignInRequired(N_("Please sign in to see this page."))
    return actor
