"""Setting a password with a link or after a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.signin import drawing
from pages.signin.changing import new_password
from pages.signin.drawing import Trouble
from pages.signin.telling import tell_changed
from pages.signin.visit import LINK, SESSION
from services.identity import passwords, recovery
from services.identity.passwords import PasswordRefused
from services.identity.people import Person
from services.identity.recovery import OneTimeRefused

if TYPE_CHECKING:
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit


def choose(context: SignInContext, visit: Visit) -> Response:
    """Show the form of a good link, or set the password and use the link up.

    Opening the link does not use it up: mail programs open links to look at them. Its secret goes
    into a cookie, so that no other address (the language switch's) has to repeat it.
    """
    token = visit.asked("token") or visit.link
    try:
        with context.databases.data.begin() as data:
            _, use = recovery.holder(data, token, context.clock())
        if visit.method == "GET":
            response = _form(context, visit, use)
            drawing.set_cookie(context, response, LINK, token)
            return response
        try:
            _set(context, visit, token, new_password(visit))
        except PasswordRefused as error:
            return _form(context, visit, use, Trouble(error.message, error.params))
    except OneTimeRefused as error:
        return drawing.refuse(context, visit, error.message, 410)
    response = drawing.draw(context, visit, "done.html")
    drawing.drop_cookie(context, response, SESSION)
    drawing.drop_cookie(context, response, LINK)
    return response


def _form(
    context: SignInContext, visit: Visit, use: recovery.Use, trouble: Trouble | None = None
) -> Response:
    shortest = passwords.SHORTEST
    return drawing.draw(context, visit, "set.html", trouble=trouble, use=use, shortest=shortest)


def _set(context: SignInContext, visit: Visit, token: str, password: str) -> None:
    now = context.clock()
    with context.databases.data.begin() as data:
        person = Person("member", recovery.consume(data, token, now))
        passwords.set_for(data, person, password, now)
        tell_changed(data, person, visit.language, now)
