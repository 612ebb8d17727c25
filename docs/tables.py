"""Fill the README's tables from the code: `.venv/bin/python -m docs.tables`.

Each table stands between `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from db.demo import ACCOUNTS
from db.settings import ROOT, Settings
from services.__main__ import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

README = ROOT / "README.md"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads := tuple(heads), ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def settings() -> str:
    """Return every setting with what it is and what it is without you."""
    rows = []
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"PORTAL_{name.upper()}")
        rows.append((f"`{variable}`", field.description or "", _default(field.default)))
    return _table(("setting", "what it is", "default"), rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}/`"
    return f"`{value}`" if value else ""


def accounts() -> str:
    """Return the demo's accounts."""
    rows = ((f"`{a.name}`", a.shows, "yes" if a.signs_in else "no") for a in ACCOUNTS)
    return _table(("account", "who", "has a password"), rows)


def commands() -> str:
    """Return every command."""
    return _table(("command", "what it does"), ((f"`{n}`", w) for n, w in COMMANDS.items()))


def targets() -> str:
    """Return what `make help` prints."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z]+):.*?## (.+)$", lines, re.MULTILINE)
    return _table(("target", "what it does"), ((f"`make {n}`", w) for n, w in found))


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "accounts": accounts,
    "commands": commands,
    "targets": targets,
}


def filled(text: str) -> str:
    """Return a README with every table as the code has it. Raise `ValueError` if one is missing."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = text.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            msg = f"the README has no place for the table “{name}”"
            raise ValueError(msg)
        text = f"{before}{start}{table()}{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
