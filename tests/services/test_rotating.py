"""Every member's key is wrapped anew, whatever happens on the way, and nothing opens meanwhile."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, select, update

from db import aside, keyring, sealing
from db.keyring import KeyringError
from db.tables import keys as keys_tables
from db.tables.ledger import event as events
from db.words import Store
from services import backup, rotating
from services.ledger import EventName
from services.outbox import NoKeyError, sealer_of
from tests.people import NOW, PLAIN, member
from tests.restoring import AT, Restoring, portal
from tests.services.test_moving import email
from tests.services.test_restore_killed import listen
from tests.services.test_restore_refused import lose_keys

if TYPE_CHECKING:
    from uuid import UUID

    from services.rotating import Rotated

__all__ = ["portal"]

CRASHES = int(os.environ.get("CRASHES", "6"))


def rotate(portal: Restoring) -> Rotated:
    portal.stop()
    return rotating.run(portal.db.addresses, portal.settings, NOW)


def today(portal: Restoring) -> keyring.Keyring:
    return keyring.load(portal.var / "keys", tuple(Store))


def emails(portal: Restoring, members: list[UUID]) -> list[str]:
    """Open everybody's e-mail with the keys of today."""
    return [email(replace(portal.db, keyring=today(portal)), who) for who in members]


def wraps(portal: Restoring) -> dict[UUID, bytes]:
    key = keys_tables.member_key.c
    with portal.db.owner_keys.connect() as keys:
        return {
            row.member_id: row.wrapped for row in keys.execute(select(key.member_id, key.wrapped))
        }


def test_everything_opens_with_the_new_keys_and_nothing_with_the_old(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_BATCH", 2)
    members = [member(portal.db, store) for store in (*Store, Store.LIVE, Store.LIVE)]
    old, before = today(portal), wraps(portal)
    assert rotate(portal) == rotating.Rotated(keys=5)
    after = wraps(portal)
    assert not set(before.values()) & set(after.values())
    assert emails(portal, members) == [PLAIN["email"]] * 5
    with portal.db.work.keys.connect() as keys:
        for who in members:
            with pytest.raises(NoKeyError):
                sealer_of(keys, old, who)
    folder = portal.var / "keys"
    assert not list(folder.glob("*.next.key"))
    assert all(len(keyring.read(folder / f"{store}.key")) == sealing.KEY_BYTES for store in Store)
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not [key for key in old.stores.values() if key in held]
    with portal.db.owner_data.connect() as data:
        assert EventName.KEYS_ROTATED in data.scalars(select(events.c.name)).all()


def test_a_backup_of_before_and_the_keys_backup_of_now_go_together(portal: Restoring) -> None:
    """Data backups hold no wrapped key, so that they outlive a rotation; the keys' is made anew."""
    who = member(portal.db)
    file = portal.back_up()
    rotate(portal)
    lose_keys(portal)
    portal.restore(file, AT)
    assert emails(portal, [who]) == [PLAIN["email"]]


def test_a_key_that_opens_with_nothing_is_counted_and_left(portal: Restoring) -> None:
    good, bad = member(portal.db), member(portal.db)
    table = keys_tables.member_key
    with portal.db.owner_keys.begin() as keys:
        keys.execute(update(table).where(table.c.member_id == bad).values(wrapped=b"x" * 60))
    assert rotate(portal) == rotating.Rotated(keys=1, broken=1)
    assert wraps(portal)[bad] == b"x" * 60
    assert emails(portal, [good]) == [PLAIN["email"]]


def test_nobody_may_be_at_work(portal: Restoring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "LOOKS", 2)
    portal.stop()
    with portal.db.web.keys.connect(), pytest.raises(aside.RestoringError, match="Stop it first"):
        rotating.run(portal.db.addresses, portal.settings, NOW)
    assert today(portal).stores == portal.db.keyring.stores


def test_nothing_opens_half_way(portal: Restoring, monkeypatch: pytest.MonkeyPatch) -> None:
    who = member(portal.db)
    monkeypatch.setattr(backup, "back_up_keys", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        rotate(portal)
    with pytest.raises(KeyringError, match="rotate-keys"):
        today(portal)
    monkeypatch.undo()
    rotate(portal)
    assert emails(portal, [who]) == [PLAIN["email"]]


def killed(portal: Restoring, instant: int) -> bool:
    """Rotate in a process that dies before its `instant`-th statement, commit or file."""
    portal.stop()
    child = os.fork()
    if child == 0:
        left = [instant]

        def count(*_: Any) -> None:  # noqa: ANN401
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        listen(count)
        real = os.fsync

        def sync(fd: Any) -> None:  # noqa: ANN401
            count()
            real(fd)

        os.fsync = sync
        try:
            rotating.run(portal.db.addresses, portal.settings, NOW)
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_anywhere_and_run_again_everybody_opens(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_BATCH", 1)
    members, total = [member(portal.db, store) for store in (*Store, Store.LIVE)], [0]

    def count(*_: Any) -> None:  # noqa: ANN401
        total[0] += 1

    listen(count)
    rotate(portal)
    for name in ("before_cursor_execute", "commit"):
        event.remove(Engine, name, count)
    last, deaths = total[0] + 12, 0
    for number in range(1, CRASHES + 1):
        instant = last * number // (CRASHES + 1)
        print("rotation killed at", instant, "of", last)  # noqa: T201 (to try it again)
        deaths += killed(portal, instant)
        done = rotate(portal)
        assert (done.keys, done.broken) == (len(members), 0)
        assert emails(portal, members) == [PLAIN["email"]] * len(members)
    assert deaths >= CRASHES - 1
