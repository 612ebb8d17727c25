"""Find the line of a key in a TOML file, for messages that say where a value is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[str | int, ...]

_TABLE = re.compile(r"\[(?P<list>\[)?\s*(?P<name>[\w.-]+)\s*\]")
_KEY = re.compile(r"(?P<name>[\w.-]+)\s*=")


def places(text: str) -> dict[Place, int]:
    """Return the line, counted from 1, of each table and each key at the start of a line.

    A table in a list of tables is known by its number: `("items", 1, "name")`. Keys inside a value
    that spans lines are not told apart; what is wrong there is reported at the key of the value.
    """
    found: dict[Place, int] = {(): 1}
    table: Place = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line.strip()):
            name = header["name"]
            table = tuple(name.split("."))
            if header["list"]:
                index = counts.get(name, 0)
                counts[name] = index + 1
                found.setdefault(table, number)
                table = (*table, index)
            found[table] = number
        elif key := _KEY.match(line):
            found[(*table, *key["name"].split("."))] = number
    return found


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line of `place`, or of the nearest thing around it that has one."""
    known = places(text)
    for length in range(len(place), 0, -1):
        if (line := known.get(tuple(place[:length]))) is not None:
            return line
    return 1
