"""What stands in a report and its thread: sealed under a key of the report's own.

The key is there for reports of anybody, member or not, asleep or gone, and is destroyed with the
report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, Uuid, bindparam, func, select

from db import places
from db.prepared import Prepared
from db.sealing import Sealer, SealError
from db.words import Store
from services.house import house

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_KEY = Prepared(select(func.keys.report_key(bindparam("which", type_=Uuid))))


def new_key(report_id: UUID, now: datetime) -> Sealer:
    """Make a report's key and keep it, before anything is sealed with it."""
    key, wrapped = house().keyring.new_key(Store.LIVE, report_id)
    kept = bindparam("wrapped", wrapped, type_=LargeBinary)
    with house().databases.keys.begin() as keys:
        keys.execute(select(func.keys.keep_report_key(report_id, kept, now)))
    return Sealer(report_id, key)


def sealer(report_id: UUID) -> Sealer | None:
    """Return what opens and seals a report; None when its key is gone."""
    with house().databases.look[1].connect() as keys:
        ((wrapped,),) = _KEY.rows(keys, {"which": report_id})
    if wrapped is None:
        return None
    try:
        return Sealer(report_id, house().keyring.key(Store.LIVE, report_id, bytes(wrapped)))
    except SealError:
        return None


def line(key: Sealer | None, sealed: bytes, line_id: UUID) -> str | None:
    """Return what a line says, None where its key is gone."""
    return opened(key, sealed, places.report_line(line_id))


def opened(key: Sealer | None, sealed: bytes | None, place: str) -> str | None:
    """Return the plain text, None for nothing and for what can't be opened."""
    if key is None or sealed is None:
        return None
    try:
        return key.open(sealed, place).decode()
    except SealError:
        return None
