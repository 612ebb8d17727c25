"""`GET /healthz`: 200 when the portal works, 503 with the failing part when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from services import health

if TYPE_CHECKING:
    from starlette.requests import Request


async def _healthz(_request: Request) -> JSONResponse:
    failing = await run_in_threadpool(health.failing)
    if failing is None:
        return JSONResponse({"status": "ok"})
    return JSONResponse({"status": "failing", "part": failing}, status_code=503)


ROUTE = Route("/healthz", _healthz, methods=["GET"])
