"""The demo family: made once on an empty installation that has no sign-in provider of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from db import demo, seal_keys
from db.errors import PortalError
from db.tables import keys as keys_tables
from db.tables.moves import move
from db.words import N_, ActorKind, MoveKind
from services import certificate, demo_case, dormancy, start, withdrawing
from services.identity import hashing, passwords
from services.language import DEFAULT

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from db.demo import Account
    from db.engines import Addresses
    from db.keyring import Keyring
    from db.settings import Settings
    from services.certificate import Certificate
    from services.house import House


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
        _let_leave(house, settings, now)
        demo_case.make(house, now)
        # Whoever has been quiet for long is told at once, not with the next hourly run.
        dormancy.run(house, now)
        return accounts
    finally:
        house.databases.dispose()


def _let_leave(house: House, settings: Settings, now: datetime) -> None:
    """Let the one who is to have left leave, once; their certificate is always the same."""
    with house.databases.keys.connect() as keys:
        who = demo.id_of(keys, house.keyring, demo.LEAVER)
    if who is None:
        return
    number, secret = certificate_of(house.keyring).digests
    with house.databases.data.begin() as data:
        wish = {
            "member_id": who, "kind": MoveKind.WITHDRAW, "asked_at": now,
            "actor_kind": ActorKind.SELF, "actor_id": who, "session_id": uuid4(),
            "language": DEFAULT, "number_digest": number, "secret_digest": secret,
        }  # fmt: skip
        data.execute(insert(move).values(wish).on_conflict_do_nothing())
    withdrawing.withdraw(house, seal_keys.signer(settings.var / "keys"), who, now)


def certificate_of(keyring: Keyring) -> Certificate:
    """Return the certificate of the one who left: known to whoever has the key files."""
    return certificate.made_of(
        *(keyring.blind("demo certificate", part) for part in ("number", "secret"))
    )


def table(accounts: tuple[Account, ...], left: Certificate | None = None) -> str:
    """Return the accounts as the start prints them, and the certificate of the one who left."""
    if not accounts:
        return ""
    width = max(len(a.name) for a in accounts)
    rows = "\n".join(f"    {a.name:<{width}}  {a.shows}{_without(a)}" for a in accounts)
    of = f"    /status: number {left.number}, secret {left.secret}\n" if left else ""
    return f"  Demo accounts (password {demo.PASSWORD}):\n{rows}\n{of}"


def _without(account: Account) -> str:
    return "" if account.signs_in else " (no password)"


def is_here(keys: Engine) -> bool:
    """Return whether this installation has the demo family, asked as `portal_work`."""
    origin = keys_tables.import_origin
    with keys.connect() as connection:
        found = connection.scalar(select(literal(1)).where(origin.c.source == demo.SOURCE).limit(1))
    return found is not None
