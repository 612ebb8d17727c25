"""The demo's open case of a caller, so that the desk has something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, func, select

from db import demo
from db.clock import seoul_day
from db.law import law
from db.tables.ops import staff
from db.words import CallWish, PaperKind
from services import case_papers

if TYPE_CHECKING:
    from datetime import datetime

    from services.house import House

_CASE: Final = UUID("3c9b4a52-6f0e-4b87-9d0a-52f5c2f7a1d6")
_WHO: Final = "newparent"
_AGENT: Final = "agent"
_NUMBER: Final = "DEMO-0001"
_WORDS: Final = "이사를 해서 주소를 바꾸고 싶대요. 오후에 다시 전화하기로 했어요."


def make(house: House, now: datetime) -> None:
    """Open the case once, as `portal_work`: received yesterday, the caller not verified yet."""
    with house.databases.keys.connect() as keys:
        who = demo.id_of(keys, house.keyring, _WHO)
    if who is None:
        return
    received = seoul_day(now) - timedelta(days=1)
    due = received + timedelta(days=law().calls.answer_days)
    with house.databases.data.begin() as data:
        agent = data.scalar(select(staff.c.staff_id).where(staff.c.login_id == _AGENT))
        asked = bindparam("asked", [CallWish.SEE.value, CallWish.CORRECT.value], type_=ARRAY(Text))
        made = data.scalar(
            select(
                func.ops.open_call(
                    agent, who, _CASE, _NUMBER, "call", now - timedelta(hours=20), "phone", "self",
                    asked, received, due, None,
                )
            )
        )  # fmt: skip
        if made:
            key = case_papers.new_key(who, _CASE, now, house)
            words = (PaperKind.WORDS, _WORDS.encode(), None)
            case_papers.keep(data, key, (who, _CASE), words, now)
