"""`GET /desk-queue/evidence/CASE/FILE`: a file given as proof, to who decides the request.

Never the media route of the web framework: its addresses open for everyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db import clock
from db.errors import PortalError
from db.settings import settings
from db.words import N_, ActorKind, Purpose
from pages.http.linked import AWAY
from pages.http.names import SESSION_COOKIE, language_in
from services import access, deciding, desk_queue, sessions
from services.actor import AccessDenied, Permission, SignInRequired
from services.demands import DemandGone
from services.files import MediaType
from services.house import house
from services.language import translate
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from services.actor import Actor
    from services.evidence import Evidence

PATH = "/desk-queue/evidence"
_LOOK = access.Look(EventName.EVIDENCE_VIEWED, Permission.REQUEST_DECIDE, "/desk-queue")

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # The file is a stranger's: it runs nothing, loads nothing, and belongs to no site.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'none'",
}
_ENDINGS = {MediaType.PDF: "pdf", MediaType.JPEG: "jpg", MediaType.PNG: "png"}


def staff(request: Request) -> Actor:
    """Return who asks, by the session row: no page has run before this."""
    now = clock.now()
    with house().databases.data.begin() as connection:
        token = request.cookies.get(SESSION_COOKIE[settings().secure])
        session = sessions.find(connection, token, now)
    actor = session.actor(now) if session else None
    if actor is None:
        raise SignInRequired(N_("Please sign in to see this page."))
    if actor.kind is not ActorKind.STAFF:
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_standing()
    return actor


def _file(request: Request) -> Evidence:
    case_id, wanted = UUID(request.path_params["case"]), UUID(request.path_params["file"])
    actor = staff(request)
    with house().databases.data.begin() as connection:
        case = desk_queue.in_hand(connection, actor, case_id)
    if case is None:
        raise AccessDenied(N_("This page is not open to you."))
    with access.open(actor, case.member_id, Purpose.CORRECT, case_id, look=_LOOK) as subject:
        return deciding.proof(subject, wanted)


def answer(request: Request, find: Callable[[Request], Evidence] = _file) -> Response:
    """Return the file that `find` gives, or why not, in words."""
    language = language_in(request.cookies)
    try:
        found = find(request)
    except ValueError:
        return PlainTextResponse("Bad request", 400, _HEADERS)
    except AWAY:
        away = N_("We can't reach our records right now. Please try again soon.")
        return PlainTextResponse(translate(language, away), 503, _HEADERS)
    except PortalError as error:
        status = 401 if isinstance(error, SignInRequired) else 403
        status = 404 if isinstance(error, (deciding.DecisionRefused, DemandGone)) else status
        return PlainTextResponse(translate(language, error.message), status, _HEADERS)
    # A browser shows no PDF in a sandbox, so it is given to be kept apart; pictures are shown.
    how = "attachment" if found.media_type is MediaType.PDF else "inline"
    name = f"proof-{str(found.evidence_id)[:8]}.{_ENDINGS[found.media_type]}"
    headers = _HEADERS | {"Content-Disposition": f'{how}; filename="{name}"'}
    return Response(found.content, 200, headers, found.media_type)


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(answer, request)


ROUTE = Route(f"{PATH}/{{case}}/{{file}}", _endpoint, methods=["GET"])
