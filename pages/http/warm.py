"""Makes every rerun fast: what is loaded late is loaded early, and left out of collections.

Streamlit as it comes collects all garbage after every run; that takes the longer the more is
loaded and the more tabs are open. It is off (`runner.postScriptGC`): Python collects when it has
reason to. `gc.freeze()` takes all that exists by now out of its way, so that what is imported
early costs nothing later.

It also sends what a page draws in steps of five milliseconds, so a run that takes six is seen after
ten. Here each message leaves at once.
"""

from __future__ import annotations

import ast
import gc
import importlib
from pathlib import Path

from streamlit.runtime import runtime

from pages.components import fragment

LATE = ("streamlit.emojis", "streamlit.material_icon_names", "streamlit.web.skills")
"""What Streamlit imports on somebody's first run."""
_PAGES = Path(__file__).parent.parent
_ROOT = _PAGES.parent


def _is_file(package: str, name: str) -> bool:
    return _ROOT.joinpath(*package.split("."), f"{name}.py").is_file()


def _names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if not isinstance(node, ast.ImportFrom) or not node.module:
        return set()
    files = {f"{node.module}.{a.name}" for a in node.names if _is_file(node.module, a.name)}
    return files | {node.module}


def imported() -> set[str]:
    """Return what the files of `pages/` import. Pages draw as they run: none is imported itself."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in _PAGES.rglob("*.py"))
    return {name for tree in trees for node in ast.walk(tree) for name in _names(node)}


def warm() -> None:
    """Import all that pages use, then freeze. Call it once, when the server is about to serve."""
    for name in sorted(imported().union(LATE)):
        importlib.import_module(name)
    vars(runtime)["MESSAGE_FLUSH_INTERVAL_SECS"] = 0.0
    fragment.compile_all()
    gc.collect()
    gc.freeze()
