"""The demo family: made-up people and staff, for trying the portal and for its tests.

Made once; running again changes nothing, not even for somebody who left in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select

from db import demo_companies, writer
from db.clock import seoul_day
from db.demo_people import FAMILY
from db.demo_person import Demo
from db.importer import known
from db.importer.known import State
from db.importer.rules import Identities, Rules
from db.importer.storing import forget
from db.policy import policies
from db.tables import keys as keys_tables
from db.tables import ops
from db.words import N_, StaffRole, Store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from db.importer.known import Known
    from db.keyring import Keyring

SOURCE = "demo"
PASSWORD = "demo"  # noqa: S105 (known to all: these people are made up)
SetPassword = Callable[[Connection, UUID, str, datetime], None]
HashStaff = Callable[[str], str]


@dataclass(frozen=True)
class Account:
    """A demo account and what it shows; `signs_in` is False for those without a password."""

    name: str
    shows: str
    signs_in: bool = True


ACCOUNTS = (
    Account("member", N_("a mother about whom everything is held")),
    Account("newparent", N_("somebody who joined a few days ago")),
    Account("guardian", N_("a father who sees his child's data")),
    Account("guardian2", N_("a grandmother, the same child's second guardian")),
    Account("child", N_("a child under 14, seen by both guardians"), signs_in=False),
    Account("daughter", N_("a child kept only, until `member` links it by a code"), signs_in=False),
    Account("teen", N_("a child of `guardian` who turns 14 in three weeks"), signs_in=False),
    Account("quiet", N_("somebody not seen for eleven months, told that the account will sleep")),
    Account("dormant", N_("a sleeping account")),
    Account("paper", N_("joined on paper, without a password yet"), signs_in=False),
    Account("left", N_("somebody who left, seen by a certificate alone"), signs_in=False),
    Account("agent", N_("staff who help members")),
    Account("agent2", N_("a second staff member")),
    Account("officer", N_("the privacy officer")),
    Account("officer2", N_("a second officer, for what needs two")),
)

_STAFF = {
    "agent": ("D-001", StaffRole.AGENT),
    "agent2": ("D-002", StaffRole.AGENT),
    "officer": ("D-003", StaffRole.OFFICER),
    "officer2": ("D-004", StaffRole.OFFICER),
}
_ASLEEP = "dormant"
LEAVER = "left"


def make(
    data: Engine,
    keys: Engine,
    keyring: Keyring,
    now: datetime,
    set_password: SetPassword,
    hash_staff: HashStaff,
) -> tuple[Account, ...]:
    """Make whoever of the family is not here yet, as `portal_work`; return all accounts.

    `set_password(data connection, member, password, now)` gives a member a password,
    `hash_staff(password)` returns what is stored for the staff.
    """
    ids = Identities(keyring, SOURCE)
    digests = {name: ids.member(name) for name in FAMILY}
    # Left from the right: the keys are committed first, the rows after them.
    with data.begin() as rows, keys.begin() as secret:
        here = known.find(rows, secret, SOURCE, list(digests.values()))
        found = {name: here[digest] for name, digest in digests.items()}
        _write(rows, secret, keyring, found, now)
        _remember(secret, digests, found, now)
        for account in ACCOUNTS:
            if account.signs_in and account.name in found and _fresh(found[account.name]):
                set_password(rows, found[account.name].member_id, PASSWORD, now)
        _add_staff(rows, now, hash_staff)
        demo_companies.add(rows, now)
    return ACCOUNTS


def id_of(keys: Connection, keyring: Keyring, name: str) -> UUID | None:
    """Return the id of somebody of the family who is here and has not left."""
    origin = keys_tables.import_origin.c
    digest = Identities(keyring, SOURCE).member(name)
    found: UUID | None = keys.scalar(
        select(origin.member_id).where(
            origin.source == SOURCE, origin.digest == digest, origin.left_at.is_(None)
        )
    )
    return found


def _fresh(who: Known) -> bool:
    return who.state in (State.NEW, State.UNFINISHED)


def _write(
    data: Connection, keys: Connection, keyring: Keyring, found: dict[str, Known], now: datetime
) -> None:
    forget(keys, [who.member_id for who in found.values() if who.state is State.UNFINISHED])
    people = {name: who.member_id for name, who in found.items()}
    ids, rules = Identities(keyring, SOURCE), Rules(policies())
    drafts = {
        name: FAMILY[name](Demo(name, people, now, ids, rules))
        for name, who in found.items()
        if _fresh(who)
    }
    asleep = drafts.pop(_ASLEEP, None)
    writer.write(data, keys, keyring, drafts.values())
    if asleep is not None:
        writer.write(data, keys, keyring, [asleep], Store.DORMANT)


def _remember(
    keys: Connection, digests: dict[str, bytes], found: dict[str, Known], now: datetime
) -> None:
    rows = [
        {"source": SOURCE, "digest": digests[name], "member_id": who.member_id, "imported_at": now}
        for name, who in found.items()
        if who.state is State.NEW
    ]
    if rows:
        keys.execute(insert(keys_tables.import_origin), rows)


def _add_staff(data: Connection, now: datetime, hash_staff: HashStaff) -> None:
    today = seoul_day(now)
    here = set(data.scalars(select(ops.staff.c.login_id)))
    rows = [
        {
            "staff_id": uuid4(),
            "staff_no": number,
            "login_id": login,
            "role": role,
            "assigned_until": today + timedelta(days=365),
            "trained_until": today + timedelta(days=180),
            "password_hash": hash_staff(PASSWORD),
            "password_set_on": today,
        }
        for login, (number, role) in _STAFF.items()
        if login not in here
    ]
    if rows:
        data.execute(insert(ops.staff), rows)
