"""A throw-away database server, so that a check never touches an installation."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from db import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.embedded import Embedded


@contextmanager
def scratch_server() -> Iterator[tuple[Embedded, Path]]:
    """Give an empty embedded server and its folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="jikim-") as folder:
        var = Path(folder) / "var"
        var.mkdir()
        try:
            yield embedded.start(var, durable=False), var
        finally:
            embedded.stop(var)
