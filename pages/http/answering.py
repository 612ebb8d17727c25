"""`/answer`: a company confirms a notice with the link of its mail, without signing in.

Opening the link confirms nothing: mail programs open links to look at them. A program may post
`token=…` to the same address.
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
from services import answers, company_words
from services.dispatching import ANSWER_PATH
from services.language import format_date

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

_AWAY = (OperationalError, InterfaceError, NoConnectionError)


def _answered(context: SignInContext, visit: Visit) -> Response:
    posted = visit.method == "POST"
    # The secret stays out of every other address: the language switch finds it in a cookie.
    token = visit.sent("token") if posted else visit.asked("token") or visit.link
    with context.databases.data.begin() as data:
        now = context.clock()
        found = answers.answer(data, token, now) if posted else answers.asked(data, token)
    if found is None:
        unknown = N_("We don't know this link. Please open it from our mail once more.")
        return drawing.refuse(context, visit, unknown, 404)
    response = drawing.draw(
        context, visit, "answer.html", found=found, token=token, date=format_date,
        said=company_words.said(found.change, found.items, visit.language),
    )  # fmt: skip
    if not posted:
        drawing.set_cookie(context, response, LINK, token)
    return response


def route(context: SignInContext) -> Route:
    """Return the route. Whoever posts needs the notice's secret, so no form token is asked."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read(request, context)
        except (ValueError, TooMuchError):
            return PlainTextResponse("Bad request", 400)
        try:
            return await run_in_threadpool(_answered, context, visit)
        except _AWAY:
            away = N_("We can't reach our records right now. Please try again soon.")
            return drawing.refuse(context, visit, away, 503)

    return Route(ANSWER_PATH, endpoint, methods=["GET", "POST"])
