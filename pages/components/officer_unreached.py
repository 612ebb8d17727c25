"""The officer's section of members whom the notice of dormancy did not reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components.fragment import draw
from services import unreached
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor

PAGE: Final = "jk_page_unreached"


def panel(actor: Actor) -> None:
    """Draw how many they are, what can be done, and a page of them."""
    number = int(st.session_state.get(PAGE) or 1)
    with house().databases.data.begin() as connection:
        count = unreached.count(connection)
        rows = unreached.page(connection, actor, number)
    draw("officer_unreached.html", count=count, rows=rows)
    pages = -(-count // unreached.PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)
