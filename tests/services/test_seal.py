"""The ledger's seals: every edit, deletion, insertion and reorder is found, and named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from db import keyring, seal_keys
from db.tables import ledger
from services import daily, leaf, merkle, seal, verify_ledger
from services.seal_chain import What
from tests.sealing import SEALS_AT, START, Sealed, sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from services.seal_chain import Finding

__all__ = ["sealed"]

pytestmark = pytest.mark.promise("P25")

DAY = timedelta(days=1)
DAYS = 3
EACH = 6
tampering = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
EDITS = {
    "at": "at + interval '1 microsecond'",
    "member_id": "gen_random_uuid()",
    "name": "name || 'x'",
    "purpose": "null",
    "allowed": "not allowed",
    "reason": "''",
    "actor_kind": "'staff'",
    "actor_id": "null",
    "session_id": "gen_random_uuid()",
    "case_id": "gen_random_uuid()",
    "page": "e'/my-data\\n'",
    "items": "items[2:2] || items[1:1]",
    "fold_key": "'\\x00'",
}
"""An edit of every column of an event, but for its number."""
SEAL_EDITS = {
    "events": "events + 1",
    "first_event_id": "coalesce(first_event_id, 0) - 1",
    "last_event_id": "null",
    "root": "sha256(root)",
    "previous": "sha256(previous)",
    "key_id": "'0123456789abcdef'",
    "sealed_at": "sealed_at + interval '1 microsecond'",
    "signature": "sha512(signature)",
}
PART_EDITS = {
    "first_event_id": "first_event_id + 1",
    "last_event_id": "last_event_id + 1000",
    "event_ids": "event_ids[2:]",
    "leaves": "substr(leaves, 33) || substr(leaves, 1, 32)",
    "root": "sha256(root)",
}


def change(connection: Connection, sql: str, **given_: object) -> None:
    assert connection.execute(text(sql), given_).rowcount > 0


class Rewritten:
    """The ledger under somebody's hands who owns the database, until the block ends."""

    def __init__(self, ledger_: Sealed) -> None:
        self.sealed = ledger_

    def __enter__(self) -> Connection:
        self.connection = self.sealed.db.owner_data.connect()
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.rollback()
        self.connection.close()


def named(findings: list[Finding], what: What) -> set[int]:
    assert {f.what for f in findings} == {what}
    return {e for f in findings for e in f.events}


def test_edits_are_of_every_column() -> None:
    assert EDITS.keys() | {"event_id"} == set(leaf.COLUMNS)
    assert set(leaf.COLUMNS) == {c.name for c in ledger.event.columns}
    assert SEAL_EDITS.keys() | {"day"} == {c.name for c in ledger.seal.columns}
    assert PART_EDITS.keys() | {"day", "part"} == {c.name for c in ledger.seal_part.columns}


def test_an_honest_ledger_has_no_finding_and_gaps_in_the_numbers_are_none(sealed: Sealed) -> None:
    ids = sealed.days(DAYS, EACH)
    assert ids[0][1] - ids[0][0] == 2
    assert sealed.findings(copy=True) == []


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_any_column_is_found_and_named(sealed: Sealed, column: str) -> None:
    ids = sealed.days(DAYS, EACH)
    for event_id in (ids[0][0], ids[1][3], ids[2][5]):
        with Rewritten(sealed) as connection:
            sql = f"update ledger.event set {column} = {EDITS[column]} where event_id = :id"  # noqa: S608
            change(connection, sql, id=event_id)
            assert named(sealed.findings(connection), What.CHANGED) == {event_id}
    assert sealed.findings() == []


@tampering
@given(st.data())
def test_every_deletion_is_found_and_named(sealed: Sealed, data: st.DataObject) -> None:
    ids = [i for day in _known(sealed) for i in day]
    gone = data.draw(st.sets(st.sampled_from(ids), min_size=1))
    with Rewritten(sealed) as connection:
        change(connection, "delete from ledger.event where event_id = any (:ids)", ids=list(gone))
        assert named(sealed.findings(connection), What.MISSING) == gone


@tampering
@given(st.data())
def test_every_insertion_is_found_and_named(sealed: Sealed, data: st.DataObject) -> None:
    ids = [i for day in _known(sealed) for i in day]
    free = sorted(set(range(min(ids) - 9, max(ids) + 9)) - set(ids))
    added = data.draw(st.sets(st.sampled_from(free), min_size=1, max_size=6))
    minute = data.draw(st.integers(0, 24 * 60 * DAYS - 61))
    with Rewritten(sealed) as connection:
        for event_id in added:
            change(
                connection,
                "insert into ledger.event (event_id, at, name, allowed, actor_kind) "
                "overriding system value values (:id, :at, 'x', true, 'system')",
                id=event_id, at=START + timedelta(minutes=minute),
            )  # fmt: skip
        assert named(sealed.findings(connection), What.ADDED) == added


@tampering
@given(st.data())
def test_every_reorder_is_found_and_named(sealed: Sealed, data: st.DataObject) -> None:
    ids = [i for day in _known(sealed) for i in day]
    one, other = data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True))
    move = "update ledger.event set event_id = :to where event_id = :from"
    with Rewritten(sealed) as connection:
        connection.execute(text("alter table ledger.event alter event_id drop identity"))
        for start, end in ((one, -1), (other, one), (-1, other)):
            change(connection, move, **{"from": start, "to": end})
        assert named(sealed.findings(connection), What.CHANGED) == {one, other}


def _known(ledger_: Sealed) -> list[list[int]]:
    """Return the sealed days' event ids; written once for all examples of a test."""
    with ledger_.db.work.data.connect() as connection:
        part = ledger.seal_part.c
        rows = connection.execute(select(part.day, part.event_ids).order_by(part.day, part.part))
        found: dict[date, list[int]] = {}
        for row in rows:
            found.setdefault(row.day, []).extend(row.event_ids)
    return list(found.values()) or ledger_.days(DAYS, EACH)


@pytest.mark.parametrize("column", SEAL_EDITS)
@pytest.mark.parametrize("day", range(DAYS))
def test_an_edit_of_a_seal_is_found(sealed: Sealed, column: str, day: int) -> None:
    sealed.days(DAYS)
    edited = (START + DAY * (day + 1)).date()
    with Rewritten(sealed) as connection:
        sql = f"update ledger.seal set {column} = {SEAL_EDITS[column]} where day = :day"  # noqa: S608
        change(connection, sql, day=edited)
        found = sealed.findings(connection)
    assert (What.SIGNATURE, edited) in {(f.what, f.day) for f in found}


@pytest.mark.parametrize("column", PART_EDITS)
def test_an_edit_of_a_list_is_found(sealed: Sealed, column: str) -> None:
    sealed.days(DAYS, EACH)
    for part in (0, 1):
        with Rewritten(sealed) as connection:
            sql = f"update ledger.seal_part set {column} = {PART_EDITS[column]}"  # noqa: S608
            change(connection, f"{sql} where day = '2026-11-19' and part = :part", part=part)
            found = sealed.findings(connection)
        assert date(2026, 11, 19) in {f.day for f in found}
        assert {f.day for f in found} <= {date(2026, 11, 19), None}


def test_an_event_and_its_hash_changed_together_are_found_by_the_root(sealed: Sealed) -> None:
    ids = sealed.days(2, EACH)
    with Rewritten(sealed) as connection:
        change(connection, "update ledger.event set page = '/' where event_id = :id", id=ids[0][0])
        change(
            connection,
            "update ledger.seal_part p set leaves = sha256('\\x00' || (select "  # noqa: S608
            f"{leaf.SQL} from ledger.event where event_id = :id)) || substr(leaves, 33) "
            "where day = '2026-11-18' and part = 0",
            id=ids[0][0],
        )  # fmt: skip
        found = sealed.findings(connection)
    assert [(f.what, f.day, f.events) for f in found] == [
        (What.LIST, date(2026, 11, 18), (ids[0][0], ids[0][3]))
    ]


def test_an_event_and_all_that_the_lists_say_of_it_changed_together_are_found(
    sealed: Sealed,
) -> None:
    ids = sealed.days(2, EACH)
    part = ledger.seal_part
    with Rewritten(sealed) as connection:
        change(connection, "update ledger.event set page = '/' where event_id = :id", id=ids[0][0])
        ours = (part.c.day == date(2026, 11, 18)) & (part.c.part == 0)
        old = connection.execute(select(part).where(ours)).one()
        content = select(leaf.LEAF).where(ledger.event.c.event_id == ids[0][0])
        leaves = merkle.leaf(connection.execute(content).one().leaf) + old.leaves[32:]
        connection.execute(update(part).where(ours).values(leaves=leaves, root=merkle.root(leaves)))
        found = sealed.findings(connection)
    assert [(f.what, f.day) for f in found] == [(What.ROOT, date(2026, 11, 18))]


def test_a_part_of_a_list_deleted_with_its_events_is_found(sealed: Sealed) -> None:
    ids = sealed.days(2, EACH)
    with Rewritten(sealed) as connection:
        change(connection, "delete from ledger.event where event_id = any (:ids)", ids=ids[0][4:])
        change(connection, "delete from ledger.seal_part where day = '2026-11-18' and part = 1")
        found = sealed.findings(connection)
    assert [(f.what, f.day) for f in found] == [(What.ROOT, date(2026, 11, 18))]


def test_all_lists_of_a_day_deleted_with_its_events_are_found(sealed: Sealed) -> None:
    ids = sealed.days(2, EACH)
    with Rewritten(sealed) as connection:
        change(connection, "delete from ledger.event where event_id = any (:ids)", ids=ids[0])
        change(connection, "delete from ledger.seal_part where day = '2026-11-18'")
        found = sealed.findings(connection)
    assert [(f.what, f.day) for f in found] == [(What.ROOT, date(2026, 11, 18))]


def _drop(connection: Connection, day: str) -> None:
    change(connection, "delete from ledger.seal_part where day = :day", day=day)
    change(connection, "delete from ledger.seal where day = :day", day=day)


def test_a_deleted_seal_is_found_and_its_events_stand_nowhere(sealed: Sealed) -> None:
    ids = sealed.days(DAYS)
    with Rewritten(sealed) as connection:
        _drop(connection, "2026-11-19")
        found = sealed.findings(connection)
    assert {(f.what, f.day) for f in found} == {
        (What.NO_SEAL, date(2026, 11, 19)),
        (What.CHAIN, date(2026, 11, 20)),
        (What.ADDED, None),
    }
    assert {e for f in found for e in f.events} == set(ids[1])


def test_the_first_seal_deleted_is_found(sealed: Sealed) -> None:
    sealed.days(2)
    with Rewritten(sealed) as connection:
        _drop(connection, "2026-11-18")
        found = sealed.findings(connection)
    assert (What.CHAIN, date(2026, 11, 19)) in {(f.what, f.day) for f in found}


def test_the_last_seal_deleted_is_found_by_the_copy_and_by_the_days_without_one(
    sealed: Sealed,
) -> None:
    sealed.days(2)
    with Rewritten(sealed) as connection:
        _drop(connection, "2026-11-19")
        assert [(f.what, f.day) for f in sealed.findings(connection, copy=True)] == [
            (What.NO_SEAL, date(2026, 11, 19))
        ]
        late = sealed.findings(connection, START + 4 * DAY)
    assert [(f.what, f.day) for f in late] == [(What.OVERDUE, date(2026, 11, 18))]


def test_swapped_seals_are_found(sealed: Sealed) -> None:
    sealed.days(DAYS)
    with Rewritten(sealed) as connection:
        for table in ("seal_part", "seal"):
            sql = f"update ledger.{table} set day = cast(:to as date) where day = :from"  # noqa: S608
            for start, end in (("18", "01"), ("19", "18"), ("01", "19")):
                change(connection, sql, **{"from": f"2026-11-{start}", "to": f"2026-11-{end}"})
        found = {(f.what, f.day) for f in sealed.findings(connection)}
    assert {(What.SIGNATURE, date(2026, 11, d)) for d in (18, 19)} <= found


def test_history_rewritten_with_the_key_is_found_by_an_outside_copy(sealed: Sealed) -> None:
    sealed.days(2)
    signer, copy = seal_keys.signer(sealed.var / "keys"), sealed.copy()
    with Rewritten(sealed) as connection:
        for day in ("2026-11-19", "2026-11-18"):
            _drop(connection, day)
        change(connection, "update ledger.event set reason = 'never'")
        for one in copy:
            seal.next_day(connection, signer, one.sealed_at)
        assert sealed.findings(connection) == []
        found = sealed.findings(connection, copy=True)
    assert {(f.what, str(f.day)[-2:]) for f in found} == {
        (What.OTHER_SEAL, "18"),
        (What.OTHER_SEAL, "19"),
    }


def test_a_seal_signed_with_another_key_is_found(sealed: Sealed, tmp_path: Path) -> None:
    sealed.days(1)
    seal_keys.create(tmp_path / "others")
    other = seal_keys.signer(tmp_path / "others")
    with Rewritten(sealed) as connection:
        seal.next_day(connection, other, START + 2 * DAY)
        assert [f.what for f in sealed.findings(connection)] == [What.SIGNATURE]


def test_an_event_whose_transaction_ended_late_is_in_the_next_seal(sealed: Sealed) -> None:
    in_time = sealed.happen(START + DAY - timedelta(seconds=3))
    sealed.days(1)
    late = sealed.happen(START + DAY - timedelta(seconds=2))
    assert sealed.findings() == []
    sealed.seal(START + 2 * DAY + SEALS_AT)
    assert sealed.findings() == []
    first, second = _known(sealed)
    assert in_time in first
    assert second == [late]


def test_an_event_written_into_a_day_long_sealed_is_added_for_ever(sealed: Sealed) -> None:
    sealed.days(1)
    added = sealed.happen(START + timedelta(hours=20))
    assert named(sealed.findings(), What.ADDED) == {added}
    sealed.seal(START + 2 * DAY + SEALS_AT)
    assert named(sealed.findings(), What.ADDED) == {added}


def test_days_that_were_missed_are_sealed_each_and_empty_ones_too(sealed: Sealed) -> None:
    sealed.happen(START)
    sealed.happen(START + 3 * DAY - timedelta(microseconds=1))
    report = sealed.seal(START + 3 * DAY)
    assert report.sealed == tuple(date(2026, 11, d) for d in (18, 19, 20))
    assert [len(day) for day in _known(sealed)] == [1, 1]
    assert sealed.findings(copy=True) == []


def test_today_is_not_sealed_and_twice_changes_nothing(sealed: Sealed) -> None:
    assert sealed.seal(START).sealed == ()
    sealed.happen(START)
    assert sealed.seal(START + DAY - timedelta(microseconds=1)).sealed == ()
    assert sealed.seal(START + DAY).sealed == (date(2026, 11, 18),)
    assert sealed.seal(START + DAY).sealed == ()


def test_two_workers_at_once_seal_each_day_once(sealed: Sealed) -> None:
    for n in range(6):
        sealed.happen(START + n * DAY)
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: sealed.seal(START + 6 * DAY), range(3)))
    assert sorted(d.day for r in reports for d in r.sealed) == [18, 19, 20, 21, 22, 23]
    assert sealed.findings(copy=True) == []


def test_a_run_that_dies_half_way_leaves_no_half_seal(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed.happen(START)
    monkeypatch.setattr(seal_keys.Signer, "sign", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sealed.seal(START + DAY)
    monkeypatch.undo()
    with sealed.db.work.data.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ledger.seal_part)) == 0
    assert sealed.seal(START + DAY).sealed == (date(2026, 11, 18),)


def test_a_clock_ahead_of_the_worker_never_seals_the_future(sealed: Sealed) -> None:
    sealed.happen(START + 9 * DAY)
    report = daily.run(sealed.db.work.data, sealed.var, START + 30 * DAY, START + DAY)
    assert report.sealed == ()


def test_a_leaf_says_what_its_event_says(sealed: Sealed) -> None:
    event_id = sealed.happen(START, case_id=None, items=[], reason='a "b"\n', fold_key=b"\0\1")
    with sealed.db.work.data.connect() as connection:
        content = connection.execute(select(leaf.LEAF).select_from(ledger.event)).one().leaf
        row = connection.execute(select(ledger.event)).one()
    said = leaf.read(content)
    assert said["event_id"] == event_id
    assert said["at"] == "2026-11-17T15:00:00+00:00"
    assert (said["items"], said["reason"], said["case_id"]) == ([], 'a "b"\n', None)
    assert (said["member_id"], said["fold_key"]) == (str(row.member_id), "0001")
    for wrong in (content[:-1], content + b"x", b"", b"\0\0\0\1" + content[4:]):
        with pytest.raises(ValueError, match="."):  # noqa: RUF043
            leaf.read(wrong)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda keys: (keys / "seal.key").unlink(), "seal.key is missing"),
        (lambda keys: (keys / "seal.key").write_bytes(b"short"), "seal.key is damaged"),
        (lambda keys: (keys / "seal.key").write_bytes(bytes(32)), "don't belong together"),
        (lambda keys: (keys / "seal.pub").unlink(), "seal.pub is missing"),
        (lambda keys: (keys / "seal.pub").write_text("no key"), "seal.pub is damaged"),
    ],
)
def test_a_missing_or_wrong_key_is_named(
    sealed: Sealed, spoil: Callable[[Path], object], says: str
) -> None:
    sealed.happen(START)
    spoil(sealed.var / "keys")
    with pytest.raises(keyring.KeyringError, match=says):
        sealed.seal(START + DAY)


def test_the_private_key_is_the_workers_alone(sealed: Sealed) -> None:
    assert (sealed.var / "keys" / "seal.key").stat().st_mode & 0o777 == 0o600
    assert "key" not in repr(seal_keys.signer(sealed.var / "keys")).split("verifier=")[0].lower()


def test_reading_takes_a_part_at_a_time(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed.days(2, 9)
    sizes: list[int] = []
    real = verify_ledger.Check._part

    def note(
        self: verify_ledger.Check, part: verify_ledger._Part, number: int
    ) -> Iterator[Finding]:
        sizes.append(len(part.contents or ()))
        return real(self, part, number)

    monkeypatch.setattr(verify_ledger.Check, "_part", note)
    sealed.findings()
    assert sizes == [4, 4, 1] * 2
