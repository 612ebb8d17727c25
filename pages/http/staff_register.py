"""`GET /desk-staff/register.csv`: the register of who could see members' data, to an officer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from db.errors import PortalError
from pages.http.asking import AWAY, away, refusal
from pages.http.evidence import staff
from pages.http.names import language_in
from services import staff_register
from services.house import house

if TYPE_CHECKING:
    from starlette.requests import Request

PATH: Final = "/desk-staff/register.csv"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'attachment; filename="staff-access.csv"',
}


def answer(request: Request) -> Response:
    """Return the file, or why not, in words."""
    language = language_in(request.cookies)
    try:
        actor = staff(request)
        with house().databases.data.begin() as connection:
            file = staff_register.as_file(connection, actor, language)
    except AWAY:
        return away(language)
    except PortalError as error:
        return refusal(language, error)
    return Response(file, 200, _HEADERS, "text/csv; charset=utf-8")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(answer, request)


ROUTE = Route(PATH, _endpoint, methods=["GET"])
