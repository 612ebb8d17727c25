"""One HTTP request of a browser, as plain values that can be handed to a thread."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from db.words import N_
from pages.http.names import language_in
from services.identity.exchange import Incoming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from pages.signin.context import SignInContext
    from services.identity.exchange import Pairs
    from services.language import Language

SESSION, FORM, CODE, LINK = "portal-signin", "portal-form", "portal-code", "portal-link"
"""Our cookies: this browser's sign-in, its forms, the code it asked for, the link it opened."""
LONGEST_BODY = 32_768
MOST_FIELDS = 30


class TooMuchError(Exception):
    """The body is longer than any form of ours."""


@dataclass(frozen=True)
class Visit:
    """What the browser sent. `error` is a message id to show above the form."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: Pairs = field(repr=False)
    form: Pairs = field(repr=False)
    language: Language
    browser: str | None = field(default=None, repr=False)
    form_token: str = field(default="", repr=False)
    asked_code: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    error: str | None = None
    address: str = field(default="", repr=False)
    """The browser's network address, as `pages/http/arrival.py` believes it."""

    @property
    def here(self) -> str:
        """Return the way back to this page, without a link's secret: the cookie `LINK` keeps it."""
        return self.url.partition("?")[0] if self.asked("token") else self.url

    def asked(self, name: str) -> str:
        """Return a parameter of the address, or nothing."""
        return dict(self.query).get(name, "")

    def sent(self, name: str) -> str:
        """Return a field of the form, or nothing."""
        return dict(self.form).get(name, "")

    def as_incoming(self, address: str) -> Incoming:
        """Return the request as the OpenID Connect provider reads it, without the form's fields."""
        return Incoming(self.method, f"{address}{self.url}", self.headers, self.query)


def _fields(text: str) -> Pairs:
    """Return the fields. Raise `ValueError` for characters that no keyboard and no database has."""
    pairs = tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for pair in pairs for c in "".join(pair)):
        msg = "a field holds what is no text"
        raise ValueError(msg)
    return pairs


async def _body(request: Request) -> Pairs:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise TooMuchError
    text = body.decode("utf-8", errors="strict")
    return _fields(text)


async def read(request: Request, context: SignInContext) -> Visit:
    """Return the visit. Raise `ValueError` or `TooMuchError` for a body that is no form of ours."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Visit(
        request.method,
        f"{request.url.path}{query}",
        request.headers,
        _fields(request.url.query),
        await _body(request) if request.method == "POST" else (),
        language_in(request.cookies),
        request.cookies.get(context.cookie(SESSION)),
        request.cookies.get(context.cookie(FORM), ""),
        request.cookies.get(context.cookie(CODE), ""),
        request.cookies.get(context.cookie(LINK), ""),
        address=request.client.host if request.client else "",
    )


def from_our_form(visit: Visit, address: str) -> bool:
    """Return whether a POST comes from a form we drew for this browser, and from no other site."""
    origin = visit.headers.get("origin", address)
    site = visit.headers.get("sec-fetch-site", "same-origin")
    token = visit.form_token
    same = bool(token) and secrets.compare_digest(token.encode(), visit.sent("form_token").encode())
    return same and origin == address and site in {"same-origin", "none"}


def anew(visit: Visit) -> Visit:
    """Return the visit as if the form were opened again, with a sentence that says why."""
    message = N_("The form was open for too long. Please try once more.")
    return replace(visit, method="GET", form=(), error=message)
