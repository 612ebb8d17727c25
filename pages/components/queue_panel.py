"""The desk's list of open requests, those due first, and taking one in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components import said
from pages.components.fragment import draw
from pages.components.request_view import days_left, title
from pages.components.text import _
from services import desk_queue
from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.desk_queue import Queue, Waiting

CASE: Final = "jk_case"
PAGE: Final = "jk_page_queue"


def page() -> int:
    """Return the page that this tab chose."""
    return int(st.session_state.get(PAGE) or 1)


def panel(actor: Actor, queue: Queue) -> None:
    """Draw the list, the choice of one, and the pages."""
    first = (page() - 1) * desk_queue.PAGE_ROWS + 1
    rows = dict(enumerate(queue.rows, start=first))
    draw("desk_queue.html", count=queue.count, rows=[_row(n, row) for n, row in rows.items()])
    if not rows:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Which one?"), list(rows), format_func=lambda n: f"{n}. {_title(rows[n])}",
            key=f"jk_which_{page()}",
        )  # fmt: skip
        if st.button(_("Take in hand"), key="take", type="primary") and number in rows:
            _take(actor, rows[number].member_id, rows[number].request_id)
    pages = -(-queue.count // desk_queue.PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)


def _title(row: Waiting) -> str:
    return title(row.kind, row.item, row.purpose)


def _row(number: int, row: Waiting) -> dict[str, object]:
    hand = _("you") if row.mine else row.hand
    return {
        "number": number,
        "title": _title(row),
        "due_on": row.due_on,
        "left": days_left(row.days_left),
        "late": row.days_left < 0,
        "files": row.files,
        "hand": _("in hand: {who}", who=hand) if hand else "",
    }


def _take(actor: Actor, member_id: UUID, request_id: UUID) -> None:
    with house().databases.data.begin() as connection:
        case = desk_queue.take(connection, actor, member_id, request_id)
    st.session_state[CASE] = case.case_id
    said.say(_("You have this request in hand for 30 minutes."))
