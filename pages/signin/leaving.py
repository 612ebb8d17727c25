"""Sign-out: ends this browser's session here and goes back to the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authlib.oauth2 import OAuth2Error

from db.words import N_
from pages.signin import drawing
from pages.signin.visit import SESSION
from services.identity.exchange import Exchange

if TYPE_CHECKING:
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit


def leave(context: SignInContext, visit: Visit) -> Response:
    """End the session at once when the portal proves it asks, else after a press of the button."""
    server = context.server
    with context.databases.data.begin() as data:
        incoming = visit.as_incoming(context.settings.address)
        exchange = Exchange(incoming, data, context.clock(), visit.browser)
        try:
            request = server.leaving(exchange)
        except (OAuth2Error, ValueError):
            return drawing.refuse(
                context, visit, N_("This sign-out link is damaged. Please start from the portal.")
            )
        if request.needs_confirmation and visit.method == "GET":
            return drawing.draw(context, visit, "leave.html")
        back = server.leave(request)
    response = drawing.go(back or "/")
    drawing.drop_cookie(context, response, SESSION)
    return response
