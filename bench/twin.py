"""Writes a page's static twin: a script that draws the same elements from constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.proto.Block_pb2 import Block
    from streamlit.proto.Delta_pb2 import Delta
    from streamlit.proto.Element_pb2 import Element

    Drawn = list[tuple[tuple[int, ...], Delta]]

_HEAD = """\
import streamlit as st
st.set_page_config(page_title="twin", page_icon="🛡️", layout="centered")
st.navigation([st.Page(lambda: None, title=f"Page {n}", url_path=f"p{n}") for n in range(6)],
              position="top").run()
at = {(0,): st}
"""


def script(drawn: Drawn) -> str:
    """Return the twin of what a run drew. Raise `RuntimeError` for an element it doesn't know."""
    lines, columns = [_HEAD], _columns(drawn)
    for path, delta in drawn:
        if delta.HasField("add_block"):
            lines += _block(path, delta.add_block, columns.get(path))
        else:
            lines.append(_element(path, delta.new_element))
    return "\n".join(lines)


def _columns(drawn: Drawn) -> dict[tuple[int, ...], list[float]]:
    """Return the widths of the columns in each block that has some."""
    found: dict[tuple[int, ...], list[float]] = {}
    for path, delta in drawn:
        if delta.HasField("add_block") and delta.add_block.HasField("column"):
            found.setdefault(path[:-1], []).append(round(delta.add_block.column.weight, 3))
    return found


def _block(path: tuple[int, ...], block: Block, widths: list[float] | None) -> list[str]:
    if block.HasField("column"):
        return []  # drawn with the block around them
    where = f"at[{path[:-1]!r}]"
    if widths:
        names = ", ".join(f"at[{(*path, n)!r}]" for n in range(len(widths)))
        return [f"{names} = {where}.columns({widths!r})"]
    across = block.flex_container.direction == block.FlexContainer.HORIZONTAL
    return [f"at[{path!r}] = {where}.container(horizontal={across})"]


def _element(path: tuple[int, ...], element: Element) -> str:
    kind, where = str(element.WhichOneof("type")), f"at[{path[:-1]!r}]"
    if kind == "html":
        target = "st" if path[0] else where
        return f"{target}.html({element.html.body!r})"
    one: Any = getattr(element, kind)
    if kind == "button":
        look = f"type={one.type!r}, icon={one.icon or None!r}"
        return f"{where}.button({one.label!r}, key={str(path)!r}, {look})"
    if kind == "button_group":
        options = [option.content for option in one.options]
        return f"{where}.pills('kinds', {options!r}, key={str(path)!r})"
    msg = f"the twin can't draw: {kind}"
    raise RuntimeError(msg)
