"""Reads a map file; what is wrong is said with the file, the key and what to do."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from db.errors import PortalError
from db.importer import mapping
from db.toml_lines import line_of
from db.words import N_

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

MAPS = "maps"
"""The folder beside this file with the maps we ship."""


class MapError(PortalError):
    """The map is wrong, or names what its source lacks. Nothing was written."""


def load(path: Path) -> mapping.Map:
    """Return the map in `path`. Raise `MapError` naming the file, the key and what to do."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MapError(
            N_("There is no map {file}. Give the path of a TOML file."), file=path
        ) from None
    except (OSError, UnicodeDecodeError):
        raise MapError(
            N_("The map {file} can't be read. It must be a UTF-8 file."), file=path
        ) from None
    try:
        return mapping.Map.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, text, (), str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _wrong(path, text, first["loc"], _reason(first)) from None


def _wrong(path: Path, text: str, place: tuple[str | int, ...], reason: str) -> MapError:
    return MapError(
        N_("The map {file} is wrong at {key} (line {line}): {reason}."),
        file=path.name,
        key=_spelt(place) or "its form",
        line=line_of(text, place),
        reason=reason.removeprefix("Value error, ").rstrip("."),
    )


def _spelt(place: tuple[str | int, ...]) -> str:
    """Return `records[1].kind` for `("records", 0, "kind")`: people count from one."""
    spelt = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in place)
    return spelt.removeprefix(".")


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "this key is missing; add it"
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][-1])
        return f"nobody knows this key{nearest(name, _keys())}"
    return str(error["msg"])


def nearest(name: str, known: list[str]) -> str:
    """Return " (did you mean …?)" with the known names nearest to `name`, or nothing."""
    folded = {k.casefold(): k for k in known}
    found = get_close_matches(name.casefold(), list(folded), n=2, cutoff=0.6)
    return f" (did you mean {' or '.join(folded[f] for f in found)}?)" if found else ""


def _keys() -> list[str]:
    models = [m for m in vars(mapping).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    fields = {(f.alias or name) for m in models for name, f in m.model_fields.items()}
    return sorted(fields)
