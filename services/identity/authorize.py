"""Decides an authorization request: a code at once, a form first, or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authlib.oauth2 import OAuth2Error

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from authlib.oauth2.rfc6749 import BaseGrant

    from services.identity.browser import BrowserSession
    from services.identity.exchange import Answer, Exchange
    from services.identity.people import Kind, Person
    from services.identity.server import SignInServer


class NotOurRequest(PortalError):  # noqa: N818 (the page's heading)
    """The request is forged, damaged or of a client we don't know: it is never redirected."""


def needs(exchange: Exchange, session: BrowserSession | None, kind: Kind) -> BrowserSession | None:
    """Return the browser's session if it satisfies the request without asking anybody.

    `prompt=login` and `select_account` always ask: on a family's computer nobody should become
    somebody else by pressing a button. `max_age` is in seconds.
    """
    asked = _asked(exchange)
    if session is None or session.person.kind != kind or asked - {"none"}:
        return None
    oldest = exchange.payload.data.get("max_age") if exchange.payload else None
    if oldest is not None:
        age = (exchange.now - session.auth_time).total_seconds()
        if not oldest.isdecimal() or age >= int(oldest):
            return None
    return session


def _asked(exchange: Exchange) -> set[str]:
    data = exchange.payload.data if exchange.payload else {}
    return set(data.get("prompt", "").split())


def validate(server: SignInServer, exchange: Exchange, session: BrowserSession | None) -> BaseGrant:
    """Return the grant of a good request, `exchange.session` set when no form is needed.

    Raise `NotOurRequest` for a bad one; Authlib's `LoginRequiredError` for `prompt=none` without
    a session, which goes back to the client.
    """
    client = server.clients.get(exchange.payload.client_id if exchange.payload else "")
    if client is None:
        raise NotOurRequest(N_("This sign-in link is damaged or has expired. Please start again."))
    exchange.session = needs(exchange, session, client.kind)
    user = exchange.session.person if exchange.session else None
    try:
        grant: BaseGrant = server.get_consent_grant(exchange, user)  # type: ignore[no-untyped-call]
    except (OAuth2Error, ValueError) as error:
        # ValueError: Authlib won't put odd characters of a forged address into its message.
        if getattr(error, "error", None) == "login_required":
            raise
        raise NotOurRequest(
            N_("This sign-in link is damaged or has expired. Please start again.")
        ) from None
    return grant


def grant_code(
    server: SignInServer, exchange: Exchange, grant: BaseGrant, person: Person
) -> Answer:
    """Return the redirect that carries the code; `exchange.session` says when they signed in."""
    answer: Answer = server.create_authorization_response(exchange, person, grant)  # type: ignore[assignment]
    return answer
