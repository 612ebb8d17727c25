"""Engines: one for the data and one for the keys, for one role."""

from __future__ import annotations

import select
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError

from db import binary_lists, embedded, keyring

if TYPE_CHECKING:
    from pathlib import Path

    from db.settings import Settings

Role = Literal["portal_web", "portal_work"]
ROLES: tuple[Role, ...] = ("portal_web", "portal_work")
DATA_NAME = "portal"
KEYS_NAME = "portal_keys"


@dataclass(frozen=True)
class Addresses:
    """Where the two databases are, for the owner and for each role."""

    owner: tuple[URL, URL]
    roles: dict[Role, tuple[URL, URL]]
    passwords: dict[Role, str]


def renamed(addresses: Addresses, data: str, keys: str) -> Addresses:
    """Return the addresses of two other databases on the same servers."""

    def pair(urls: tuple[URL, URL]) -> tuple[URL, URL]:
        return urls[0].set(database=data), urls[1].set(database=keys)

    roles = {role: pair(urls) for role, urls in addresses.roles.items()}
    return Addresses(pair(addresses.owner), roles, addresses.passwords)


@dataclass(frozen=True)
class Databases:
    """Two engines of one role."""

    data: Engine
    keys: Engine

    @cached_property
    def look(self) -> tuple[Engine, Engine]:
        """Return engines for single statements, each a transaction without round trips.

        They have connections of their own: to switch one there and back took as long as a query.
        """
        data, keys = (
            _engine(e.url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
            for e in (self.data, self.keys)
        )
        return data, keys

    def dispose(self) -> None:
        """Close pooled connections."""
        looks = self.look if "look" in vars(self) else ()
        for engine in (self.data, self.keys, *looks):
            engine.dispose()


def role_passwords(var: Path, chosen: dict[Role, str] | None = None) -> dict[Role, str]:
    """Return each role's password: the chosen one, else a random one kept in a file."""
    chosen = chosen or {}
    return {r: chosen.get(r) or keyring.secret_text(var / "secrets" / r) for r in ROLES}


def embedded_addresses(server: embedded.Embedded, var: Path) -> Addresses:
    """Return the addresses inside an embedded server."""
    passwords = role_passwords(var)
    names = (DATA_NAME, KEYS_NAME)

    def pair(user: str, password: str) -> tuple[URL, URL]:
        data, keys = (server.url(user, password, name) for name in names)
        return data, keys

    roles = {r: pair(r, passwords[r]) for r in ROLES}
    return Addresses(pair("postgres", server.password), roles, passwords)


def server_addresses(chosen: Settings) -> Addresses:
    """Return the addresses on your own server, from `PORTAL_DATABASE_URL` and its twin."""
    urls = [
        make_url(u).set(drivername="postgresql+psycopg")
        for u in (chosen.database_url, chosen.keys_database_url)
    ]
    passwords = role_passwords(
        chosen.var, {"portal_web": chosen.web_password, "portal_work": chosen.work_password}
    )

    def pair(role: Role) -> tuple[URL, URL]:
        data, keys = (u.set(username=role, password=passwords[role]) for u in urls)
        return data, keys

    return Addresses((urls[0], urls[1]), {r: pair(r) for r in ROLES}, passwords)


def find(chosen: Settings) -> Addresses:
    """Return the addresses, starting the embedded server when there is no other."""
    if chosen.embedded:
        return embedded_addresses(embedded.start(chosen.var), chosen.var)
    return server_addresses(chosen)


def _lost(connection: psycopg.Connection[object]) -> bool:
    """Return whether the server closed this idle connection, without asking the server."""
    ear = select.poll()
    ear.register(connection.fileno(), select.POLLIN)
    for _ in range(3):  # a last message may come before the end
        if not ear.poll(0):
            return False
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
    return True


def _check(connection: psycopg.Connection[object], *_: object) -> None:
    """Let the pool replace a lost connection: a ping would cost a round trip every time."""
    if _lost(connection):
        raise DisconnectionError


def connect(urls: tuple[URL, URL]) -> Databases:
    """Return pooled engines. A connection that died is replaced when next asked for."""
    data, keys = (_engine(url) for url in urls)
    return Databases(data, keys)


def _engine(url: URL, **options: object) -> Engine:
    made = create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        # The queue's functions name their tables without a schema.
        connect_args={"connect_timeout": 5, "options": "-c search_path=public,jobs"},
        # Values must not reach a log through an error's parameters.
        hide_parameters=True,
        **options,
    )
    event.listen(made, "checkout", _check)
    event.listen(made, "connect", binary_lists.use)
    return made
