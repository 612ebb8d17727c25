"""The section of legal holds: those that stand, what a new one would keep, and lifting one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import N_, HoldWhy
from pages.components import said, sign_in_panel
from pages.components.destruction_words import word
from pages.components.fragment import draw
from pages.components.text import _
from services import hold_entry, holds, reference
from services.hold_entry import HoldDraft
from services.holds import HoldError, Wish
from services.house import house
from services.language import format_date

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.holds import Hold
    from services.officer_destruction import Head

_WISH: Final = "jk_hold_wish"
_FORM: Final = "jk_hold_form"
_EVERYTHING: Final = ""
_DATES: Final = "YYYY.MM.DD"
WHY: dict[HoldWhy, str] = {
    HoldWhy.LAWSUIT: N_("a lawsuit"),
    HoldWhy.INVESTIGATION: N_("an investigation"),
    HoldWhy.DISPUTE: N_("a dispute"),
    HoldWhy.AUDIT: N_("an audit"),
}


def panel(actor: Actor, _head: Head) -> None:
    """Draw the standing holds, then the wish in hand or the forms."""
    today = seoul_day(actor.at)
    with house().databases.data.begin() as connection:
        found = holds.standing(connection, today)
    numbered = dict(enumerate(found, start=1))
    draw("holds.html", rows=[_row(n, one) for n, one in numbered.items()])
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_holds", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"section": "holds"})
        return
    wish = st.session_state.get(_WISH)
    if wish is not None:
        _preview(actor, wish)
        return
    if numbered:
        _lift(actor, numbered)
    _entry(actor)


def _what(member_id: UUID | None, kind: str | None) -> str:
    """Return what is held: everything of a member, a kind, or a member's rows of one kind."""
    if member_id is None:
        return _("{kind}, of everybody", kind=word(kind or ""))
    name = reference.for_desk(member_id)
    if kind is None:
        return _("Everything of member {name}", name=name)
    return _("{kind}, of member {name}", kind=word(kind), name=name)


def _row(number: int, one: Hold) -> dict[str, object]:
    return {
        "number": number,
        "what": _what(one.member_id, one.kind),
        "why": _(WHY[one.why]),
        "reference": one.reference or "",
        "ends_on": one.ends_on,
        "staff_no": one.staff_no or "",
    }


def _lift(actor: Actor, rows: dict[int, Hold]) -> None:
    with st.form("lift_hold"):
        number = st.selectbox(
            _("Lift a hold before its day"), list(rows), index=None,
            placeholder=_("Please choose"),
            format_func=lambda n: f"{n}. {_what(rows[n].member_id, rows[n].kind)}",
        )  # fmt: skip
        sent = st.form_submit_button(_("Lift it"))
    if sent and number in rows:
        with house().databases.data.begin() as connection:
            holds.lift(connection, actor, rows[number].hold_id)
        said.say(_("It is lifted. What is past its time is destroyed with the next hourly run."))
    elif sent:
        draw("problem.html", text=_("Please choose a hold."))


def _entry(actor: Actor) -> None:
    """Draw the form. What was typed is gone with the next form's number."""
    number = int(st.session_state.get(_FORM) or 0)
    draw("holds_entry.html")
    with st.form(f"{_FORM}_{number}"):
        typed = st.text_input(
            _("Whose data: exact e-mail, mobile number or login ID (empty: everybody's)"),
            autocomplete="off",
        )
        kind = st.selectbox(
            _("Which data"), [_EVERYTHING, *holds.KINDS],
            format_func=lambda name: word(name) if name else _("Everything (of one member only)"),
        )  # fmt: skip
        why = st.radio(_("Because of"), list(HoldWhy), index=None, format_func=lambda w: _(WHY[w]))
        ends = st.date_input(
            _("Until (that day included)"), None, min_value=seoul_day(actor.at), format=_DATES
        )
        file = st.text_input(_("Number of the file (no names)"), max_chars=holds.LONGEST_REFERENCE)
        sent = st.form_submit_button(_("Show what it would keep"), type="primary")
    if not sent:
        return
    try:
        wish = _sought(actor, HoldDraft(typed, kind or None, why, ends, file))
    except HoldError as refused:
        draw("problem.html", text=_(refused.message))
        return
    st.session_state[_WISH] = wish
    st.session_state[_FORM] = number + 1
    st.rerun()


def _sought(actor: Actor, draft: HoldDraft) -> Wish:
    """Check, then look up (noted whoever is found), and return the whole wish."""
    wish = hold_entry.checked(actor, draft)
    if not draft.typed.strip():
        return wish
    with house().databases.data.begin() as connection:
        found = hold_entry.seek(connection, actor, draft.typed)
    return replace(wish, member_id=hold_entry.the_one(found))


def _preview(actor: Actor, wish: Wish) -> None:
    try:
        with house().databases.data.begin() as connection:
            kept = holds.preview(connection, actor, wish)
    except HoldError as refused:  # its last day went by meanwhile
        _leave(_(refused.message))
        return
    draw("holds_preview.html", what=_what(wish.member_id, wish.kind), why=_(WHY[wish.why]),
         wish=wish, rows=[(word(one.kind), one) for one in kept],
         until=format_date(wish.ends_on))  # fmt: skip
    with st.container(horizontal=True):
        placed = st.button(_("Place the hold"), key="place_hold", type="primary")
        if st.button(_("Don't place it"), key="drop_hold"):
            _leave(_("No hold was placed."))
    if placed:
        with house().databases.data.begin() as connection:
            holds.place(connection, actor, wish)
        _leave(_("The hold is placed."))


def _leave(text: str) -> None:
    st.session_state.pop(_WISH, None)
    said.say(text)
