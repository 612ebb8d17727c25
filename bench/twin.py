"""Writes a page's static twin: files that draw from constants what a run of the page sent.

The twin is a Streamlit app as one would write it: as many page files, the same navigation, the same
elements by the same commands, and the clock that runs again each minute; no database, no sign-in,
no template. What this file knows no command for is sent as it was, which costs the twin less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamlit.proto.AppPage_pb2 import AppPage
    from streamlit.proto.Block_pb2 import Block
    from streamlit.proto.Element_pb2 import Element
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    Path = tuple[int, ...]

MAIN = "main.py"
_MAIN = """\
import streamlit as st
st.set_page_config(page_title="twin", page_icon="🛡️", layout="centered")
sections = {{}}
for n, (section, title, path, seen) in enumerate({pages!r}):
    page = st.Page(f"twin_pages/page_{{n}}.py", title=title, url_path=path, default=not n,
                   visibility=seen)
    sections.setdefault(section, []).append(page)
page = st.navigation(sections, position="top")
page.run()
"""
_CLOCK = """\
@st.fragment(run_every={every!r})
def watch():
    pass
watch()
"""
_PAGE = "import streamlit as st\nat = {(0,): st}\n"


def files(sent: Iterable[ForwardMsg]) -> dict[str, str]:
    """Return the twin's files by name, from all that one run of the page sent."""
    sent = list(sent)
    pages = [
        (page.section_header, page.page_name, page.url_pathname or None, _seen(page))
        for one in sent
        if one.WhichOneof("type") == "navigation"
        for page in one.navigation.app_pages
    ]
    clocks = [_CLOCK.format(every=one.auto_rerun.interval) for one in sent if _is_clock(one)]
    # What has a fragment's name belongs to the clock, which draws its own.
    deltas = [one for one in sent if one.HasField("delta") and not one.delta.fragment_id]
    drawn = "\n".join([_PAGE, *_lines(deltas)])
    found = {f"twin_pages/page_{n}.py": drawn for n in range(len(pages))}
    return {MAIN: "".join([_MAIN.format(pages=pages), *clocks]), **found}


def _seen(page: AppPage) -> str:
    return "hidden" if page.is_hidden else "visible"


def _is_clock(one: ForwardMsg) -> bool:
    return one.WhichOneof("type") == "auto_rerun"


def _lines(drawn: list[ForwardMsg]) -> list[str]:
    columns, lines = _columns(drawn), []
    for one in drawn:
        path = tuple(one.metadata.delta_path)
        if one.delta.HasField("add_block"):
            lines += _block(path, one.delta.add_block, columns.get(path))
        else:
            lines.append(_element(path, one.delta.new_element))
    return lines


def _columns(drawn: list[ForwardMsg]) -> dict[Path, list[float]]:
    """Return the widths of the columns in each block that has some."""
    found: dict[Path, list[float]] = {}
    for one in drawn:
        if one.delta.HasField("add_block") and one.delta.add_block.HasField("column"):
            path = tuple(one.metadata.delta_path)
            found.setdefault(path[:-1], []).append(round(one.delta.add_block.column.weight, 3))
    return found


def _block(path: Path, block: Block, widths: list[float] | None) -> list[str]:
    if block.HasField("column"):
        return []  # drawn with the block around them
    where = f"at[{path[:-1]!r}]"
    if widths:
        names = ", ".join(f"at[{(*path, n)!r}]" for n in range(len(widths)))
        return [f"{names} = {where}.columns({widths!r})"]
    if block.HasField("form"):
        return [f"at[{path!r}] = {where}.form({block.form.form_id!r}, border={block.form.border})"]
    across = block.flex_container.direction == block.FlexContainer.HORIZONTAL
    return [f"at[{path!r}] = {where}.container(horizontal={across})"]


def _element(path: Path, element: Element) -> str:
    kind, where = str(element.WhichOneof("type")), f"at[{path[:-1]!r}]"
    one: Any = getattr(element, kind)
    if kind == "html" and path[0]:
        where = "st"
    if command := _command(kind, one, repr(str(path))):
        return f"{where}.{command}"
    made, name = type(one).__module__, type(one).__name__
    again = f"{name}.FromString({one.SerializeToString()!r})"
    return f"from {made} import {name}\n{where}._enqueue({kind!r}, {again})"


def _command(kind: str, one: Any, key: str) -> str | None:  # noqa: ANN401 (a message of any kind)
    """Return the call that draws an element, None for a kind without one."""
    if kind == "button":
        kind = "submit" if one.is_form_submitter else "button"
    given: dict[str, Callable[[], str]] = {
        "html": lambda: f"html({one.body!r})",
        "submit": lambda: f"form_submit_button({one.label!r}, key={key}, type={one.type!r})",
        "button": lambda: f"button({one.label!r}, key={key}, type={one.type!r}, icon={one.icon!r})",
        "button_group": lambda: f"pills('kinds', {[o.content for o in one.options]!r}, key={key})",
        "checkbox": lambda: f"toggle({one.label!r}, key={key})",
        "text_input": lambda: f"text_input({one.label!r}, key={key})",
        "radio": lambda: f"radio({one.label!r}, {list(one.options)!r}, key={key})",
        "selectbox": lambda: f"selectbox({one.label!r}, {list(one.options)!r}, key={key})",
    }
    return given[kind]() if kind in given else None
