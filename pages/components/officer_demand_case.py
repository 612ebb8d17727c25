"""One legal demand in hand: what is demanded, its document, and the second officer's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL
from db.words import N_
from pages.components import said
from pages.components.fragment import draw
from pages.components.sharing_view import items_words
from pages.components.text import _
from pages.http.demand import PATH
from services import access, demands, desk_queue
from services.demand_entry import PURPOSE, DemandRefused
from services.demands import DemandRefusal
from services.disclosing import DisclosureRefused
from services.house import house

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from services.actor import Actor
    from services.demands import Demand
    from services.desk_queue import Case
    from services.disclosing import Disclosure

CASE: Final = "jk_demand_case"
REFUSALS: dict[DemandRefusal, str] = {
    DemandRefusal.NO_LEGAL_BASIS: N_("The law it names does not allow it"),
    DemandRefusal.NOT_AUTHENTIC: N_("The document can't be trusted"),
    DemandRefusal.TOO_BROAD: N_("It demands more than is needed"),
    DemandRefusal.OTHER_PERSON: N_("The document means somebody else"),
    DemandRefusal.NOT_HELD: N_("We hold none of it"),
    DemandRefusal.DISPUTED: N_("The member disputes the data"),
}


def panel(actor: Actor, case: Case) -> None:
    """Draw the demand and what this officer may do with it."""
    look = demands.VIEWING
    try:
        with access.open(actor, case.member_id, PURPOSE, case.case_id, look=look) as subject:
            one = demands.read(subject)
    except demands.DemandGone as gone:
        _leave(_(gone.message))
        return
    draw("officer_demand.html", one=one, items=items_words(one.items), verified=actor.verified,
         named=[(items_words([name]), value) for name, value in one.named],
         href=f"{PATH}/{case.case_id}", until=f"{case.until.astimezone(SEOUL):%H:%M}")  # fmt: skip
    done = not one.mine and _decision(actor, case, one)
    if not done and st.button(_("Put it back without deciding"), key="put_back", type="tertiary"):
        with house().databases.data.begin() as connection:
            desk_queue.put_back(connection, actor, case.case_id)
        _leave(_("The demand is back in the list."))


def _decision(actor: Actor, case: Case, one: Demand) -> bool:
    """Draw both forms; return whether it is decided. A form each: nothing runs between."""
    place = st.empty()
    with place.container():
        approved, items, reason = _forms(one)
    if reason is not None:
        _refuse(actor, case, reason)
    return approved and _approve(actor, case, items, place)


def _forms(one: Demand) -> tuple[bool, tuple[str, ...], DemandRefusal | None]:
    """Return whether it is approved, for which items; or the reason why it is refused."""
    with st.form("approve_demand"):
        items = st.multiselect(
            _("Hand out (as few items as will do)"), one.items,
            format_func=lambda name: items_words([name]), placeholder=_("Please choose"),
            select_all=False,
        )  # fmt: skip
        approved = st.form_submit_button(_("Approve and show these once"), type="primary")
    with st.form("refuse_demand"):
        reason = st.radio(
            _("Or refuse, because"), list(REFUSALS), index=None,
            format_func=lambda r: _(REFUSALS[r]),
        )  # fmt: skip
        refused = st.form_submit_button(_("Refuse"))
    if refused and reason is None:
        draw("problem.html", text=_("Please choose a reason."))
    return approved, tuple(items), reason if refused else None


def _refuse(actor: Actor, case: Case, reason: DemandRefusal) -> None:
    look = demands.VIEWING
    with access.open(actor, case.member_id, PURPOSE, case.case_id, look=look) as subject:
        demands.refuse(subject, reason)
    _leave(_("Refused. Nothing was handed out."))


def _approve(actor: Actor, case: Case, items: tuple[str, ...], place: DeltaGenerator) -> bool:
    look = demands.VIEWING
    try:
        with access.open(actor, case.member_id, PURPOSE, case.case_id, look=look) as subject:
            made = demands.approve(subject, items)
    except (DemandRefused, DisclosureRefused) as refused:
        draw("problem.html", text=_(refused.message))
        return False
    st.session_state.pop(CASE, None)
    place.empty()
    _given(made)
    st.button(_("I have noted it; hide it"), key="hide_given")
    return True


def _given(made: Disclosure) -> None:
    """Show the values in this run only: no file, nothing in the tab's memory."""
    values = [(items_words([name]), texts) for name, texts in made.values.items()]
    draw("officer_demand_given.html", made=made, values=values)


def _leave(text: str) -> None:
    st.session_state.pop(CASE, None)
    said.say(text)
