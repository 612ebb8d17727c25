"""Who may work here: adding, changing, renewing, training, ending (clause 8; P26, P27).

Each change says by whom, when and why in a setting of its transaction; the database writes the
register from it, refuses whoever is no officer, and keeps the rules that no hurry may break:
nobody prolongs their own access, and the last officer stays.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from db.clock import seoul_day
from db.errors import PortalError
from db.tables import ops
from db.tables.ops import staff
from db.words import N_, Noted, StaffChange, StaffRole
from services import certificate, journal, ledger
from services.actor import AccessDenied, Permission, page_opens
from services.identity import hashing
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE: Final = "/desk-staff"
LONGEST: Final = 200
"""Characters of a reason, or of what a training was about."""
_TELL: Final = text("select set_config('portal.staff_change', :told, true)")
_CARRIED: Final = (
    "staff_id", "staff_no", "login_id", "role", "assigned_until", "trained_until", "ended_at",
)  # fmt: skip
_BROKEN: Final = {
    "ck_staff_own": N_("Nobody prolongs their own access: another officer has to do it."),
    "ck_staff_last_officer": N_("This is the last officer. Make somebody else officer first."),
    "uq_staff_staff_no": N_("There is an account with this staff number already."),
    "uq_staff_login_id": N_("There is an account with this sign-in already."),
}


class StaffRefused(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """An account can't be changed like this."""


@dataclass(frozen=True)
class Decision:
    """Who decides, when and why. Nobody: somebody at the command line of the installation."""

    at: datetime
    why: str
    actor: Actor | None = None

    @property
    def by(self) -> UUID | None:
        """Return the officer."""
        return self.actor.person if self.actor else None


@dataclass(frozen=True)
class NewStaff:
    """An account as it is entered; `assigned_until` is the last day of the assignment."""

    staff_no: str
    login_id: str
    role: StaffRole
    assigned_until: date


@dataclass(frozen=True)
class Training:
    """A training that somebody had: on which day, about what, until which day it counts."""

    held_on: date
    until: date
    what: str


def decision(actor: Actor, why: str) -> Decision:
    """Return an officer's decision.

    Raise `AccessDenied` for anybody else, `StepUpRequired` without a recent verification and
    `StaffRefused` without a reason.
    """
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()
    return Decision(actor.at, _worded(why, N_("Please say why.")), actor)


def _worded(typed: str, missing: str) -> str:
    plain = " ".join(typed.split())
    if not plain:
        raise StaffRefused(missing)
    if len(plain) > LONGEST:
        raise StaffRefused(N_("Please use at most {n} characters."), n=LONGEST)
    return plain


@contextmanager
def _told(connection: Connection, decided: Decision, **more: object) -> Iterator[None]:
    """Tell the database who decides; a rule that a change breaks becomes its sentence."""
    said = {"by": decided.by, "at": decided.at, "why": decided.why, **more}
    plain = {name: str(value) for name, value in said.items() if value is not None}
    connection.execute(_TELL, {"told": json.dumps(plain)})
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if name not in _BROKEN:
            raise
        raise StaffRefused(_BROKEN[name]) from None
    connection.execute(_TELL, {"told": ""})


def add(
    connection: Connection, decided: Decision, new: NewStaff, *, password: bool
) -> tuple[UUID, str | None]:
    """Enter an account; return its id and, with `password`, one for the first sign-in.

    That password is shown once, is good for `first_password_days` of the law's data, and opens
    nothing but the choice of one's own. Without a training the desk stays shut.
    """
    number = _worded(new.staff_no, N_("Please enter a staff number."))
    login = _worded(new.login_id, N_("Please enter a sign-in.")).lower()
    if new.assigned_until < seoul_day(decided.at):
        raise StaffRefused(N_("The assignment can't end before today."))
    staff_id, secret = uuid4(), _secret() if password else None
    row = {"staff_id": staff_id, "staff_no": number, "login_id": login, "role": new.role,
           "assigned_until": new.assigned_until, "password_hash": _hash(secret),
           "password_given_at": decided.at if secret else None}  # fmt: skip
    with _told(connection, decided):
        connection.execute(insert(staff).values(row))
    _noted(connection, decided, staff_id, StaffChange.GRANTED)
    return staff_id, secret


def _secret() -> str:
    return certificate.new().secret


def _hash(secret: str | None) -> str | None:
    return hashing.make(secret) if secret else None


def give_password(connection: Connection, decided: Decision, staff_id: UUID) -> str:
    """Give another password for a first sign-in; the old one, and what it opened, end at once."""
    _standing(connection, staff_id)
    secret = _secret()
    with _told(connection, decided):
        _change(connection, staff_id, password_hash=_hash(secret), password_set_on=None,
                password_given_at=decided.at)  # fmt: skip
    _end_sessions(connection, staff_id, decided.at)
    _noted(connection, decided, staff_id, StaffChange.PASSWORD_GIVEN)
    return secret


def change_role(connection: Connection, decided: Decision, staff_id: UUID, role: StaffRole) -> None:
    """Give an account another role; running sessions have it with their next step."""
    if _standing(connection, staff_id).role == role:
        raise StaffRefused(N_("They have this role already."))
    with _told(connection, decided):
        _change(connection, staff_id, role=role)
    _noted(connection, decided, staff_id, StaffChange.ROLE)


def renew(connection: Connection, decided: Decision, staff_id: UUID, until: date) -> None:
    """Let an assignment run until a day, which may also be sooner than it was."""
    if until < seoul_day(decided.at):
        raise StaffRefused(N_("The assignment can't end before today."))
    _standing(connection, staff_id)
    with _told(connection, decided):
        _change(connection, staff_id, assigned_until=until)
    _noted(connection, decided, staff_id, StaffChange.ASSIGNED)


def record_training(
    connection: Connection, decided: Decision, staff_id: UUID, training: Training
) -> None:
    """Write down that somebody was trained in handling members' data (P27)."""
    what = _worded(training.what, N_("Please say what the training was about."))
    if training.held_on > seoul_day(decided.at):
        raise StaffRefused(N_("That day has not come yet."))
    if training.until <= training.held_on:
        raise StaffRefused(N_("A training has to count for longer than its own day."))
    _standing(connection, staff_id)
    with _told(connection, decided, held_on=training.held_on, what=what):
        _change(connection, staff_id, trained_until=training.until)
    _noted(connection, decided, staff_id, StaffChange.TRAINED)


def end(connection: Connection, decided: Decision, staff_id: UUID) -> None:
    """End an account: sign-ins and running sessions of theirs end at once.

    So do their open cases, which the database closes.
    """
    _standing(connection, staff_id)
    with _told(connection, decided):
        _change(connection, staff_id, ended_at=decided.at)
    _end_sessions(connection, staff_id, decided.at)
    _noted(connection, decided, staff_id, StaffChange.ENDED)


def tell_again(
    connection: Connection, at: datetime, said: dict[str, Any], known: frozenset[UUID]
) -> None:
    """Let the register say of a change that a restore does again who decided it, when and why."""
    by = said.get("by")
    told = {"by": by if by and UUID(by) in known else None, "at": at, "why": said.get("why")}
    plain = {name: str(value) for name, value in told.items() if value is not None}
    connection.execute(_TELL, {"told": json.dumps(plain)})


def _standing(connection: Connection, staff_id: UUID) -> Any:  # noqa: ANN401 (a row)
    row = connection.execute(
        select(staff.c.role).where(staff.c.staff_id == staff_id, staff.c.ended_at.is_(None))
    ).one_or_none()
    if row is None:
        raise StaffRefused(N_("This account has ended already."))
    return row


def _change(connection: Connection, staff_id: UUID, **values: object) -> None:
    connection.execute(update(staff).where(staff.c.staff_id == staff_id).values(values))


def _end_sessions(connection: Connection, staff_id: UUID, at: datetime) -> None:
    for table in (ops.signin_session, ops.authorization_code):
        connection.execute(delete(table).where(table.c.staff_id == staff_id))
    theirs = (ops.session.c.staff_id == staff_id, ops.session.c.revoked_at.is_(None))
    ended = {"revoked_at": at, "revoked_why": "access"}
    connection.execute(update(ops.session).where(*theirs).values(ended))


def _noted(connection: Connection, decided: Decision, staff_id: UUID, change: StaffChange) -> None:
    """Write the ledger, and what a restore must do again: who may not work any more, above all."""
    carried = [staff.c[name] for name in _CARRIED]
    row: Any = (
        connection.execute(select(*carried).where(staff.c.staff_id == staff_id)).mappings().one()
    )
    if change is StaffChange.PASSWORD_GIVEN:
        # The earlier password must not open anything again; a hash is not carried.
        row = {**row, "password_hash": None, "password_set_on": None}
    journal.note(connection, Noted.STAFF_CHANGED, None, decided.at, rows=[(staff, row)],
                 by=decided.by, why=decided.why)  # fmt: skip
    entry = ledger.Entry(EventName.STAFF_CHANGED, None, page=PAGE, reason=change)
    if decided.actor is None:
        ledger.note(connection, entry, decided.at)
    else:
        ledger.write(connection, decided.actor, entry)
