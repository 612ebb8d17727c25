"""Which tests prove which promise, read from the tests' own marks without running them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.promises import promises
from db.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from db.promises import Promise

TESTS = ROOT / "tests"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Row:
    """A promise with the tests that prove it, each as `tests/db/test_x.py::test_y`."""

    promise: Promise
    tests: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """Return whether any test names it."""
        return bool(self.tests)


@dataclass(frozen=True)
class Mark:
    """A test that names a promise."""

    promise_id: str
    test: str


def table(folder: Path = TESTS) -> tuple[Row, ...]:
    """Return every promise with its tests, by number."""
    found: dict[str, list[str]] = {}
    for mark in marks(folder):
        found.setdefault(mark.promise_id, []).append(mark.test)
    return tuple(Row(p, tuple(dict.fromkeys(found.get(p.id, ())))) for p in promises())


def marks(folder: Path = TESTS) -> tuple[Mark, ...]:
    """Return every mark, on a test, on a class or on a file (`pytestmark`), by file.

    Raise `SyntaxError` for a file that Python can't read.
    """
    return tuple(mark for path in sorted(folder.rglob("*.py")) for mark in _in_file(path, folder))


def _in_file(path: Path, folder: Path) -> Iterator[Mark]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    place = path.relative_to(folder.parent).as_posix()
    for name, promise_ids in _tests(tree.body, place, _file_marks(tree.body)):
        yield from (Mark(promise_id, name) for promise_id in promise_ids)


def _tests(
    body: Iterable[ast.stmt], place: str, inherited: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for statement in body:
        if isinstance(statement, _Function) and statement.name.startswith("test"):
            own = _ids(statement.decorator_list)
            yield f"{place}::{statement.name}", inherited + own
        elif isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
            own = _ids(statement.decorator_list) + _file_marks(statement.body)
            yield from _tests(statement.body, f"{place}::{statement.name}", inherited + own)


def _file_marks(body: Iterable[ast.stmt]) -> tuple[str, ...]:
    """Return the ids of `pytestmark = mark` and `pytestmark = [mark, …]`, in a file or a class."""
    return tuple(
        promise_id
        for statement in body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value
        if any(_is_pytestmark(target) for target in _targets(statement))
        for promise_id in _ids(_listed(statement.value))
    )


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _is_pytestmark(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "pytestmark"


def _listed(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _ids(marks: Iterable[ast.expr]) -> tuple[str, ...]:
    """Return the text arguments of `pytest.mark.promise(…)` among decorators."""
    return tuple(
        argument.value
        for mark in marks
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise"
        for argument in mark.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
