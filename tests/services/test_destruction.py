"""What is past its time is destroyed, once, whatever happens on the way (P04, P06, P13)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, select, text, update

from db.drafts import RecordDraft
from db.policy import policies
from db.tables import keys as keys_tables
from db.tables.keeping import destruction as records
from db.tables.keeping import destruction_run, hold, key_due
from db.tables.member import LIVE, STORES
from db.words import ActorKind, HoldWhy, RecordKind, Source, StaffRole, Store
from services import destruction, due, first_run, holds
from services.actor import AccessDenied, Actor, StepUpRequired
from tests.people import FIELDS, NOW, ORIGIN, acting, agent, member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine, Table

    from tests.database import PortalDb

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(1)
RETAINED = STORES[Store.RETAINED]


def record(ends_on: date, kind: RecordKind = RecordKind.VISIT, **changes: Source) -> RecordDraft:
    origin = replace(ORIGIN, **changes)  # type: ignore[arg-type]
    return RecordDraft(uuid4(), kind, ends_on - timedelta(90), ends_on, FIELDS[kind], origin)


def holder(db: PortalDb, *days: date, store: Store = Store.LIVE, **more: object) -> UUID:
    """Return a member with records that end on these days."""
    return member(db, store, records=tuple(map(record, days)), devices=(), **more)


def left(db: PortalDb, table: Table) -> int:
    with db.owner_data.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def leaver(db: PortalDb, values_until: date | None, *days: date) -> UUID:
    """Return a member who left: values kept until a day, records until these."""
    who = holder(
        db, *days, store=Store.RETAINED, **({"values": ()} if values_until is None else {})
    )
    with db.work.data.begin() as data:
        for table in (RETAINED.service_use,):
            data.execute(table.delete())
        data.execute(update(RETAINED.profile_value).values(ends_on=values_until))
    return who


def officer(db: PortalDb) -> Actor:
    who = agent(db, StaffRole.OFFICER)
    return acting(who, kind=ActorKind.STAFF, role=StaffRole.OFFICER, verified_at=NOW)


@pytest.mark.promise("P04")
@pytest.mark.promise("P13")
@pytest.mark.parametrize("store", list(Store))
def test_what_is_past_its_last_day_goes_and_is_recorded(portal_db: PortalDb, store: Store) -> None:
    holder(portal_db, YESTERDAY, TODAY, TODAY - timedelta(400), store=store)
    heard: list[tuple[int, int]] = []
    done = destruction.run(portal_db.work, NOW, lambda *now: heard.append(now))
    assert (done.rows, left(portal_db, STORES[store].record), heard[-1]) == (2, 1, (2, 2))
    with portal_db.work.data.connect() as data:
        [line] = data.execute(select(records)).all()
        [run] = data.execute(select(destruction_run)).all()
        assert not [row for row in due.overdue(data, TODAY) if row.oldest]
    assert (line.store, line.kind, line.rows, line.rule) == (store, "visit", 2, "visit")
    assert (line.method, line.policy_version) == ("rows", "2021-03-15")
    assert (run.left_over, run.day) == (0, TODAY)
    assert run.started_at <= run.finished_at <= run.vacuumed_at <= run.verified_at
    assert destruction.run(portal_db.work, NOW) == destruction.Report()
    assert left(portal_db, destruction_run) == 1


@pytest.mark.promise("P06")
@given(st.sampled_from(RecordKind), st.dates(date(2004, 1, 1), date(2096, 3, 1)))
def test_each_kind_ends_by_calendar_months_and_is_due_the_day_after(
    kind: RecordKind, event_date: date
) -> None:
    rule = policies()[0].rule(kind)
    ends = rule.ends_on(event_date)
    months = (ends.year - event_date.year) * 12 + ends.month - event_date.month
    assert months == rule.period.in_months
    next_day = ends + timedelta(1)
    # The same day of the month; or, where there is none, the month's last.
    assert ends.day == event_date.day or (ends.day < event_date.day and next_day.day == 1)


def test_the_day_turns_in_seoul(portal_db: PortalDb) -> None:
    holder(portal_db, TODAY)
    before = NOW.replace(hour=14, minute=59)  # 23:59 in Seoul
    assert destruction.run(portal_db.work, before).rows == 0
    assert destruction.run(portal_db.work, before + timedelta(minutes=1)).rows == 1


@pytest.mark.promise("P13", "P15")
def test_who_left_goes_with_the_last_row_and_the_key_after_it(portal_db: PortalDb) -> None:
    gone = leaver(portal_db, YESTERDAY, YESTERDAY)
    with_record = leaver(portal_db, YESTERDAY, TODAY)
    with portal_db.work.data.begin() as data:
        data.execute(
            update(RETAINED.profile_value)
            .where(RETAINED.profile_value.c.member_id == gone).values(ends_on=YESTERDAY)
        )  # fmt: skip
    done = destruction.run(portal_db.work, NOW)
    assert (done.members, done.keys, done.erased) == (1, 1, True)
    assert (left(portal_db, RETAINED.profile_value), left(portal_db, RETAINED.record)) == (0, 1)
    with portal_db.work.keys.connect() as keys:
        assert keys.scalars(select(keys_tables.member_key.c.member_id)).all() == [with_record]
        found = keys.scalars(select(keys_tables.blind_index.c.member_id).distinct()).all()
        assert found == [with_record]
    assert left(portal_db, key_due) == 0
    with portal_db.work.data.connect() as data:
        lines = {(r.kind, r.method): r.rows for r in data.execute(select(records))}
    assert lines["members", "rows_and_key"] == 1


class Cut(BaseException):
    """The process ends here."""


def _cut_at(engines: tuple[Engine, ...], count: int) -> Iterator[None]:
    """End the run before its statement of this number."""
    seen = [0]

    def before(*_: object) -> None:
        seen[0] += 1
        if seen[0] == count:
            raise Cut

    for engine in engines:
        event.listen(engine, "before_cursor_execute", before)
    yield
    for engine in engines:
        event.remove(engine, "before_cursor_execute", before)


@pytest.mark.promise("P04")
def test_ended_before_any_of_its_statements_and_run_again_nothing_due_is_left(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destruction, "BATCH", 2)
    engines = (portal_db.work.data, portal_db.work.keys)
    number, cut = 0, True
    while cut:
        number += 2
        holder(portal_db, YESTERDAY, YESTERDAY, YESTERDAY, TODAY)
        gone = leaver(portal_db, YESTERDAY, YESTERDAY)
        listening = _cut_at(engines, number)
        next(listening)
        try:
            destruction.run(portal_db.work, NOW)
            cut = False
        except Cut:
            pass
        finally:
            next(listening, None)
        destruction.run(portal_db.work, NOW)
        assert left(portal_db, LIVE.record) == number // 2, number
        assert (left(portal_db, RETAINED.member), left(portal_db, key_due)) == (0, 0), number
        with portal_db.work.keys.connect() as keys:
            stays = select(keys_tables.member_key.c.member_id)
            assert gone not in keys.scalars(stays).all(), number
    assert number > 20
    with portal_db.work.data.connect() as data:
        whole = data.scalar(select(func.sum(records.c.rows)).where(records.c.kind == "visit"))
        unverified = select(func.count()).where(destruction_run.c.verified_at.is_(None))
        assert (whole, data.scalar(unverified)) == (4 * (number // 2), 0)


def test_several_workers_at_once_end_as_one(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destruction, "BATCH", 3)
    for _ in range(6):
        holder(portal_db, *[YESTERDAY] * 5, TODAY)
    for _ in range(4):
        leaver(portal_db, YESTERDAY, YESTERDAY)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda _n: destruction.run(portal_db.work, NOW), range(3)))
    destruction.run(portal_db.work, NOW)
    assert (left(portal_db, LIVE.record), left(portal_db, RETAINED.member)) == (6, 0)
    with portal_db.work.data.connect() as data:
        lines = select(func.sum(records.c.rows)).where(records.c.kind == "visit")
        assert data.scalar(lines) == 6 * 5 + 4


def test_what_is_held_stays_until_the_hold_ends(portal_db: PortalDb) -> None:
    who = holder(portal_db, YESTERDAY)
    holder(portal_db, YESTERDAY)
    chief = officer(portal_db)
    wish = holds.Wish(HoldWhy.LAWSUIT, TODAY + timedelta(9), who, reference="2026가단1")
    with portal_db.web.data.begin() as data:
        holds.place(data, chief, wish)
    assert destruction.run(portal_db.work, NOW).rows == 1
    with portal_db.work.data.connect() as data:
        assert holds.is_held(data, who, TODAY)
        [row] = due.overdue(data, TODAY)
    assert (row.due, row.oldest, row.held) == (0, None, 1)
    assert destruction.run(portal_db.work, NOW + timedelta(9)).rows == 0
    assert destruction.run(portal_db.work, NOW + timedelta(10)).rows == 1


def test_a_kind_can_be_held_and_a_hold_lifted(portal_db: PortalDb) -> None:
    holder(portal_db, YESTERDAY)
    chief = officer(portal_db)
    with portal_db.web.data.begin() as data:
        wish = holds.Wish(HoldWhy.AUDIT, TODAY + timedelta(9), kind="visit")
        mine = holds.place(data, chief, wish)
        holds.place(data, chief, holds.Wish(HoldWhy.AUDIT, TODAY, kind="payment"))
    assert destruction.run(portal_db.work, NOW).rows == 0
    with portal_db.web.data.begin() as data:
        assert [one.kind for one in holds.standing(data, TODAY)] == ["payment", "visit"]
        holds.lift(data, chief, mine)
    assert destruction.run(portal_db.work, NOW).rows == 1


@pytest.mark.parametrize(
    "wish",
    [
        holds.Wish(HoldWhy.AUDIT, TODAY),
        holds.Wish(HoldWhy.AUDIT, YESTERDAY, kind="visit"),
        holds.Wish(HoldWhy.AUDIT, TODAY, kind="shoe_size"),
        holds.Wish(HoldWhy.AUDIT, TODAY, kind="visit", reference="9" * 61),
    ],
)
def test_a_hold_names_something_and_an_end(portal_db: PortalDb, wish: holds.Wish) -> None:
    with portal_db.web.data.begin() as data, pytest.raises(holds.HoldError):
        holds.place(data, officer(portal_db), wish)


def test_only_an_officer_holds_and_confirms(portal_db: PortalDb) -> None:
    clerk = acting(agent(portal_db), kind=ActorKind.STAFF, role=StaffRole.AGENT)
    with portal_db.web.data.begin() as data:
        with pytest.raises(holds.HoldError):
            holds.place(data, clerk, holds.Wish(HoldWhy.AUDIT, TODAY, kind="visit"))
        with pytest.raises(holds.HoldError):
            holds.lift(data, clerk, uuid4())
        with pytest.raises(AccessDenied):
            first_run.confirm(data, clerk, uuid4())
        with pytest.raises(StepUpRequired):
            first_run.confirm(data, replace(officer(portal_db), verified_at=None), uuid4())
    assert left(portal_db, hold) == 0


def test_an_imports_overdue_records_wait_for_the_officer(portal_db: PortalDb) -> None:
    holder(portal_db, TODAY - timedelta(300), TODAY)
    with portal_db.work.data.begin() as data:
        first_run.expect(data, "shop", NOW)
        first_run.expect(data, "shop", NOW)
    later = NOW + timedelta(1)
    # What comes due afterwards goes as ever; what came overdue is only counted.
    assert destruction.run(portal_db.work, later).rows == 1
    with portal_db.web.data.begin() as data:
        [one] = first_run.waiting(data)
        [row] = due.overdue(data, TODAY)
        assert (one.source, one.planned, row.waiting, row.oldest) == ("shop", {"visit": 1}, 1, None)
        first_run.confirm(data, officer(portal_db), one.import_id)
    assert destruction.run(portal_db.work, later).rows == 1
    assert left(portal_db, LIVE.record) == 0


def test_an_import_without_overdue_records_waits_for_nobody(portal_db: PortalDb) -> None:
    holder(portal_db, TODAY)
    with portal_db.work.data.begin() as data:
        first_run.expect(data, "shop", NOW)
    destruction.run(portal_db.work, NOW)
    with portal_db.work.data.connect() as data:
        assert first_run.waiting(data) == ()


def test_the_record_counts_forms_on_paper(portal_db: PortalDb) -> None:
    member(portal_db, records=(record(YESTERDAY), record(YESTERDAY, source=Source.PAPER)))
    destruction.run(portal_db.work, NOW)
    with portal_db.work.data.connect() as data:
        assert [(r.rows, r.on_paper) for r in data.execute(select(records))] == [(2, 1)]


def test_messages_end_too(portal_db: PortalDb) -> None:
    who = holder(portal_db)
    with portal_db.work.data.begin() as data:
        rows = [
            {"member_id": who, "message_id": uuid4(), "template": "x", "created_at": NOW,
             "ends_on": day}
            for day in (YESTERDAY, TODAY)
        ]  # fmt: skip
        data.execute(insert(LIVE.inbox), rows)
    assert destruction.run(portal_db.work, NOW).rows == 1
    assert left(portal_db, LIVE.inbox) == 1


def test_the_portal_destroys_nothing_itself(portal_db: PortalDb) -> None:
    holder(portal_db, YESTERDAY)
    with portal_db.web.data.connect() as data:
        for query in ("update ops.destruction set rows = 0", "delete from ops.destruction_run"):
            with pytest.raises(Exception, match="permission denied"):
                data.execute(text(query))
            data.rollback()
