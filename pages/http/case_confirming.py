"""`/confirm-case`: the member's own word on what was asked for in a case, signed out, by a link.

Opening the link does nothing: mail programs open links to look at them. It shows what will happen,
with a button for yes and one for no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.errors import PortalError
from pages.http import linked
from pages.signin import drawing
from pages.signin.visit import LINK
from services import case_confirming, case_words
from services.actor import AccessDenied
from services.case_confirming import OVER, PATH, LinkOver
from services.language import format_datetime, translate

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit
    from services.case_confirming import Waiting


def _answered(context: SignInContext, visit: Visit) -> Response:
    posted, now = visit.method == "POST", context.clock()
    token = linked.secret(visit)
    given, done = None, ""
    try:
        with context.databases.data.begin() as data:
            found = case_confirming.waiting(data, token, now)
        if posted and visit.sent("answer") == "no":
            case_confirming.object_to(found, visit.language, now)
            done = "no"
        elif posted and not found.running:
            given = case_confirming.confirm(found, visit.language, now)
            done = "yes"
    except (LinkOver, AccessDenied):
        return drawing.refuse(context, visit, OVER, 410)
    except PortalError as error:  # it waits, or can't be done just now: the link still counts
        return drawing.refuse(context, visit, error.message, 409)
    response = drawing.draw(
        context, visit, "confirm_case.html", done=done, token=token, given=given,
        said=_shown(found, visit),
    )  # fmt: skip
    if posted:
        drawing.drop_cookie(context, response, LINK)
    else:
        drawing.set_cookie(context, response, LINK, token)
    return response


def _shown(found: Waiting, visit: Visit) -> dict[str, object]:
    language = visit.language
    return {
        "what": str(found.what),
        "title": translate(language, case_words.STEPS[found.what]),
        "named": ", ".join(translate(language, ITEMS[name].label) for name in found.items),
        "no": found.no,
        "until": format_datetime(found.until) if found.until else "",
        "works_until": format_datetime(found.expires_at),
    }


def route(context: SignInContext) -> Route:
    """Return the route."""
    return linked.route(PATH, context, _answered)
