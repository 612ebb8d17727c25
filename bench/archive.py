"""An archive beside its floor: the same rows read with psycopg, `json.dumps` and `zipfile`.

The floor takes a member's rows as they lie in the tables, leaves out what is sealed, and writes one
JSON file of each table: far less than an archive has to.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import LargeBinary

from bench.installation import NOW, member
from bench.timing import Measure, beside
from db import copying, seal_keys, writer
from db.tables.member import LIVE
from db.words import ExportGroup
from services import archive, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation
    from services.archive import Writing

FEW = 10_000
_ORDER = archive.Order(frozenset(ExportGroup), "ko")
_BATCH = 20_000


class Nowhere:
    """A sink that only counts."""

    def write(self, data: bytes) -> int:
        """Forget the bytes."""
        return len(data)


class Taking:
    """A member whose archive is made, as the worker makes it."""

    def __init__(self, place: Installation, records: int) -> None:
        """Write a member with that many records, some thousand at a time."""
        self._place = place
        somebody = member(records=min(records, _BATCH))
        place.join([somebody])
        self.member_id = somebody.member_id
        with place.work.keys.connect() as keys:
            self._sealer = outbox.sealer_of(keys, place.keyring, self.member_id)[1]
        for _ in range(_BATCH, records, _BATCH):
            drafts = member(records=_BATCH).records
            rows = [writer.record_row(self._sealer, somebody, one) for one in drafts]
            with place.owner.data.begin() as data, copying.driver(data).cursor() as cursor:
                copying.write(cursor, sql.Identifier("live", "record"), LIVE.record, rows)
        seal_keys.create(place.var / "keys")
        self._signer = seal_keys.signer(place.var / "keys")

    def make(self, write: Callable[[Writing], object]) -> None:
        """Write an archive, or parts of one, from a snapshot of its own."""
        engine = self._place.work.data.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as data:
            given = archive.Source(data, LIVE, self.member_id, self._sealer, NOW, self._signer)
            write(archive.Writing(given, _ORDER, cast("BinaryIO", Nowhere()), lambda _rows: None))

    def whole(self) -> None:
        """Write all of it, without the workbook."""
        self.make(lambda writing: writing.all())

    def data(self) -> None:
        """Write JSON, CSV, schemas and the manifest."""
        self.make(_data)

    def floor(self) -> None:
        """Write the rows of each table as JSON."""
        made = io.BytesIO()
        with (
            self._place.work.data.connect() as data,
            zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened,
            copying.driver(data).cursor(row_factory=dict_row) as cursor,
        ):
            for table in LIVE.all:
                columns = [c.name for c in table.c if not isinstance(c.type, LargeBinary)]
                query = sql.SQL("select {} from {} where member_id = %s").format(
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.Identifier("live", table.name),
                )
                rows = cursor.execute(query, [self.member_id]).fetchall()
                opened.writestr(f"{table.name}.json", json.dumps(rows, default=str))


def _data(writing: Writing) -> None:
    writing.data()
    writing.close()


def measure(place: Installation) -> dict[str, Measure]:
    """Return the time of an archive of 10,000 records, and of its data files alone."""
    taking = Taking(place, FEW)
    return {
        "archive_data_beside_json_and_zip": beside(taking.data, taking.floor, rounds=9, warm=2),
        "archive_beside_json_and_zip": beside(taking.whole, taking.floor, rounds=9, warm=2),
    }


def peak() -> float:
    """Return the largest memory of this process since `_forget`, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _forget() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(place: Installation, many: int) -> dict[str, Measure]:
    """Return the peak of memory with `many` records beside that with 10,000."""
    peaks = []
    for records in (FEW, max(many, 10 * FEW)):
        taking = Taking(place, records)
        taking.whole()
        _forget()
        taking.whole()
        peaks.append(peak())
    few, more = peaks
    return {"archive_memory_of_many_records": Measure(more, few, round(more / few, 3), "MiB")}
