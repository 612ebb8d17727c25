"""A thousand guesses in a minute, on one account and over many, and a crowd at the door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from db.tables.keys import attempt
from services.identity import attempts, hashing
from services.identity.attempts import AT_ONCE, EACH, WaitFirst
from tests.people import NOW

if TYPE_CHECKING:
    from datetime import datetime

    from tests.database import PortalDb

MINUTE = [NOW + timedelta(milliseconds=60 * n) for n in range(1000)]
"""A thousand instants of one minute."""
OFFICE = "203.0.113.9"


def paced(db: PortalDb, address: str, now: datetime) -> bool:
    """Return whether an attempt from this address is looked at."""
    with suppress(WaitFirst), db.web.keys.begin() as keys:
        attempts.pace(keys, attempts.address_digest(db.keyring, address), now)
        return True
    return False


def counted(db: PortalDb, typed: str, now: datetime) -> bool:
    """Return whether an attempt at this account is looked at."""
    with suppress(WaitFirst), db.web.keys.begin() as keys:
        attempts.count(keys, attempts.digest(db.keyring, "member", typed), now)
        return True
    return False


def came_in(db: PortalDb, typed: str, address: str, now: datetime) -> None:
    with db.web.keys.begin() as keys:
        key = attempts.digest(db.keyring, "member", typed)
        attempts.forget(keys, key, attempts.address_digest(db.keyring, address), now)


def digests(db: PortalDb) -> set[bytes]:
    with db.web.keys.begin() as keys:
        return set(keys.scalars(select(attempt.c.digest)))


def test_a_thousand_guesses_at_one_account_are_a_dozen(portal_db: PortalDb) -> None:
    assert sum(counted(portal_db, "haneul@example.com", now) for now in MINUTE) <= 12
    # However many addresses they come from; another account is not slowed down.
    assert counted(portal_db, "other@example.com", MINUTE[-1])


def test_a_thousand_guesses_over_many_accounts_are_sixty_from_one_address(
    portal_db: PortalDb,
) -> None:
    seen = sum(paced(portal_db, OFFICE, now) for now in MINUTE)
    assert seen == AT_ONCE + int(timedelta(seconds=60) / EACH) - 1
    assert paced(portal_db, "203.0.113.10", MINUTE[-1])
    later = MINUTE[-1] + AT_ONCE * EACH
    assert sum(paced(portal_db, OFFICE, later) for _ in range(AT_ONCE + 1)) == AT_ONCE


def test_who_has_to_wait_is_told_until_when(portal_db: PortalDb) -> None:
    key = attempts.address_digest(portal_db.keyring, OFFICE)
    for _ in range(AT_ONCE):
        assert paced(portal_db, OFFICE, NOW)
    with pytest.raises(WaitFirst) as caught, portal_db.web.keys.begin() as keys:
        attempts.pace(keys, key, NOW)
    assert caught.value.until == NOW + EACH
    assert not paced(portal_db, OFFICE, caught.value.until - timedelta(milliseconds=1))
    assert paced(portal_db, OFFICE, caught.value.until)


def test_guesses_at_the_same_instant_all_count(portal_db: PortalDb) -> None:
    with ThreadPoolExecutor(8) as many:
        seen = many.map(lambda _: paced(portal_db, OFFICE, NOW), range(2 * AT_ONCE))
        assert sum(seen) == AT_ONCE


def test_a_right_password_costs_its_address_nothing(portal_db: PortalDb) -> None:
    for number in range(3 * AT_ONCE):
        assert paced(portal_db, OFFICE, NOW)
        came_in(portal_db, f"member{number}@example.com", OFFICE, NOW)


def test_a_clock_that_jumps_back_shuts_nobody_out(portal_db: PortalDb) -> None:
    assert paced(portal_db, OFFICE, NOW + timedelta(hours=5))
    assert sum(paced(portal_db, OFFICE, NOW) for _ in range(AT_ONCE + 1)) == AT_ONCE
    for _ in range(attempts.FREE):
        assert counted(portal_db, "haneul@example.com", NOW + timedelta(hours=5))
    assert counted(portal_db, "haneul@example.com", NOW)
    assert not counted(portal_db, "haneul@example.com", NOW)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.9", OFFICE, True),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.10", False),
    ],
)
def test_a_household_is_one_address(
    portal_db: PortalDb, one: str, other: str, *, same: bool
) -> None:
    found = [attempts.address_digest(portal_db.keyring, a) for a in (one, other)]
    assert (found[0] == found[1]) is same


def test_no_address_is_no_limit(portal_db: PortalDb) -> None:
    assert all(paced(portal_db, "", NOW) for _ in range(2 * AT_ONCE))
    assert not digests(portal_db)


def test_what_is_kept_is_blind_and_goes_after_a_day(portal_db: PortalDb) -> None:
    assert paced(portal_db, OFFICE, NOW)
    assert counted(portal_db, "haneul@example.com", NOW)
    kept = digests(portal_db)
    assert len(kept) == 2
    assert not any(OFFICE.encode() in one or b"haneul" in one for one in kept)
    came_in(portal_db, "other@example.com", "", NOW + timedelta(hours=23))
    assert digests(portal_db) == kept
    came_in(portal_db, "other@example.com", "", NOW + timedelta(hours=25))
    assert not digests(portal_db)


def test_beyond_a_line_the_next_are_sent_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_LINE", BoundedSemaphore(2))
    with hashing.turn(), hashing.turn(), pytest.raises(hashing.TooBusy), hashing.turn():
        pass
    with hashing.turn():
        pass


def test_the_first_unknown_accounts_at_once_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "HASHER", cheap)
    monkeypatch.setattr(hashing, "_AT_ONCE", BoundedSemaphore(1))  # the last free place
    hashing._nobody.cache_clear()
    looking = Thread(target=hashing.matches, args=(None, "a guess"), daemon=True)
    looking.start()
    looking.join(20)
    assert not looking.is_alive()
    hashing._nobody.cache_clear()
