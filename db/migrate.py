"""Brings both databases to the present schema: databases, roles, then Alembic's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engines import Addresses

_HERE = Path(__file__).parent / "migrations"
_PLAIN: LiteralString = "nosuperuser nocreatedb nocreaterole nobypassrls"
_RIGHTS = text(
    "select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls from pg_roles "
    "where rolname = :role"
)
_LOCK = 7_251_104
"""Advisory lock: two starters migrate one after the other."""


def _config(name: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE / name))
    return config


def _create_database(url: URL) -> None:
    """Make the database of `url` when the server lacks it (it may have been made by hand)."""
    engine = create_engine(
        url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with engine.connect() as connection:
        connection.execute(text(f"select pg_advisory_lock({_LOCK})"))
        known = connection.scalar(
            text("select 1 from pg_database where datname = :name"), {"name": url.database}
        )
        if not known:
            connection.execute(text(f'create database "{url.database}"'))


def ensure_roles(addresses: Addresses) -> None:
    """Make the login roles, plain ones with a password; on later runs set it again."""
    server = create_engine(addresses.owner[0].set(database="postgres"), poolclass=NullPool)
    with server.begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        for role, password in addresses.passwords.items():
            # None: no such role. False: a plain one, which only a superuser may say again.
            rights = connection.scalar(_RIGHTS, {"role": role})
            verb = "create" if rights is None else "alter"
            plain = "login" if rights is False else f"login {_PLAIN}"
            raw = connection.connection.driver_connection
            if raw is None:  # pragma: no cover (a live connection always has one)
                continue
            raw.execute(
                sql.SQL("{} role {} {} password {}").format(
                    sql.SQL(verb), sql.Identifier(role), sql.SQL(plain), sql.Literal(password)
                )
            )


def _with_alembic(url: URL, name: str, action: Callable[[Config], None]) -> None:
    engine = create_engine(url, poolclass=NullPool)
    config = _config(name)
    with engine.begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        action(config)
    engine.dispose()


def upgrade(addresses: Addresses, revision: str = "head") -> None:
    """Create what is absent and migrate both databases. Idempotent; safe for two at once."""
    for url in addresses.owner:
        _create_database(url)
    ensure_roles(addresses)
    for url, name in zip(addresses.owner, ("data", "keys"), strict=True):
        _with_alembic(url, name, lambda config: command.upgrade(config, revision))


def upgrade_one(url: URL, name: str) -> None:
    """Migrate one database, `name` (data or keys), that is there and has its roles."""
    _with_alembic(url, name, lambda config: command.upgrade(config, "head"))


def revision_of(url: URL) -> str:
    """Return the revision that a database's schema has."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return str(connection.scalar(text("select version_num from public.alembic_version")))


def knows(name: str, revision: str) -> bool:
    """Return whether the migrations of `name` (data or keys) come to this revision."""
    known = ScriptDirectory.from_config(_config(name)).walk_revisions()
    return revision in {one.revision for one in known}


def downgrade(addresses: Addresses, revision: str = "base") -> None:
    """Undo migrations down to `revision` in both databases."""
    for url, name in zip(addresses.owner, ("data", "keys"), strict=True):
        _with_alembic(url, name, lambda config: command.downgrade(config, revision))


def check(addresses: Addresses) -> None:
    """Raise Alembic's error when the tables in code and the migrations differ."""
    for url, name in zip(addresses.owner, ("data", "keys"), strict=True):
        _with_alembic(url, name, command.check)


def revise(addresses: Addresses, name: str, message: str) -> None:
    """Write a new migration for `name` (data or keys) from the difference to the tables in code."""
    url = addresses.owner[0 if name == "data" else 1]

    def write(config: Config) -> None:
        command.revision(config, message, autogenerate=True)

    _with_alembic(url, name, write)
