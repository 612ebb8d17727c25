"""PostgreSQL's own tools for backups: `pg_dump` and `pg_restore`, read and fed as streams."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from db import embedded_folders
from db.backup_file import CHUNK, BackupError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_TOOLS: Final = ("pg_dump", "pg_restore")
_LONGEST: Final = 300  # characters of what a tool said that are passed on
# Rights on tables to come name the owner, who may be another one here: `default_rights` gives them.
_MAINTAIN: Final = 17  # the first version with the right to vacuum others' tables
_LEFT_OUT: Final = " DEFAULT ACL "


@dataclass(frozen=True)
class Tools:
    """The folder of the two programs, and their major version."""

    folder: Path
    major: int


def server_major(url: URL) -> int:
    """Return the major version of the server at `url`, whether or not that database is there."""
    engine = create_engine(url.set(database="postgres"), poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(text("show server_version_num")) or 0) // 10_000


def find(url: URL, *, embedded: bool) -> Tools:
    """Return the tools for the server at `url`: those of its version, else newer ones.

    The embedded server's come with it; for another server those of PATH are looked at first. Raise
    `BackupError` when all are older than the server: they could not read all of it.
    """
    server = server_major(url)
    there = [one for one in (*_on_path(embedded=embedded), _packaged()) if one is not None]
    fits = sorted((one for one in there if one.major >= server), key=lambda one: one.major)
    if not fits:
        raise BackupError(
            N_("The server is PostgreSQL {server}, but pg_dump and pg_restore here are {found}. "
               "Put those of PostgreSQL {server} on the PATH."),
            server=server, found=max((one.major for one in there), default=None),
        )  # fmt: skip
    return fits[0]


def _on_path(*, embedded: bool) -> Iterator[Tools | None]:
    where = [None if embedded else shutil.which(name) for name in _TOOLS]
    folders = {Path(one).parent for one in where if one}
    if len(folders) == 1 and all(where):
        yield _tools(folders.pop())


def _packaged() -> Tools | None:
    try:
        return _tools(embedded_folders.programs())
    except embedded_folders.EmbeddedError:
        return None


def _tools(folder: Path) -> Tools | None:
    try:
        said = subprocess.run(  # noqa: S603 (a program that we found, fixed words)
            [str(folder / _TOOLS[0]), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\s(\d+)", said)
    return Tools(folder, int(number[1])) if number else None


def dump(tools: Tools, url: URL) -> Iterator[bytes]:
    """Give a whole database as `pg_dump` has it at one instant. Raise `BackupError`."""
    options = ("--format=custom", "--compress=1")
    with _running(tools, "pg_dump", url, options) as program:
        out = _pipe(program.stdout)
        while chunk := out.read(CHUNK):
            yield chunk


def restore(tools: Tools, url: URL, archive: Callable[[], Iterable[bytes]]) -> None:
    """Put a dump into an empty database, all of it or nothing; `archive` gives it from its start.

    Raise `BackupError`, or what `archive` raises.
    """
    with tempfile.TemporaryDirectory(prefix="jikim-") as folder:
        chosen = Path(folder) / "chosen"
        chosen.write_text(_contents(tools, url, archive()))
        options = (
            "--single-transaction", "--exit-on-error", "--no-owner", f"--use-list={chosen}",
            f"--dbname={_address(url)}",
        )  # fmt: skip
        with _running(tools, "pg_restore", url, options, fed=True) as program:
            _feed(program, archive())


def _contents(tools: Tools, url: URL, archive: Iterable[bytes]) -> str:
    """Return the list of what a dump holds, without what is not to be restored."""
    with tempfile.TemporaryFile("w+") as listed:
        with _running(tools, "pg_restore", url, ("--list",), fed=True, out=listed) as program:
            _feed(program, archive)
        listed.seek(0)
        return "".join(line for line in listed if _LEFT_OUT not in line)


def default_rights(url: URL, schemas: Iterable[str]) -> None:
    """Let the worker vacuum tables to come, too, as the migrations did for the owner of then."""
    if server_major(url) < _MAINTAIN:
        return
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for schema in schemas:
            connection.execute(text(
                f"alter default privileges in schema {schema} "
                "grant maintain on tables to portal_work"
            ))  # fmt: skip


def _address(url: URL) -> str:
    """Return the address without its password: everybody may read a program's arguments."""
    plain = URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database,
        query=url.query,
    )  # fmt: skip
    return plain.render_as_string(hide_password=False)


@contextmanager
def _running(
    tools: Tools,
    name: str,
    url: URL,
    options: Sequence[str],
    *,
    fed: bool = False,
    out: IO[str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the tools; raise `BackupError` with what it said when it fails."""
    given = [*options, "--no-password"] + ([] if fed else [f"--dbname={_address(url)}"])
    with tempfile.TemporaryFile() as said:
        program = subprocess.Popen(  # noqa: S603 (a program that we found; no text from outside)
            [str(tools.folder / name), *given],
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGPASSWORD": url.password or ""},
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=out or subprocess.PIPE,
            stderr=said,
        )
        try:
            yield program
        except BaseException:
            program.kill()
            raise
        finally:
            for pipe in (program.stdin, program.stdout):
                if pipe:
                    with suppress(BrokenPipeError):
                        pipe.close()
            program.wait()
        if program.returncode:
            said.seek(0)
            raise BackupError(
                N_("{program} failed: {said}"), program=name, said=_told(name, said.read())
            )


def _told(name: str, said: bytes) -> str:
    """Return the tool's own sentences: what follows them may quote a row."""
    lines = said.decode(errors="replace").splitlines()
    own = [line for line in lines if line.startswith((f"{name}: error", f"{name}: fatal"))]
    return (" ".join(own) or f"{len(lines)} lines")[:_LONGEST]


def _feed(program: subprocess.Popen[bytes], archive: Iterable[bytes]) -> None:
    """Hand an archive to a tool, which may stop listening before its end."""
    with suppress(BrokenPipeError):
        into = _pipe(program.stdin)
        for chunk in archive:
            into.write(chunk)
        into.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # pragma: no cover (asked for above)
        raise ValueError
    return pipe
