"""No room left, in the database or for the journal: nothing is half done, and later it is done."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services import correction, journal, journal_file
from services.journal_file import JournalError
from services.patience import Patience
from tests import bad_days
from tests.people import NOW, member
from tests.services.test_moving_races import NUMBER, opened_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.database import PortalDb

# As the database says it when a commit finds the disk full.
_FULL = """
    create function public.full_disk() returns trigger language plpgsql as $$
        begin raise exception 'could not extend file' using errcode = '53100'; end $$;
    create constraint trigger full_disk after insert on ops.journal
        deferrable initially deferred for each row execute function public.full_disk()
"""


@contextmanager
def no_room_in_the_database(db: PortalDb) -> Iterator[None]:
    with db.owner_data.begin() as data:
        data.execute(text(_FULL))
    try:
        yield
    finally:
        with db.owner_data.begin() as data:
            data.execute(text("drop function public.full_disk cascade"))


@contextmanager
def no_room_for_the_journal(_db: PortalDb) -> Iterator[None]:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield


NO_ROOM = pytest.mark.parametrize(
    "no_room", [no_room_in_the_database, no_room_for_the_journal], ids=["database", "journal"]
)


@pytest.mark.promise("P09")
@NO_ROOM
def test_a_day_without_room_leaves_everybody_whole_and_is_made_up_for(
    portal_db: PortalDb,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    no_room: Callable[[PortalDb], AbstractContextManager[None]],
) -> None:
    journal_file.open_in(tmp_path)
    bad_days.house(portal_db)
    bad_days.at(monkeypatch, NOW)
    them = bad_days.people(portal_db, NOW)
    before = bad_days.stores(portal_db, them)
    with no_room(portal_db), pytest.raises((OperationalError, JournalError)) as error:
        bad_days.day(portal_db)
    job: Any = SimpleNamespace(attempts=0)
    assert Patience().get_retry_decision(exception=error.value, job=job)
    assert bad_days.stores(portal_db, them) == before
    bad_days.whole(portal_db, them)
    bad_days.day(portal_db)
    bad_days.over(portal_db, them)
    with portal_db.work.data.begin() as data:
        assert journal.settle(data, NOW)


@NO_ROOM
def test_a_correction_without_room_changes_nothing_and_is_said(
    portal_db: PortalDb,
    tmp_path: Path,
    no_room: Callable[[PortalDb], AbstractContextManager[None]],
) -> None:
    journal_file.open_in(tmp_path)
    who = member(portal_db)
    for _ in range(2):
        with (
            no_room(portal_db),
            pytest.raises((OperationalError, JournalError), match=r"extend file|Nothing was"),
            opened_by(portal_db, who) as subject,
        ):
            correction.correct(subject, "mobile", 0, NUMBER)
    with opened_by(portal_db, who) as subject:
        assert correction.correct(subject, "mobile", 0, NUMBER) is correction.Outcome.CHANGED
