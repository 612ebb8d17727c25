"""`/confirm-email`: a new e-mail address counts after its link, in any browser, signed out.

Opening the link confirms nothing: mail programs open links to look at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from db.words import N_
from pages.signin import drawing
from pages.signin.visit import LINK, TooMuchError, read
from services import email_change
from services.actor import AccessDenied
from services.holding_back import HeldBack

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

PATH = "/confirm-email"
_AWAY = (OperationalError, InterfaceError, NoConnectionError)


def _confirm(context: SignInContext, visit: Visit) -> Response:
    posted, now = visit.method == "POST", context.clock()
    # The secret stays out of every other address: the language switch finds it in a cookie.
    token = visit.sent("token") if posted else visit.asked("token") or visit.link
    try:
        with context.databases.data.begin() as data:
            email_change.waiting(data, token, now)
        if posted:
            email_change.confirm(token, visit.language, now)
    except HeldBack as error:
        return drawing.refuse(context, visit, error.message, 409)
    except (email_change.LinkOver, AccessDenied):
        return drawing.refuse(context, visit, email_change.OVER, 410)
    response = drawing.draw(context, visit, "confirm_email.html", done=posted, token=token)
    if posted:
        drawing.drop_cookie(context, response, LINK)
    else:
        drawing.set_cookie(context, response, LINK, token)
    return response


def route(context: SignInContext) -> Route:
    """Return the route. Whoever posts needs the link's secret, so no form token is asked."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read(request, context)
        except (ValueError, TooMuchError):
            return PlainTextResponse("Bad request", 400)
        try:
            return await run_in_threadpool(_confirm, context, visit)
        except _AWAY:
            away = N_("We can't reach our records right now. Please try again soon.")
            return drawing.refuse(context, visit, away, 503)

    return Route(PATH, endpoint, methods=["GET", "POST"])
