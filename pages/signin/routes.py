"""The sign-in service's addresses. The database is asked in threads, off the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from db.words import N_
from pages.signin import (
    authorizing,
    changing,
    drawing,
    language,
    leaving,
    protocol,
    recovering,
    setting,
)
from pages.signin.visit import TooMuchError, anew, from_our_form, read
from services.identity.clients import PATH
from services.sign_in_settings import uses_built_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

    Handler = Callable[[SignInContext, Visit], Response]

_AWAY = (OperationalError, InterfaceError, NoConnectionError)


def _screen(
    context: SignInContext, handler: Handler, *, forms: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of `handler`. `forms`: a POST must come from a form of ours."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read(request, context)
        except (ValueError, TooMuchError):
            return PlainTextResponse("Bad request", 400)
        if forms and visit.method == "POST" and not from_our_form(visit, context.settings.address):
            visit = anew(visit)
        try:
            return await run_in_threadpool(handler, context, visit)
        except _AWAY:
            return drawing.refuse(
                context,
                visit,
                N_("We can't reach our records right now. Please try again soon."),
                503,
            )

    return endpoint


def routes(context: SignInContext) -> list[Route]:
    """Return the sign-in service's routes, where it is used, and every page's language switch."""
    if not uses_built_in(context.settings):
        return [language.route(context)]

    def route(path: str, handler: Handler, *methods: str, forms: bool = True) -> Route:
        screen = _screen(context, handler, forms=forms)
        return Route(f"{PATH}{path}", screen, methods=list(methods or ("GET", "POST")))

    # Members of another provider have no password here to set.
    by_members = (
        []
        if context.settings.member_metadata_url
        else [
            route("/first", recovering.first),
            route("/forgot", recovering.forgot),
            route("/code", recovering.code),
            route("/set", setting.choose),
        ]
    )
    return [
        route("/.well-known/openid-configuration", protocol.discovery, "GET"),
        route("/jwks.json", protocol.keys, "GET"),
        route("/token", protocol.token, "POST", forms=False),
        route("/authorize", authorizing.authorize),
        route("/logout", leaving.leave),
        route("/password", changing.change),
        *by_members,
        language.route(context),
    ]
