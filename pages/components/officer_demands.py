"""The officer's section of legal demands: the open ones, taking one in hand, entering a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

import streamlit as st

from db.clock import seoul_day
from pages.components import officer_demand_case, said, sign_in_panel
from pages.components.fragment import draw
from pages.components.sharing_view import items_words
from pages.components.text import _
from services import access, demand_entry, demands, desk_queue
from services.demand_entry import DEMANDABLE, DemandDraft, DemandRefused
from services.files import FileRefused
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.demands import Waiting

_FORM: Final = "jk_demand_form"
_MEGABYTES: Final = 5
_DATES: Final = "YYYY.MM.DD"


def panel(actor: Actor) -> None:
    """Draw the demand in hand, or the list with what can be done."""
    case_id = st.session_state.get(officer_demand_case.CASE)
    with house().databases.data.begin() as connection:
        case = desk_queue.in_hand(connection, actor, case_id) if case_id else None
        rows = () if case else demands.waiting(connection, actor)
    if case is not None:
        officer_demand_case.panel(actor, case)
        return
    numbered = dict(enumerate(rows, start=1))
    draw("officer_demands.html", rows=[_row(n, row) for n, row in numbered.items()])
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_demands", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"section": "demands"})
        return
    if numbered:
        _choice(actor, numbered)
    _entry(actor)


def _row(number: int, one: Waiting) -> dict[str, object]:
    return {
        "number": number,
        "authority": one.authority,
        "basis": one.legal_basis,
        "items": items_words(one.items),
        "received_on": one.received_on,
        "entered": _("you") if one.mine else one.entered_no or "",
    }


def _choice(actor: Actor, rows: dict[int, Waiting]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Which one?"), list(rows), format_func=lambda n: f"{n}. {rows[n].authority}"
        )
        if st.button(_("Take in hand"), key="take_demand", type="primary") and number in rows:
            one = rows[number]
            with house().databases.data.begin() as connection:
                case_id = demands.open_case(connection, actor, one.member_id, one.demand_id)
            st.session_state[officer_demand_case.CASE] = case_id
            said.say(_("You have this demand in hand for 30 minutes."))


def _entry(actor: Actor) -> None:
    """Draw the form. What was typed is gone with the next form's number."""
    number = int(st.session_state.get(_FORM) or 0)
    draw("officer_demand_entry.html")
    with st.form(f"{_FORM}_{number}"):
        typed = st.text_input(
            _("Whose data: exact e-mail, mobile number or login ID"), autocomplete="off"
        )
        authority = st.text_input(_("Who demands it"), max_chars=demand_entry.LONGEST)
        basis = st.text_input(_("The law that it rests on"), max_chars=demand_entry.LONGEST)
        items = st.multiselect(
            _("Items demanded"), DEMANDABLE, format_func=lambda name: items_words([name]),
            placeholder=_("Please choose"), select_all=False,
        )  # fmt: skip
        received = st.date_input(_("Came in on"), seoul_day(actor.at), format=_DATES)
        later = st.date_input(
            _("The member sees it from (empty: at once)"), None, format=_DATES,
            help=_("Only where the law lets it be shown later; then it is hidden until that day."),
        )  # fmt: skip
        given = st.file_uploader(
            _("The document (PDF, JPEG or PNG, 5 MB at most)"), ["pdf", "jpg", "jpeg", "png"],
            max_upload_size=_MEGABYTES,
        )  # fmt: skip
        sent = st.form_submit_button(_("Enter the demand"), type="primary")
    if not sent:
        return
    try:
        _enter(actor, DemandDraft(typed, authority, basis, tuple(items), received, later,
                                  given.getvalue() if given else b""))  # fmt: skip
    except (DemandRefused, FileRefused) as refused:
        draw("problem.html", text=_(refused.message))
        return
    st.session_state[_FORM] = number + 1
    said.say(_("The demand is entered. Another officer decides it."))


def _enter(actor: Actor, draft: DemandDraft) -> None:
    """Check, look up (noted whoever is found), then enter it in a case of its own."""
    good = demand_entry.checked(actor, draft)
    with house().databases.data.begin() as connection:
        found = demand_entry.seek(connection, actor, good.typed)
    member_id, demand_id = demand_entry.the_one(found), uuid4()
    with house().databases.data.begin() as connection:
        case_id = demands.open_case(connection, actor, member_id, demand_id)
    look = demand_entry.ENTERING
    with access.open(actor, member_id, demand_entry.PURPOSE, case_id, look=look) as subject:
        demand_entry.enter(subject, demand_id, good)
