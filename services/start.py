"""Brings an installation up: server, schema, keys, policies. For portal and command line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from db import aside, backup_keys, company_keys, embedded, engines, keyring, migrate, seal_keys
from db.errors import PortalError
from db.tables import keys, ledger, ops
from db.words import N_, Store
from services import journal_file, policies
from services.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import URL, Table

    from db.engines import Addresses, Role
    from db.settings import Settings


class DatabaseAwayError(PortalError):
    """The database server does not answer, or lets nobody in."""


_KEYS_OF: dict[Role, tuple[Store, ...]] = {"portal_web": (Store.LIVE,), "portal_work": tuple(Store)}
"""Which stores' keys a role's process is given."""


def _any_row(address: URL, table: Table) -> bool:
    owner = create_engine(address, poolclass=NullPool)
    with owner.connect() as connection:
        return bool(
            connection.scalar(select(func.count()).select_from(table.select().limit(1).subquery()))
        )


def _ensure_keys(addresses: Addresses, settings: Settings) -> None:
    """Make key files for an empty installation only: new ones could not open what is there.

    Likewise the key that signs: made while nothing is sealed, since a new one could not go on;
    and the companies': made while none was told anything, since they check signatures by it.
    """
    if not _any_row(addresses.owner[1], keys.member_key):
        keyring.create(settings.var / "keys")
        backup_keys.create(settings.var / "keys")
    if not _any_row(addresses.owner[0], ledger.seal):
        seal_keys.create(settings.var / "keys")
    if not _any_row(addresses.owner[0], ops.dispatch):
        company_keys.create(settings.var / "keys")


@contextmanager
def running(settings: Settings, now: datetime) -> Iterator[Addresses]:
    """Prepare as `prepare` does; afterwards stop the embedded server if this started it."""
    with server(settings):
        yield prepare(settings, now)


@contextmanager
def server(settings: Settings) -> Iterator[Addresses]:
    """Give the addresses, of databases as they are or are not; stop the server as `running`."""
    started = settings.embedded and not embedded.is_running(settings.var)
    try:
        yield engines.find(settings)
    finally:
        if started:
            embedded.stop(settings.var)


def prepare(settings: Settings, now: datetime) -> Addresses:
    """Start the embedded server if there is no other, migrate, and register the policy versions.

    Idempotent. Raise a `PortalError` naming what is wrong: a setting, a key file, a policy file,
    or a restore that is under way.
    """
    addresses = engines.find(settings)
    try:
        aside.refuse(addresses.owner[0])
        migrate.upgrade(addresses)
    except OperationalError:  # its message may quote the address
        raise DatabaseAwayError(
            N_("The database can't be reached. Check {name} and {keys_name}."),
            name="PORTAL_DATABASE_URL", keys_name="PORTAL_KEYS_DATABASE_URL",
        ) from None  # fmt: skip
    _ensure_keys(addresses, settings)
    work = engines.connect(addresses.roles["portal_work"])
    try:
        with work.data.begin() as connection:
            policies.register(connection, now)
    finally:
        work.dispose()
    return addresses


def house_of(role: Role, addresses: Addresses, settings: Settings) -> House:
    """Return the databases and keys that a process of `role` is given; it may write its journal."""
    journal_file.open_in(settings.var)
    return House(
        engines.connect(addresses.roles[role]),
        keyring.load(settings.var / "keys", _KEYS_OF[role]),
        company_keys.load(settings.var / "keys"),
    )
