"""`kill -9` at any statement of a restore: run again, it ends as if nothing had been (P23).

`CRASHES=1000` tries more instants; each is printed, so that it can be tried again by its number.
"""

from __future__ import annotations

import os
import signal
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, select, update

from db import aside
from db.tables import keys as keys_tables
from db.words import Noted, Store
from services import clearing, correction, destruction, dormancy, waking
from tests.people import NOW, PLAIN, member
from tests.restoring import LATER, RETAINED, Restoring, portal
from tests.services.test_dormancy import wish
from tests.services.test_moving import email, stores_of
from tests.services.test_restore import told_long_ago
from tests.services.test_restore_refused import lose_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

__all__ = ["portal"]

CRASHES = int(os.environ.get("CRASHES", "4"))


def listen(count: Callable[..., None]) -> None:
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, count)


def silence(count: Callable[..., None]) -> None:
    for name in ("before_cursor_execute", "commit"):
        event.remove(Engine, name, count)


def killed(portal: Restoring, file: Path, instant: int) -> bool:
    """Restore in a process that dies before its `instant`-th statement or commit."""
    portal.stop()
    child = os.fork()
    if child == 0:
        left = [instant]

        def count(*_: Any) -> None:  # noqa: ANN401
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        listen(count)
        try:
            portal.restore(file)
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def end(portal: Restoring) -> tuple[Any, ...]:
    """Return how a restore ended: rows, and where each key is."""
    key = keys_tables.member_key.c
    with portal.db.owner_keys.connect() as keys:
        found = keys.execute(select(key.member_id, key.store, key.next_store)).all()
    return portal.held(), {tuple(row) for row in found}


def much(portal: Restoring) -> tuple[Path, list[UUID]]:
    """Let everything happen that a restore does again; return the backup, and who is opened."""
    [asleep] = told_long_ago(portal)
    woken, put_right, left = member(portal.db, Store.DORMANT), member(portal.db), member(portal.db)
    member(portal.db, Store.RETAINED, records=())
    with portal.db.work.data.begin() as data:
        data.execute(update(RETAINED.profile_value).values(ends_on=date(2026, 11, 21)))
    file = portal.back_up()
    assert dormancy.run(portal.house, LATER).separated == 1
    wish(portal.db, woken)
    assert waking.wake(portal.house, woken, LATER)
    portal.as_member(put_right, lambda s: correction.correct(s, "mobile", 0, "010-9876-5432"))
    portal.as_member(put_right, lambda s: clearing.clear(s, ("pregnancy",)))
    portal.leave(left)
    assert destruction.run(portal.db.work, NOW).keys == 1
    portal.settle()
    return file, [asleep, woken, put_right]


@pytest.mark.promise("P23")
@pytest.mark.parametrize("keys_lost", [False, True])
def test_a_restore_killed_anywhere_and_run_again_ends_the_same(
    portal: Restoring, *, keys_lost: bool
) -> None:
    file, members = much(portal)
    total = [0]

    def count(*_: Any) -> None:  # noqa: ANN401
        total[0] += 1

    if keys_lost:
        lose_keys(portal)
    listen(count)
    report = portal.restore(file)
    silence(count)
    assert report.done.again[Noted.WITHDRAWN] == 1
    expected = end(portal)
    if keys_lost:
        lose_keys(portal)
    owner, deaths = portal.db.addresses.owner[0], 0
    for number in range(1, CRASHES + 1):
        instant = total[0] * number // (CRASHES + 1)
        print("restore killed at", instant, "of", total[0])  # noqa: T201 (to try it again)
        deaths += killed(portal, file, instant)
        # Either nothing was begun, or nothing opens.
        assert aside.is_there(aside.beside(owner)) or end(portal) == expected
    assert deaths == CRASHES
    again = portal.restore(file)
    assert end(portal) == expected
    assert not aside.is_there(aside.beside(owner))
    assert (again.keys_of is not None) == keys_lost
    for who in members:
        assert len(stores_of(portal.db, who)) == 1
        assert email(portal.db, who) == PLAIN["email"]
