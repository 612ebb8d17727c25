"""The demo family: made once on an empty installation that has no sign-in provider of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import demo
from services import start
from services.identity import hashing, passwords

if TYPE_CHECKING:
    from datetime import datetime

    from db.demo import Account
    from db.engines import Addresses
    from db.settings import Settings

PASSWORD = "demo"  # noqa: S105 (the demo's, shown to everyone)


def ensure(settings: Settings, addresses: Addresses, now: datetime) -> tuple[Account, ...]:
    """Make the demo family unless it is there; return its accounts, none when it is not wanted."""
    if not settings.demo or settings.member_metadata_url:
        return ()
    return make(settings, addresses, now)


def make(settings: Settings, addresses: Addresses, now: datetime) -> tuple[Account, ...]:
    """Make the demo family; a second time changes nothing."""
    house = start.house_of("portal_work", addresses, settings)
    try:
        return demo.make(
            house.databases.data,
            house.databases.keys,
            house.keyring,
            now,
            lambda connection, member_id: passwords.set_password(
                connection, member_id, PASSWORD, now
            ),
            lambda: hashing.make(PASSWORD),
        )
    finally:
        house.databases.dispose()


def table(accounts: tuple[Account, ...]) -> str:
    """Return the accounts as the start prints them."""
    if not accounts:
        return ""
    width = max(len(a.name) for a in accounts)
    rows = "\n".join(f"    {a.name:<{width}}  {a.what}" for a in accounts)
    return f"  Demo accounts (password {PASSWORD}):\n{rows}\n"
