"""The embedded PostgreSQL 18: for a portal without a database server of its own.

The programs come from a package; how the server is set up is ours: reachable only through a socket
in a private folder, and only with a password (SCRAM), whoever asks.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import URL

from db import embedded_folders as folders
from db import embedded_server as server
from db.embedded_folders import EmbeddedError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SUPERUSER", "Embedded", "EmbeddedError", "is_running", "start", "stop"]

SUPERUSER = "postgres"
ACCESS_RULES = "# Written by the portal at every start. Nobody enters without a password.\n"
ACCESS_RULES += "local all all scram-sha-256\n"


@dataclass(frozen=True)
class Embedded:
    """A running server: the folder of its socket, its data, the superuser's password."""

    sockets: Path
    data: Path
    password: str = field(repr=False)

    def url(self, user: str, password: str, database: str) -> URL:
        """Return the address for `user` in `database`."""
        return URL.create(
            "postgresql+psycopg",
            username=user,
            password=password,
            database=database,
            query={"host": str(self.sockets)},
        )


def start(var: Path, *, durable: bool = True) -> Embedded:
    """Return the server of `var`, made and started where needed.

    Two processes may call it at once. `durable=False` is for tests: faster, and lost in a crash.
    Raise `EmbeddedError` when it can't be started, or can't be reached by us alone.
    """
    var = var.resolve()
    data, keep = var / "postgres", var / "secrets" / "postgres-superuser"
    with _alone(var):
        owner = folders.account()
        if owner.foreign:
            folders.let_run_programs()
            folders.let_walk(data)
        if not data.exists():
            _initialise(data, folders.new_password(keep), owner, durable=durable)
        _check(data, owner)
        repaired = _write_rules(data, owner)
        sockets = server.answering(data)
        if sockets is None:
            sockets = server.launch(data, owner, durable=durable)
        elif repaired:
            server.run(owner, "pg_ctl", "reload", "-D", str(data))
        folders.check_private(sockets, owner)
        return Embedded(sockets, data, folders.known_password(keep))


def stop(var: Path) -> None:
    """Stop the server of `var`, if it runs; whoever is connected is cut off."""
    data = var.resolve() / "postgres"
    if not data.exists():
        return
    with _alone(var):
        if sockets := server.answering(data):
            server.shut_down(data, folders.account())
            with suppress(OSError):  # the next start makes it again
                sockets.rmdir()


def is_running(var: Path) -> bool:
    """Return whether the server of `var` answers."""
    return server.socket_of(var / "postgres") is not None


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    """Keep other processes from starting or stopping the server of `var` meanwhile."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (var / "postgres.lock").open("w")
    except OSError as error:
        message = N_("The folder {folder} can't be written to: {reason}")
        raise EmbeddedError(message, folder=var, reason=error.strerror) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _initialise(data: Path, password: str, owner: folders.Account, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there whole: a cut can't leave half of one."""
    draft, lent = data.with_name("postgres.new"), data.with_name("postgres.password")
    shutil.rmtree(draft, ignore_errors=True)
    folders.private_folder(draft, owner)
    folders.write_for(owner, lent, password)
    rules = ("--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={lent}")
    words = (
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    )
    haste = () if durable else ("--no-sync",)
    try:
        server.run(owner, "initdb", "-U", SUPERUSER, *rules, *words, *haste, "-D", str(draft))
    finally:
        lent.unlink()
    draft.rename(data)


def _check(data: Path, owner: folders.Account) -> None:
    folders.check_private(data, owner)
    version = (data / "PG_VERSION").read_text("ascii").strip()
    if version != str(folders.MAJOR):
        raise EmbeddedError(
            N_("The data in {folder} is of PostgreSQL {found}; this portal needs {needed}."),
            folder=data,
            found=version,
            needed=folders.MAJOR,
        )


def _write_rules(data: Path, owner: folders.Account) -> bool:
    """Put our access rules in place; return whether others stood there."""
    rules = data / "pg_hba.conf"
    if rules.is_file() and not rules.is_symlink() and rules.read_text() == ACCESS_RULES:
        return False
    draft = data / "pg_hba.conf.new"
    folders.write_for(owner, draft, ACCESS_RULES)
    draft.replace(rules)
    return True
