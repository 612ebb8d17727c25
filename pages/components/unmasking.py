"""Whether values are shown in full on this page, and the button that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import Purpose
from pages.components import gate, sign_in_panel
from pages.components.text import _
from services import access, case_words
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor
    from services.profile import Profile

_WANTED: Final = "jk_plain"
_RESUME: Final = "jk_resume"


def wanted(actor: Actor) -> bool:
    """Return whether this tab asked for full values and the verification is still fresh.

    Staff in a case never see a page in full: they ask for one item at a time (`one_by_one`).
    """
    if actor.grant is not None:
        return False
    if (st.session_state.pop(_RESUME, None) or {}).get("plain"):
        st.session_state[_WANTED] = True
    if st.session_state.get(_WANTED) and not actor.verified:
        st.session_state[_WANTED] = False
    return bool(st.session_state.get(_WANTED))


def one_by_one(actor: Actor, page: str, names: dict[str, str]) -> None:
    """Let staff in a case see one item in full, with a reason; `names` has each one's words.

    Each is noted in the ledger before it is shown.
    """
    hidden = {n: text for n, text in names.items() if actor.grant and n not in actor.grant.shown}
    if actor.grant is None or not hidden:
        return
    words = case_words.UNMASKING
    with st.form("unmask", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
        item = st.selectbox(
            _("Show one item in full"), list(hidden), index=None, key="unmask_item",
            placeholder=_("Please choose"), format_func=hidden.__getitem__,
        )  # fmt: skip
        why = st.selectbox(
            _("Why it is needed"), list(words), key="unmask_why", format_func=lambda w: _(words[w])
        )
        sent = st.form_submit_button(_("Show it"), icon=":material/visibility:")
    if sent and item in hidden and why is not None:
        look = access.Look(
            EventName.VALUES_UNMASKED, Permission.PROFILE_UNMASK, page, (item,), folds=False,
            reason=why.value,
        )  # fmt: skip
        with access.open(actor, actor.subject_id, Purpose.SHOW, look=look):
            pass
        gate.show_in_full(item)
        st.rerun()


def held_names(held: Profile) -> dict[str, str]:
    """Return items of which something is held, and kinds of record, each with what it is called."""
    items = {
        one.item.name: _(one.item.label)
        for group in held.groups.values()
        for one in group
        if one.item.shown and any(value.text is not None for value in one.values)
    }
    return items | {one.kind.name.value: _(one.kind.label) for one in held.kinds}


def _set(value: bool) -> None:  # noqa: FBT001 (a widget's callback takes positions)
    st.session_state[_WANTED] = value


def button(actor: Actor, *, plain: bool) -> None:
    """Draw the switch: hide again, show (verified), or verify first and come back here."""
    if actor.grant is not None:
        return
    if plain:
        st.button(
            _("Hide again"),
            key="hide",
            on_click=_set,
            args=(False,),
            icon=":material/visibility_off:",
        )
    elif actor.verified:
        st.button(_("Show in full"), key="show", type="primary", on_click=_set, args=(True,),
                  icon=":material/visibility:")  # fmt: skip
    elif st.button(_("Confirm that it is me, then show in full"), key="show", type="primary",
                   icon=":material/lock_open:"):  # fmt: skip
        sign_in_panel.ask_verification({"plain": True})
