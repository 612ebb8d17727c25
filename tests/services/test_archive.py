"""The archive, opened as a stranger would: by pandas, a spreadsheet, a schema, a stop watch."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jsonschema
import openpyxl
import pandas as pd
import pytest
from sqlalchemy import delete, insert, update

from db.drafts import DeviceDraft, DisclosureDraft, RecordDraft, ValueDraft
from db.tables.keys import member_key
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import case
from db.words import ConsentKind, ExportGroup, Ground, RecordKind, Store
from services import archive, archive_columns, archive_workbook, proof
from services.archive_rows import RUNS, as_csv, as_json
from tests.archives import everywhere, filled, order, source, take
from tests.people import (
    FIELDS,
    NOW,
    ORIGIN,
    agent,
    child_of,
    draft,
    granted,
    join,
    member,
    open_case,
    told_of_use,
)
from tests.rows import one_of_each
from tests.sealing import START, sealed

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.archives import Taken
    from tests.database import PortalDb
    from tests.sealing import Sealed

__all__ = ["sealed"]

pytestmark = pytest.mark.promise("P30")

HOSTILE = (
    "=cmd|'/c calc'!A1", "+82-10", "-1", "@SUM(A1)", "\ttab", "\rreturn", "\uff1d1",
    "<script>alert(1)</script>", "\"quoted\", and 'so'", "two\nlines", "]]>&<", "\x00\x1f\x7f",
    "\u2028\u2029\ufeff", "🍼" * 9, "'='", " ", "</details></table>", "{{ 7*7 }}",
)  # fmt: skip
"""Values that a spreadsheet would run, a page would obey, or a file would break on."""


def _record(fields: dict[str, str], day: date = date(2026, 10, 1)) -> RecordDraft:
    return RecordDraft(uuid4(), RecordKind.PAYMENT, day, date(2031, 10, 1), fields, ORIGIN)


@pytest.fixture
def hostile(portal_db: PortalDb) -> UUID:
    """Return a member whose values are all hostile."""
    values = tuple(ValueDraft("baby_name", value, ORIGIN, seq) for seq, value in enumerate(HOSTILE))
    records = tuple(_record({"what": value, "amount": value}) for value in HOSTILE)
    one = draft(
        values=(*values, ValueDraft("profile_image", HOSTILE[7])), records=records,
        devices=(DeviceDraft(uuid4(), HOSTILE[0]),),
        disclosures=(DisclosureDraft(uuid4(), HOSTILE[7], ("name",), date(2026, 1, 1)),),
    )  # fmt: skip
    join(portal_db, one)
    return one.member_id


def archive_of(db: PortalDb, keys: Path, member_id: UUID, **wanted: Any) -> Taken:  # noqa: ANN401
    with source(db, keys, member_id) as given:
        return take(given, order(**wanted))


def frames(taken: Taken) -> dict[str, pd.DataFrame]:
    """Read each CSV as somebody does who knows nothing but pandas."""
    return {
        file.name: pd.read_csv(
            io.BytesIO(taken.read(f"data/{file.name}.csv")), dtype=str, keep_default_na=False
        )
        for file in archive.FILES
        if f"data/{file.name}.csv" in taken.names
    }


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_json_holds_to_its_schema(portal_db: PortalDb, tmp_path: Path, language: Any) -> None:  # noqa: ANN401
    one = member(portal_db)
    everywhere(portal_db, one)
    taken = archive_of(portal_db, tmp_path, one, language=language)
    checks = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for file in archive.FILES:
        schema = taken.json(f"schema/{file.name}.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema, format_checker=checks).validate(
            taken.rows(file.name)
        )
        wrong = [dict.fromkeys(file.names, object)]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
    items = taken.json("schema/profile.schema.json")["x-items"]
    assert items["pregnancy"]["sensitive"]
    assert items["name"]["kept_if_left_until"] == "2027-11-22"
    assert items["password"]["exported"] is False
    paid = taken.json("schema/records_payment.schema.json")
    assert ("5" in paid["description"], "delivery" in paid["x-purposes"]) == (True, True)


def test_csv_says_what_json_says(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    everywhere(portal_db, one)
    taken = archive_of(portal_db, tmp_path, one)
    for name, frame in frames(taken).items():
        rows = taken.rows(name)
        assert len(frame) == len(rows), name
        for row, line in zip(rows, frame.to_dict("records"), strict=True):
            assert {key: _as_text(value) for key, value in row.items()} == line


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "; ".join(value) if isinstance(value, list) else str(value)


def test_csv_begins_with_a_mark_that_spreadsheets_know(portal_db: PortalDb, tmp_path: Path) -> None:
    taken = archive_of(portal_db, tmp_path, member(portal_db))
    content = taken.read("data/profile.csv")
    assert content.startswith(b"\xef\xbb\xbfitem,seq,value,")
    assert content.count(b"\r\n") == len(taken.rows("profile")) + 1


def test_nothing_in_a_csv_is_run(portal_db: PortalDb, tmp_path: Path, hostile: UUID) -> None:
    taken = archive_of(portal_db, tmp_path, hostile)
    for name in taken.names:
        if name.endswith(".csv"):
            text = taken.read(name).decode("utf-8-sig")
            cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
            assert [cell for cell in cells if cell[:1] in RUNS] == [], name
    held = frames(taken)["profile"]
    named = held[held["item"] == "baby_name"]["value"]
    assert [v.removeprefix("'") for v in named] == [v.removeprefix("'") for v in HOSTILE]


def test_json_says_hostile_values_as_they_are(
    portal_db: PortalDb, tmp_path: Path, hostile: UUID
) -> None:
    taken = archive_of(portal_db, tmp_path, hostile)
    named = [r["value"] for r in taken.rows("profile") if r["item"] == "baby_name"]
    assert named == list(HOSTILE)
    assert {r["what"] for r in taken.rows("records_payment")} == set(HOSTILE)


def test_names_in_the_zip_are_ours(portal_db: PortalDb, tmp_path: Path, hostile: UUID) -> None:
    everywhere(portal_db, hostile)
    taken = archive_of(portal_db, tmp_path, hostile, workbook=True)
    assert {name.split("/")[0] for name in taken.names} == {
        "index.html", "data", "schema", "files", "policy", "consents", "workbook.xlsx",
        "manifest.json",
    }  # fmt: skip
    for name in taken.names:
        assert not name.startswith("/")
        assert ".." not in name
    # What is no picture is a text, not a page.
    assert taken.read("files/profile_image.txt").decode() == HOSTILE[7]
    assert taken.zip.testzip() is None


def test_the_page_obeys_no_value(portal_db: PortalDb, tmp_path: Path, hostile: UUID) -> None:
    page = archive_of(portal_db, tmp_path, hostile).page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<script>") == 1
    assert "{{ 7*7 }}" in page


def test_a_workbook_opens_and_runs_nothing(
    portal_db: PortalDb, tmp_path: Path, hostile: UUID
) -> None:
    everywhere(portal_db, hostile)
    taken = archive_of(portal_db, tmp_path, hostile, workbook=True, language="en")
    book = openpyxl.load_workbook(io.BytesIO(taken.read("workbook.xlsx")))
    assert len(book.sheetnames) == len(archive.FILES)
    for file, sheet in zip(archive.FILES, book.worksheets, strict=True):
        rows = list(sheet.iter_rows())
        assert len(rows) - 1 == len(taken.rows(file.name)), file.name
        kinds = {cell.data_type for row in rows for cell in row}
        assert kinds <= {"s", "n", "inlineStr"}, file.name
    first = book.worksheets[0]
    told = [row[2] for row in first.iter_rows(min_row=2, values_only=True)]
    assert {"=cmd|'/c calc'!A1", "two\nlines", "🍼" * 9} <= set(told)


def test_no_workbook_unless_ordered(portal_db: PortalDb, tmp_path: Path) -> None:
    assert "workbook.xlsx" not in archive_of(portal_db, tmp_path, member(portal_db)).names


def test_a_sheet_that_is_full_goes_on_in_another(
    portal_db: PortalDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_workbook, "MOST_ROWS", 4)
    one = member(portal_db, records=tuple(_record({"what": str(n)}) for n in range(9)))
    taken = archive_of(portal_db, tmp_path, one, workbook=True)
    book = openpyxl.load_workbook(io.BytesIO(taken.read("workbook.xlsx")))
    paid = [s for s in book.worksheets if s.title.startswith("결제")]
    assert [s.max_row - 1 for s in paid] == [4, 4, 1]
    told = [row[3] for s in paid for row in s.iter_rows(min_row=2, values_only=True)]
    assert sorted(map(str, told)) == [str(n) for n in range(9)]


def test_only_what_was_ordered(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    everywhere(portal_db, one)
    for group in ExportGroup:
        with source(portal_db, tmp_path, one) as given:
            wanted = order("ko", group)
            taken = take(given, wanted)
            assert archive.count(given, wanted) == taken.made.rows
        names = {file.name for file in archive.FILES if file.group is group}
        data = {n.split("/")[1].split(".")[0] for n in taken.names if n.startswith("data/")}
        assert data == names
        assert taken.manifest["groups"] == [group]
        assert f'id="{group}"' in taken.page


def test_what_cant_be_opened_is_said(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    with portal_db.work.data.begin() as data:
        one_of_each(data, LIVE, one)
    taken = archive_of(portal_db, tmp_path, one)
    held = {row["problem"] for row in taken.rows("profile") if row["seq"] == 7}
    assert held == {"unopened"}
    said = {line["what"]: line["count"] for line in taken.manifest["not_given"]}
    assert said == {
        "profile": 1, "devices": 1, "values_to_confirm": 1, "records_payment": 1, "requests": 1,
        "proofs_given": 1, "messages": 1, "disputes": 1,
    }  # fmt: skip
    assert taken.page.count("이 값을 열 수 없어요") >= 6


def test_without_a_key_all_else_is_there(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    with portal_db.work.keys.begin() as keys:
        keys.execute(delete(member_key).where(member_key.c.member_id == one))
    taken = archive_of(portal_db, tmp_path, one)
    assert {row["problem"] for row in taken.rows("profile")} == {"unopened"}
    assert taken.rows("records_payment")[0]["event_date"] == "2026-10-01"
    assert [r["service"] for r in taken.rows("services_used")] == ["엄마와"]


def test_stopped_and_sensitive_values_are_marked(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    row = {"member_id": one, "restriction_id": uuid4(), "started_at": NOW - timedelta(days=2)}
    with portal_db.work.data.begin() as data:
        data.execute(insert(LIVE.restriction).values(row | {"item": "email", "purpose": "events"}))
    taken = archive_of(portal_db, tmp_path, one)
    held = {r["item"]: r for r in taken.rows("profile")}
    assert [name for name, r in held.items() if r["restricted"]] == ["email"]
    assert [n for n, r in held.items() if r["sensitive"]] == [
        "pregnancy", "baby_date", "mother_category",
    ]  # fmt: skip
    assert held["email"]["value"] == "haneul@example.com"


@pytest.mark.promise("P16")
def test_a_demand_is_shown_from_its_day_on(sealed: Sealed, tmp_path: Path) -> None:
    db, day = sealed.db, START.date() + timedelta(days=9)
    one, staff = member(db), agent(db)
    told_of_use(db)
    demand_id, case_id = uuid4(), open_case(db, staff, one)
    with db.work.data.begin() as data, source(db, tmp_path, one) as given:
        assert given.sealer is not None
        row = filled(
            LIVE.demand, one, given.sealer, demand_id=demand_id, authority="[가상] 비밀수사대"
        )
        data.execute(insert(LIVE.demand).values(
            row | {"shown_from": day, "approved_items": ["nickname"], "refused_at": None}
        ))  # fmt: skip
        data.execute(update(case).where(case.c.case_id == case_id).values(request_id=demand_id))
        data.execute(insert(LIVE.disclosure).values(
            member_id=one, disclosure_id=uuid4(), recipient="[가상] 비밀수사대", items=["name"],
            ground=Ground.LEGAL_DEMAND, disclosed_on=START.date(), shown_from=day,
        ))  # fmt: skip
    sealed.happen(START + timedelta(hours=1), one, actor_kind="staff", actor_id=staff,
                  case_id=case_id, name="demand_approved")  # fmt: skip
    sealed.happen(START + timedelta(hours=2), one, actor_id=one)
    sealed.seal(START + timedelta(days=1, minutes=7))
    for now, seen in ((NOW, 0), (NOW + timedelta(days=30), 1)):
        with source(db, sealed.var / "keys", one, now=now) as given:
            taken = take(given)
            assert archive.count(given, order()) == taken.made.rows
        told = "".join(taken.read(name).decode(errors="replace") for name in taken.names)
        assert ("비밀수사대" in told) == bool(seen)
        assert len(taken.rows("legal_demands")) == len(taken.rows("disclosures")) == seen
        looked = [row["name"] for row in taken.rows("who_looked")]
        assert ("demand_approved" in looked) == bool(seen)
        [name] = [n for n in taken.names if n.startswith("proofs/")]
        assert len(taken.json(name)["events"]) == 1 + seen


@pytest.mark.promise("P25")
def test_proofs_prove_without_us(sealed: Sealed, tmp_path: Path) -> None:
    one = member(sealed.db)
    told_of_use(sealed.db)
    for hour in range(5):
        sealed.happen(START + timedelta(hours=hour), one, actor_id=one)
        sealed.happen(START + timedelta(hours=hour))
    sealed.seal(START + timedelta(days=1, minutes=7))
    sealed.happen(NOW, one, actor_id=one)
    with source(sealed.db, sealed.var / "keys", one) as given:
        taken = take(given)
    file = tmp_path / "proof.json"
    file.write_bytes(taken.read("proofs/2026-11-18.json"))
    proved = proof.check(proof.load(file), sealed.verifier)
    assert len(proved.events) == 5
    assert taken.manifest["not_given"] == [
        {"what": "proofs/2026-11-22.json", "count": 1, "why": "not_sealed_yet"}
    ]


def test_who_looked_names_staff_and_guardians_by_number(
    portal_db: PortalDb, tmp_path: Path
) -> None:
    guardian = member(portal_db)
    child, staff = child_of(portal_db, guardian, "2020-01-01"), agent(portal_db)
    people = {"self": child, "guardian": guardian, "staff": staff, "system": None}
    with portal_db.work.data.begin() as data:
        for number, (kind, person) in enumerate(people.items()):
            data.execute(insert(event).values(
                at=NOW + timedelta(seconds=number), member_id=child, name="profile_viewed",
                allowed=True, actor_kind=kind, actor_id=person,
            ))  # fmt: skip
    taken = archive_of(portal_db, tmp_path, child)
    told = [(r["who"], r["guardian"], r["role"]) for r in taken.rows("who_looked")]
    assert told == [
        ("system", None, None), ("staff", None, "agent"), ("guardian", 1, None), ("me", None, None),
    ]  # fmt: skip
    [link] = taken.rows("guardianships")
    assert (link["side"], link["number"]) == ("guardian_of_mine", 1)
    everything = b"".join(taken.read(n) for n in taken.names)
    assert str(guardian).encode() not in everything
    [mine] = archive_of(portal_db, tmp_path, guardian).rows("guardianships")
    assert mine["side"] == "child_of_mine"


def test_what_is_raised_by_progress_ends_the_work(portal_db: PortalDb, tmp_path: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_rows: int) -> None:
        raise CancelledError

    one = member(portal_db)
    with source(portal_db, tmp_path, one) as given, pytest.raises(CancelledError):
        take(given, progress=cancel)


def test_one_snapshot_whatever_happens_meanwhile(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)

    def meanwhile(_rows: int) -> None:
        with portal_db.work.data.begin() as data:
            data.execute(delete(LIVE.record).where(LIVE.record.c.member_id == one))

    with source(portal_db, tmp_path, one) as given:
        taken = take(given, progress=meanwhile)
    assert [len(taken.rows(f"records_{kind}")) for kind in FIELDS] == [1] * len(FIELDS)


def test_a_dormant_member_takes_all_of_it_along(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db, store=Store.DORMANT)
    with source(portal_db, tmp_path, one, Store.DORMANT) as given:
        taken = take(given)
    assert taken.manifest["store"] == "dormant"
    assert len(taken.rows("profile")) == 15
    assert taken.rows("sleep")[0]["notice_days"] == 30


def test_receipts_and_the_policy_are_in_it(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db, consents=granted(ConsentKind.MARKETING))
    taken = archive_of(portal_db, tmp_path, one)
    assert "2026. 11. 22. 12:00" in taken.read("consents/receipts.html").decode()
    assert taken.read("policy/2021-03-15.toml").startswith(b"# The facts")
    assert "11. " in taken.read("policy/2021-03-15.txt").decode()


def _many(db: PortalDb, count: int) -> UUID:
    one = draft(records=tuple(_record({"what": f"{n}", "amount": "1"}) for n in range(count)))
    join(db, one)
    return one.member_id


def test_memory_is_flat(portal_db: PortalDb, tmp_path: Path) -> None:
    """Twice as many rows: what is held at once stays the same."""
    peaks = []
    for count in (archive_columns.ONCE + 1, 2 * archive_columns.ONCE):
        one = _many(portal_db, count)
        with source(portal_db, tmp_path, one) as given:
            archive.write(given, order(), _Nowhere(), lambda _rows: None)  # type: ignore[arg-type]
            tracemalloc.start()
            made = archive.write(given, order(), _Nowhere(), lambda _rows: None)  # type: ignore[arg-type]
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert made.rows > count
    assert peaks[1] < peaks[0] * 1.1 + 1_000_000


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def test_ten_thousand_rows_are_all_there_once(portal_db: PortalDb, tmp_path: Path) -> None:
    taken = archive_of(portal_db, tmp_path, _many(portal_db, 10_000))
    rows = taken.rows("records_payment")
    assert {row["what"] for row in rows} == {str(n) for n in range(10_000)}
    assert len(frames(taken)["records_payment"]) == len(rows) == 10_000
    assert taken.page.count("<tr data-line>") < 400
    assert "data/records_payment.csv" in taken.page


def test_no_rows_are_files_too() -> None:
    assert json.loads(b"".join(as_json(["a"], []))) == []
    assert b"".join(as_csv(["a"], [])) == b"\xef\xbb\xbfa\r\n"


def test_the_sink_need_not_be_sought(portal_db: PortalDb, tmp_path: Path) -> None:
    with source(portal_db, tmp_path, member(portal_db)) as given:
        taken = take(given)
    assert all(info.flag_bits & 8 for info in zipfile.ZipFile(io.BytesIO(taken.content)).infolist())
