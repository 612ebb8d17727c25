"""What programs read: discovery, keys, and the exchange of a code for a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from services.identity.discovery import metadata
from services.identity.exchange import Exchange, Incoming
from services.identity.signing import public_keys

if TYPE_CHECKING:
    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit


def discovery(context: SignInContext, visit: Visit) -> Response:
    """Answer with the discovery document."""
    del visit
    return JSONResponse(metadata(context.settings))


def keys(context: SignInContext, visit: Visit) -> Response:
    """Answer with the public keys."""
    del visit
    return JSONResponse(public_keys(context.server.key))


def token(context: SignInContext, visit: Visit) -> Response:
    """Exchange a code. Only the body counts: secrets in an address would reach logs."""
    uri = f"{context.settings.address}{visit.url}"
    incoming = Incoming(visit.method, uri, visit.headers, form=visit.form)
    with context.databases.data.begin() as data:
        exchange = Exchange(incoming, data, context.clock())
        answer = context.server.exchange_code(exchange)
    return JSONResponse(answer.body, answer.status, dict(answer.headers))
