"""`/confirm-email`: a new e-mail address counts after its link, in any browser, signed out.

Opening the link confirms nothing: mail programs open links to look at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.http import linked
from pages.signin import drawing
from pages.signin.visit import LINK
from services import email_change
from services.actor import AccessDenied
from services.holding_back import HeldBack

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

PATH = "/confirm-email"


def _confirm(context: SignInContext, visit: Visit) -> Response:
    posted, now = visit.method == "POST", context.clock()
    token = linked.secret(visit)
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
    """Return the route."""
    return linked.route(PATH, context, _confirm)
