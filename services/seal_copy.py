"""Copies of the seals outside the database, one a line, so that a rewritten history shows.

The worker keeps one of its own (`var/seals.jsonl`); `verify-ledger --export` makes another.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from db.errors import PortalError
from db.words import N_
from services import seal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from services.seal import Seal

NAME = "seals.jsonl"


class CopyError(PortalError):
    """A copy of the seals can't be read."""


def add(path: Path, made: Iterable[Seal]) -> None:
    """Append seals; what stands there already stays."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(seal.line(one) for one in made)
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, made: Iterable[Seal]) -> None:
    """Write a new copy."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(seal.line(one) for one in made)


def replace(path: Path, made: Iterable[Seal]) -> None:
    """Write a copy anew, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    add(draft, made)
    draft.replace(path)


def read(path: Path) -> tuple[Seal, ...]:
    """Return the seals of a copy. Raise `CopyError` when it is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(seal.from_json(json.loads(line)) for line in lines if line.strip())
    except OSError:
        raise CopyError(N_("The file {file} can't be read."), file=path.name) from None
    except (ValueError, KeyError, TypeError):
        raise CopyError(N_("The file {file} is no copy of seals."), file=path.name) from None
