"""Running the embedded server's programs: start, look, stop."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from db import embedded_folders as folders
from db.embedded_folders import EmbeddedError
from db.words import N_

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
    # What the log of changes still holds of destroyed rows must go, not wait to be written over.
    "wal_recycle": "off",
    # No other server follows this one: a table that is written anew is not logged as well.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A week of log, one file a day, each written over a week later.
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_MEGABYTE = 2**20
_BUFFERS = 128, 2048
"""Megabytes of its own cache, least and most: of large tables it must hold the indexes."""
_HASTE = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")


def launch(data: Path, owner: folders.Account, *, durable: bool) -> Path:
    """Start the server of `data`, wait until it is ready, return the folder of its socket."""
    sockets = folders.socket_folder(data, owner)
    places = {"unix_socket_directories": str(sockets), "hba_file": str(data / "pg_hba.conf")}
    settings = _SETTINGS | places | _memory() | ({} if durable else _HASTE)
    # Given at the start, these outrank whatever the files in the data folder say.
    options = shlex.join(f"--{name}={value}" for name, value in settings.items())
    log = data / "start.log"
    waits = ("-w", "-t", str(_PATIENCE), "-l", str(log))
    for last in (False,) * _TRIES + (True,):
        _forget_dead(data, sockets)
        log.unlink(missing_ok=True)
        try:
            run(owner, "pg_ctl", "start", "-D", str(data), *waits, "-o", options)
            break
        except EmbeddedError as error:
            said = log.read_text(errors="replace").strip() if log.exists() else str(error)
            # A killed server's last processes take a moment to notice and leave.
            if last or "still in use" not in said:
                message = N_("The embedded database can't start: {said} (more in {folder})")
                raise EmbeddedError(message, said=said, folder=data / "log") from None
            time.sleep(1)
    return sockets


def _memory() -> dict[str, str]:
    """Return how much of the machine's memory the server takes: an eighth, within limits."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
    least, most = _BUFFERS
    return {"shared_buffers": f"{min(max(whole // 8, least), most)}MB"}


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
    except (FileNotFoundError, IndexError, ValueError):  # no server named, or no such process
        return not Path("/proc/self").exists()
    except PermissionError:
        return True


def shut_down(data: Path, owner: folders.Account) -> None:
    """Stop the server of `data`, cutting off whoever is connected."""
    waits = ("-w", "-t", str(_PATIENCE), "-m", "fast")
    run(owner, "pg_ctl", "stop", "-D", str(data), *waits)


def answering(data: Path) -> Path | None:
    """Return the socket folder of the running server, waiting while it starts or stops."""
    until = time.monotonic() + _PATIENCE
    while found := socket_of(data):
        sockets, ready = found
        if ready:
            return sockets
        if time.monotonic() > until:
            raise EmbeddedError(
                N_("The embedded database does not become ready. See {log}."), log=data / "log"
            )
        time.sleep(0.1)
    return None


def socket_of(data: Path) -> tuple[Path, bool] | None:
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


def run(owner: folders.Account, program: str, *arguments: str) -> None:
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
