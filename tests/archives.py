"""Archives for tests: made as the worker makes them, from one snapshot, into a sink of bytes."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID, uuid4

from sqlalchemy import insert

from db import places, seal_keys
from db.tables import bars, ledger, ops
from db.tables.member import STORES
from db.tables.reports import report, report_line
from db.words import ExportGroup, Store
from services import archive, outbox, report_papers
from tests import rows
from tests.companies import company
from tests.people import NOW, agent, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Table

    from db.sealing import Sealer
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


PLACES: dict[str, Callable[[dict[str, Any]], str]] = {
    "profile_value.sealed": lambda row: places.profile(row["item"], row["seq"]),
    "record.sealed": lambda row: places.record(row["kind"], row["record_id"]),
    "device.sealed": lambda row: places.device(row["device_row_id"]),
    "request.sealed": lambda row: places.request(row["request_id"]),
    "request.answer": lambda row: places.answer(row["request_id"]),
    "evidence.sealed": lambda row: places.evidence(row["evidence_id"]),
    "pending_value.sealed": lambda row: places.pending(row["item"]),
    "inbox.sealed": lambda row: places.inbox(row["message_id"]),
    "demand.document": lambda row: places.demand(row["demand_id"]),
    "dispute.sealed": lambda row: places.dispute(row["dispute_id"]),
    "dispute.answer": lambda row: places.dispute_answer(row["dispute_id"]),
    "outbox.sealed": lambda row: places.outbox(row["message_id"]),
}
"""Where each sealed column's value lives."""
CONTENTS: dict[str, bytes] = {
    "record.sealed": json.dumps({"what": "속옷", "amount": "1", "method": "카드", "address": "집",
                                 "lines": "한 줄", "shoe": "38"}).encode(),
    "request.sealed": json.dumps({"language": "ko", "value": "홍길자", "note": "내 말"}).encode(),
    "evidence.sealed": b"%PDF-1.4 proof",
    "inbox.sealed": json.dumps({"scope": "events"}).encode(),
}  # fmt: skip
"""What is sealed there, where it is more than a word."""


def filled(table: Table, member_id: UUID, sealer: Sealer, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a row with every column filled that may be, its sealed ones by the member's key."""
    row = rows.row(table, member_id) | {"shown_from": None} | changes
    for column in table.c:
        name = f"{table.name}.{column.name}"
        if name in PLACES and row[column.name] is not None:
            plain = CONTENTS.get(name, f"plain {name}".encode())
            row[column.name] = sealer.seal(plain, PLACES[name](row))
    return {name: value for name, value in row.items() if name in table.c}


def everywhere(db: PortalDb, member_id: UUID, store: Store = Store.LIVE) -> None:
    """Give a member a row in every table that may hold one of theirs."""
    request_id, staff_id, company_id = uuid4(), agent(db), company(db)
    with db.work.keys.connect() as connection:
        sealer = outbox.sealer_of(connection, db.keyring, member_id)[1]
    own: dict[str, dict[str, Any]] = {
        "inbox": {"template": "stop_lifted"},
        "profile_value": {"seq": 7, "changed_at": NOW},
        "demand": {"approved_items": ["nickname"], "refused_at": None},
        "dispatch": {"company_id": company_id, "change": "corrected"},
        "disclosure": {"recipient": company_id, "purpose": "delivery"},
        "consent": {"decided_by": "self", "language": "ko", "recipient": company_id},
        "restriction": {"purpose": "events"},
        "session": {"staff_id": None, "store": store, "resume": None},
        "outbox": {"template": "email_changed", "language": "ko"},
        "event": {"name": "profile_viewed", "actor_kind": "staff", "actor_id": staff_id,
                  "purpose": "show", "case_id": None},
        "request": {"purpose": "events"},
        "bar": {"why": "deceit", "placed_by": staff_id, "answered_by": staff_id,
                "kept_why": "happened_again", "lifted_by": staff_id},
    }  # fmt: skip
    others = (ops.outbox, ops.session, ops.dispatch, ledger.event, bars.bar)
    with db.work.data.begin() as data:
        for table in (*STORES[store].all[1:], *others):
            linked = {"request_id": request_id} if "request_id" in table.c else {}
            row = filled(table, member_id, sealer, **linked, **own.get(table.name, {}))
            for generated in ("accepted", "event_id"):
                row.pop(generated, None)
            data.execute(insert(table).values(row))
    reported(db, member_id, staff_id)


def reported(db: PortalDb, member_id: UUID, staff_id: UUID) -> None:
    """Give a member a report that was answered and closed."""
    portal_house(db)
    report_id, lines = uuid4(), (uuid4(), uuid4())
    key = report_papers.new_key(report_id, NOW)
    with db.work.data.begin() as data:
        data.execute(insert(report).values(
            report_id=report_id, number=report_id.hex[:10], member_id=member_id, kind="question",
            state="closed", language="ko", received_at=NOW, due_on=NOW.date(), ends_on=NOW.date(),
            policy_version="2021-03-15", closed_at=NOW, closed_by=staff_id, outcome="answered",
        ))  # fmt: skip
        data.execute(insert(report_line), [
            {"report_id": report_id, "line_id": one, "at": NOW, "by": by, "staff_id": who,
             "sealed": key.seal(b"?", places.report_line(one))}
            for one, by, who in ((lines[0], "reporter", None), (lines[1], "staff", staff_id))
        ])  # fmt: skip
