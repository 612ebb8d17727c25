"""A first or forgotten password: asking for a link or a code, and typing the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.errors import PortalError
from db.words import N_
from pages.signin import drawing
from pages.signin.drawing import Trouble
from pages.signin.visit import CODE, LINK
from services.identity import accounts, attempts, recovery
from services.identity.attempts import WaitFirst

if TYPE_CHECKING:
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit


def first(context: SignInContext, visit: Visit) -> Response:
    """Let somebody who joined on paper, by phone or by fax set their first password."""
    return _ask(context, visit, "first")


def forgot(context: SignInContext, visit: Visit) -> Response:
    """Let somebody who forgot their password set another."""
    return _ask(context, visit, "forgotten")


def _ask(context: SignInContext, visit: Visit, use: recovery.Use) -> Response:
    if visit.method == "GET":
        return _form(context, visit, use)
    try:
        question = recovery.asked(visit.sent("identifier"))
        _request(context, visit, question, use)
    except PortalError as error:
        status = 429 if isinstance(error, WaitFirst) else 400
        return _form(context, visit, use, Trouble(error.message, error.params), status)
    if not question.by_code:
        return drawing.draw(context, visit, "sent.html", minutes=_minutes(recovery.LINK_LASTS))
    response = drawing.go("/signin/code")
    drawing.set_cookie(context, response, CODE, question.secret)
    return response


def _minutes(lasts: object) -> int:
    return int(lasts.total_seconds() // 60)  # type: ignore[attr-defined]


def _form(
    context: SignInContext,
    visit: Visit,
    use: recovery.Use,
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    return drawing.draw(
        context,
        visit,
        "recover.html",
        trouble=trouble,
        status=status,
        use=use,
        typed=visit.sent("identifier"),
    )


def _request(
    context: SignInContext, visit: Visit, question: recovery.Asked, use: recovery.Use
) -> None:
    key = attempts.digest(context.keyring, "recovery", question.pair[1])
    address = attempts.address_digest(context.keyring, visit.address)
    with context.databases.keys.begin() as keys:
        attempts.pace(keys, address, context.clock())
    with context.databases.keys.begin() as keys:
        # Nobody's telephone should ring all night: asking again and again is slowed down too.
        attempts.count(keys, key, context.clock())
        people = accounts.find_members(keys, context.keyring, [question.pair])
    with context.databases.data.begin() as data:
        recovery.request(data, people, question, use, visit.language)


def code(context: SignInContext, visit: Visit) -> Response:
    """Take the six digits; the right ones lead to setting the password."""
    if visit.method == "GET":
        return _code_form(context, visit)
    with context.databases.data.begin() as data:
        typed = visit.sent("code")
        token = recovery.redeem_code(
            data, context.keyring, visit.asked_code, typed, context.clock()
        )
    if not token:
        return _code_form(
            context,
            visit,
            Trouble(N_("That code isn't right, or it has ended. Check it or ask for a new one.")),
        )
    response = drawing.go("/signin/set")
    drawing.set_cookie(context, response, LINK, token)
    drawing.drop_cookie(context, response, CODE)
    return response


def _code_form(context: SignInContext, visit: Visit, trouble: Trouble | None = None) -> Response:
    return drawing.draw(
        context, visit, "code.html", trouble=trouble, minutes=_minutes(recovery.CODE_LASTS)
    )
