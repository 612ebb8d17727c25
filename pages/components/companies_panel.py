"""Adds, changes and ends a company; what follows is said before, and nothing typed is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from db.settings import settings
from db.words import N_, CompanyRole, NoticeMeans
from pages.components import company_form, said, sign_in_panel
from pages.components.fragment import draw
from pages.components.sharing_view import items_words
from pages.components.text import _
from services import companies
from services.companies import CompanyDraft, CompanyGone, CompanyRefused
from services.house import house

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from db.policy import Policy
    from services.actor import Actor
    from services.companies import Company

FORM: Final = "jk_company_form_"
_ROUND: Final = "jk_company_round"
_KEPT: Final = "jk_company_kept"
_SECRET: Final = "jk_company_secret"  # noqa: S105 (the place it waits in)
_AGAIN: Final = "jk_company_again_"
_SURE: Final = "jk_company_sure"
_NEW: Final = {f"new {role}": role for role in CompanyRole}
_ADD: Final = {
    CompanyRole.RECIPIENT: N_("Add a company that receives data"),
    CompanyRole.PROCESSOR: N_("Add a processor"),
    CompanyRole.SOURCE_SYSTEM: N_("Add a source system"),
}
_SAVING: Final = {
    CompanyRole.RECIPIENT: N_(
        "If the purpose, the items or how long they are kept change, every consent to it ends and "
        "is asked for again. Nothing is given to it until then."
    ),
    CompanyRole.PROCESSOR: N_(
        "The day after the contract's last day it is asked to delete what it has, and its answer "
        "is waited for."
    ),
    CompanyRole.SOURCE_SYSTEM: N_("It is told of every change to data that came from it."),
}
_ENDING: Final = {
    CompanyRole.RECIPIENT: N_(
        "Nothing is given to it from that moment, and consents to it have no effect any more. It "
        "is asked to delete what it has. What it got stays on record."
    ),
    CompanyRole.PROCESSOR: N_(
        "Its contract ends today at the latest, and it is asked to delete what it has."
    ),
    CompanyRole.SOURCE_SYSTEM: N_("It is told of no change any more."),
}


def secret() -> None:
    """Draw the secret that was just made, this once."""
    made = st.session_state.pop(_SECRET, None)
    if made:
        draw("company_secret.html", name=made[0], company_id=made[1], secret=made[2])


def confirm_first() -> None:
    """Ask for a verification; what stood in the form goes along (companies are nobody's data)."""
    start = _prefix()
    held = {str(key): value for key, value in st.session_state.items()}
    typed = {key.removeprefix(start): v for key, v in held.items() if key.startswith(start)}
    kept: dict[str, Any] = st.session_state.get(_KEPT) or {}
    if not kept and typed.get("which"):
        # The run that was stopped has what was typed; a later one has only what stood there first.
        kept = st.session_state[_KEPT] = typed
    if kept:
        draw("problem.html", text=_("Please confirm that it is you. What you typed is kept."))
    if st.button(_("Confirm that it is me, then edit"), key="verify_companies", type="primary",
                 icon=":material/lock_open:"):  # fmt: skip
        sign_in_panel.ask_verification({"company": kept})


def _restore() -> None:
    resumed = st.session_state.get("jk_resume") or {}
    typed = st.session_state.pop(_KEPT, None) or resumed.pop("company", None) or {}
    if typed:
        st.session_state[_prefix() + "which"] = typed["which"]
        st.session_state[f"{_AGAIN}{_prefix()}"] = typed


def _prefix() -> str:
    # A widget keeps what it shows as long as it keeps its key: after each deed there are new ones.
    return f"{FORM}{st.session_state.get(_ROUND, 0)}_"


def _done(text: str) -> None:
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.session_state.pop(_SURE, None)
    said.say(text)


def panel(actor: Actor, found: Sequence[Company], policy: Policy) -> None:
    """Draw the choice, and the form of what was chosen."""
    _restore()
    known = {one.company_id: one for one in found}
    choices = [*_NEW, *known]
    key = f"{_prefix()}which"
    if st.session_state.get(key, choices[0]) not in (None, *choices):
        st.session_state.pop(key)
    draw("companies_edit.html")
    chosen = st.selectbox(
        _("What would you like to do?"), choices, index=None, key=key, placeholder=_("Choose"),
        format_func=lambda one: _(_ADD[_NEW[one]]) if one in _NEW
        else _("Change: {name}", name=known[one].name),
    )  # fmt: skip
    if chosen is None:
        return
    _form(actor, chosen, known.get(chosen), policy)
    if chosen in known:
        _secret(actor, known[chosen])
        _end(actor, known[chosen])


def _form(actor: Actor, chosen: str, one: Company | None, policy: Policy) -> None:
    start = one.draft if one else CompanyDraft(_NEW[chosen], "")
    with st.form("company"):
        again = st.session_state.get(f"{_AGAIN}{_prefix()}") or {}
        first = company_form.typed_of(start)
        first |= {name: again.get(f"{chosen}_{name}", value) for name, value in first.items()}
        typed = company_form.fields(start.role, f"{_prefix()}{chosen}_", first, policy)
        draw("edit_before.html", lines=[_(_SAVING[start.role])])
        sent = st.form_submit_button(_("Save") if one else _("Add"), type="primary")
    if sent:
        _trying(lambda: _save(actor, one, company_form.draft_of(start, typed)))


def _trying(deed: Callable[[], str]) -> None:
    """Do it and say so, or say what is wrong and leave everything as it was typed."""
    try:
        text = deed()
    except (CompanyRefused, CompanyGone) as error:
        params = dict(error.params)
        if isinstance(named := params.get("items"), str):
            params["items"] = items_words(named.split(", "))
        draw("problem.html", text=_(error.message, **params))
    else:
        _done(text)


def _save(actor: Actor, one: Company | None, draft: CompanyDraft) -> str:
    here = settings().on_this_computer
    if one is None:
        with house().databases.data.begin() as connection:
            company_id = companies.add(connection, actor, draft, here=here)
        if _signs(draft.role, draft.means):
            _show(draft.name, company_id, 1)
        return _("{name} is in the list now.", name=draft.name)
    with house().databases.data.begin() as connection:
        again = companies.change(connection, actor, one.company_id, draft, here=here)
    if again and one.role is CompanyRole.RECIPIENT:
        return _("Saved. Consents to {name} are asked for again.", name=draft.name)
    return _("Saved.")


def _signs(role: CompanyRole, means: NoticeMeans) -> bool:
    """Return whether a secret is of use: for our notices, or for what a system asks of us."""
    return means is NoticeMeans.WEBHOOK or role is CompanyRole.SOURCE_SYSTEM


def _show(name: str, company_id: str, number: int) -> None:
    keys = house().company
    if keys is not None:
        st.session_state[_SECRET] = (name, company_id, keys.secret(company_id, number))


def _secret(actor: Actor, one: Company) -> None:
    if not _signs(one.role, one.means):
        return
    draw("edit_before.html", lines=[
        _("A new secret counts at once; what is signed with the old one is taken no more.")
    ])  # fmt: skip
    if st.button(_("Make a new secret"), key="company_secret"):
        _trying(lambda: _renew(actor, one))


def _renew(actor: Actor, one: Company) -> str:
    with house().databases.data.begin() as connection:
        number = companies.new_secret(connection, actor, one.company_id)
    _show(one.name, one.company_id, number)
    return _("The new secret counts now.")


def _end(actor: Actor, one: Company) -> None:
    if st.session_state.get(_SURE) != one.company_id:
        st.button(_("End the work with {name}", name=one.name), key="company_end",
                  on_click=_set_sure, args=(one.company_id,))  # fmt: skip
        return
    draw("edit_before.html", lines=[_(_ENDING[one.role])])
    with st.container(horizontal=True):
        st.button(_("Leave it"), key="company_leave", on_click=_set_sure, args=(None,))
        if st.button(_("Yes, end it"), key="company_sure", type="primary"):
            _trying(lambda: _finish(actor, one))


def _set_sure(company_id: str | None) -> None:
    st.session_state[_SURE] = company_id


def _finish(actor: Actor, one: Company) -> str:
    with house().databases.data.begin() as connection:
        companies.end(connection, actor, one.company_id)
    return _("The work with {name} has ended.", name=one.name)
