"""The officer's section of children: disputes to decide, and children without a guardian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.errors import PortalError
from pages.components import officer_custody, officer_dispute, said, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import case_list, desk_queue, dispute_case, dispute_list, unguarded
from services.actor import AccessDenied, StepUpRequired
from services.dispute_words import WHY
from services.house import house

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.dispute_list import Waiting
    from services.unguarded import Alone, Page

PAGE: Final = "jk_page_alone"
_SECTION: Final = "children"


def panel(actor: Actor) -> None:
    """Draw what is in hand, or both lists with what can be done, and the way to enter a paper."""
    paper = officer_custody.in_hand(actor)
    if paper is not None:
        officer_custody.panel(actor, paper)
        return
    case_id = st.session_state.get(officer_dispute.CASE)
    with house().databases.data.begin() as connection:
        case = desk_queue.in_hand(connection, actor, case_id) if case_id else None
        rows = () if case else dispute_list.waiting(connection, actor)
        alone = unguarded.NOBODY if case else _page(connection, actor)
        mine = () if case else case_list.mine(connection, actor)
    if case is not None:
        officer_dispute.panel(actor, case)
        return
    numbered = dict(enumerate(rows, start=1))
    draw("officer_children.html", alone=alone,
         rows=[(n, _(WHY[one.why]), one) for n, one in numbered.items()])  # fmt: skip
    pages = -(-alone.count // unguarded.PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)
    if not actor.verified:
        officer_custody.intro()
        if st.button(_("Confirm that it is me, then go on"), key="verify_children", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"section": _SECTION})
        return
    if numbered:
        _choice(actor, numbered)
    if alone.rows:
        _alone(actor, {one.name: one for one in alone.rows})
    officer_custody.choice(actor, mine)


def _page(connection: Connection, actor: Actor) -> Page:
    """Return the page of children that is looked at; the last one, when that has become empty."""
    found = unguarded.alone(connection, actor, int(st.session_state.get(PAGE) or 1))
    if found.rows or not found.count:
        return found
    st.session_state[PAGE] = last = -(-found.count // unguarded.PAGE_ROWS)
    return unguarded.alone(connection, actor, last)


def _choice(actor: Actor, rows: dict[int, Waiting]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Which one?"), list(rows), format_func=lambda n: f"{n}. {_(WHY[rows[n].why])}"
        )
        if st.button(_("Take in hand"), key="take_dispute", type="primary") and number in rows:
            one = rows[number]
            with house().databases.data.begin() as connection:
                case_id = dispute_case.take(connection, actor, one.member_id, one.dispute_id)
            st.session_state[officer_dispute.CASE] = case_id
            said.say(_("You have this in hand for 30 minutes."))


def _alone(actor: Actor, rows: dict[str, Alone]) -> None:
    """Draw what closes a line: suspended guardians act again, or it is noted what was done."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(_("Which child?"), list(rows), key="alone")
        chosen = rows.get(str(name))
        lifts = chosen and chosen.suspended and st.button(
            _("Let every suspended guardian act again"), key="lift"
        )  # fmt: skip
        seen = chosen and st.button(_("Noted: somebody looks after the child"), key="alone_seen")
    if chosen and chosen.suspended:
        st.caption(
            _("Every suspension of this child's guardians ends, one that was entered for a later "
              "day too. To keep one, enter its paper below again.")
        )  # fmt: skip
    if chosen and lifts:
        _do(
            lambda data: unguarded.lift(data, actor, chosen.member_id),
            _("The suspension is over. Whoever was suspended is told, and may act once the child "
              "uses its account again.") if chosen.asleep else
            _("The suspension is over from now on. Whoever was suspended is being told."),
        )  # fmt: skip
    if chosen and seen:
        _do(
            lambda data: unguarded.see(data, actor, chosen.member_id),
            _("It is off the list, and the ledger says by whom."),
        )


def _do(what: Callable[[Connection], object], done: str) -> None:
    """Do one thing and say so; what can't be done is said where it was asked for."""
    try:
        with house().databases.data.begin() as connection:
            what(connection)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    said.say(done)
