"""Archives for tests: made as the worker makes them, from one snapshot, into a sink of bytes."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from db import seal_keys
from db.tables.member import STORES
from db.words import ExportGroup, Store
from services import archive, outbox
from tests.people import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from services.archive import Made, Order, Source
    from services.language import Language
    from tests.database import PortalDb

EVERYTHING = frozenset(ExportGroup)


class Sink(io.RawIOBase):
    """Takes bytes and gives none back: it can't be sought."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401
        self.pieces.append(bytes(data))
        return len(data)


def order(language: Language = "ko", *groups: ExportGroup, workbook: bool = False) -> Order:
    return archive.Order(frozenset(groups) or EVERYTHING, language, workbook)


@contextmanager
def source(
    db: PortalDb, keys: Path, member_id: UUID, store: Store = Store.LIVE, now: datetime = NOW
) -> Iterator[Source]:
    """Give the member as the worker reads them; `keys` is the folder of `seal.key`."""
    seal_keys.create(keys)
    with db.work.keys.connect() as connection:
        try:
            sealer = outbox.sealer_of(connection, db.keyring, member_id)[1]
        except outbox.NoKeyError:
            sealer = None
    engine = db.work.data.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as data:
        signer = seal_keys.signer(keys)
        yield archive.Source(data, STORES[store], member_id, sealer, now, signer)


@dataclass
class Taken:
    """An archive as whoever got it has it."""

    content: bytes
    made: Made
    told: list[int] = field(default_factory=list)

    @property
    def zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.content))

    @property
    def names(self) -> set[str]:
        return set(self.zip.namelist())

    def read(self, name: str) -> bytes:
        return self.zip.read(name)

    def json(self, name: str) -> Any:  # noqa: ANN401
        return json.loads(self.read(name))

    def rows(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json(f"data/{name}.json")
        return found

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json("manifest.json")
        return found

    @property
    def page(self) -> str:
        return self.read("index.html").decode()


def take(
    given: Source, wanted: Order | None = None, progress: Callable[[int], None] | None = None
) -> Taken:
    sink, told = Sink(), list[int]()
    made = archive.write(given, wanted or order(), cast("BinaryIO", sink), progress or told.append)
    return Taken(b"".join(sink.pieces), made, told)
