"""`GET /history/proof/DAY`: the proof of a member's ledger events of a day, as a file to keep."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db import seal_keys
from db.errors import PortalError
from db.settings import settings
from db.words import Purpose
from pages.http import asking
from pages.http.names import language_in
from services import access, proof
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from typing import Any

    from starlette.requests import Request


PATH = "/history/proof"
_LOOK = access.Look(EventName.PROOF_TAKEN, Permission.HISTORY_READ, "/history", folds=False)


def _proof(request: Request) -> dict[str, Any]:
    day = date.fromisoformat(request.path_params["day"])
    actor = asking.actor(request)
    verifier = seal_keys.verifier(settings().var / "keys" / seal_keys.PUBLIC)
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=_LOOK) as subject:
        return proof.take(subject, day, verifier)


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    try:
        made = _proof(request)
    except (ValueError, OverflowError):
        return PlainTextResponse("Bad request", 400, asking.KEEP_NOWHERE)
    except asking.AWAY:
        return asking.away(language)
    except PortalError as error:
        missing = isinstance(error, proof.ProofError)
        return asking.refusal(language, error, 404 if missing else None)
    name = f"jikim-proof-{request.path_params['day']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | asking.KEEP_NOWHERE
    return Response(json.dumps(made, indent=1), 200, headers, "application/json")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTE = Route(f"{PATH}/{{day}}", _endpoint, methods=["GET"])
