"""`/answer`: a company confirms a notice with the link of its mail, without signing in.

Opening the link confirms nothing: mail programs open links to look at them. A program may post
`token=…` to the same address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from pages.http import linked
from pages.signin import drawing
from pages.signin.visit import LINK
from services import answers, company_words
from services.dispatching import ANSWER_PATH
from services.language import format_date

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit


def _answered(context: SignInContext, visit: Visit) -> Response:
    posted = visit.method == "POST"
    token = linked.secret(visit)
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
    """Return the route."""
    return linked.route(ANSWER_PATH, context, _answered)
