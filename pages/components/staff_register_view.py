"""The register of who could see members' data, page by page, and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.law import law
from pages.components.fragment import draw
from pages.components.sharing_view import period_words
from pages.components.text import _
from pages.http import staff_register as route
from services import staff_register
from services.house import house
from services.staff_register import CHANGES, ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.actor import Actor
    from services.staff_register import Account, Change

PAGE: Final = "jk_page_register"


def panel(actor: Actor, _found: Sequence[Account]) -> None:
    """Draw a page of the register."""
    number = int(st.session_state.get(PAGE) or 1)
    with house().databases.data.begin() as connection:
        count = staff_register.count(connection)
        rows = staff_register.page(connection, actor, number)
    draw("staff_register.html", count=count, rows=[_row(one) for one in rows], file=route.PATH,
         kept=period_words(law().staff.kept))  # fmt: skip
    pages = -(-count // staff_register.PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)


def _row(one: Change) -> dict[str, object]:
    return {
        "at": one.at,
        "who": one.staff_no,
        "what": _(CHANGES[one.change]),
        "role": _(ROLES[one.role]),
        "until": one.until,
        "training": one.what,
        "by": one.by or _("at the command line"),
        "why": one.why or "",
    }
