"""`GET /desk-officer/demand/CASE`: the document of a legal demand, to the officer who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from db.words import N_
from pages.http.evidence import answer, staff
from services import access, demands, desk_queue
from services.actor import AccessDenied
from services.demand_entry import PAGE, PURPOSE
from services.house import house

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from services.evidence import Evidence

PATH = f"{PAGE}/demand"


def _document(request: Request) -> Evidence:
    case_id, actor = UUID(request.path_params["case"]), staff(request)
    with house().databases.data.begin() as connection:
        case = desk_queue.in_hand(connection, actor, case_id)
    if case is None:
        raise AccessDenied(N_("This page is not open to you."))
    look = demands.VIEWING
    with access.open(actor, case.member_id, PURPOSE, case_id, look=look) as subject:
        return demands.document(subject)


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(answer, request, _document)


ROUTE = Route(f"{PATH}/{{case}}", _endpoint, methods=["GET"])
