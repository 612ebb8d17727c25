"""Requests that a system of the family signs with its secret, as we sign our notices to it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.sealing import digest
from db.tables.ops import company
from db.words import CompanyRole
from services import used_answers, webhook

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from db.company_keys import CompanyKeys

LASTS: Final = timedelta(minutes=5)
"""How far a request's time may be off; then whoever saw it can't send it again either."""
_LONGEST: Final = 64


class NotGenuineError(Exception):
    """No system of ours signed this: who it is, what it says and when don't fit together."""


class SentBeforeError(Exception):
    """The very same request has come already."""


@dataclass(frozen=True)
class Signed:
    """A request as it came: whose it says it is, its time, its signature, and its bytes."""

    company_id: str
    timestamp: str
    signature: str = field(repr=False)
    body: bytes = field(repr=False)


def check(data: Connection, keys: CompanyKeys, request: Signed, now: datetime) -> str:
    """Return which source system signed the request. Raise `NotGenuineError`, `SentBeforeError`.

    Only systems of the family ask: a recipient or a processor has a secret, too, and no right here.
    """
    number = _secret_no(data, request.company_id)
    known = keys.secret(request.company_id, number or 0)
    expected = webhook.signature(known, request.timestamp, request.body)
    same = hmac.compare_digest(expected.encode(), request.signature.encode("utf-8", "replace"))
    if not same or number is None or not _in_time(request.timestamp, now):
        raise NotGenuineError
    if not used_answers.once(data, digest(expected), now):
        raise SentBeforeError
    return request.company_id


def _secret_no(data: Connection, company_id: str) -> int | None:
    if len(company_id) > _LONGEST or not company_id.isprintable():
        return None
    query = select(company.c.secret_no).where(
        company.c.company_id == company_id,
        company.c.role == CompanyRole.SOURCE_SYSTEM,
        company.c.ended_at.is_(None),
    )
    number: int | None = data.scalar(query)
    return number


def _in_time(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST):
        return False
    return abs(int(timestamp) - now.timestamp()) <= LASTS.total_seconds()
