"""`GET /desk-cases/paper/CASE/PAPER`: an authority or document, for who has the case in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from db.words import N_, Purpose
from pages.http.evidence import answer, staff
from services import access, case_papers, cases
from services.actor import AccessDenied, Permission
from services.evidence import Evidence
from services.files import MediaType
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH = f"{cases.PAGE}/paper"
_LOOK = access.Look(EventName.EVIDENCE_VIEWED, Permission.CASE_HANDLE, cases.PAGE)


def _paper(request: Request) -> Evidence:
    case_id, wanted = UUID(request.path_params["case"]), UUID(request.path_params["paper"])
    actor = staff(request)
    with house().databases.data.begin() as connection:
        case = cases.own(connection, actor, case_id)
    if case is None:
        raise AccessDenied(N_("This page is not open to you."))
    with access.open(actor, case.member_id, Purpose.SHOW, case_id, look=_LOOK) as subject:
        found = case_papers.file(subject.connection, case.member_id, case_id, wanted)
    if found is None or found.media_type is None or found.content is None:
        raise AccessDenied(N_("This page is not open to you."))
    return Evidence(wanted, MediaType(found.media_type), found.content)


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(answer, request, _paper)


ROUTE = Route(f"{PATH}/{{case}}/{{paper}}", _endpoint, methods=["GET"])
