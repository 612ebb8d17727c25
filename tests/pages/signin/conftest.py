"""The sign-in service on empty databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from services.identity import hashing
from tests.signing_in import Service, service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import PortalDb


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    # As strong as in production costs half a second a test; the code that runs is the same.
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "HASHER", cheap)


@pytest.fixture
def site(portal_db: PortalDb) -> Iterator[Service]:
    with service(portal_db) as started:
        yield started
