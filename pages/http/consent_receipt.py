"""`GET /consents/receipt[/ID]`: the receipt of one decision about consents, or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db.errors import PortalError
from db.words import Purpose
from pages.http import asking
from pages.http.names import language_in
from services import access, consent_receipts
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = "/consents/receipt"
_LOOK = access.Look(EventName.RECEIPT_TAKEN, Permission.CONSENT_CHANGE, "/consents", folds=False)


def _receipt(request: Request, consent_id: UUID | None) -> str:
    actor = asking.actor(request)
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=_LOOK) as subject:
        found = consent_receipts.lines(subject, consent_id, actor.language)
        return consent_receipts.html(subject, found, actor.language)


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    given = request.path_params.get("consent_id")
    try:
        made = _receipt(request, UUID(given) if given else None)
    except ValueError:
        return PlainTextResponse("Bad request", 400, asking.KEEP_NOWHERE)
    except asking.AWAY:
        return asking.away(language)
    except PortalError as error:
        missing = isinstance(error, consent_receipts.NoReceipt)
        return asking.refusal(language, error, 404 if missing else None)
    headers = {
        "Content-Disposition": 'attachment; filename="jikim-consents.html"',
        # A policy of its own also tells `shell` that this page is not Streamlit's.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return Response(made, 200, headers | asking.KEEP_NOWHERE, "text/html")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTES = (
    Route(PATH, _endpoint, methods=["GET"]),
    Route(f"{PATH}/{{consent_id}}", _endpoint, methods=["GET"]),
)
