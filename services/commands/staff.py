"""List, add, renew, train and end staff accounts: for the first officer, and for the only one.

Every change stands in the register of access, as done at the command line.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from db import clock
from db.settings import settings
from db.tables.ops import staff
from db.words import N_, StaffRole
from services import staff_changes, staff_register, start
from services.staff_changes import Decision, NewStaff, StaffRefused, Training

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from uuid import UUID


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="DEED")
    deeds.add_parser("list", help="say who works here, and what each lacks")
    for deed, what in (
        ("add", "enter an account, and print a password for the first sign-in"),
        ("renew", "let an assignment run until a day"),
        ("train", "write down a training"),
        ("role", "give another role"),
        ("password", "print a new password for the first sign-in"),
        ("end", "end an account at once"),
    ):
        one = deeds.add_parser(deed, help=what)
        one.add_argument("number", metavar="NUMBER", help="the staff number")
        one.add_argument("--why", required=True, help="the reason, for the register")
        if deed == "add":
            one.add_argument("--login", required=True, help="what they sign in with")
        if deed in {"add", "role"}:
            one.add_argument("--role", required=True, choices=list(StaffRole), type=StaffRole)
        if deed in {"add", "renew", "train"}:
            one.add_argument("--until", required=True, type=date.fromisoformat, metavar="DATE",
                             help="the last day (YYYY-MM-DD)")  # fmt: skip
        if deed == "train":
            one.add_argument("--held", required=True, type=date.fromisoformat, metavar="DATE",
                             help="the day of the training")  # fmt: skip
            one.add_argument("--what", required=True, help="what it was about")


def run(chosen: Namespace) -> None:
    """Do it, and say so."""
    now, given = clock.now(), settings()
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            with house.databases.data.begin() as data:
                said = do(data, chosen, now, builtin=not given.staff_metadata_url)
        finally:
            house.databases.dispose()
    print(said)


def do(data: Connection, chosen: Namespace, now: datetime, *, builtin: bool) -> str:
    """Do one deed in a transaction of the worker's role; return what to say."""
    if chosen.deed == "list":
        return _listed(data, now)
    decided = Decision(now, chosen.why)
    if chosen.deed == "add":
        new = NewStaff(chosen.number, chosen.login, chosen.role, chosen.until)
        _id, secret = staff_changes.add(data, decided, new, password=builtin)
        return f"Added. Password for the first sign-in: {secret}" if secret else "Added."
    who = _who(data, chosen.number)
    if chosen.deed == "password":
        secret = staff_changes.give_password(data, decided, who)
        return f"Password for the first sign-in: {secret}"
    if chosen.deed == "renew":
        staff_changes.renew(data, decided, who, chosen.until)
    elif chosen.deed == "train":
        training = Training(chosen.held, chosen.until, chosen.what)
        staff_changes.record_training(data, decided, who, training)
    elif chosen.deed == "role":
        staff_changes.change_role(data, decided, who, chosen.role)
    else:
        staff_changes.end(data, decided, who)
    return "Done. The register says so."


def _who(data: Connection, number: str) -> UUID:
    found: UUID | None = data.scalar(select(staff.c.staff_id).where(staff.c.staff_no == number))
    if found is None:
        raise StaffRefused(N_("There is no account with this staff number."))
    return found


def _listed(data: Connection, now: datetime) -> str:
    lines = [
        f"{one.staff_no}  {one.role}  {one.login_id}  "
        + ("ended" if one.ended_at else ", ".join(f"no {lack}" for lack in one.lacks) or "may work")
        for one in staff_register.at_command_line(data, clock.seoul_day(now))
    ]
    return "\n".join(lines) or "Nobody works here yet."
