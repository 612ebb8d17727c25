"""What the importer's tests share: small sources of their own, and a look at what came in."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from db import importer, places
from db.tables import keys
from db.tables.member import LIVE
from db.words import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sqlalchemy import Column, Connection, Row, Table

    from db.importer.source import Join
    from db.importer.source import Row as SourceRow
    from tests.database import PortalDb

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CHINOOK = Path(importer.__file__).parent / "maps" / "chinook.toml"

FULL_MAP = """
name = "school"
date_formats = ["%d.%m.%Y"]

[member]
table = "people"
key = "id"
joined_on = "joined"
source = { column = "via", map = { W = "web", P = "paper" } }
obtained_on = "joined"
service = { constant = "클래스파트라" }

[member.items]
nickname = "alias"
name = { columns = ["last", "first"], join = "" }
email = { column = "mail", required = true }
mobile = "mobile"
sex = { column = "sex", map = { F = "여성", M = "남성" } }
birth_date = "born"
phone = { column = "phone", source = { constant = "partner" }, partner = { constant = "서점" } }

[[values]]
table = "babies"
member = "person"
key = "no"
item = "baby_name"
value = "called"

[[records]]
table = "orders"
member = "person"
key = "no"
kind = "payment"
event_date = "day"
[records.fields]
amount = { column = "total", decimals = 2 }
what = { column = "goods", lookup = { table = "goods", key = "id", column = "title" } }
[records.lines]
table = "order_lines"
record = "order_no"
key = "no"
text = { columns = ["title", "pieces"], join = " x " }

[[consents]]
table = "people"
member = "id"
key = "id"
kind = { constant = "advertising" }
channel = { constant = "email" }
granted = "ads"
decided_at = "ads_on"

[[devices]]
table = "devices"
member = "person"
key = "imei"
identifier = "imei"
last_used_on = "used"

[[disclosures]]
table = "given"
member = "person"
key = "no"
recipient = "to"
items = "items"
disclosed_on = "day"
purpose = { constant = "delivery" }
ground = { constant = "purchase" }

[[uses]]
table = "people"
member = "id"
service = { constant = "클래스파트라" }
since = "joined"
last_used_on = "seen"

[[guardians]]
table = "guards"
member = "child"
guardian = "guardian"
started_on = "since"
ended_on = "until"
proof = "proof"
"""

COLUMNS = {
    "people": "id joined via alias last first mail mobile sex born phone ads ads_on seen",
    "babies": "no person called",
    "orders": "no person day total goods",
    "goods": "id title",
    "order_lines": "no order_no title pieces",
    "devices": "imei person used",
    "given": "no person to items day",
    "guards": "child guardian since until proof",
}
PERSON = {
    "id": "1", "joined": "2022-03-04", "via": "W", "alias": "별님", "last": "김", "first": "하나",
    "mail": "Hana@Example.com", "mobile": "01012345678", "sex": "F", "born": "05.06.1990",
    "phone": "+1 (212) 555-0142", "ads": "Y", "ads_on": "2023-01-02 10:00", "seen": "2026-11-01",
}  # fmt: skip
ORDER = {"no": "10", "person": "1", "day": "2024-02-29", "total": "12000", "goods": "7"}

Tables = dict[str, list[dict[str, Any]]]


def school(**tables: list[dict[str, Any]]) -> Tables:
    """Return a source with one person who has one of everything, but for the tables given."""
    whole: Tables = {
        "people": [PERSON],
        "babies": [{"no": "1", "person": "1", "called": "콩이"}],
        "orders": [ORDER],
        "goods": [{"id": "7", "title": "동화책"}],
        "order_lines": [{"no": "1", "order_no": "10", "title": "동화책", "pieces": "2"}],
        "devices": [{"imei": "35-000000-000001-7", "person": "1", "used": "2026-10-01"}],
        "given": [
            {"no": "1", "person": "1", "to": "서점", "items": "name,address", "day": "2024-03-01"}
        ],
        "guards": [],
    }
    return whole | tables


def write_csv(folder: Path, tables: Tables, encoding: str = "utf-8-sig") -> Path:
    """Write tables as CSV files."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[name].split())
            writer.writeheader()
            writer.writerows(rows)
    return folder


def write_sqlite(path: Path, tables: Tables) -> Path:
    """Write tables as an SQLite file."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file, file:
        for name, rows in tables.items():
            names = COLUMNS[name].split()
            columns = ", ".join(f'"{n}"' for n in names)
            file.execute(f'create table "{name}" ({columns})')
            places_ = ", ".join(f":{n}" for n in names)
            whole = [dict.fromkeys(names) | row for row in rows]
            file.executemany(f'insert into "{name}" values ({places_})', whole)  # noqa: S608
    return path


@dataclass
class Trial:
    """Runs imports into the test's databases."""

    db: PortalDb
    folder: Path
    map: str = field(default=FULL_MAP, repr=False)  # hypothesis prints what a case was given
    progress: list[importer.Progress] = field(default_factory=list, repr=False)

    @property
    def report(self) -> Path:
        return self.folder / "report.csv"

    def reasons(self) -> list[tuple[str, str, str, str, str]]:
        with self.report.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file))[1:]
        return [(r[0], r[1], r[2], r[3], r[4]) for r in found]

    def map_path(self) -> Path:
        path = self.folder / "map.toml"
        path.write_text(self.map, encoding="utf-8")
        return path

    def run(self, source: Path | str, now: datetime = NOW) -> importer.Summary:
        work = self.db.work
        return importer.run(
            str(source), self.map_path(), work.data, work.keys, self.db.keyring, now,
            self.progress.append, self.report,
        )  # fmt: skip

    def tables(self, **tables: list[dict[str, Any]]) -> importer.Summary:
        """Import a source with these tables, from an SQLite file."""
        return self.run(write_sqlite(self.folder / "source.sqlite", school(**tables)))


def adds_up(summary: importer.Summary) -> None:
    """Assert that each part's rows are all accounted for."""
    for label, part in summary.parts.items():
        assert part.came_in + part.refused == part.fetched == part.total, label
    assert summary.came_in + summary.refused == summary.read


@dataclass
class Person:
    """A member as stored, opened."""

    member_id: UUID
    row: Any
    values: dict[tuple[str, int], str | None]
    origins: dict[str, Any]
    records: list[tuple[Any, dict[str, str]]]
    devices: list[str]


def people(db: PortalDb) -> dict[str, Person]:
    """Return live members by e-mail, everything opened."""
    with db.work.data.begin() as data, db.work.keys.begin() as secret:
        found = [_person(db, data, secret, row) for row in data.execute(select(LIVE.member))]
    return {p.values.get(("email", 0)) or str(p.member_id): p for p in found}


def _person(db: PortalDb, data: Connection, secret: Connection, row: Row[Any]) -> Person:
    who = row.member_id
    key = secret.execute(select(keys.member_key).where(keys.member_key.c.member_id == who)).one()
    sealer = db.keyring.sealer(Store(key.store), who, key.wrapped)

    def mine(table: Table, *order: Column[Any]) -> list[Row[Any]]:
        return list(data.execute(select(table).where(table.c.member_id == who).order_by(*order)))

    values = mine(LIVE.profile_value)
    records = mine(LIVE.record, LIVE.record.c.event_date)
    return Person(
        who,
        row,
        {
            (v.item, v.seq): sealer.open(v.sealed, places.profile(v.item, v.seq)).decode()
            if v.sealed
            else None
            for v in values
        },
        {v.item: v for v in values},
        [
            (r, json.loads(sealer.open(r.sealed, places.record(r.kind, r.record_id))))
            for r in records
        ],
        [sealer.open(d.sealed, places.device(d.device_row_id)).decode() for d in mine(LIVE.device)],
    )


def everything(db: PortalDb) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of members and keys, as stored."""
    found = {}
    with db.owner_data.begin() as data, db.owner_keys.begin() as secret:
        tables = [(data, t) for t in LIVE.all]
        tables += [(secret, t) for t in (keys.member_key, keys.blind_index, keys.import_origin)]
        for connection, table in tables:
            rows = connection.execute(select(table).order_by(*table.primary_key)).all()
            found[table.fullname] = [tuple(row) for row in rows]
    return found


class FakeSource:
    """A source whose rows are made as they are asked for: members with two orders each."""

    def __init__(self, members: int, ends_after: int | None = None) -> None:
        self.members = members
        self.ends_after = ends_after
        self.given = 0

    def tables(self) -> list[str]:
        return ["people", "orders"]

    def columns(self, name: str) -> list[str]:
        return {"people": ["id", "mail"], "orders": ["no", "person", "day", "total"]}.get(name, [])

    def count(self, name: str) -> int:
        return self.members if name == "people" else 2 * self.members

    def _given(self, row: SourceRow) -> SourceRow:
        if self.ends_after is not None and self.given >= self.ends_after:
            raise importer.SourceEndedError
        self.given += 1
        return row

    def rows(self, name: str, columns: Sequence[str], order: str) -> Iterator[SourceRow]:  # noqa: ARG002
        for at in range(self.members):
            yield self._given(self.member(at))

    def member(self, at: int) -> SourceRow:
        return {"id": at, "mail": f"m{at}@example.com"}

    def children(
        self, join: Join, columns: Sequence[str], keys: Sequence[Any], order: str  # noqa: ARG002
    ) -> Iterator[SourceRow]:  # fmt: skip
        for key in keys:
            for nth in range(2):
                row = {"no": 2 * key + nth, "person": key, "day": "2025-01-02", "total": "5"}
                yield self._given(row)

    def sizes(self, join: Join, keys: Sequence[object]) -> dict[object, int]:  # noqa: ARG002
        return dict.fromkeys(keys, 2)

    def orphans(self, join: Join, columns: Sequence[str], order: str) -> Iterator[SourceRow]:  # noqa: ARG002
        return iter(())

    def broken(self, name: str) -> Iterator[tuple[int, str]]:  # noqa: ARG002
        return iter(())


FAKE_MAP = """
name = "fake"
[member]
table = "people"
key = "id"
[member.items]
email = "mail"
[[records]]
table = "orders"
member = "person"
key = "no"
kind = "payment"
event_date = "day"
[records.fields]
amount = "total"
"""
