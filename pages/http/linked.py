"""What a secret link of a mail leads to, signed out: one page that is read and answered.

Opening the link does nothing: mail programs open links to look at them. Whoever posts needs the
link's secret, so no form token is asked.
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
from pages.signin.visit import TooMuchError, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

AWAY = (OperationalError, InterfaceError, NoConnectionError)
"""What the driver raises while the database is away."""


def secret(visit: Visit) -> str:
    """Return the link's secret, which stays out of every other address.

    The language switch finds it in a cookie.
    """
    if visit.method == "POST":
        return visit.sent("token")
    return visit.asked("token") or visit.link


def route(
    path: str, context: SignInContext, answered: Callable[[SignInContext, Visit], Response]
) -> Route:
    """Return the route of a page that `answered` draws, in a thread of its own."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read(request, context)
        except (ValueError, TooMuchError):
            return PlainTextResponse("Bad request", 400)
        try:
            return await run_in_threadpool(answered, context, visit)
        except AWAY:
            away = N_("We can't reach our records right now. Please try again soon.")
            return drawing.refuse(context, visit, away, 503)

    return Route(path, endpoint, methods=["GET", "POST"])
