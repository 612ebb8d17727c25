"""The embedded PostgreSQL 18: for a portal without a database server of its own.

The programs come from a package; how the server is set up is ours: reachable only through a socket
in a private folder, and only with a password (SCRAM), whoever asks.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL

from db import embedded_folders as folders
from db.embedded_folders import EmbeddedError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SUPERUSER", "Embedded", "EmbeddedError", "is_running", "start", "stop"]

SUPERUSER = "postgres"
ACCESS_RULES = "# Written by the portal at every start. Nobody enters without a password.\n"
ACCESS_RULES += "local all all scram-sha-256\n"
_PATIENCE = 60  # seconds; a start after a crash replays what was not yet on disk
_TRIES = 10
_SOCKET_NOTE = f"{folders.SOCKET}.lock"
_STATUS_LINES = 8  # of postmaster.pid, once the server says how it is
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "allow_alter_system": "off",
    "timezone": "UTC",
    # An error may quote a personal value: it goes to whoever asked, never into the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # A week of log, one file a day, each written over a week later.
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_HASTE = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")


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
            _initialise(data, folders.new_password(keep), owner)
        _check(data, owner)
        repaired = _write_rules(data, owner)
        sockets = _answering(data)
        if sockets is None:
            sockets = _launch(data, owner, durable=durable)
        elif repaired:
            _run(owner, "pg_ctl", "reload", "-D", str(data))
        folders.check_private(sockets, owner)
        return Embedded(sockets, data, folders.known_password(keep))


def stop(var: Path) -> None:
    """Stop the server of `var`, if it runs; whoever is connected is cut off."""
    data = var.resolve() / "postgres"
    if not data.exists():
        return
    with _alone(var):
        if sockets := _answering(data):
            waits = ("-w", "-t", str(_PATIENCE), "-m", "fast")
            _run(folders.account(), "pg_ctl", "stop", "-D", str(data), *waits)
            with suppress(OSError):  # the next start makes it again
                sockets.rmdir()


def is_running(var: Path) -> bool:
    """Return whether the server of `var` answers."""
    return _socket_of(var / "postgres") is not None


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


def _initialise(data: Path, password: str, owner: folders.Account) -> None:
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
    try:
        _run(owner, "initdb", "-U", SUPERUSER, *rules, *words, "-D", str(draft))
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


def _launch(data: Path, owner: folders.Account, *, durable: bool) -> Path:
    sockets = folders.socket_folder(data, owner)
    places = {"unix_socket_directories": str(sockets), "hba_file": str(data / "pg_hba.conf")}
    settings = _SETTINGS | places | ({} if durable else _HASTE)
    # Given at the start, these outrank whatever the files in the data folder say.
    options = shlex.join(f"--{name}={value}" for name, value in settings.items())
    log = data / "start.log"
    waits = ("-w", "-t", str(_PATIENCE), "-l", str(log))
    for last in (False,) * _TRIES + (True,):
        _forget_dead(data, sockets)
        log.unlink(missing_ok=True)
        try:
            _run(owner, "pg_ctl", "start", "-D", str(data), *waits, "-o", options)
            break
        except EmbeddedError as error:
            said = log.read_text(errors="replace").strip() if log.exists() else str(error)
            # A killed server's last processes take a moment to notice and leave.
            if last or "still in use" not in said:
                message = N_("The embedded database can't start: {said} (more in {folder})")
                raise EmbeddedError(message, said=said, folder=data / "log") from None
            time.sleep(1)
    return sockets


def _forget_dead(data: Path, sockets: Path) -> None:
    """Remove what a killed server left: another program may have its process number by now."""
    if _may_live(data):
        return
    for left in (data / "postmaster.pid", sockets / folders.SOCKET, sockets / _SOCKET_NOTE):
        left.unlink(missing_ok=True)


def _may_live(data: Path) -> bool:
    """Return whether the process that `data` names may be its server. If in doubt, it may be."""
    try:
        number = int((data / "postmaster.pid").read_text().split()[0])
        return Path(f"/proc/{number}/cwd").readlink() == data
    except (FileNotFoundError, IndexError):  # none named, or ended: then a link has no end
        return not Path("/proc/self").exists()
    except PermissionError:
        return True


def _answering(data: Path) -> Path | None:
    """Return the socket folder of the running server, waiting while it starts or stops."""
    until = time.monotonic() + _PATIENCE
    while found := _socket_of(data):
        sockets, ready = found
        if ready:
            return sockets
        if time.monotonic() > until:
            raise EmbeddedError(
                N_("The embedded database does not become ready. See {log}."), log=data / "log"
            )
        time.sleep(0.1)
    return None


def _socket_of(data: Path) -> tuple[Path, bool] | None:
    """Return where a server of `data` listens and whether it is ready; None when none does.

    The socket is asked, not the process number: after a crash another program may have that.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(str(Path(lines[4]) / folders.SOCKET))
    except (OSError, IndexError):
        return None
    return Path(lines[4]), len(lines) >= _STATUS_LINES and lines[7].strip() == "ready"


def _run(owner: folders.Account, program: str, *arguments: str) -> None:
    """Run one of the server's programs as `owner`, away from our terminal's Ctrl-C.

    Its output goes to a file: the server inherits it and would keep a pipe open for ever.
    """
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # noqa: S603 (our own program, no text from outside)
            [str(folders.programs() / program), *arguments],
            user=owner.uid if owner.foreign else None,
            group=owner.gid if owner.foreign else None,
            extra_groups=[] if owner.foreign else None,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            cwd="/",
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=False,
        )
        if done.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            message = N_(
                "The embedded database could not be started or stopped ({program}): {said}"
            )
            raise EmbeddedError(message, program=program, said=said)
