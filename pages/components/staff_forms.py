"""The forms of `/desk-staff`: adding an account, and what is done to one. Nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import N_, StaffRole
from pages.components import staff_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import staff_changes
from services.house import house
from services.staff_changes import NewStaff, StaffRefused, Training
from services.staff_register import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.staff_changes import Decision
    from services.staff_register import Account

    Deed = Callable[[Connection, Decision], str | None]

_DATES: Final = "YYYY.MM.DD"
_ROUND: Final = "jk_staff_round"
DEEDS: Final = {
    "renew": N_("Renew the assignment"),
    "train": N_("Record a training"),
    "role": N_("Change the role"),
    "password": N_("Give a new first password"),
    "end": N_("End the access"),
}
_FOLLOWS: Final = {
    "renew": N_("The desk opens to them again, or shuts after the day you choose."),
    "train": N_("Only a training that took place. The desk shuts again after its last day."),
    "role": N_("Their next step in a running session has it already."),
    "password": N_("The old password and every session of theirs end at once."),
    "end": N_("Sign-in, running sessions and open cases of theirs end at once. The account stays "
              "in the list, and its number is not used again."),
}  # fmt: skip
_DONE: Final = {
    "renew": N_("The assignment is renewed, and the register says so."),
    "train": N_("The training is recorded, and the register says so."),
    "role": N_("The role is changed, and the register says so."),
    "password": N_("The new password is below, this once."),
    "end": N_("The access has ended, and the register says so."),
}


def _round() -> int:
    return int(st.session_state.get(_ROUND) or 0)


def change(actor: Actor, found: Sequence[Account]) -> None:
    """Draw the choice of an account and of a deed, what follows, and its form."""
    by_no = {one.staff_no: one for one in found}
    draw("staff_change.html")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        no = st.selectbox(_("Who?"), list(by_no), key=f"staff_who_{_round()}")
        deeds = [deed for deed in DEEDS if deed != "password" or staff_panel.builtin()]
        deed = st.selectbox(
            _("What?"), deeds, key=f"staff_deed_{_round()}", format_func=lambda d: _(DEEDS[d])
        )
    if no not in by_no:
        return
    one = by_no[no]
    with st.form(f"staff_{deed}_{no}_{_round()}"):
        st.caption(_(_FOLLOWS[deed]))
        do = _FIELDS[deed](one, seoul_day(actor.at))
        why = st.text_input(_("Why"), max_chars=staff_changes.LONGEST)
        sent = st.form_submit_button(_(DEEDS[deed]), type="primary")
    if sent:
        _trying(actor, why, do, one.login_id, _(_DONE[deed]))


def _renew(one: Account, today: date) -> Deed:
    until = _day(_("Assigned until and including"), today + timedelta(days=365))
    return lambda c, d: staff_changes.renew(c, d, one.staff_id, _given(until))


def _train(one: Account, today: date) -> Deed:
    what = st.text_input(_("What it was about"), max_chars=staff_changes.LONGEST)
    held = _day(_("Held on"), today)
    until = _day(_("Counts until and including"), today + timedelta(days=365))
    return lambda c, d: staff_changes.record_training(
        c, d, one.staff_id, Training(_given(held), _given(until), what)
    )


def _role(one: Account, _today: date) -> Deed:
    role = _roles(one.role)
    return lambda c, d: staff_changes.change_role(c, d, one.staff_id, role)


def _password(one: Account, _today: date) -> Deed:
    return lambda c, d: staff_changes.give_password(c, d, one.staff_id)


def _end(one: Account, _today: date) -> Deed:
    return lambda c, d: staff_changes.end(c, d, one.staff_id)


_FIELDS: Final[dict[str, Callable[[Account, date], Deed]]] = {
    "renew": _renew, "train": _train, "role": _role, "password": _password, "end": _end,
}  # fmt: skip


def add(actor: Actor, until: date) -> None:
    """Draw the form of a new account."""
    draw("staff_add.html", builtin=staff_panel.builtin())
    with st.form(f"staff_add_{_round()}"):
        no = st.text_input(_("Staff number"), autocomplete="off")
        login = st.text_input(_("Sign-in"), autocomplete="off")
        role = _roles(StaffRole.AGENT)
        day = _day(_("Assigned until and including"), until)
        why = st.text_input(_("Why"), max_chars=staff_changes.LONGEST)
        sent = st.form_submit_button(_("Add"), type="primary")
    if sent:
        _trying(
            actor, why,
            lambda c, d: staff_changes.add(
                c, d, NewStaff(no, login, role, _given(day)),
                password=staff_panel.builtin(),
            )[1],
            login, _("The account is there. Without a recorded training the desk stays shut."),
        )  # fmt: skip


def _roles(now: StaffRole) -> StaffRole:
    words = list(StaffRole)
    chosen = st.radio(_("Role"), words, words.index(now), format_func=lambda r: _(ROLES[r]))
    return StaffRole(chosen or now)


def _day(label: str, first: date) -> date | None:
    found: date | None = st.date_input(label, first, format=_DATES)
    return found


def _given(day: date | None) -> date:
    if day is None:
        raise StaffRefused(N_("Please choose a day."))
    return day


def _trying(actor: Actor, why: str, do: Deed, login: str, done: str) -> None:
    """Do it and say so, or say what is wrong and keep what was typed."""
    try:
        with house().databases.data.begin() as connection:
            secret = do(connection, staff_changes.decision(actor, why))
    except StaffRefused as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    st.session_state[_ROUND] = _round() + 1
    staff_panel.show_secret(login, secret, done)
