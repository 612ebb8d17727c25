"""`GET /status/certificate/FORM?of=…`: a certificate of leaving, as a page or as signed JSON.

The link is sealed and lasts a quarter of an hour; it opens nobody's data, for none is left to open.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db import clock, seal_keys
from db.settings import settings
from db.words import N_
from pages.http import asking
from pages.http.names import language_in
from services import certificate, certificate_link, certificate_page
from services.house import house
from services.language import translate

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.certificate import Certificate, Status
    from services.language import Language

PATH = "/status/certificate"
_TOO_OLD = N_("This link has run out. Please open your status once more.")


def _found(request: Request) -> tuple[Certificate, Status] | None:
    given = certificate_link.open_again(
        house().keyring, request.query_params.get("of", ""), clock.now()
    )
    if given is None:
        return None
    with house().databases.data.connect() as connection:
        found = certificate.status(connection, given)
    return (given, found) if found else None


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    try:
        found = _found(request)
    except asking.AWAY:
        return asking.away(language)
    if found is None:
        return PlainTextResponse(translate(language, _TOO_OLD), 404, asking.KEEP_NOWHERE)
    if request.path_params["form"] == "json":
        return _json(*found)
    return _html(language, *found)


def _headers(given: Certificate, form: str) -> dict[str, str]:
    name = f"jikim-certificate-{given.number}.{form}"
    return {"Content-Disposition": f'attachment; filename="{name}"'} | asking.KEEP_NOWHERE


def _json(given: Certificate, found: Status) -> Response:
    verifier = seal_keys.verifier(settings().var / "keys" / seal_keys.PUBLIC)
    made = json.dumps(certificate.file(given, found, verifier), indent=1)
    return Response(made, 200, _headers(given, "json"), "application/json")


def _html(language: Language, given: Certificate, found: Status) -> Response:
    # A policy of its own also tells `shell` that this page is not Streamlit's.
    own = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    made = certificate_page.html(language, given, found)
    return Response(made, 200, _headers(given, "html") | own, "text/html")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTE = Route(f"{PATH}/{{form:str}}", _endpoint, methods=["GET"])
