"""A real database for a test: made by the migrations once, emptied after each test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from db import company_keys, engines, keyring, migrate
from db.words import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from db.embedded import Embedded


@dataclass(frozen=True)
class PortalDb:
    """The two databases as each role sees them, and every key."""

    addresses: engines.Addresses
    owner_data: Engine
    owner_keys: Engine
    web: engines.Databases
    work: engines.Databases
    keyring: keyring.Keyring
    var: Path


def _owner(url: URL) -> Engine:
    return create_engine(url, poolclass=NullPool)


@pytest.fixture(scope="session")
def migrated(cluster: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalDb]:
    """Return the databases built by the migrations, once a session."""
    var = tmp_path_factory.mktemp("var")
    addresses = engines.embedded_addresses(cluster, var)
    migrate.upgrade(addresses)
    keyring.create(var / "keys")
    company_keys.create(var / "keys")
    opened = PortalDb(
        addresses,
        _owner(addresses.owner[0]),
        _owner(addresses.owner[1]),
        engines.connect(addresses.roles["portal_web"]),
        engines.connect(addresses.roles["portal_work"]),
        keyring.load(var / "keys", tuple(Store)),
        var,
    )
    yield opened
    opened.web.dispose()
    opened.work.dispose()


_TABLES = text(
    "select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables "
    "where schemaname in ('live', 'dormant', 'retained', 'ledger', 'ops', 'jobs', 'keys')"
)


def empty(owner: Engine) -> None:
    """Empty every table of ours."""
    with owner.begin() as connection:
        names = connection.scalar(_TABLES)
        connection.execute(text(f"truncate {names} cascade"))


@pytest.fixture
def portal_db(migrated: PortalDb) -> Iterator[PortalDb]:
    """Return empty databases; what the test leaves is removed."""
    yield migrated
    empty(migrated.owner_data)
    empty(migrated.owner_keys)
