"""Each promise has the tests that name it, and the table says so."""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from db.promises import PROMISES, Promise, promises
from db.settings import ROOT
from pages.components import frame
from services.commands import promises as command
from services.promises import Row, marks, table

if TYPE_CHECKING:
    from pathlib import Path

PROVED = {"P01", "P02", "P03", "P15", "P25", "P30", "P36", "P38", "P39", "P40", "P42"}
"""Promises that the portal keeps by now; none of them may lose its tests."""

FILE = """
import pytest
from pytest import mark

@pytest.mark.promise("P01")
@pytest.mark.parametrize("n", [1, 2])
def test_function(n): ...

@pytest.mark.promise("P02")
async def test_waits(): ...

@pytest.mark.promise("P03")
def helper(): ...

@pytest.mark.slow("P04")
def test_marked_otherwise(): "pytest.mark.promise('P05')"

@pytest.mark.promise("P06")
class TestClass:
    pytestmark = [pytest.mark.slow, pytest.mark.promise("P07")]
    @pytest.mark.promise("P08")
    def test_method(self): ...
"""
CLASS = "tests/deep/test_one.py::TestClass::test_method"


def written(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    folder = tmp_path / "tests"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/test_one.py").write_text(text)
    return [(mark.promise_id, mark.test) for mark in marks(folder)]


def test_marks_of_functions_and_classes_are_found(tmp_path: Path) -> None:
    assert written(tmp_path, FILE) == [
        ("P01", "tests/deep/test_one.py::test_function"),
        ("P02", "tests/deep/test_one.py::test_waits"),
        ("P06", CLASS),
        ("P07", CLASS),
        ("P08", CLASS),
    ]


@pytest.mark.parametrize(
    "line",
    [
        'pytestmark = pytest.mark.promise("P09")',
        'pytestmark = [pytest.mark.slow, pytest.mark.promise("P09")]',
        'pytestmark: object = (pytest.mark.promise("P09"),)',
    ],
)
def test_a_mark_of_the_whole_file_is_every_tests(tmp_path: Path, line: str) -> None:
    found = written(tmp_path, f"import pytest\n{line}\n\ndef test_a(): ...\ndef test_b(): ...\n")
    assert found == [("P09", f"tests/deep/test_one.py::test_{name}") for name in "ab"]


def test_a_promise_without_a_test_is_not_proved(tmp_path: Path) -> None:
    written(tmp_path, FILE)
    rows = {row.promise.id: row for row in table(tmp_path / "tests")}
    assert rows.keys() == {promise.id for promise in promises()}
    assert {number for number, row in rows.items() if row.proved} == {
        "P01",
        "P02",
        "P06",
        "P07",
        "P08",
    }


def test_there_are_42_promises_in_both_languages() -> None:
    assert [promise.id for promise in promises()] == [f"P{n:02}" for n in range(1, 43)]
    assert all(re.search("[가-힣]", promise.title.ko) for promise in promises())
    assert not any(re.search("[가-힣]", promise.title.en) for promise in promises())


def test_a_screen_is_a_page_of_the_portal() -> None:
    pages = {f"/{path}" for path, _file, _title in frame.listed()} | {"/"}
    assert {promise.screen for promise in promises()} - {None} <= pages


@pytest.mark.parametrize(
    ("old", "new"),
    [('"P02"', '"P01"'), ('"P02"', '"P2"'), ("title", "titel"), ('"/my-data"', '"my-data"')],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "promises.toml"
    path.write_text(PROMISES.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValidationError):
        promises(path)


def test_no_test_names_a_promise_that_is_none() -> None:
    known = {promise.id for promise in promises()}
    unknown = {mark for mark in marks(ROOT / "tests") if mark.promise_id not in known}
    assert not unknown, "these tests name a promise that db/policies/promises.toml lacks"


def test_what_is_kept_by_now_is_proved() -> None:
    unproved = PROVED - {mark.promise_id for mark in marks(ROOT / "tests")}
    assert not unproved, "no test names these promises any more"


def test_what_is_kept_by_now_is_seen_on_a_page() -> None:
    assert [p.id for p in promises() if p.id in PROVED and not p.screen] == []


def test_columns_are_straight_beside_korean() -> None:
    one, two = (Promise.model_validate(row) for row in _rows("보여 드려요", "ok"))
    drawn = command.drawn([Row(one, ("t::a", "t::b")), Row(two, ())], "ko").splitlines()
    ends = [command.width(line[: line.rindex("  ")]) for line in drawn[:4]]
    assert len(set(ends)) == 1
    assert [line.split()[-1] for line in drawn[1:4]] == ["t::a", "t::b", "-"]
    assert "2" in drawn[-1]


def _rows(*titles: str) -> list[dict[str, object]]:
    return [
        {"id": f"P{n:02}", "clause": "1", "title": {"ko": title, "en": title}}
        for n, title in enumerate(titles, 1)
    ]


def test_a_letter_of_pieces_is_as_wide_as_a_whole_one() -> None:
    assert [command.width(text) for text in ("가", "\u1100\u1161", "q\u0301", "q")] == [2, 2, 1, 1]


@pytest.mark.parametrize(("language", "title"), [("en", "Data is backed up often"), ("ko", "자주")])
def test_the_command_prints_the_table(
    capsys: pytest.CaptureFixture[str], language: str, title: str
) -> None:
    command.run(Namespace(language=language))
    assert title in capsys.readouterr().out


def test_the_command_needs_no_installation(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "services", "promises", "--language", "en"],
        cwd=ROOT,
        env={"PORTAL_VAR": str(tmp_path / "var")},
        capture_output=True,
        check=True,
    )
    assert said.stdout.decode().splitlines()[-1].startswith("42 promises: ")
    assert list(tmp_path.iterdir()) == []
