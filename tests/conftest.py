"""What every test may ask for. One database server serves all tests of a process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from db import embedded
from services import journal_file
from tests.database import migrated, portal_db
from tests.folders import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["migrated", "portal_db"]

# The same cases every time, however slow the machine: a failure is the change's, never luck's.
settings.register_profile("portal", derandomize=True, deadline=None)
settings.load_profile("portal")


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A data folder for a server of the test's own, which is stopped at the end."""
    with folder() as name:
        var = Path(name) / "var"
        try:
            yield var
        finally:
            embedded.stop(var)


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.Embedded]:
    """A running server, empty but for what other tests left: make a database of your own in it."""
    with folder() as name:
        var = Path(name) / "var"
        try:
            yield embedded.start(var, durable=False)
        finally:
            embedded.stop(var)


@pytest.fixture(autouse=True)
def _no_journal_left_open() -> Iterator[None]:
    """Let no test write the journal of another, whose folder may be gone."""
    yield
    journal_file.close()
