"""Nothing that is held can be missing from an archive: items, kinds and columns (P30, P02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text

from db.declarations import ITEMS, KINDS
from db.words import ExportGroup, Store
from services import archive
from services.archive_kept_back import KEPT_BACK, reason
from tests.archives import everywhere, source, take
from tests.people import PLAIN, member
from tests.test_declared import _LINKED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.archives import Taken
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P30")

EMPTY = {
    "profile": {"cleared_at", "problem"},
    "membership": {
        "turns_14_on",
        "turns_19_on",
        "unclaimed_on",
        "answers_until",
        "usage_told_on",
        "last_counted_on",
        "told_for",
        "set_at",
    },
    "disputes": {"problem"},
    "devices": {"refused_at", "problem", "kept_if_left_until"},
    "values_to_confirm": {"problem"},
    "disclosures": {"shown_from"},
    "legal_demands": {"refused_at", "shown_from"},
    "requests": {"decided_at", "reason", "problem"},
    "proofs_given": {"destroyed_at", "problem"},
    "messages": {"problem"},
    "who_looked": {"guardian"},
    "reports": {"problem"},
    "companies": {"task", "contract_ends_on"},
    **{f"records_{kind}": {"partner", "problem", "more"} for kind in KINDS},
    "records_payment": {"problem"},
}
"""What can't be filled together with the rest, or isn't in the test's rows."""


def told() -> set[str]:
    return {held for file in archive.FILES for held in file.holds}


def missing(connection: Connection) -> list[str]:
    """Return `table.column` of a member's tables that is neither told nor kept back."""
    rows = connection.execute(_LINKED).all()
    found = {f"{r.name}.{r.attribute}" for r in rows if not reason(r.name, r.attribute)}
    return sorted(found - told())


@pytest.mark.promise("P02")
def test_every_column_is_told_or_kept_back_with_a_reason(portal_db: PortalDb) -> None:
    found = []
    for owner in (portal_db.owner_data, portal_db.owner_keys):
        with owner.connect() as connection:
            found += missing(connection)
    assert found == [], (
        "Give these a column in services/archive_*.py, or a reason in "
        f"services/archive_kept_back.py: {found}"
    )


def test_the_test_finds_a_new_column(portal_db: PortalDb) -> None:
    with portal_db.owner_data.connect() as connection:
        connection.execute(text("alter table live.device add column colour text"))
        found = missing(connection)
        connection.rollback()
    assert found == ["device.colour"]


def test_no_column_is_both_and_no_reason_is_left_over(portal_db: PortalDb) -> None:
    names = set()
    for owner in (portal_db.owner_data, portal_db.owner_keys):
        with owner.connect() as connection:
            for r in connection.execute(_LINKED):
                names |= {f"{r.name}.{r.attribute}", f"*.{r.attribute}", f"{r.name}.*"}
    assert KEPT_BACK.keys() - names == set()
    assert told() & KEPT_BACK.keys() == set()
    assert told() - names - {"guardianship.guardian_id"} == set()


def test_files_and_columns_have_names_of_their_own() -> None:
    names = [file.name for file in archive.FILES]
    assert len(set(names)) == len(names)
    for file in archive.FILES:
        assert len(set(file.names)) == len(file.names), file.name
    assert {file.group for file in archive.FILES} == set(ExportGroup)


@pytest.fixture(params=[Store.LIVE, Store.DORMANT])
def full(portal_db: PortalDb, tmp_path: Path, request: pytest.FixtureRequest) -> Taken:
    """Return the archive of a member with a row in every table, awake and asleep."""
    one = member(portal_db, store=request.param)
    everywhere(portal_db, one, request.param)
    with source(portal_db, tmp_path, one, request.param) as given:
        return take(given)


def test_every_item_and_every_kind_is_in_it(full: Taken) -> None:
    held = {row["item"]: row for row in full.rows("profile") if row["seq"] == 0}
    devices = {row["device_id"] for row in full.rows("devices")}
    for name, item in ITEMS.items():
        if not item.exportable:
            assert name not in held
        elif name == "device_id":
            assert "IMEI-354210098765432" in devices
        elif name == "profile_image":
            assert held[name]["value"] in full.names
        else:
            assert held[name]["value"] == PLAIN[name], name
    for kind in KINDS.values():
        rows = full.rows(f"records_{kind.name}")
        assert {row["problem"] for row in rows} == {None}, kind.name


def test_every_column_says_something(full: Taken) -> None:
    """A column whose value got lost on the way would be empty in every row."""
    silent = {}
    for file in archive.FILES:
        rows = full.rows(file.name)
        empty = {name for name in file.names if all(row[name] is None for row in rows)}
        # Awake, nobody has slept.
        slept = file.name == "sleep" and full.manifest["store"] == Store.LIVE
        silent[file.name] = empty ^ (set(file.names) if slept else EMPTY.get(file.name, set()))
    assert {name: found for name, found in silent.items() if found} == {}


def test_what_is_sealed_is_told_in_plain(full: Taken) -> None:
    [asked] = full.rows("requests")
    assert (asked["proposed"], asked["note"]) == ("홍길자", "내 말")
    assert asked["answer"] == "plain request.answer"
    [proof] = full.rows("proofs_given")
    assert full.read(proof["file"]) == b"%PDF-1.4 proof"
    assert full.rows("values_to_confirm")[0]["value"] == "plain pending_value.sealed"
    paid = next(row for row in full.rows("records_payment") if row["more"])
    assert (paid["what"], paid["more"]) == ("속옷", '{"shoe": "38"}')


def test_nothing_that_is_kept_back_is_in_it(full: Taken) -> None:
    everything = b"".join(full.read(name) for name in full.names)
    assert b"plain outbox.sealed" not in everything
    assert b"plain demand.document" not in everything
    assert b"argon2" not in everything


def test_the_manifest_counts_what_is_there(full: Taken) -> None:
    manifest = full.manifest
    assert {line["name"] for line in manifest["files"]} == full.names - {"manifest.json"}
    rows = sum(len(full.rows(file.name)) for file in archive.FILES)
    assert (manifest["rows"], full.made.rows, full.made.files) == (rows, rows, len(full.names))
    assert full.made.size == len(full.content)
    assert full.told[-1] == rows
    assert full.told == sorted(full.told)
