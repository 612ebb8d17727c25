"""Writes to the caller of a case, as the worker: codes, links, what was put off, the answer.

The worker reaches members of every store. Who asked for a child is the guardian, and it is them who
are written to.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, or_, select, update

from db import places
from db.clock import seoul_day
from db.law import law
from db.sealing import SealError, digest
from db.tables.cases import case as cases
from db.tables.cases import case_step
from db.tables.member import STORES
from db.words import Caller, Purpose, StepState, StepWhat, Store
from services import (
    case_ending,
    case_papers,
    case_steps,
    guardian_calls,
    messages,
    notify,
    outbox,
    use,
)
from services.identity.recovery import code_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from services.house import House
    from services.language import Language
    from services.outbox import Way


@dataclass(frozen=True)
class Recipient:
    """Whom a message about a case goes to, and what opens their values."""

    member_id: UUID
    store: Store
    sealer: Any


def recipient(
    house: House,
    data: Connection,
    row: Any,  # noqa: ANN401 (a row)
    now: datetime,
) -> Recipient | None:
    """Return who is written to about a case; None when nobody is there any more.

    In a guardian's case that guardian and no other, and only while they may act for the child.
    """
    if not guardian_calls.asks_still(data, row, now):
        return None
    who = row.guardian_id if row.caller == Caller.GUARDIAN else row.member_id
    with house.databases.keys.connect() as keys:
        try:
            store, sealer = outbox.sealer_of(keys, house.keyring, who)
        except outbox.NoKeyError:
            return None
    return Recipient(who, store, sealer) if store is not Store.RETAINED else None


def _ward(
    house: House,
    data: Connection,
    row: Any,  # noqa: ANN401 (a row)
    now: datetime,
) -> str | None:
    """Return the nickname by which a guardian is told of which child it is; None of one's own case.

    "" for a child that has none, or has had its use stopped.
    """
    if row.caller != Caller.GUARDIAN:
        return None
    try:
        with house.databases.keys.connect() as keys:
            store, sealer = outbox.sealer_of(keys, house.keyring, row.member_id)
        return _nickname(data, store, sealer, row.member_id, now)
    except (outbox.NoKeyError, SealError):
        return ""


def _nickname(
    data: Connection, store: Store, sealer: Sealer, member_id: UUID, now: datetime
) -> str:
    standing = use.standing(data, STORES[store], member_id, seoul_day(now))
    value = STORES[store].profile_value.c
    mine = (value.member_id == member_id, value.item == "nickname", value.seq == 0)
    sealed = data.scalar(select(value.sealed).where(*mine))
    may = use.decide("nickname", Purpose.IDENTIFICATION, standing).allowed
    return sealer.open(sealed, places.profile("nickname", 0)).decode() if sealed and may else ""


def _case(data: Connection, case_id: UUID) -> Any:  # noqa: ANN401 (a row)
    return data.execute(select(cases).where(cases.c.case_id == case_id)).one_or_none()


def code(house: House, key: str, case_id: UUID, way: tuple[Way, Language], now: datetime) -> bool:
    """Send the code that belongs to `key` (hex) to the registered mobile or e-mail."""
    channel, language = way
    with house.databases.data.begin() as data:
        row = _case(data, case_id)
        who = (
            recipient(house, data, row, now) if row is not None and row.closed_at is None else None
        )
        if who is None:
            return False
        params = {"code": code_of(house.keyring, bytes.fromhex(key)), "no": row.case_no}
        message = outbox.Message("case_code", channel, language, params)
        outbox.enqueue(data, who.sealer, who.member_id, message, now)
    return True


def link(house: House, case_id: UUID, step_id: UUID, now: datetime) -> bool:
    """Send the link by which the member says yes or no to a step, by every way there is.

    For a new sign-in it goes when a second one has approved it, and then says how to object.
    """
    with house.databases.data.begin() as data:
        row = _case(data, case_id)
        step = _waiting(data, case_id, step_id)
        who = recipient(house, data, row, now) if row is not None and step is not None else None
        if who is None or step is None:
            return False
        token = secrets.token_urlsafe(32)
        values: dict[str, Any] = {"link_digest": digest(token), "sent_to": who.member_id}
        if step.what == StepWhat.RECOVER:
            # The wait is theirs who are told: it runs from now, however late the worker came.
            values["waits_until"] = now + timedelta(hours=law().calls.recovery_wait_hours)
        sent = update(case_step).where(case_step.c.step_id == step_id).values(values)
        row_now = data.execute(sent.returning(case_step)).mappings().one()
        case_steps.keep_for_restore(data, row_now, now)
        params = {"token": token, "no": row.case_no, "what": step.what}
        template, language = "case_confirm", step.language
        if step.what == StepWhat.RECOVER:
            template, until = "recovery_notice", row_now["waits_until"]
            params = {"token": token, "no": row.case_no, "until": until.isoformat()}
        ward = _ward(house, data, row, now) if template in messages.OF_GUARDIANS_CASES else None
        ways: tuple[Way, ...] = ("email", "sms") if step.what == StepWhat.RECOVER else ("either",)
        for way in ways:
            message = outbox.Message(template, way, language, params, ward=ward)
            outbox.enqueue(data, who.sealer, who.member_id, message, now)
    return True


def _waiting(data: Connection, case_id: UUID, step_id: UUID) -> Any:  # noqa: ANN401 (a row)
    c = case_step.c
    open_ = or_(
        and_(c.state == StepState.WAITING, c.what != StepWhat.RECOVER),
        and_(c.state == StepState.RUNNING, c.what == StepWhat.RECOVER),
    )
    mine = (c.case_id == case_id, c.step_id == step_id, c.link_digest.is_(None), open_)
    return data.execute(select(case_step).where(*mine).with_for_update()).one_or_none()


ANSWERS: Final = frozenset({"case_answer", "case_postponed"})


def answer(house: House, case_id: UUID, template: str, language: Language, now: datetime) -> bool:
    """Tell the caller what `template` says of the case; once, however often it runs."""
    if template not in ANSWERS:
        raise ValueError(template)
    with house.databases.data.begin() as data:
        row = _case(data, case_id)
        who = recipient(house, data, row, now) if row is not None else None
        if who is None:
            return False
        day = row.due_on.isoformat()
        params = {"no": row.case_no, "until": day, "why": row.postponed or ""}
        way: Way = "either"
        if template == "case_answer":
            papers = case_papers.of_case(data, row.member_id, case_id)
            found = case_ending.last(papers)
            words = found.words.strip() if found else ""
            params = {"no": row.case_no, "outcome": row.outcome, "reason": row.refusal or "",
                      "words": words}  # fmt: skip
            way = "sms" if row.answered_by == "sms" else "email"
        ward = _ward(house, data, row, now)
        key = f"{template}:{case_id}:{day}"
        message = outbox.Message(template, way, language, params, key, ward=ward)
        return notify.write(data, STORES[who.store], (who.member_id, who.sealer), message, now)
