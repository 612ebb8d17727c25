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


_WRITTEN = text("""
    with recursive written as (
        select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and pg_relation_size(c.oid) > 0
            and n.nspname in ('live', 'dormant', 'retained', 'ledger', 'ops', 'jobs', 'keys')
        union select k.conrelid from pg_constraint k join written w on w.oid = k.confrelid
        where k.contype = 'f'
    )
    select string_agg(oid::regclass::text, ', ') from written
""")
"""A table that has a file, and those that refer to it: they are emptied in one statement."""


def empty(owner: Engine) -> None:
    """Empty every table of ours that was written to; it makes new files, so it takes its time."""
    with owner.begin() as connection:
        if names := connection.scalar(_WRITTEN):
            connection.execute(text(f"truncate {names}"))


@pytest.fixture
def portal_db(migrated: PortalDb) -> Iterator[PortalDb]:
    """Return empty databases; what the test leaves is removed."""
    yield migrated
    empty(migrated.owner_data)
    empty(migrated.owner_keys)
