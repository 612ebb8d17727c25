"""`daily`, `verify-ledger` and `verify-proof`, and the worker's part."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from db import clock
from db.settings import Settings
from db.tables import keys
from db.words import Purpose
from services import access, demo_family, jobs, proof, start, worker
from services.__main__ import main
from services.actor import Permission
from services.commands import daily, verify_ledger, verify_proof
from services.ledger import EventName
from services.worker_app import APP
from tests.people import acting, member, portal_house
from tests.sealing import SEALS_AT, START, Sealed, sealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from db.engines import Addresses

__all__ = ["sealed"]

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def installation(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Let the commands find the test's databases, its folder, and the 21st at noon in Seoul."""
    here = Settings(var=sealed.var)

    @contextmanager
    def running(_settings: Settings, _now: datetime) -> Iterator[Addresses]:
        yield sealed.db.addresses

    for module in (daily, verify_ledger, verify_proof):
        monkeypatch.setattr(module, "settings", lambda: here)
    monkeypatch.setattr(start, "running", running)
    monkeypatch.setattr(clock, "now", lambda: START + 3 * DAY + timedelta(hours=12))
    return here


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """Run a command; return what it ended with and all that it said."""
    capsys.readouterr()
    code = main(list(command))
    out = capsys.readouterr()
    return code, out.out + out.err


def test_daily_seals_and_a_second_time_does_nothing(
    sealed: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed.happen(START)
    assert said(capsys, "daily", "--dry-run") == (
        0, "To be sealed: 3 days, 2026-11-18 to 2026-11-20.\n",
    )  # fmt: skip
    assert said(capsys, "daily") == (0, "Sealed: 3 days, 2026-11-18 to 2026-11-20.\n")
    assert said(capsys, "daily") == (0, "Every day that is over is sealed.\n")
    assert said(capsys, "daily", "--dry-run", "--now", "2026-11-23") == (
        0, "To be sealed: 2 days, 2026-11-21 to 2026-11-22.\n",
    )  # fmt: skip


def test_another_day_is_for_dry_runs_and_the_demo(
    sealed: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed.happen(START)
    code, out = said(capsys, "daily", "--now", "2026-11-19")
    assert (code, "only be tried with --dry-run" in out) == (1, True)
    assert not (sealed.var / "seals.jsonl").exists()
    row = {"source": "demo", "digest": b"1", "imported_at": START}
    with sealed.db.work.keys.begin() as connection:
        connection.execute(
            insert(keys.import_origin).values(row | {"member_id": member(sealed.db)})
        )
    assert demo_family.is_here(sealed.db.work.keys)
    assert said(capsys, "daily", "--now", "2026-11-19")[1].startswith("Sealed: 1 days")
    # The demo may pretend a later day, but a seal never runs ahead of the clock.
    assert "to 2026-11-20.\n" in said(capsys, "daily", "--now", "2030-01-01")[1]


@pytest.mark.parametrize("name", ["seal.key", "seal.pub"])
def test_a_missing_key_is_one_sentence(
    sealed: Sealed, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    sealed.days(1)
    (sealed.var / "keys" / name).unlink()
    command = "daily" if name == "seal.key" else "verify-ledger"
    assert said(capsys, command) == (1, f"The key file {name} is missing or can't be read.\n")


def test_verify_ledger_says_that_nothing_was_changed(
    sealed: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "verify-ledger")[0] == 0
    sealed.days(3)
    sealed.happen(START + 3 * DAY)
    assert said(capsys, "verify-ledger") == (
        0, "15 events in 3 seals: nothing was changed. 1 events wait for their seal.\n",
    )  # fmt: skip


def test_verify_ledger_names_what_was_changed_and_ends_with_1(
    sealed: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = sealed.days(3)
    with sealed.db.owner_data.begin() as connection:
        for sql, event_id in (
            ("update ledger.event set page = '/' where event_id = :id", ids[0][1]),
            ("delete from ledger.event where event_id = :id", ids[1][2]),
        ):
            connection.execute(text(sql), {"id": event_id})
    added = sealed.happen(START)
    code, out = said(capsys, "verify-ledger")
    assert (code, out.splitlines()) == (
        1,
        [
            f"Changed after it was sealed on 2026-11-18: event {ids[0][1]}.",
            f"Gone although it was sealed on 2026-11-19: event {ids[1][2]}.",
            f"Added to days that were sealed already: event {added}.",
            "3 findings in 15 events in 3 seals.",
        ],
    )


def test_an_exported_copy_shows_a_rewritten_history(
    sealed: Sealed, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sealed.days(3)
    outside = tmp_path / "outside.jsonl"
    assert said(capsys, "verify-ledger", "--export", str(outside))[0] == 0
    assert [json.loads(line)["day"] for line in outside.read_text().splitlines()] == [
        "2026-11-18", "2026-11-19", "2026-11-20",
    ]  # fmt: skip
    assert said(capsys, "verify-ledger", "--against", str(outside))[0] == 0
    # Somebody with the database and the key starts over, on the worker's machine too.
    with sealed.db.owner_data.begin() as connection:
        connection.execute(text("truncate ledger.seal cascade"))
        connection.execute(text("update ledger.event set reason = 'never'"))
    (sealed.var / "seals.jsonl").unlink()
    sealed.seal(START + 3 * DAY + SEALS_AT)
    assert said(capsys, "verify-ledger")[0] == 0
    code, out = said(capsys, "verify-ledger", "--against", str(outside))
    assert (code, out.count("is not the one in the copy")) == (1, 3)


@pytest.mark.parametrize("content", [None, "{}", "[1]", "no JSON"])
def test_what_is_no_copy_is_refused(
    sealed: Sealed, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = sealed.var / "copy"
    if content is not None:
        file.write_text(content)
    code, out = said(capsys, "verify-ledger", "--against", str(file))
    assert (code, out.startswith("The file copy ")) == (1, True)


def test_verify_proof_needs_no_database(
    sealed: Sealed, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    portal_house(sealed.db)
    one = member(sealed.db)
    sealed.happen(START, one)
    sealed.seal(START + DAY + SEALS_AT)
    look = access.Look(EventName.PROOF_TAKEN, Permission.HISTORY_READ)
    with access.open(acting(one), one, Purpose.SHOW, look=look) as subject:
        made = proof.take(subject, date(2026, 11, 18), sealed.verifier)
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(made))
    code, out = said(capsys, "verify-proof", str(file))
    assert (code, "1 events, sealed for 2026-11-18" in out) == (0, True)
    file.write_text(json.dumps(made).replace("profile_viewed", "profile_v1ewed"))
    code, out = said(capsys, "verify-proof", str(file))
    assert (code, "does not match the seal of 2026-11-18" in out) == (1, True)
    assert said(capsys, "verify-proof", str(file), "--key", str(tmp_path / "none"))[0] == 1


def test_the_worker_seals_by_itself(sealed: Sealed, installation: Settings) -> None:
    sealed.happen(START)
    with sealed.db.work.data.begin() as connection:
        jobs.defer(connection, jobs.DAILY, timestamp=0)
    worker.run_worker(sealed.db.addresses, installation, wait=False)
    assert [one.day.day for one in sealed.copy()] == [18, 19, 20]
    found = APP.periodic_registry.periodic_tasks.values()
    assert {one.task.name: one.cron for one in found} == {
        jobs.DAILY: "7 * * * *", jobs.AGAIN: "* * * * *", jobs.LAPSED: "* * * * *",
    }  # fmt: skip
