"""The sign-in form, and what leads to it: an authorization request of the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authlib.oauth2 import OAuth2Error

from db.errors import PortalError
from pages.signin import drawing
from pages.signin.checking import check
from pages.signin.drawing import Trouble
from pages.signin.visit import SESSION
from services.identity import browser
from services.identity.attempts import WaitFirst
from services.identity.authorize import NotOurRequest, grant_code, validate
from services.identity.browser import BrowserSession
from services.identity.clients import VERIFY
from services.identity.exchange import Exchange
from services.identity.hashing import TooBusy

if TYPE_CHECKING:
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

_STATUS = {WaitFirst: 429, TooBusy: 503}


def authorize(context: SignInContext, visit: Visit) -> Response:
    """Answer an authorization request: a code at once, the form, or what is wrong."""
    now, server = context.clock(), context.server
    with context.databases.data.begin() as data:
        exchange = Exchange(visit.as_incoming(context.settings.address), data, now)
        known = browser.find(data, visit.browser, now) if visit.method == "GET" else None
        try:
            grant = validate(server, exchange, known)
        except NotOurRequest as error:
            return drawing.refuse(context, visit, error.message)
        except OAuth2Error as error:
            return drawing.go(server.redirect_error(exchange, error))
        if exchange.session:
            answer = grant_code(server, exchange, grant, exchange.session.person)
            return drawing.go(str(answer.location))
    return _submitted(context, visit) if visit.method == "POST" else _form(context, visit)


def _form(
    context: SignInContext, visit: Visit, trouble: Trouble | None = None, **more: int
) -> Response:
    client_id = visit.asked("client_id")
    return drawing.draw(
        context,
        visit,
        "signin.html",
        trouble=trouble,
        kind=context.server.clients[client_id].kind,
        verifying=client_id == VERIFY or "login" in visit.asked("prompt").split(),
        typed=visit.sent("identifier"),
        **more,
    )


def _submitted(context: SignInContext, visit: Visit) -> Response:
    kind = context.server.clients[visit.asked("client_id")].kind
    try:
        person = check(context, kind, visit)
    except PortalError as error:
        status = _STATUS.get(type(error), 400)
        return _form(context, visit, Trouble(error.message, error.params), status=status)
    now = context.clock()
    with context.databases.data.begin() as data:
        browser.end(data, visit.browser)
        secret = browser.start(data, person, now)
        exchange = Exchange(visit.as_incoming(context.settings.address), data, now)
        grant = validate(context.server, exchange, None)
        exchange.session = BrowserSession(person, now)
        answer = grant_code(context.server, exchange, grant, person)
    response = drawing.go(str(answer.location))
    drawing.set_cookie(context, response, SESSION, secret)
    return response
