"""Sends what `services.telling` wrote to companies, in the worker: by mail or signed webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, select, update

from db.sealing import digest
from db.tables.ops import company, dispatch
from db.words import Change, NoticeMeans
from services import company_mail, ledger, new_values, reference, webhook
from services.ledger import EventName
from services.mail import Mail, Refused
from services.patience import MOST_ATTEMPTS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from db.company_keys import CompanyKeys
    from db.sealing import Sealer
    from db.words import Store
    from services.delivery import Senders

EVERYBODY = UUID(int=0)
"""Stands in `dispatch.member_id` for all members: a contract's end concerns nobody alone."""
ANSWER_PATH = "/answer"


@dataclass(frozen=True)
class Courier:
    """What sending needs: mail and the portal's address, the keys, whether we are at home only."""

    senders: Senders
    keys: CompanyKeys
    here: bool = False
    timeout: float = webhook.TIMEOUT


def dispatch_one(
    data: Connection,
    opened: tuple[Store, Sealer] | None,
    key: tuple[UUID, UUID],
    courier: Courier,
    now: datetime,
) -> bool:
    """Send the notice `key` (member, dispatch) once; return whether it was sent now.

    The row stays locked meanwhile, so that of two workers one sends. A company whom nobody tells
    any more is closed without a notice (`failed_at`, with `company.ended_at` as the reason), but
    its contract's end is told. Raise what sending raises; `failed` counts it. `opened` is None for
    `EVERYBODY` and for a member whose key is gone.
    """
    row = data.execute(_row(key)).one_or_none()
    if row is None or row.sent_at or row.answered_at or row.failed_at:
        return False
    if _closed(row):
        _close(data, key, now)
        return False
    if row.means == NoticeMeans.NONE:
        return False
    values = new_values.compose(data, opened, row, now)
    try:
        answered = _send(row, values.by_item, courier, now)
    except Refused:
        _close(data, key, now)
        return False
    token = courier.keys.token(row.dispatch_id)
    done = {"sent_at": now, "attempts": row.attempts + 1, "answer_digest": digest(token)}
    data.execute(
        update(dispatch).where(_is(key)).values(done | ({"answered_at": now} if answered else {}))
    )
    new_values.write_down(data, values, row, now)
    _note(data, row, EventName.COMPANY_TOLD, now)
    if answered:
        _note(data, row, EventName.COMPANY_ANSWERED, now)
    return True


def failed(data: Connection, key: tuple[UUID, UUID], now: datetime) -> None:
    """Count an attempt that raised; after the last one give up, which the desk sees as late."""
    row = data.execute(_row(key)).one_or_none()
    if row is None or row.sent_at or row.answered_at or row.failed_at:
        return
    values: dict[str, object] = {"attempts": row.attempts + 1}
    if row.attempts + 1 >= MOST_ATTEMPTS:
        values["failed_at"] = now
    data.execute(update(dispatch).where(_is(key)).values(values))


def _closed(row: Row[Any]) -> bool:
    return row.ended_at is not None and row.change != Change.CONTRACT_ENDED


def _close(data: Connection, key: tuple[UUID, UUID], now: datetime) -> None:
    data.execute(
        update(dispatch).where(_is(key)).values(failed_at=now, attempts=dispatch.c.attempts + 1)
    )


def _is(key: tuple[UUID, UUID]) -> ColumnElement[bool]:
    return and_(dispatch.c.member_id == key[0], dispatch.c.dispatch_id == key[1])


def _row(key: tuple[UUID, UUID]) -> Any:  # noqa: ANN401 (SQLAlchemy can't name these columns)
    return (
        select(
            dispatch, company.c.name, company.c.role, company.c.means, company.c.address,
            company.c.secret_no, company.c.ended_at,
        )
        .join(company)
        .where(_is(key))
        .with_for_update(of=dispatch)
    )  # fmt: skip


def _send(row: Row[Any], values: dict[str, list[str]], courier: Courier, now: datetime) -> bool:
    """Send by the company's means; return whether it acknowledged at once."""
    address = courier.senders.address
    link = f"{address}{ANSWER_PATH}?token={courier.keys.token(row.dispatch_id)}"
    called = called_there(row.company_id, row.member_id)
    if row.means == NoticeMeans.EMAIL:
        names = (row.name, called or "-")
        subject, text, html = company_mail.fill(Change(row.change), row.items, names, link, address)
        courier.senders.mail.send(Mail(row.address, subject, text, html, str(row.dispatch_id), now))
        return False
    body = {
        "id": str(row.dispatch_id),
        "reference": called,
        "change": row.change,
        "items": list(row.items),
        "values": values,
        "happened_at": row.created_at.astimezone(UTC).isoformat(),
        "answer": link,
    }
    secret = courier.keys.secret(row.company_id, row.secret_no)
    call = webhook.Call(row.address, row.dispatch_id, secret, body, now)
    return webhook.post(call, here=courier.here, timeout=courier.timeout)


def called_there(company_id: str, member_id: UUID) -> str | None:
    """Return what a company calls the member; None for `EVERYBODY`."""
    return None if member_id == EVERYBODY else reference.for_company(company_id, member_id)


def _note(data: Connection, row: Row[Any], name: EventName, now: datetime) -> None:
    if row.member_id != EVERYBODY:
        ledger.note(data, ledger.Entry(name, row.member_id, items=tuple(row.items)), now)
