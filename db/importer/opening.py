"""Opens what the command line calls SOURCE: an address, a file, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from db.importer import csv_folder
from db.importer.source import SqlSource, open_failed

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine


def open_source(source: str) -> SqlSource:
    """Return the source. Raise `SourceError` with a sentence when it can't be opened."""
    if "://" in source:
        return _open_address(source)
    path = Path(source)
    if path.is_dir():
        return csv_folder.open_folder(path)
    if path.is_file():
        return _open_file(path)
    raise open_failed(source, "there is no such file or folder, and it is no database address")


def _open_address(source: str) -> SqlSource:
    try:
        url = make_url(source)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        reason = "it is no address that SQLAlchemy understands"
        raise open_failed(source.partition("://")[0], reason) from None
    if url.get_backend_name() == "sqlite" and url.database and "uri" not in url.query:
        path = Path(url.database)
        if not path.is_file():
            raise open_failed(str(path), "there is no such file")
        return _open_file(path)
    return _connect(url, url.render_as_string())


def _open_file(path: Path) -> SqlSource:
    # Read-only: an import never touches its source.
    name = f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro&uri=true"
    return _connect(make_url(name), path.name)


def _connect(url: URL, where: str) -> SqlSource:
    try:
        engine = create_engine(url, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError):
        reason = f"install the driver for {url.drivername} into this environment first"
        raise open_failed(where, reason) from None
    if url.get_backend_name() == "sqlite":
        _keep_odd_bytes(engine)
    try:
        source = SqlSource(engine)
        source.tables()
    except SQLAlchemyError as error:
        origin = getattr(error, "orig", None) or error
        raise open_failed(where, f"{type(origin).__name__}: {_first_line(origin)}") from None
    return source


def _first_line(error: object) -> str:
    """Return the driver's own words; before any row is read they hold no value of a member."""
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")


def _keep_odd_bytes(engine: Engine) -> None:
    """Let text that is no UTF-8 through, so that it is a refused value and not the end."""

    @event.listens_for(engine, "connect")
    def _set(connection: object, _record: object) -> None:
        connection.text_factory = _decoded  # type: ignore[attr-defined]


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
