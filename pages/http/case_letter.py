"""`GET /desk-cases/letter/CASE`: the answer as a letter to print, for who has the case in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db.clock import seoul_day
from db.errors import PortalError
from db.words import N_, Caller, Purpose
from pages.http import asking
from pages.http.evidence import staff
from pages.http.names import language_in
from services import access, case_ending, case_letter, case_papers, cases, guardian_calls
from services.actor import AccessDenied, Permission, SignInRequired
from services.house import house
from services.language import translate
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.actor import Actor
    from services.cases import Case

PATH = f"{cases.PAGE}/letter"


def _look(permission: Permission, items: tuple[str, ...]) -> access.Look:
    return access.Look(
        EventName.VALUES_UNMASKED, permission, cases.PAGE, items, folds=False, reason="letter"
    )


_MEMBER = _look(Permission.CASE_HANDLE, case_letter.ITEMS)
_GUARDIAN = _look(Permission.CALLER_WRITE, case_letter.ITEMS)
_CHILD = _look(Permission.CASE_HANDLE, case_letter.NAME)


def _letter(request: Request) -> str:
    case_id, actor = UUID(request.path_params["case"]), staff(request)
    papers: tuple[case_papers.Paper, ...] = ()
    today, acts = seoul_day(actor.at), True
    with house().databases.data.begin() as connection:
        case = cases.own(connection, actor, case_id)
        if case is not None:
            as_subject(connection, case.member_id)
            papers = case_papers.of_case(connection, case.member_id, case_id)
            if case.caller is Caller.GUARDIAN:
                whose = case.member_id, case.guardian_id
                acts = guardian_calls.acts(connection, *whose, today)
    if case is None or not case.verified:
        raise AccessDenied(N_("This page is not open to you."))
    if not acts:
        raise AccessDenied(guardian_calls.NOBODY_WRITTEN_TO)
    answer = case_ending.last(papers)
    if answer is None:
        raise AccessDenied(N_("Write the answer first."))
    return case_letter.html(_to(actor, case), case, answer, language_in(request.cookies), today)


def _to(actor: Actor, case: Case) -> case_letter.Recipient:
    """Return who asked: in a guardian's case the guardian, wherever the child may live."""
    whose = case.member_id, Purpose.SHOW, case.case_id
    if case.guardian_id is None:
        with access.open(actor, *whose, look=_MEMBER) as subject:
            return case_letter.member(subject)
    theirs = case.guardian_id, Purpose.SHOW, case.case_id
    with access.open(actor, *whose, look=_CHILD) as child:
        ward = case_letter.child_name(child)
    with access.open(actor, *theirs, look=_GUARDIAN) as subject:
        return case_letter.guardian(subject, ward)


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
