"""Opens by a number and a secret that were typed; guessing is slowed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.identity import attempts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from services.certificate import Certificate
    from services.house import House


@contextmanager
def attempt(house: House, what: str, given: Certificate, now: datetime) -> Iterator[None]:
    """Count a try at a number, and forget all of them unless the body raises that it was wrong.

    After several wrong tries at one number each next one must wait: raise `WaitFirst` meanwhile.
    """
    key = attempts.digest(house.keyring, what, given.number)
    with house.databases.keys.begin() as keys:
        attempts.count(keys, key, now)
    yield
    with house.databases.keys.begin() as keys:
        attempts.forget(keys, key, None, now)
