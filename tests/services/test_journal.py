"""The journal: what was committed is in its files, and each line is said to have happened."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text

from db.clock import seoul_day
from db.tables import ops
from db.tables.keeping import journal as rows_of
from db.tables.member import LIVE
from db.words import Noted
from services import journal, journal_file, journal_rows
from services.journal_file import JournalError
from tests.people import NOW, member
from tests.rows import row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from tests.database import PortalDb

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def var(tmp_path: Path) -> Iterator[Path]:
    journal_file.open_in(tmp_path)
    yield tmp_path
    journal_file.close()


def note(db: PortalDb, at: datetime = NOW, *, web: bool = False, **more: Any) -> UUID:  # noqa: ANN401
    """Note something, and return the entry's id."""
    with (db.web if web else db.work).data.begin() as data:
        journal.note(data, Noted.CLEARED, more.pop("who", None), at, **more)
    with db.work.data.connect() as data:
        return data.scalars(select(rows_of.c.entry_id).order_by(rows_of.c.at.desc())).first()  # type: ignore[return-value]


def broken_off(at: datetime = NOW) -> UUID:
    """Leave a line of a transaction that never committed, as a killed process does."""
    entry = journal.Entry(uuid4(), at, Noted.CLEARED, None, {})
    journal_file.append([{"entry": entry.as_json()}], seoul_day(at))
    return entry.entry_id


def settle(db: PortalDb, now: datetime = NOW + HOUR) -> bool:
    with db.work.data.begin() as data:
        return journal.settle(data, now)


def found() -> journal_file.Journal:
    held = journal_file.read()
    assert held is not None
    return held


def entry(entry_id: UUID) -> journal.Entry:
    return journal.Entry.from_json(journal_file.entry_at(found().places[entry_id]))


def files(var: Path) -> list[Path]:
    return sorted((var / "journal").iterdir())


def test_a_line_is_on_disk_before_its_transaction_commits(portal_db: PortalDb, var: Path) -> None:
    with portal_db.web.data.begin() as data:
        journal.note(data, Noted.CLEARED, uuid4(), NOW, day=NOW.date())
        assert files(var) == []
    [path] = files(var)
    [line] = path.read_text().splitlines()
    assert json.loads(line)["line"]["entry"]["detail"] == {"day": "2026-11-22"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_rolled_back_leaves_no_line(portal_db: PortalDb, var: Path) -> None:
    with portal_db.web.data.connect() as data:
        journal.note(data, Noted.CLEARED, uuid4(), NOW)
        data.rollback()
        data.commit()
    assert files(var) == []


def test_a_disk_that_fails_stops_the_change(portal_db: PortalDb, var: Path) -> None:
    shutil.rmtree(var / "journal")
    with pytest.raises(JournalError, match="kept safely"):
        note(portal_db)
    with portal_db.work.data.connect() as data:
        assert data.execute(select(rows_of)).all() == []


def test_rows_come_back_as_they_were(portal_db: PortalDb) -> None:
    who = member(portal_db)
    tables = [table for table in LIVE.all if table is not LIVE.member]
    held = [(table, row(table, who)) for table in tables]
    sent = {"accepted": True, **row(ops.outbox, who)}
    one = note(portal_db, who=who, rows=[*held, (ops.outbox, sent)], gone=[(LIVE.device, {})])
    back = entry(one)
    assert back.rows[:-1] == tuple((table, dict(values)) for table, values in held)
    assert "accepted" not in back.rows[-1][1], "the database computes it"
    assert back.gone == ((LIVE.device, {}),)
    assert back.member_id == who


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(), st.text(), st.datetimes(), st.lists(st.text()))
def test_values_of_every_kind_come_back(
    sealed: bytes, words: str, at: datetime, items: list[str]
) -> None:
    values = {"sealed": sealed, "source": words, "obtained_on": at.date(), "changed_at": at}
    packed = json.loads(json.dumps(journal_rows.packed([(LIVE.profile_value, values)])))
    assert journal_rows.unpacked(packed) == ((LIVE.profile_value, values),)
    packed = journal_rows.packed([(LIVE.disclosure, {"items": items, "kept_until": None})])
    assert journal_rows.unpacked(packed)[0][1] == {"items": items, "kept_until": None}


def test_a_table_or_a_column_that_is_gone_by_now_is_passed_over() -> None:
    known = ["live.member", ["member_id", "shoe_size"], [[str(uuid4()), 38]]]
    [(_table, values)] = journal_rows.unpacked([["live.hats", ["hat"], [[1]]], known])
    assert set(values) == {"member_id"}


def test_a_row_is_changed_where_it_is_and_added_where_it_is_not(portal_db: PortalDb) -> None:
    who = member(portal_db, values=())
    value = row(LIVE.profile_value, who)
    with portal_db.work.data.begin() as data:
        for seq in (0, 0, 1):
            journal_rows.put(data, LIVE.profile_value, value | {"seq": seq, "item": "children"})
        part = {"member_id": who, "turns_14_on": NOW.date()}
        journal_rows.put(data, LIVE.member, part)
        journal_rows.put(data, LIVE.member, {"member_id": who})
        table = LIVE.profile_value.c
        assert data.scalars(select(table.seq).order_by(table.seq)).all() == [0, 1]
        assert data.scalar(select(LIVE.member.c.turns_14_on)) == NOW.date()
        journal_rows.remove(data, LIVE.profile_value, {"member_id": who, "seq": 1})
        assert data.scalars(select(table.seq)).all() == [0]


def test_each_line_is_said_to_have_happened_or_never_to(portal_db: PortalDb) -> None:
    done, never = note(portal_db, web=True), broken_off()
    under_way = broken_off(NOW + HOUR - timedelta(minutes=5))
    assert settle(portal_db)
    assert (found().done, found().undone) == ({done}, {never})
    assert settle(portal_db, NOW + 2 * HOUR)
    assert (found().done, found().undone) == ({done}, {never, under_way})


def test_a_commit_that_came_late_counts_after_all(portal_db: PortalDb) -> None:
    late = broken_off()
    settle(portal_db)
    assert found().undone == {late}
    with portal_db.work.data.begin() as data:
        values = {"entry_id": late, "at": NOW, "kind": Noted.CLEARED, "detail": {}}
        data.execute(insert(rows_of).values(values))
    settle(portal_db)
    assert (found().done, found().undone) == ({late}, set())


def test_rows_are_dropped_from_the_database_once_they_are_in_a_file(portal_db: PortalDb) -> None:
    who = member(portal_db)
    held = [(LIVE.profile_value, row(LIVE.profile_value, who))]
    one = note(portal_db, who=who, rows=held, item="nickname")
    settle(portal_db)
    with portal_db.work.data.connect() as data:
        assert data.scalars(select(rows_of.c.detail)).all() == [{"item": "nickname"}]
    assert len(entry(one).rows) == 1


def test_what_another_machine_noted_is_written_down_here_with_its_rows(
    portal_db: PortalDb, var: Path
) -> None:
    who = member(portal_db)
    held = [(LIVE.profile_value, row(LIVE.profile_value, who))]
    journal_file.open_in(var / "other")
    one = note(portal_db, who=who, rows=held)
    journal_file.open_in(var)
    assert found().places == {}
    settle(portal_db)
    assert len(entry(one).rows) == 1
    # Back there the rows of the database are gone; its own line still has them, and so has the
    # folder into which all files are put together.
    journal_file.open_in(var / "other")
    settle(portal_db)
    assert len(entry(one).rows) == 1
    for path in files(var):
        shutil.copy(path, var / "other" / "journal")
    assert len(entry(one).rows) == 1


def test_a_database_that_knows_less_than_it_did_judges_nothing(
    portal_db: PortalDb, caplog: pytest.LogCaptureFixture
) -> None:
    """A new one, or one put back by other means: every line would look as if it never happened."""
    note(portal_db)
    settle(portal_db)
    later = note(portal_db, NOW + HOUR)
    with portal_db.owner_data.begin() as data:
        data.execute(text("delete from ops.journal"))
    assert not settle(portal_db, NOW + 3 * HOUR)
    assert found().undone == set()
    assert later in found().places
    assert "older than its journal" in caplog.text


def test_after_thirty_five_days_nothing_is_left(portal_db: PortalDb, var: Path) -> None:
    old = note(portal_db)
    settle(portal_db)
    path = next(path for path in files(var) if str(old) in path.read_text())
    new = note(portal_db, NOW + 36 * DAY)
    assert str(new) not in path.read_text(), "a file for a day"
    assert settle(portal_db, NOW + 36 * DAY + HOUR)
    assert found().places.keys() == {new}
    with portal_db.work.data.connect() as data:
        assert data.scalars(select(rows_of.c.entry_id)).all() == [new]
    # Whoever wrote the file that is gone goes on in another one.
    another = note(portal_db, NOW + 37 * DAY)
    assert found().places.keys() == {new, another}


def test_a_line_that_was_changed_dropped_or_added_is_noticed(
    portal_db: PortalDb, var: Path
) -> None:
    ids = [note(portal_db, NOW + n * HOUR / 10) for n in range(3)]
    [path] = files(var)
    lines = path.read_bytes().splitlines(keepends=True)
    wrong = (
        [lines[0].replace(b"cleared", b"consent"), *lines[1:]], [lines[0], lines[2]],
        [lines[1], lines[0], lines[2]], [*lines, lines[2]], [b"{}\n", *lines],
    )  # fmt: skip
    for one in wrong:
        path.write_bytes(b"".join(one))
        with pytest.raises(JournalError, match=f"{path.name} was changed"):
            found()
    path.write_bytes(b"".join(lines)[:-5])
    assert found().places.keys() == set(ids[:2]), "a torn last line was never committed"


def test_a_child_process_writes_a_file_of_its_own(var: Path) -> None:
    broken_off()
    child = os.fork()
    if child == 0:
        broken_off()
        os._exit(0)
    os.waitpid(child, 0)
    broken_off()
    assert len(files(var)) == 2
    assert len(found().places) == 3


def test_the_portal_notes_what_it_can_not_read(portal_db: PortalDb) -> None:
    note(portal_db, web=True)
    with portal_db.web.data.connect() as data:
        for statement in (select(rows_of), delete(rows_of)):
            with pytest.raises(Exception, match="permission denied"), data.begin_nested():
                data.execute(statement)
