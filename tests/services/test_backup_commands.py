"""`backup` and `restore` as an operator runs them, on the day the disk with the databases dies."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, select, text

from db import clock, embedded
from db.settings import Settings
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import Purpose
from services import access, clearing, daily, journal_file, restored, start
from services.__main__ import main
from services.commands import backup, demo, restore, verify_ledger
from services.house import House
from services.ledger import EventName
from tests.installing import install
from tests.people import NOW, acting, member, portal_house
from tests.restoring import LOOK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def here(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Let the commands find a portal of the test's own."""
    given = Settings(var=own_folder)
    for module in (backup, restore, verify_ledger):
        monkeypatch.setattr(module, "settings", lambda: given)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield given
    journal_file.close()


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """Run a command; return what it ended with and all that it said."""
    capsys.readouterr()
    code = main(list(command))
    out = capsys.readouterr()
    return code, out.out + out.err


def seal_days(db: House, var: Path, days: int) -> None:
    daily.run(db.databases.data, var, NOW + days * DAY, NOW + days * DAY)


@pytest.mark.promise("P23")
def test_the_day_the_disk_dies(
    here: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    var, folder = here.var, here.var / "backups"
    db = install(var)
    folder.mkdir()
    who = member(db)
    portal_house(db)

    def clear(item: str, days: int) -> None:
        at = NOW + days * DAY
        actor = acting(who, at=at, verified_at=at)
        with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
            clearing.clear(subject, (item,))

    code, out = said(capsys, "backup", str(folder))
    assert code == 0
    assert "Remove every copy of it by 2026-12-22." in out
    [file] = folder.iterdir()
    clear("mobile", 0)
    seal_days(House(db.work, db.keyring), var, 2)
    clear("phone", 2)
    db.work.dispose()
    db.web.dispose()
    embedded.stop(var)
    shutil.rmtree(var / "postgres")

    monkeypatch.setattr(clock, "now", lambda: NOW + 3 * DAY)
    code, out = said(capsys, "restore", str(file))
    assert code == 0, out
    for line in (
        "Restored: the data of 2026-11-22 12:00 (Seoul), 1 members.",
        "The keys came from their backup of 2026-11-22 12:00 (Seoul).",
        "  2 values cleared",
        "  the seals of 2 days (2026-11-22 to 2026-11-23): they stand in",
        "Everybody signs in anew. You can start the portal and the workers.",
    ):
        assert line in out.splitlines()
    assert not embedded.is_running(var), "it was started for this only"

    with start.running(here, NOW + 3 * DAY) as addresses:
        house = start.house_of("portal_work", addresses, here)
        with house.databases.data.connect() as data:
            value = LIVE.profile_value.c
            cleared = select(value["item"]).where(value.cleared_at.is_not(None))
            assert sorted(data.scalars(cleared)) == ["mobile", "phone"]
            names = data.scalars(select(event.c.name)).all()
            assert EventName.RESTORED in names
            assert EventName.VALUE_CLEARED not in names, "lost, and said so"
        seal_days(house, var, 4)
        house.databases.dispose()
        monkeypatch.setattr(clock, "now", lambda: NOW + 4 * DAY)
        assert said(capsys, "verify-ledger")[0] == 0
        code, out = said(capsys, "verify-ledger", "--against", str(var / restored.LOST))
    assert code == 1
    assert "The seal of 2026-11-22 is gone." in out


def test_on_a_server_of_ones_own(
    own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """By a role that may create databases and roles, and is no superuser."""
    server = embedded.start(own_folder, durable=False)
    owner = create_engine(
        server.url("postgres", server.password, "postgres"), isolation_level="AUTOCOMMIT"
    )
    with owner.connect() as connection:
        connection.execute(text("create role own login createdb createrole password 'a b@c'"))
    owner.dispose()
    data, keys = (
        server.url("own", "a b@c", name).render_as_string(hide_password=False) for name in "xy"
    )
    given = Settings(var=tmp_path, database_url=data, keys_database_url=keys)
    for module in (backup, restore, demo):
        monkeypatch.setattr(module, "settings", lambda: given)
    assert said(capsys, "demo")[0] == 0
    file = tmp_path / "x.backup"
    assert said(capsys, "backup", str(file))[0] == 0
    code, out = said(capsys, "restore", str(file))
    assert (code, out.endswith("what is there now is replaced.\n")) == (1, True)
    code, out = said(capsys, "restore", str(file), "--over")
    assert code == 0, out
    start.prepare(given, clock.now())
    assert said(capsys, "backup", str(file))[0] == 0


def test_a_failure_is_a_sentence(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    install(here.var)
    code, out = said(capsys, "restore", str(here.var / "none"))
    assert code == 1
    assert "backup.key is missing" in out
    (here.var / "odd").write_text("odd")
    start.prepare(here, NOW)
    code, out = said(capsys, "restore", str(here.var / "odd"))
    assert (code, out.strip()) == (1, f"The file {here.var / 'odd'} is no backup of this portal.")
