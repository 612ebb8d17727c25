"""Where the sealed files that members take are kept, until they are destroyed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from db import sealed_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_END: Final = ".sealed"


def folder(var: Path) -> Path:
    """Return the folder; portal and workers must see the same one."""
    return var / "exports"


def new_name() -> str:
    """Return a name that tells nothing, of a file that is to be made."""
    return secrets.token_hex(16)


def path(there: Path, name: str) -> Path:
    """Return where the file of this name is."""
    return there / f"{name}{_END}"


def names(there: Path) -> Iterator[str]:
    """Yield the name of every file that is there, whole or not."""
    if there.is_dir():
        for one in there.iterdir():
            yield one.name.split(".", 1)[0]


def remove(there: Path, name: str) -> None:
    """Remove a file, whole or not, if there is one. Raise `OSError` when the folder is away."""
    sealed_file.remove(path(there, name))
