"""An installation of a test's own: its server can be stopped, its schema taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from db import company_keys, embedded, engines, keyring, migrate
from db.words import Store
from tests.database import PortalDb

if TYPE_CHECKING:
    from pathlib import Path


def addresses_in(var: Path) -> engines.Addresses:
    """Start the server of `var` and return where its databases are, or will be."""
    return engines.embedded_addresses(embedded.start(var, durable=False), var)


def install(var: Path) -> PortalDb:
    """Start a server in `var`, migrate it, make keys, and open it as every role."""
    addresses = addresses_in(var)
    migrate.upgrade(addresses)
    keyring.create(var / "keys")
    company_keys.create(var / "keys")
    data, keys = (create_engine(url, poolclass=NullPool) for url in addresses.owner)
    return PortalDb(
        addresses,
        data,
        keys,
        engines.connect(addresses.roles["portal_web"]),
        engines.connect(addresses.roles["portal_work"]),
        keyring.load(var / "keys", tuple(Store)),
        var,
    )
