"""What the house keeps to, read from its own code: gates, commits, and who may touch what (P25)."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from db.settings import ROOT
from services import jobs
from services.actor import PERMISSIONS, Permission, Relation
from services.worker_app import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ROOT / "pages"
GATES = {"guard", "gate.guard", "gate.member"}
DRAWN = {"public", "member", "desk"}
DRAWING = {"draw", "draw_common"}


def modules(*rooms: str) -> list[Path]:
    return sorted(p for room in rooms for p in (ROOT / room).rglob("*.py"))


def screens() -> list[Path]:
    return [p for p in modules(*(f"pages/{room}" for room in DRAWN)) if p.name != "__init__.py"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def callee(node: ast.AST) -> str:
    """Return the dotted name of what a call calls, or nothing."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def imported(path: Path) -> set[str]:
    """Return every module that the file imports, and every name from one, dotted."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def harmless(node: ast.stmt) -> bool:
    """Return whether a statement may stand before the gate: it runs nothing."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
        return True
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Assign | ast.AnnAssign) and not any(calls(node))


def gate_of(path: Path) -> Permission | None:
    """Return the permission that a page asks for first, or None."""
    first = next((node for node in tree(path).body if not harmless(node)), None)
    value = first.value if isinstance(first, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or callee(value) not in GATES or not value.args:
        return None
    room, _, name = ast.unparse(value.args[0]).rpartition(".")
    return Permission[name] if room == "Permission" and name in Permission.__members__ else None


@pytest.mark.promise("P25")
@pytest.mark.parametrize("page", screens(), ids=named)
def test_a_page_asks_for_its_permission_before_anything_else(page: Path) -> None:
    asked = [call for call in calls(tree(page)) if callee(call) in GATES]
    assert gate_of(page) is not None, (
        f"{named(page)}: put `gate.member(Permission.…)`, or `gate.guard(Permission.PUBLIC)` on a "
        "page without anybody's data, first after the imports."
    )
    assert len(asked) == 1, f"{named(page)}: ask for a permission once, not {len(asked)} times."


@pytest.mark.promise("P25")
@pytest.mark.parametrize("page", screens(), ids=named)
def test_public_pages_are_those_of_the_public_folder(page: Path) -> None:
    public = gate_of(page) is Permission.PUBLIC
    assert public == (page.parent.name == "public"), (
        f"{named(page)}: what opens signed out belongs into pages/public/, and nothing else does."
    )


@pytest.mark.promise("P25")
@pytest.mark.parametrize("page", screens(), ids=named)
def test_a_public_page_opens_nobodys_data(page: Path) -> None:
    if gate_of(page) is Permission.PUBLIC:
        assert not [call for call in calls(tree(page)) if callee(call).endswith("access.open")]


def test_the_gate_test_finds_what_it_should(tmp_path: Path) -> None:
    """A page without a gate, with one too late, and with a permission that nobody knows."""
    ways = {
        '"""Doc."""\nimport os\nA = 1\ngate.member(Permission.PROFILE_READ)': True,
        "actor = gate.member(Permission.PROFILE_READ)": True,
        'draw("x.html")\ngate.member(Permission.PROFILE_READ)': False,
        "held = profile()\ngate.member(Permission.PROFILE_READ)": False,
        "gate.member()": False,
        "gate.member(Permission.NOBODY_KNOWS)": False,
        "gate.member(permission)": False,
        "if x:\n    gate.member(Permission.PROFILE_READ)": False,
        "draw('x.html')": False,
    }
    for number, (code, good) in enumerate(ways.items()):
        page = tmp_path / f"page{number}.py"
        page.write_text(code)
        assert (gate_of(page) is not None) == good, code


@pytest.mark.promise("P25")
def test_every_permission_says_who_has_it() -> None:
    missing = set(Permission) - PERMISSIONS.keys()
    assert not missing, f"services/actor.py: say in PERMISSIONS who has {sorted(missing)}."
    assert PERMISSIONS[Permission.PUBLIC] == frozenset()
    assert all(relations <= set(Relation) for relations in PERMISSIONS.values())


def registered() -> set[str]:
    """Return the page files that pages/components/frame.py names."""
    strings = {
        node.value
        for node in ast.walk(tree(PAGES / "components" / "frame.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {s for s in strings if s.endswith(".py") and s.split("/")[0] in DRAWN}


def test_every_page_is_registered_and_every_registered_page_is_there() -> None:
    there = {str(page.relative_to(PAGES)) for page in screens()}
    assert not there - registered(), "pages/components/frame.py: add these pages to navigation()."
    assert not registered() - there, "pages/components/frame.py names pages that are not there."


@pytest.mark.parametrize("module", modules("pages"), ids=named)
def test_pages_know_no_table_and_no_engine(module: Path) -> None:
    known = {name for name in imported(module) if name.startswith(("db.tables", "db.engines"))}
    at_run = {name for name in known if name.startswith("db.tables")}
    assert not at_run, f"{named(module)}: ask a service instead of {sorted(at_run)}."


def test_only_services_and_db_know_the_members_tables() -> None:
    outside = [
        named(module)
        for module in modules("pages", "docs")
        if any(name.startswith("db.tables.member") for name in imported(module))
    ]
    assert not outside


@pytest.mark.parametrize("module", modules("services"), ids=named)
def test_a_service_never_commits(module: Path) -> None:
    """The caller's block does: a ledger event and what it tells of stand or fall together."""
    lines = [
        call.lineno
        for call in calls(tree(module))
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback"}
    ]
    assert not lines, f"{named(module)}, lines {lines}: leave commits to the caller's block."


def opens(node: ast.With) -> bool:
    """Return whether a block is a transaction."""
    names = [callee(item.context_expr) for item in node.items]
    return any(n == "access.open" or n.endswith((".begin", ".connect")) for n in names)


def drawn_inside(module: ast.Module) -> list[int]:
    """Return the lines that draw while a transaction is open."""
    blocks = [node for node in ast.walk(module) if isinstance(node, ast.With) and opens(node)]
    return [
        call.lineno
        for block in blocks
        for statement in block.body
        for call in calls(statement)
        if callee(call).startswith("st.") or callee(call).removeprefix("fragment.") in DRAWING
    ]


@pytest.mark.parametrize("module", modules("pages"), ids=named)
def test_nothing_is_drawn_before_the_transaction_ends(module: Path) -> None:
    """Drawing may stop the run; and what is shown must be what was committed."""
    lines = drawn_inside(tree(module))
    assert not lines, f"{named(module)}, lines {lines}: draw after the block."


def test_the_drawing_test_finds_what_it_should() -> None:
    for opened in ("access.open(actor, who, p, look=l) as s", "db.data.begin() as c"):
        for drawing in (
            "st.write(1)",
            'draw("x.html")',
            'draw_common("x.html")',
            "a = [st.button(x) for x in y]",
        ):
            assert drawn_inside(ast.parse(f"with {opened}:\n    {drawing}\n")) == [2]
            assert drawn_inside(ast.parse(f"with {opened}:\n    pass\n{drawing}\n")) == []


@pytest.mark.promise("P25")
def test_only_the_gate_makes_a_subject() -> None:
    makers = {
        named(module)
        for module in modules("pages", "services", "db", "tests", "bench")
        for call in calls(tree(module))
        if callee(call).rpartition(".")[2] == "Subject"
    }
    assert makers == {"services/access.py"}


def test_only_the_edge_reads_the_clock() -> None:
    """`now` is an argument: pages, the command line and the worker read it, nobody else."""
    readers = {
        named(module)
        for module in modules("services", "db")
        for call in calls(tree(module))
        if callee(call) in {"datetime.now", "datetime.utcnow", "date.today", "time.time"}
    }
    assert readers <= {"db/clock.py"}, readers


def task_files() -> set[str]:
    files = {path.stem for path in modules("services/tasks")} - {"__init__"}
    return {f"services.tasks.{name}" for name in files}


def test_a_worker_knows_the_tasks_of_every_file() -> None:
    """What is registered where nobody imports it is enqueued, and never done."""
    told = imported(ROOT / "services" / "tasks" / "__init__.py")
    missing = task_files() - told
    assert not missing, f"services/tasks/__init__.py: import {sorted(missing)}."
    assert "services.tasks" in imported(ROOT / "services" / "worker.py")


def test_every_task_that_has_a_name_is_registered_and_the_other_way_round() -> None:
    for module in task_files():
        import_module(module)
    texts = {value for name, value in vars(jobs).items() if name.isupper() and type(value) is str}
    given = {name for name in APP.tasks if "procrastinate" not in name}
    names = texts - {jobs.QUICK, jobs.LONG}
    assert not names - given, f"services/tasks/: write the tasks {sorted(names - given)}."
    assert not given - names, f"services/jobs.py: name the tasks {sorted(given - names)}."


@pytest.mark.parametrize("module", modules("pages"), ids=named)
def test_no_box_offers_to_choose_everything(module: Path) -> None:
    """Streamlit's offer is in English only, and as few items as will do are to be given."""
    lines = [
        call.lineno
        for call in calls(tree(module))
        if callee(call) == "st.multiselect"
        and "select_all=False" not in [ast.unparse(word) for word in call.keywords]
    ]
    assert not lines, f"{named(module)}, lines {lines}: say select_all=False."
