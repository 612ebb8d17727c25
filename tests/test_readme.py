"""The README says all that there is, and nothing that there isn't."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from db.importer import map_file
from db.settings import ROOT
from docs import tables

if TYPE_CHECKING:
    from pathlib import Path

TEXT = tables.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_setting_command_target_and_account_is_there(name: str) -> None:
    made = tables.TABLES[name]()
    assert made.count("\n") > 2
    assert made in TEXT, "run: .venv/bin/python -m docs.tables"


def test_a_lost_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="settings"):
        tables.filled(TEXT.replace("<!-- /settings -->", ""))


def test_filling_again_changes_nothing() -> None:
    assert tables.filled(TEXT) == TEXT


def test_every_file_it_names_exists() -> None:
    named = set(re.findall(r"`((?:db|services|pages|tests|locale|docs)/[\w./]*)`", TEXT))
    named |= set(re.findall(r"\]\(([\w./]+)\)", TEXT))
    assert len(named) > 8
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_example_map_is_a_map(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    path.write_text(example, encoding="utf-8")
    assert map_file.load(path).name == "shop"


def test_every_room_is_described() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/*.py")} | {"locale"}
    assert {room for room in rooms - {"tests", "docs"} if f"**`{room}/`**" not in TEXT} == set()
