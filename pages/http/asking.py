"""Who asks for a file outside of Streamlit's pages, and what is answered when there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.responses import PlainTextResponse

from db import clock
from db.settings import settings
from db.words import N_, ActorKind, Store
from pages.http.names import SESSION_COOKIE, language_in
from services import child_link, sessions
from services.actor import ASLEEP, AccessDenied, SignInRequired
from services.house import house
from services.language import translate

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request

    from db.errors import PortalError
    from services.actor import Actor
    from services.language import Language

AWAY = (OperationalError, InterfaceError, NoConnectionError)
KEEP_NOWHERE: Final = {"Cache-Control": "no-store"}


def actor(request: Request, *, asleep: bool = False) -> Actor:
    """Return who asks, for whom, by the session row: no page has run before this.

    `asleep`: who sleeps may have this, too.

    Raise `SignInRequired`, `StandingLost` for staff who may not work today, or `AccessDenied` for a
    member who sleeps and a child never given out.
    """
    now = clock.now()
    with house().databases.data.begin() as connection:
        token = request.cookies.get(SESSION_COOKIE[settings().secure])
        session = sessions.find(connection, token, now)
    found = session.actor(now) if session else None
    if session is None or found is None:
        raise SignInRequired(N_("Please sign in to see this page."))
    found.require_standing()
    awake = session.store is Store.LIVE or (asleep and session.store is Store.DORMANT)
    if found.kind is ActorKind.SELF and not awake:
        raise AccessDenied(ASLEEP)
    found = replace(found, language=language_in(request.cookies))
    if given := request.query_params.get("child"):
        return replace(found, acting_for=_child(found, given))
    return found


def _child(actor: Actor, given: str) -> UUID:
    """Return whom the link names. What we never gave out is no try to look at anybody."""
    with house().databases.data.begin() as connection:
        child = child_link.child_of(connection, actor, given) if given.isascii() else None
    if child is None:
        raise AccessDenied(N_("This page is not open to you."))
    return child


def away(language: Language) -> PlainTextResponse:
    """Return the answer while the database can't be reached."""
    said = translate(language, N_("We can't reach our records right now. Please try again soon."))
    return PlainTextResponse(said, 503, KEEP_NOWHERE)


def refusal(language: Language, error: PortalError, status: int | None = None) -> PlainTextResponse:
    """Return the answer to what may not be had, or is not there (`status`)."""
    refused = 401 if isinstance(error, SignInRequired) else 403
    said = translate(language, error.message, **error.params)
    return PlainTextResponse(said, status or refused, KEEP_NOWHERE)
