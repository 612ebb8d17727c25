"""Running an import again doubles nothing and undoes nothing that was decided here."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from db import asleep
from db.importer.guardians import ENDED_HERE
from db.importer.running import ImportBusyError
from db.tables import keys
from db.tables.member import DORMANT, LIVE
from tests.importing import (
    NOW,
    ORDER,
    PERSON,
    Trial,
    adds_up,
    everything,
    people,
    school,
    write_csv,
)

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.importer import Summary
    from tests.database import PortalDb

HANA = "Hana@example.com"


@pytest.fixture
def trial(portal_db: PortalDb, tmp_path: Path) -> Trial:
    return Trial(portal_db, tmp_path)


def found_by(db: PortalDb, kind: str, value: str) -> set[UUID]:
    index = keys.blind_index
    with db.work.keys.begin() as secret:
        where = (index.c.kind == kind, index.c.digest == db.keyring.blind(kind, value))
        return set(secret.scalars(select(index.c.member_id).where(*where)))


def decide_here(db: PortalDb, item: str, **what: object) -> None:
    table = LIVE.profile_value
    with db.owner_data.begin() as data:
        data.execute(update(table).where(table.c.item == item).values(**what))


def test_the_same_source_changes_nothing(trial: Trial) -> None:
    first = trial.tables()
    stored = everything(trial.db)
    second = trial.tables()
    assert everything(trial.db) == stored
    adds_up(second)
    assert second.came_in == first.came_in
    assert all(part.new == part.changed == 0 for part in second.parts.values())
    third = trial.run(write_csv(trial.folder / "csv", school()))
    assert everything(trial.db) == stored, "a source's form does not matter, its keys do"
    assert third.conflicts == 0


def test_what_changed_at_the_source_changes_here(trial: Trial) -> None:
    trial.tables()
    who = people(trial.db)[HANA].member_id
    new = {"mail": "new@example.com", "last": "이", "born": "01.01.2015", "seen": "2026-11-20"}
    summary = trial.tables(people=[PERSON | new])
    adds_up(summary)
    assert summary.parts["people"].changed == 1
    hana = people(trial.db)["new@example.com"]
    assert hana.member_id == who
    assert hana.values[("name", 0)] == "이하나"
    assert hana.row.turns_14_on == date(2029, 1, 1)
    assert hana.row.last_used_on == date(2026, 11, 20)
    trial.tables(people=[PERSON | new | {"born": "22.11.2012"}])
    assert people(trial.db)["new@example.com"].row.turns_14_on is None, "14 today: no child's day"
    trial.tables(people=[PERSON | new])
    assert found_by(trial.db, "email", "new@example.com") == {who}
    assert found_by(trial.db, "email", HANA) == set()
    assert found_by(trial.db, "name_birth", "이하나\0" + "2015-01-01") == {who}
    assert found_by(trial.db, "name_birth", "김하나\0" + "1990-06-05") == set()


def test_an_older_day_of_use_does_not_replace_a_newer_one(trial: Trial) -> None:
    trial.tables()
    trial.tables(people=[PERSON | {"seen": "2020-01-01", "joined": "2019-01-01"}])
    hana = people(trial.db)[HANA]
    assert hana.row.last_used_on == date(2026, 11, 1)
    assert hana.row.joined_on == date(2022, 3, 4)


def test_what_was_cleared_here_stays_cleared(trial: Trial) -> None:
    trial.tables()
    decide_here(trial.db, "mobile", sealed=None, cleared_at=NOW)
    with trial.db.owner_keys.begin() as secret:
        secret.execute(delete(keys.blind_index).where(keys.blind_index.c.kind == "mobile"))
    summary = trial.tables(people=[PERSON | {"mobile": "010-9999-0000"}])
    adds_up(summary)
    assert people(trial.db)[HANA].values[("mobile", 0)] is None
    assert found_by(trial.db, "mobile", "010-9999-0000") == set()
    assert summary.conflicts == 1
    assert trial.reasons() == [
        ("people", "1", "mobile", "conflict", "it was cleared here and stays so")
    ]


@pytest.mark.promise("P32")
def test_what_is_being_put_right_is_left_alone_until_then(trial: Trial) -> None:
    trial.tables()
    who = people(trial.db)[HANA].member_id
    dispute = {
        "member_id": who, "restriction_id": uuid4(), "item": "name", "started_at": NOW,
        "why": "disputed",
    }  # fmt: skip
    with trial.db.owner_data.begin() as data:
        data.execute(insert(LIVE.restriction).values(dispute))
    summary = trial.tables(people=[PERSON | {"last": "박"}])
    adds_up(summary)
    assert people(trial.db)[HANA].values[("name", 0)] == "김하나"
    assert [reason[-1] for reason in trial.reasons()] == [
        "it is being put right here and stays until then"
    ]
    with trial.db.owner_data.begin() as data:
        data.execute(update(LIVE.restriction).values(ended_at=NOW))
    trial.tables(people=[PERSON | {"last": "박"}])
    assert people(trial.db)[HANA].values[("name", 0)] == "박하나"


def test_what_was_changed_here_stays_changed(trial: Trial) -> None:
    trial.tables()
    decide_here(trial.db, "name", changed_at=NOW)
    decide_here(trial.db, "baby_name", changed_at=NOW)
    summary = trial.tables(
        people=[PERSON | {"last": "박"}], babies=[{"no": "1", "person": "1", "called": "다른 이름"}]
    )
    hana = people(trial.db)[HANA]
    assert hana.values[("name", 0)] == "김하나"
    assert hana.values[("baby_name", 0)] == "콩이"
    assert summary.conflicts == 2
    assert trial.tables().conflicts == 0, "the same value is no conflict"


def test_what_the_source_no_longer_says_stays(trial: Trial) -> None:
    trial.tables()
    summary = trial.tables(people=[PERSON | {"phone": None}], orders=[], order_lines=[])
    assert summary.conflicts == 0
    hana = people(trial.db)[HANA]
    assert hana.values[("phone", 0)]
    assert len(hana.records) == 1


def test_new_rows_come_in_once(trial: Trial) -> None:
    trial.tables()
    orders = [ORDER, ORDER | {"no": "11", "day": "2025-05-05"}]
    for _ in range(2):
        adds_up(trial.tables(orders=orders))
    assert len(people(trial.db)[HANA].records) == 2


def test_a_record_whose_period_ended_is_not_taken_in_again(trial: Trial) -> None:
    old = ORDER | {"no": "12", "day": "2021-04-01"}
    first = trial.tables(orders=[old])
    assert first.parts["orders (payment)"].past_period == 1
    with trial.db.owner_data.begin() as data:  # as the daily run does
        data.execute(delete(LIVE.record).where(LIVE.record.c.ends_on < NOW.date()))
    second = trial.tables(orders=[old])
    adds_up(second)
    assert people(trial.db)[HANA].records == []
    assert second.parts["orders (payment)"].conflicts == 1


def test_a_device_refused_here_stays_refused(trial: Trial) -> None:
    trial.tables()
    with trial.db.owner_data.begin() as data:
        data.execute(update(LIVE.device).values(refused_at=NOW, sealed=None))
    devices = [{"imei": "35-000000-000001-7", "person": "1", "used": "2026-11-10"}]
    summary = trial.tables(devices=devices)
    adds_up(summary)
    with trial.db.owner_data.begin() as data:
        row = data.execute(select(LIVE.device)).one()
    assert (row.last_used_on, row.refused_at is None) == (date(2026, 10, 1), False)
    assert summary.parts["devices (devices)"].conflicts == 1


@pytest.mark.parametrize("key_is_kept", [True, False])
def test_who_left_stays_away(trial: Trial, *, key_is_kept: bool) -> None:
    """Also while what is retained by law still has its key."""
    trial.tables()
    who = people(trial.db)[HANA].member_id
    with trial.db.owner_data.begin() as data, trial.db.owner_keys.begin() as secret:
        data.execute(delete(LIVE.member).where(LIVE.member.c.member_id == who))
        for table in () if key_is_kept else (keys.member_key, keys.blind_index):
            secret.execute(delete(table).where(table.c.member_id == who))
        secret.execute(update(keys.import_origin).values(left_at=NOW))
    stored = everything(trial.db)
    summary = trial.tables()
    adds_up(summary)
    assert everything(trial.db) == stored
    assert summary.came_in == 0
    assert all(row[3] == "conflict" for row in trial.reasons())
    assert "stays away" in trial.reasons()[0][4]


def test_a_sleeping_member_is_left_untouched(trial: Trial) -> None:
    trial.tables()
    with trial.db.owner_data.begin() as data:
        row = dict(data.execute(select(LIVE.member)).mappings().one())
        data.execute(delete(LIVE.member))
        data.execute(insert(DORMANT.member), row)
        asleep.prove(data, [row])
    with trial.db.owner_keys.begin() as secret:
        secret.execute(update(keys.member_key).values(store="dormant"))
    stored = everything(trial.db)
    summary = trial.tables(people=[PERSON | {"last": "최"}])
    adds_up(summary)
    assert everything(trial.db) == stored
    assert summary.came_in == 0
    with trial.db.owner_data.begin() as data:
        assert data.scalar(select(func.count()).select_from(LIVE.member)) == 0
        assert data.scalar(select(func.count()).select_from(DORMANT.profile_value)) == 0


def test_keys_without_rows_are_completed_by_the_next_run(trial: Trial) -> None:
    """As after a crash between the commit of the keys and that of the rows."""
    trial.tables()
    who = people(trial.db)[HANA].member_id
    with trial.db.owner_data.begin() as data:
        data.execute(delete(LIVE.member))
    adds_up(trial.tables())
    assert people(trial.db)[HANA].member_id == who


def test_a_member_whose_key_does_not_open_is_left_alone(trial: Trial) -> None:
    trial.tables()
    with trial.db.owner_keys.begin() as secret:
        secret.execute(update(keys.member_key).values(wrapped=b"broken"))
    stored = everything(trial.db)
    adds_up(trial.tables())
    assert everything(trial.db) == stored


KID = PERSON | {"id": "2", "mail": "kid@example.com"}
GUARD = {"child": "2", "guardian": "1", "since": "2024-05-06", "proof": "Y"}


def guard(trial: Trial, *links: dict[str, str]) -> Summary:
    """Import one guardian of one child with these links."""
    summary = trial.tables(people=[PERSON, KID], guards=list(links))
    adds_up(summary)
    return summary


def links_here(db: PortalDb) -> list[tuple[date, date | None]]:
    link = LIVE.guardianship.c
    with db.owner_data.begin() as data:
        query = select(link.started_on, link.ended_on).order_by(link.started_on)
        return [(began, ended) for began, ended in data.execute(query)]


def end_here(db: PortalDb, day: date) -> None:
    with db.owner_data.begin() as data:
        data.execute(update(LIVE.guardianship).values(ended_on=day))


def test_a_guardian_link_that_ended_here_stays_ended(trial: Trial) -> None:
    guard(trial, GUARD)
    end_here(trial.db, NOW.date())
    summary = guard(trial, GUARD)
    assert links_here(trial.db) == [(date(2024, 5, 6), NOW.date())]
    assert summary.conflicts == 0


@pytest.mark.parametrize("until", ["", "2027-05-06"])
def test_a_guardian_link_that_ended_here_is_not_opened_under_another_day(
    trial: Trial, until: str
) -> None:
    guard(trial, GUARD)
    end_here(trial.db, NOW.date())
    summary = guard(trial, GUARD | {"since": "2024-05-07", "until": until})
    assert links_here(trial.db) == [(date(2024, 5, 6), NOW.date())]
    assert summary.conflicts == 1
    assert [row[3:] for row in trial.reasons()] == [("conflict", ENDED_HERE)]


@pytest.mark.parametrize(
    ("here", "source", "stays"),
    [
        (None, "2026-11-01", "2026-11-01"),
        ("2026-11-10", "2026-11-01", "2026-11-01"),
        ("2026-10-10", "2026-11-01", "2026-10-10"),
    ],
)
def test_a_guardian_link_ends_on_the_earlier_day(
    trial: Trial, here: str | None, source: str, stays: str
) -> None:
    guard(trial, GUARD)
    if here:
        end_here(trial.db, date.fromisoformat(here))
    part = guard(trial, GUARD | {"until": source}).parts["guards (guardians)"]
    assert links_here(trial.db) == [(date(2024, 5, 6), date.fromisoformat(stays))]
    assert (part.changed, part.same) == ((1, 0) if source == stays else (0, 1))


def test_a_link_that_the_source_ended_and_began_again_is_open(trial: Trial) -> None:
    first = GUARD | {"until": "2025-01-02"}
    guard(trial, first)
    summary = guard(trial, first, GUARD | {"since": "2026-01-02"})
    assert summary.conflicts == 0
    assert links_here(trial.db) == [
        (date(2024, 5, 6), date(2025, 1, 2)),
        (date(2026, 1, 2), None),
    ]


def test_two_imports_do_not_run_at_once(trial: Trial) -> None:
    with trial.db.owner_keys.connect() as other:
        other.execute(text("select pg_advisory_lock(7251105)"))
        with pytest.raises(ImportBusyError):
            trial.tables()
    assert trial.tables().came_in, "and the lock goes with who held it"


def test_a_later_day_makes_no_difference(trial: Trial) -> None:
    trial.tables()
    stored = everything(trial.db)
    source = trial.folder / "source.sqlite"
    trial.run(source, NOW + timedelta(days=30))
    assert everything(trial.db) == stored
