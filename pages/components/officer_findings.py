"""The officer's section of disclosures whose ground is in question, each with what closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import N_, FindingClosed, FindingKind
from pages.components import said
from pages.components.fragment import draw
from pages.components.sharing_view import items_words
from pages.components.text import _
from services import findings
from services.house import house
from services.language import format_date
from services.sharing_words import GROUNDS

if TYPE_CHECKING:
    from services.actor import Actor
    from services.findings import Finding

PAGE: Final = "jk_page_findings"
KINDS: dict[FindingKind, str] = {
    FindingKind.WITHOUT_GROUND: N_("No ground holds for it"),
    FindingKind.GROUND_NOT_RECORDED: N_("Its ground was not recorded"),
    FindingKind.NOT_IN_LEDGER: N_("It did not go out by the one way"),
}
CLOSED: dict[FindingClosed, str] = {
    FindingClosed.DELETED_THERE: N_("The company deleted it"),
    FindingClosed.GROUND_FOUND: N_("The ground was found"),
    FindingClosed.REPORTED: N_("It is handled as a leak"),
}


def panel(actor: Actor) -> None:
    """Draw the open questions and the form that closes one."""
    number = int(st.session_state.get(PAGE) or 1)
    with house().databases.data.begin() as connection:
        count = findings.count(connection)
        rows = findings.page(connection, actor, number)
    first = (number - 1) * findings.PAGE_ROWS + 1
    numbered = dict(enumerate(rows, start=first))
    draw("officer_findings.html", count=count, rows=[_row(n, r) for n, r in numbered.items()])
    if not rows:
        return
    with st.form("close_finding"):
        which = st.selectbox(_("Which one?"), list(numbered), format_func=lambda n: f"{n}.")
        done = st.radio(
            _("What was done?"), list(CLOSED), index=None, format_func=lambda d: _(CLOSED[d])
        )
        sent = st.form_submit_button(_("Close it"), type="primary")
    if sent and done is not None and which in numbered:
        with house().databases.data.begin() as connection:
            findings.close(connection, actor, numbered[which].finding_id, FindingClosed(done))
        said.say(_("It is closed, and the ledger says by whom."))
    elif sent:
        draw("problem.html", text=_("Please choose what was done."))
    pages = -(-count // findings.PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)


def _row(number: int, one: Finding) -> dict[str, object]:
    return {
        "number": number,
        "kind": _(KINDS[one.kind]),
        "grave": one.kind is not FindingKind.GROUND_NOT_RECORDED,
        "recipient": one.recipient or _("Not recorded"),
        "what": items_words(one.items),
        "ground": _(GROUNDS[one.ground]) if one.ground else _("Not recorded"),
        "day": format_date(one.disclosed_on) if one.disclosed_on else "",
    }
