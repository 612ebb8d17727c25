"""`GET /desk-cases/letter/CASE`: the answer as a letter to print, for who has the case in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db.errors import PortalError
from db.words import N_, Purpose
from pages.http import asking
from pages.http.evidence import staff
from pages.http.names import language_in
from services import access, case_ending, case_letter, case_papers, cases
from services.actor import AccessDenied, Permission, SignInRequired
from services.house import house
from services.language import translate
from services.ledger import EventName

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = f"{cases.PAGE}/letter"
_LOOK = access.Look(
    EventName.VALUES_UNMASKED, Permission.CASE_HANDLE, cases.PAGE, case_letter.ITEMS,
    folds=False, reason="letter",
)  # fmt: skip


def _letter(request: Request) -> str:
    case_id, actor = UUID(request.path_params["case"]), staff(request)
    papers: tuple[case_papers.Paper, ...] = ()
    with house().databases.data.begin() as connection:
        case = cases.own(connection, actor, case_id)
        if case is not None:
            access.as_subject(connection, case.member_id)
            papers = case_papers.of_case(connection, case.member_id, case_id)
    if case is None or not case.verified:
        raise AccessDenied(N_("This page is not open to you."))
    answer = case_ending.last(papers)
    if answer is None:
        raise AccessDenied(N_("Write the answer first."))
    language = language_in(request.cookies)
    with access.open(actor, case.member_id, Purpose.SHOW, case_id, look=_LOOK) as subject:
        return case_letter.html(subject, case, answer, language)


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    try:
        made = _letter(request)
    except asking.AWAY:
        return asking.away(language)
    except (SignInRequired, AccessDenied) as refused:
        return asking.refusal(language, refused)
    except (PortalError, ValueError):
        gone = translate(language, N_("This page is not open to you."))
        return PlainTextResponse(gone, 404, asking.KEEP_NOWHERE)
    # A policy of its own also tells `shell` that this page is not Streamlit's.
    own = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(made, 200, asking.KEEP_NOWHERE | own, "text/html")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTE = Route(f"{PATH}/{{case}}", _endpoint, methods=["GET"])
