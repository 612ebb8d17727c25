"""The database beside the data's, in which a restore works until everything is done again.

It is there exactly as long as a restore is under way, on every machine and for every role: that is
how the others know, and why nothing half restored is ever opened.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from db import engines
from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

    from db.engines import Addresses

SUFFIX: Final = "_restoring"
PATIENCE: Final = "5s"
"""The server may need a moment to notice that a restore was killed."""
LOOKS: Final = 30
_PAUSE: Final = 0.1  # seconds between two looks
_ALONE: Final = 7_251_107
"""Advisory lock: one restore at a time."""


class RestoringError(PortalError):
    """A restore is under way, so that nothing else may be."""


def beside(url: URL) -> URL:
    """Return the address of the database beside this one."""
    return url.set(database=f"{url.database}{SUFFIX}")


def addresses(of: Addresses) -> Addresses:
    """Return where a restore works: the data's database beside, and the keys as they are."""
    data, keys = of.owner
    return engines.renamed(of, beside(data).database or "", keys.database or "")


@contextmanager
def _server(url: URL) -> Iterator[Connection]:
    engine = create_engine(
        url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection


@contextmanager
def alone(url: URL) -> Iterator[None]:
    """Keep other restores of the same server away. Raise `RestoringError` when there is one."""
    with _server(url) as connection:
        connection.execute(text(f"set lock_timeout = '{PATIENCE}'"))
        try:
            connection.execute(text(f"select pg_advisory_lock({_ALONE})"))
        except OperationalError:
            raise RestoringError(N_("Another restore is running.")) from None
        yield


def is_there(url: URL) -> bool:
    """Return whether a server has the database of `url`."""
    known = text("select exists (select from pg_database where datname = :name)")
    with _server(url) as connection:
        return bool(connection.scalar(known, {"name": url.database}))


def refuse(url: URL) -> None:
    """Raise `RestoringError` while a restore of the database of `url` is under way."""
    if is_there(beside(url)):
        raise RestoringError(
            N_("A restore is under way, or was broken off. "
               "Let it end, or run it again: python -m services restore FILE")
        )  # fmt: skip


def at_work(url: URL) -> bool:
    """Return whether portal or worker are connected to a database, and stay so for a while."""
    found = text(
        "select exists (select from pg_stat_activity "
        "where datname = :name and usename = any(:roles)), pg_sleep(:pause)"
    )
    given = {"name": url.database, "roles": list(engines.ROLES), "pause": _PAUSE}
    with _server(url) as connection:
        # Whoever has just stopped is there for a moment more.
        return all(connection.scalar(found, given) for _ in range(LOOKS))


def begin(url: URL) -> URL:
    """Make an empty database beside that of `url`, in place of one that a kill left."""
    made = beside(url)
    give_up(url)
    with _server(url) as connection:
        connection.execute(text(f'create database "{made.database}"'))
    return made


def mark(url: URL, restored_from: datetime | None) -> None:
    """Note at a database of which backup it is, until all of a restore is done (None)."""
    said = f"'{restored_from.isoformat()}'" if restored_from else "null"
    with _server(url) as connection:
        connection.execute(text(f'comment on database "{url.database}" is {said}'))


def marked(url: URL) -> datetime | None:
    """Return what `mark` noted, by this attempt or by one that was broken off."""
    noted = text("select shobj_description(oid, 'pg_database') from pg_database where datname = :n")
    with _server(url) as connection:
        said = connection.scalar(noted, {"n": url.database})
    return datetime.fromisoformat(said) if said else None


def give_up(url: URL) -> None:
    """Remove the database beside that of `url`, which stays as it is."""
    with _server(url) as connection:
        connection.execute(text(f'drop database if exists "{beside(url).database}" with (force)'))


def take_place(url: URL) -> None:
    """Let the database beside be the one of `url` from now on; what was there is gone."""
    with _server(url) as connection:
        connection.execute(text(f'drop database if exists "{url.database}" with (force)'))
        connection.execute(
            text(f'alter database "{beside(url).database}" rename to "{url.database}"')
        )
