"""Draws whom a member acts for, and a child's guardians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components import acting, dispute_panel, family_view, kept_only, move_panel, ward_name
from pages.components.fragment import draw, draw_common
from pages.components.profile_view import origin_notes
from pages.components.text import _
from services import access
from services.actor import AccessDenied, Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.family import Family, Ward

LOOK: Final = access.Look(EventName.FAMILY_VIEWED, Permission.FAMILY_READ, "/family")


def intro(actor: Actor, found: Family) -> None:
    """Draw what the page is, and the guardians of the child itself or of whom somebody acts for."""
    acting, own = actor.acting_for is not None, found.own
    draw_common("family_intro.html", child=acting, ward=own is not None and own.child)
    if own is None or not own.child:
        return
    if own.store_only:
        kept_only.box(actor)
    contacts = [dict(origin_notes(one)) for one in found.contacts]
    draw("family_guardians.html", links=family_view.links(own), contacts=contacts, child=acting)
    if st.button(_("Something is wrong"), key="wrong", icon=":material/support:"):
        _say_wrong()


def children(actor: Actor, found: Family) -> None:
    """Draw each child with whom the member acts or acted, and the way to act."""
    names = _names(actor, found.wards)
    if found.wards:
        draw("family_children.html", count=len(found.wards))
    for number, one in enumerate(found.wards, start=1):
        title = _title(number, names.get(one.member_id))
        draw("family_child.html", one=family_view.ward(one, title))
        if one.acts:
            label = _title(number, ward_name.plain(names.get(one.member_id)))
            _actions(actor, one, label, number, may_move=bool(found.babies))


def _title(number: int, name: str | None) -> str:
    child = _("Child {n}", n=number)
    return f"{child} · {name}" if name else child


def _actions(actor: Actor, one: Ward, title: str, number: int, *, may_move: bool) -> None:
    with st.container(horizontal=True):
        if st.button(_("See the data of {child}", child=title), key=f"act_{number}",
                     type="primary", icon=":material/child_care:"):  # fmt: skip
            acting.act_for(actor, one.member_id)
            acting.go("member/overview.py")
        if st.button(_("Something is wrong: {child}", child=title), key=f"wrong_{number}",
                     icon=":material/support:"):  # fmt: skip
            acting.act_for(actor, one.member_id)
            _say_wrong()
        if may_move:
            st.button(
                _("Compare with what I hold: {child}", child=title), key=f"compare_{number}",
                on_click=move_panel.offer, args=(one.member_id,),
            )  # fmt: skip


def _say_wrong() -> None:
    """Go where a dispute is opened, with its form open."""
    dispute_panel.show()
    acting.go("member/overview.py")


def _names(actor: Actor, wards: tuple[Ward, ...]) -> dict[UUID, str | None]:
    """Return the nicknames of the children that somebody acts for."""
    return {one.member_id: _name(actor, one.member_id) for one in wards if one.acts}


def _name(actor: Actor, child: UUID) -> str | None:
    try:
        return ward_name.of(actor, child)
    except AccessDenied:  # ended this very moment
        return None
