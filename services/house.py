"""What one process was given at its start: databases of its role, its keys. The edge sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.company_keys import CompanyKeys
    from db.engines import Databases
    from db.keyring import Keyring


@dataclass(frozen=True)
class House:
    """The process's databases and keys."""

    databases: Databases
    keyring: Keyring
    company: CompanyKeys | None = None
    """What signs notices to companies; both processes have it."""


_given: list[House] = []


def open_house(house: House) -> None:
    """Give this process its databases and keys, in place of what it had."""
    _given[:] = [house]


def house() -> House:
    """Return what this process was given. Raise `RuntimeError` before `open_house`."""
    if not _given:
        msg = "The process was not given its databases: call open_house() at its start."
        raise RuntimeError(msg)
    return _given[0]
