"""The demo family: made once on an empty installation that has no sign-in provider of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import literal, select

from db import demo
from db.errors import PortalError
from db.tables import keys as keys_tables
from db.words import N_
from services import dormancy, start
from services.identity import hashing, passwords

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from db.demo import Account
    from db.engines import Addresses
    from db.settings import Settings


class DemoError(PortalError):
    """The demo is where it must not be."""


def ensure(settings: Settings, addresses: Addresses, now: datetime) -> tuple[Account, ...]:
    """Make the demo family unless it is there; return its accounts, none when it is not wanted.

    Raise `DemoError` on a public address where the family was made before: everyone knows its
    password, its staff's too.
    """
    if settings.demo and settings.on_this_computer and not settings.member_metadata_url:
        return make(settings, addresses, now)
    if not settings.on_this_computer and _was_made(settings, addresses):
        raise DemoError(
            N_("The demo family is in this installation, with a password that everyone knows. "
               "Start at a public address with an empty PORTAL_VAR and empty databases.")
        )  # fmt: skip
    return ()


def _was_made(settings: Settings, addresses: Addresses) -> bool:
    house = start.house_of("portal_work", addresses, settings)
    try:
        return is_here(house.databases.keys)
    finally:
        house.databases.dispose()


def make(settings: Settings, addresses: Addresses, now: datetime) -> tuple[Account, ...]:
    """Make the demo family; a second time changes nothing."""
    house = start.house_of("portal_work", addresses, settings)
    try:
        accounts = demo.make(
            house.databases.data,
            house.databases.keys,
            house.keyring,
            now,
            passwords.set_password,
            hashing.make,
        )
        # Whoever has been quiet for long is told at once, not with the next hourly run.
        dormancy.run(house, now)
        return accounts
    finally:
        house.databases.dispose()


def table(accounts: tuple[Account, ...]) -> str:
    """Return the accounts as the start prints them."""
    if not accounts:
        return ""
    width = max(len(a.name) for a in accounts)
    rows = "\n".join(f"    {a.name:<{width}}  {a.shows}{_without(a)}" for a in accounts)
    return f"  Demo accounts (password {demo.PASSWORD}):\n{rows}\n"


def _without(account: Account) -> str:
    return "" if account.signs_in else " (no password)"


def is_here(keys: Engine) -> bool:
    """Return whether this installation has the demo family, asked as `portal_work`."""
    origin = keys_tables.import_origin
    with keys.connect() as connection:
        found = connection.scalar(select(literal(1)).where(origin.c.source == demo.SOURCE).limit(1))
    return found is not None
