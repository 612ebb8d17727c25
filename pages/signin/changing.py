"""Change of password, by whoever knows the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.errors import PortalError
from db.words import N_
from pages.signin import drawing
from pages.signin.checking import check
from pages.signin.drawing import Trouble
from pages.signin.telling import tell_changed
from pages.signin.visit import SESSION
from services.identity import passwords
from services.identity.passwords import PasswordRefused

if TYPE_CHECKING:
    from starlette.responses import Response

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit
    from services.identity.people import Kind


def change(context: SignInContext, visit: Visit) -> Response:
    """Show the form, or change the password and end every open sign-in."""
    if visit.method == "GET":
        return _form(context, visit)
    try:
        _changed(context, visit)
    except PortalError as error:
        return _form(context, visit, Trouble(error.message, error.params))
    response = drawing.draw(context, visit, "done.html")
    drawing.drop_cookie(context, response, SESSION)
    return response


def _kind(visit: Visit) -> Kind:
    return "staff" if visit.asked("for") == "staff" else "member"


def _form(context: SignInContext, visit: Visit, trouble: Trouble | None = None) -> Response:
    return drawing.draw(
        context,
        visit,
        "change.html",
        trouble=trouble,
        kind=_kind(visit),
        typed=visit.sent("identifier"),
        shortest=passwords.SHORTEST,
    )


def new_password(visit: Visit, identifier: str = "") -> str:
    """Return the new password of a form. Raise `PasswordRefused` when it breaks a rule."""
    password = visit.sent("new_password")
    passwords.check_rules(password, identifier)
    if password != visit.sent("again"):
        raise PasswordRefused(N_("The two passwords are not the same. Please type them again."))
    return password


def _changed(context: SignInContext, visit: Visit) -> None:
    identifier = visit.sent("identifier")
    password = new_password(visit, identifier)
    person = check(context, _kind(visit), visit, renewing=True)
    if password == visit.sent("password"):
        raise PasswordRefused(N_("Please choose a password other than the present one."))
    now = context.clock()
    with context.databases.data.begin() as data:
        passwords.set_for(data, person, password, now)
        tell_changed(data, person, visit.language, now)
