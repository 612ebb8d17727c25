"""`POST /joining-check`: a sign-up page of the family asks whether somebody may join.

docs/joining.md tells its side of it. The answer is `{"may_join": true}` or `false`, or one word
that says why there is none; none of it depends on whether anybody is or was a member.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from db import clock
from pages.http.asking import AWAY, KEEP_NOWHERE
from services import joining, signed
from services.house import house
from services.identity.attempts import WaitFirst
from services.joining import BadQuestion
from services.signed import NotGenuineError, SentBeforeError, Signed

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

LONGEST: Final = 4_096
"""Bytes of a question."""
_WHY: Final[dict[type[Exception], tuple[str, int]]] = {
    NotGenuineError: ("signature", 401),
    SentBeforeError: ("sent_before", 409),
    BadQuestion: ("malformed", 400),
}


def _answered(request: Signed) -> JSONResponse:
    now = clock.now()
    try:
        may = _may_join(request, now)
    except (NotGenuineError, SentBeforeError, BadQuestion) as error:
        return _none(*_WHY[type(error)])
    except WaitFirst as wait:
        seconds = max(ceil((wait.until - now).total_seconds()), 1)
        return _none("too_many", 429, {"Retry-After": str(seconds)})
    except AWAY:
        return _none("away", 503)
    return JSONResponse({"may_join": may}, headers=KEEP_NOWHERE)


def _may_join(request: Signed, now: datetime) -> bool:
    home = house()
    if home.company is None:
        raise NotGenuineError  # without the installation's key nobody has a secret
    with home.databases.data.begin() as data:
        asker = signed.check(data, home.company, request, now)
        values = joining.question(request.body)
        with home.databases.keys.begin() as keys:
            joining.pace(keys, home.keyring, asker, now)
        with home.databases.keys.connect() as keys:
            return joining.may_join(data, keys, home.keyring, values, asker, now)


def _none(why: str, status: int, more: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": why}, status, headers=KEEP_NOWHERE | (more or {}))


async def _body(request: Request) -> bytes | None:
    """Return the body, or None when it is longer than any question."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            return None
    return body


async def _endpoint(request: Request) -> JSONResponse:
    body = await _body(request)
    if body is None:
        return _none("too_long", 413)
    head = request.headers
    given = Signed(
        head.get("jikim-company", ""), head.get("jikim-timestamp", ""),
        head.get("jikim-signature", ""), body,
    )  # fmt: skip
    return await run_in_threadpool(_answered, given)


ROUTE = Route(joining.PATH, _endpoint, methods=["POST"])
