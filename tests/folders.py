"""Folders for a test's own servers: in memory where there is room, else where temporary files lie.

A test empties its tables by giving each a new file. On a disk that is most of a test's time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 (the folder made in it is the test's alone)
_ROOM = 6 * 2**30
"""Bytes that must be free: a server takes some 200 MiB, and a run has a few at a time."""


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder, not pytest's own: a second run shuts those to the server's user."""
    return tempfile.TemporaryDirectory(prefix="jikim-test-", dir=_roomy())


def _roomy() -> Path | None:
    fit = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)
    return _MEMORY if fit and shutil.disk_usage(_MEMORY).free > _ROOM else None
