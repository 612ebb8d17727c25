"""Chooses a kind of record and a page of it, and draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import RecordKind
from pages.components import records_view
from pages.components.fragment import draw, draw_common
from pages.components.text import _
from services.records import PAGE_ROWS

if TYPE_CHECKING:
    from services.records import KindSummary, Record

_KIND: Final = "jk_kind"


@dataclass(frozen=True)
class Chosen:
    """What the member chose; `kind` None until they did."""

    kind: RecordKind | None
    page: int


def _page_key(kind: str) -> str:
    return f"jk_page_{kind}"


def chosen() -> Chosen:
    """Return the choice of this tab, before the widgets are drawn."""
    kind = st.session_state.get(_KIND)
    if kind is None:
        return Chosen(None, 1)
    return Chosen(RecordKind(kind), int(st.session_state.get(_page_key(kind)) or 1))


def panel(
    kinds: tuple[KindSummary, ...], rows: tuple[Record, ...], now: Chosen, *, child: bool
) -> None:
    """Draw the kinds with their counts, then the chosen page."""
    draw_common("records_intro.html", any=bool(kinds), child=child)
    if not kinds:
        return
    counts = {k.kind.name.value: k for k in kinds}
    st.pills(
        _("Kind of record"),
        list(counts),
        format_func=lambda name: f"{_(counts[name].kind.label)} {counts[name].count:,}",
        key=_KIND,
    )
    if now.kind is None or now.kind not in counts:
        return
    summary = counts[now.kind]
    draw(
        "records.html",
        kind=summary,
        columns=records_view.heads(summary.kind),
        rows=records_view.rows(rows, summary.kind),
    )
    pages = -(-counts[now.kind].count // PAGE_ROWS)
    if pages > 1:
        st.pagination(pages, key=_page_key(now.kind), max_visible_pages=5)
