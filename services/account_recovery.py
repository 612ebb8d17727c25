"""Gives an account to who holds it when e-mail or phone is lost: after two of the staff and a wait.

The old contacts are told first and may object until the wait is over. Then the new address counts,
every sign-in so far is unlinked and ended, and a link to set a new password goes out. It is the
same for members who sleep, and for a child without a sign-in who has turned 14.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db import places, policy
from db.clock import seoul_day
from db.law import law
from db.normal import normalise
from db.sealing import digest
from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.cases import case as cases
from db.tables.cases import case_step
from db.tables.member import DORMANT
from db.tables.reports import report
from db.words import (
    ActorKind,
    CaseChannel,
    Noted,
    Purpose,
    Source,
    StepState,
    StepWhat,
    Store,
)
from services import (
    access,
    case_steps,
    correction,
    guardian_calls,
    held_values,
    journal,
    ledger,
    outbox,
)
from services.actor import AccessDenied, Actor, Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from services.house import House
    from services.language import Language

LINK_LASTS: Final = timedelta(hours=24)
_SIGN_INS: Final = (ops.credential, ops.one_time, ops.authorization_code, ops.signin_session)
"""What lets somebody in; sessions end, and stay to be read."""
_LOOK: Final = access.Look(
    EventName.RECOVERED, Permission.CASE_APPROVE, "/desk-cases", ("email",), folds=False
)


# A right that has ended, or was stopped, carries nothing out, however long ago it was agreed to.
_GOES_ON: Final = (
    cases.c.closed_at.is_(None), cases.c.suspended_at.is_(None), cases.c.grant_ended.is_(None),
)  # fmt: skip


def _goes_on(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return when a case's new sign-in may come: not within a whole wait after it was stopped.

    Who said that it isn't them, and was told that nothing was found, can still object.
    """
    since = now - timedelta(hours=law().calls.recovery_wait_hours)
    lifted = select(report.c.report_id).where(
        report.c.case_id == cases.c.case_id, report.c.closed_at > since
    )
    return (*_GOES_ON, ~lifted.exists())


@dataclass(frozen=True)
class _Due:
    """A new sign-in whose wait is over: whose, in which case, at which address."""

    member_id: UUID
    case_id: UUID
    step_id: UUID
    no: str
    channel: CaseChannel
    approved_by: UUID
    address: str = field(repr=False)
    language: Language


def run(house: House, now: datetime) -> int:
    """Do what is due, as the worker; return how many. Twice, or by two at once, changes nothing."""
    c = case_step.c
    # Nobody could object before they were told: without the notice nothing is due.
    waits = (c.what == StepWhat.RECOVER, c.state == StepState.RUNNING, c.waits_until <= now,
             c.link_digest.is_not(None))  # fmt: skip
    with house.databases.data.connect() as data:
        found = data.execute(
            select(case_step, cases.c.case_no, cases.c.channel)
            .join(cases, cases.c.case_id == c.case_id)
            .where(*waits, *_goes_on(now))
        ).all()
    return sum(_one(house, due, now) for row in found if (due := _due(row)) is not None)


def _due(row: Any) -> _Due | None:  # noqa: ANN401 (a row)
    step = case_steps.of_row(row)
    value = case_steps.value_of(row.member_id, row.case_id, step)
    if value is None:
        return None
    language: Language = "en" if row.language == "en" else "ko"
    return _Due(row.member_id, row.case_id, row.step_id, row.case_no, CaseChannel(row.channel),
                row.decided_by, value, language)  # fmt: skip


def _one(house: House, due: _Due, now: datetime) -> bool:
    with house.databases.keys.connect() as keys:
        try:
            store, _sealer = outbox.sealer_of(keys, house.keyring, due.member_id)
        except outbox.NoKeyError:
            return False
    if store is Store.RETAINED:
        return False
    # They stood when they approved it; that they are still in office is asked by the database.
    who, session = due.approved_by, uuid4()
    actor = Actor(ActorKind.STAFF, who, session, now, language=due.language, lacks=())
    try:
        if store is Store.LIVE:
            return _awake(house, actor, due)
        return _asleep(house, actor, due)
    except (AccessDenied, outbox.NoKeyError):
        # Whoever approved it has gone, or nothing of the member's opens: the next run looks again.
        return False


def _awake(house: House, actor: Actor, due: _Due) -> bool:
    with access.open(actor, due.member_id, Purpose.SHOW, due.case_id, look=_LOOK) as subject:
        if not _settled(subject.connection, due, actor.at):
            return False
        source = correction.CHANNELS[due.channel]
        held_values.put(subject, "email", 0, due.address, source)
        _new_sign_in(house, subject.connection, due, actor.at)
    return True


def _asleep(house: House, actor: Actor, due: _Due) -> bool:
    """As `_awake`, for who sleeps: no subject can be opened, and nobody is told but they."""
    with house.databases.data.begin() as data:
        if not _settled(data, due, actor.at):
            return False
        with house.databases.keys.begin() as keys:
            _store, sealer = outbox.sealer_of(keys, house.keyring, due.member_id)
            index, exact = (
                keys_tables.blind_index,
                house.keyring.blind("email", normalise("email", due.address)),
            )
            mine = (index.c.member_id == due.member_id, index.c.kind == "email")
            keys.execute(delete(index).where(*mine))
            row = {"kind": "email", "digest": exact, "member_id": due.member_id}
            keys.execute(upsert(index).values(row).on_conflict_do_nothing())
        today, table = seoul_day(actor.at), DORMANT.profile_value
        value = {
            "member_id": due.member_id, "item": "email", "seq": 0, "cleared_at": None,
            "sealed": sealer.seal(due.address.encode(), places.profile("email", 0)),
            "changed_at": actor.at, "partner": None, "service": None, "obtained_on": today,
            "policy_version": policy.in_force(today).version,
            "source": correction.CHANNELS.get(due.channel, Source.PHONE),
        }  # fmt: skip
        put = upsert(table).values(value)
        data.execute(
            put.on_conflict_do_update(index_elements=["member_id", "item", "seq"], set_=value)
        )
        journal.note(data, Noted.CORRECTED, due.member_id, actor.at, rows=[(table, value)])
        for name in (EventName.VALUE_CORRECTED, EventName.RECOVERED):
            entry = ledger.Entry(
                name, due.member_id, Purpose.CORRECT, None, ("email",), due.case_id
            )
            ledger.write(data, actor, entry)
        _new_sign_in(house, data, due, actor.at)
    return True


def _settled(data: Connection, due: _Due, now: datetime) -> bool:
    """Let the step be done; False when another worker was faster, or somebody objected.

    The case is held as it is until then: what ended it a moment ago counts, and nothing ends it
    in between.
    """
    whose = select(cases.c.caller, cases.c.member_id, cases.c.guardian_id).where(
        cases.c.case_id == due.case_id, *_goes_on(now)
    )
    row = data.execute(whose.with_for_update(read=True)).one_or_none()
    if row is None or not guardian_calls.asks_still(data, row, now):
        return False
    c = case_step.c
    done = (
        update(case_step)
        .where(c.step_id == due.step_id, c.state == StepState.RUNNING, c.waits_until <= now)
        .values(state=StepState.DONE, done_at=now, link_digest=None, sealed=None)
    )
    settled = data.execute(done.returning(case_step)).mappings().one_or_none()
    if settled is not None:
        case_steps.keep_for_restore(data, settled, now)
    return settled is not None


def _new_sign_in(house: House, data: Connection, due: _Due, now: datetime) -> None:
    """End and unlink every sign-in so far, and send the link for a new one."""
    for table in _SIGN_INS:
        data.execute(delete(table).where(table.c.member_id == due.member_id))
    mine = (ops.session.c.member_id == due.member_id, ops.session.c.revoked_at.is_(None))
    ended = {"revoked_at": now, "revoked_why": "signed_out_elsewhere"}
    data.execute(update(ops.session).where(*mine).values(ended))
    with house.databases.keys.begin() as keys:
        linked = keys_tables.sign_in
        keys.execute(delete(linked).where(linked.c.member_id == due.member_id))
        _store, sealer = outbox.sealer_of(keys, house.keyring, due.member_id)
    token = secrets.token_urlsafe(32)
    data.execute(
        insert(ops.one_time).values(
            digest=digest(token), member_id=due.member_id, use="forgotten", channel="email",
            expires_at=now + LINK_LASTS, tries_left=1,
        )
    )  # fmt: skip
    params = {"token": token, "no": due.no}
    message = outbox.Message("recovery_link", "email", due.language, params, to=due.address)
    outbox.enqueue(data, sealer, due.member_id, message, now)
