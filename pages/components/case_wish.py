"""Turns what staff wished for on the member's page into a step that waits for a second word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.errors import PortalError
from db.words import Purpose, StepWhat
from pages.components import gate
from pages.components.text import _
from services import access, case_asking, cases, edit_wishes
from services.actor import AccessDenied, Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor, SecondWordNeeded
    from services.edit_wishes import Wish

_LOOK: Final = access.Look(EventName.CASE_VIEWED, Permission.CASE_HANDLE, cases.PAGE)


def ask(actor: Actor, wish: Wish, needed: SecondWordNeeded) -> str:
    """Ask for it in the case in hand, and return what is said of it."""
    case = gate.here().case
    if case is None:
        raise AccessDenied(needed.message)
    items = wish.items if isinstance(wish, edit_wishes.Clear) else ()
    typed = wish.typed if isinstance(wish, edit_wishes.Change) else ""
    what = StepWhat(str(needed.params["what"]))
    try:
        with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
            case_asking.ask(subject, case, what, items, typed)
    except AccessDenied:
        raise
    except PortalError as refused:
        return _(refused.message, **refused.params)
    return _("It waits for a second word. The member has a link, and a colleague sees it.")
