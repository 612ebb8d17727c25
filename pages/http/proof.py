"""`GET /history/proof/DAY`: the proof of a member's ledger events of a day, as a file to keep."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db import clock, seal_keys
from db.errors import PortalError
from db.settings import settings
from db.words import N_, ActorKind, Purpose, Store
from pages.http.names import SESSION_COOKIE, language_in
from services import access, child_link, proof, sessions
from services.actor import AccessDenied, Permission, SignInRequired
from services.house import house
from services.language import translate
from services.ledger import EventName

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from starlette.requests import Request

    from services.actor import Actor

PATH = "/history/proof"
_LOOK = access.Look(EventName.PROOF_TAKEN, Permission.HISTORY_READ, "/history", folds=False)
_AWAY = (OperationalError, InterfaceError, NoConnectionError)
_KEEP_NOWHERE = {"Cache-Control": "no-store"}


def _actor(request: Request) -> Actor:
    """Return who asks, for whom, by the session row: no page has run before this."""
    now = clock.now()
    with house().databases.data.begin() as connection:
        token = request.cookies.get(SESSION_COOKIE[settings().secure])
        session = sessions.find(connection, token, now)
    actor = session.actor(now) if session else None
    if session is None or actor is None:
        raise SignInRequired(N_("Please sign in to see this page."))
    if actor.kind is ActorKind.SELF and session.store is not Store.LIVE:
        raise AccessDenied(N_("Your account is sleeping: its data is kept apart and safe."))
    if given := request.query_params.get("child"):
        return replace(actor, acting_for=_child(actor, given))
    return actor


def _child(actor: Actor, given: str) -> UUID:
    """Return whom the link names. What we never gave out is no try to look at anybody."""
    with house().databases.data.begin() as connection:
        child = child_link.child_of(connection, actor, given) if given.isascii() else None
    if child is None:
        raise AccessDenied(N_("This page is not open to you."))
    return child


def _proof(request: Request) -> dict[str, Any]:
    day = date.fromisoformat(request.path_params["day"])
    actor = _actor(request)
    verifier = seal_keys.verifier(settings().var / "keys" / seal_keys.PUBLIC)
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=_LOOK) as subject:
        return proof.take(subject, day, verifier)


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    try:
        made = _proof(request)
    except (ValueError, OverflowError):
        return PlainTextResponse("Bad request", 400, _KEEP_NOWHERE)
    except _AWAY:
        away = N_("We can't reach our records right now. Please try again soon.")
        return PlainTextResponse(translate(language, away), 503, _KEEP_NOWHERE)
    except PortalError as error:
        status = 401 if isinstance(error, SignInRequired) else 403
        status = 404 if isinstance(error, proof.ProofError) else status
        said = translate(language, error.message, **error.params)
        return PlainTextResponse(said, status, _KEEP_NOWHERE)
    name = f"jikim-proof-{request.path_params['day']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | _KEEP_NOWHERE
    return Response(json.dumps(made, indent=1), 200, headers, "application/json")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTE = Route(f"{PATH}/{{day}}", _endpoint, methods=["GET"])
