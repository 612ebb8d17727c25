"""`/edit`: 개인정보변경. One item at a time: changing, clearing or asking (P30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.errors import PortalError
from db.words import Purpose
from pages.components import (
    carried,
    case_wish,
    edit_panel,
    edit_view,
    gate,
    own_number_panel,
    said,
    unmasking,
    ward_name,
)
from pages.components.fragment import draw, draw_common
from pages.components.text import _
from services import access, editing
from services.actor import AccessDenied, Permission, SecondWordNeeded, StepUpRequired
from services.ledger import EventName

if TYPE_CHECKING:
    from services.edit_wishes import Wish

actor = gate.member(Permission.PROFILE_CORRECT)
look = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
if said.show():
    edit_panel.fresh()
    ward_name.forget()
if actor.verified:
    carried.restore(actor)
chosen = edit_panel.chosen()
with access.open(actor, actor.subject_id, Purpose.CORRECT, look=look) as subject:
    one = editing.read(subject, chosen)  # asks for a verification, after who may not is refused


def _carry_out(wish: Wish) -> None:
    try:
        with access.open(actor, actor.subject_id, Purpose.CORRECT, look=look) as opened:
            done = wish.carry_out(opened)
    except (AccessDenied, StepUpRequired):
        raise
    except SecondWordNeeded as needed:
        said.say(case_wish.ask(actor, wish, needed))
    except PortalError as error:  # what was typed stays in its field
        draw("problem.html", text=_(error.message, **error.params))
    else:
        said.say(_(done))


draw_common("edit_intro.html", child=actor.for_child)
edit_panel.choose()
if one.held:
    unmasking.one_by_one(actor, "/edit", {chosen: _(one.item.label)})
draw("edit_item.html", one=edit_view.view(one))
if one.by_code and not one.hidden:
    own_number_panel.panel(actor, one.link_until, "/edit")
wished = edit_panel.wish(one)
if wished is not None:
    _carry_out(wished)
