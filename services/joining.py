"""Whether somebody may join: no for members with a standing bar, yes for everybody else (P40).

A sign-up page of the family asks (docs/joining.md) and learns a yes or a no. Whether somebody is or
was a member it never learns: only bars are looked at, and nothing else decides (clause 1.2).
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import ARRAY, Date, LargeBinary, Text, Uuid, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.drafts import MemberDraft, ValueDraft
from db.tables.bars import joining_check
from db.words import Purpose
from db.writer import BLIND_KINDS, blind_values
from services import ledger
from services.identity import attempts
from services.identity.attempts import Pace
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from db.keyring import Keyring

PATH: Final = "/joining-check"
KINDS: Final[dict[str, tuple[str, ...]]] = {
    **{kind: (kind,) for kind in BLIND_KINDS},
    "name_birth": ("name", "birth_date"),
}
"""By what a member with a bar is known again, and which items each kind is made of."""
WEIGHT: Final = {"email": 2, "mobile": 1, "login_id": 1, "name_birth": 1}
ENOUGH: Final = 2
"""An answer is no where what agrees with one bar weighs this much (`ops.barred` counts the same).

An e-mail address is one person's, confirmed by a link. No other kind is alone enough to refuse
anybody: a household shares a telephone and numbers are given out again, a login ID is anybody's who
likes the word, and some people share name and birthday. Two of them together do tell.
"""
ITEMS: Final = tuple(item for items in KINDS.values() for item in items)
LONGEST: Final = 300
EACH_ASKER: Final = Pace(60, timedelta(seconds=1))
"""A sign-up page asks when somebody has filled it in; more than this is a list being tried."""
ALL_ASKERS: Final = Pace(240, timedelta(milliseconds=250))
_NOBODY: Final = UUID(int=0)
_BARRING = func.keys.barring(
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("digests", type_=ARRAY(LargeBinary)),
    bindparam("today", type_=Date),
).table_valued(column("bar_id", Uuid), column("kind", Text), name="barring")
_FOUND = select(_BARRING)
_BARRED = select(
    func.ops.barred(
        bindparam("bars", type_=ARRAY(Uuid)),
        bindparam("kinds", type_=ARRAY(Text)),
        bindparam("today", type_=Date),
    )
)


class BadQuestion(ValueError):  # noqa: N818 (named for what came in)
    """What was sent is no question of the documented form."""


def question(body: bytes) -> dict[str, str]:
    """Return the items of a question, `{"id": …, "email": …}`. Raise `BadQuestion`.

    The id only makes each question another one: what is sent twice does not count twice.
    """
    try:
        given = json.loads(body)
        UUID(given.pop("id"))
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError):
        raise BadQuestion from None
    if not given or not given.keys() <= set(ITEMS):
        raise BadQuestion
    return {name: _value(name, text) for name, text in given.items()}


def _value(name: str, text: object) -> str:
    if not isinstance(text, str) or len(text) > LONGEST or not text.isprintable():
        raise BadQuestion
    text = text.strip()
    if not text:
        raise BadQuestion
    if name != "birth_date":
        return text
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadQuestion from None


def pace(keys: Connection, keyring: Keyring, company_id: str, now: datetime) -> None:
    """Count a question of a system, and of all of them. Raise `WaitFirst` beyond either pace."""
    attempts.pace(keys, keyring.blind("attempt:joining", company_id), now, EACH_ASKER)
    attempts.pace(keys, keyring.blind("attempt:joining", "*"), now, ALL_ASKERS)


def may_join(
    data: Connection,
    keys: Connection,
    keyring: Keyring,
    values: Mapping[str, str],
    company_id: str,
    now: datetime,
) -> bool:
    """Return whether somebody with these values may join; count it and note it in the ledger.

    The same statements run whoever it is: how long it takes tells nothing either.
    """
    today = seoul_day(now)
    pairs = _pairs(values, now)
    given = {
        "kinds": [kind for kind, _ in pairs],
        "digests": [keyring.blind(kind, value) for kind, value in pairs],
        "today": today,
    }
    found = keys.execute(_FOUND, given).all()
    member_id: UUID | None = data.scalar(
        _BARRED, {"bars": [r.bar_id for r in found], "kinds": [r.kind for r in found],
                  "today": today}
    )  # fmt: skip
    _count(data, company_id, today, refused=member_id is not None)
    entry = ledger.Entry(
        EventName.JOINING_CHECKED if member_id is None else EventName.JOINING_REFUSED,
        member_id, Purpose.JOINING_LIMIT, PATH, tuple(n for n in ITEMS if n in values),
        reason=company_id,
    )  # fmt: skip
    ledger.note(data, entry, now)
    return member_id is None


def _pairs(values: Mapping[str, str], now: datetime) -> list[tuple[str, str]]:
    """Return what is asked for, made as a member's own blind indexes are."""
    drafts = tuple(ValueDraft(name, text) for name, text in values.items())
    return blind_values(MemberDraft(_NOBODY, now, values=drafts))


def _count(data: Connection, company_id: str, day: date, *, refused: bool) -> None:
    one = insert(joining_check).values(
        company_id=company_id, day=day, asked=1, refused=int(refused)
    )
    more = {
        "asked": joining_check.c.asked + 1,
        "refused": joining_check.c.refused + one.excluded.refused,
    }
    data.execute(one.on_conflict_do_update(index_elements=["company_id", "day"], set_=more))


def counted(data: Connection, since: date) -> tuple[int, int]:
    """Return how often was asked since a Seoul day, and how often the answer was no."""
    sums = (func.coalesce(func.sum(c), 0) for c in (joining_check.c.asked, joining_check.c.refused))
    row = data.execute(select(*sums).where(joining_check.c.day >= since)).one()
    return int(row[0]), int(row[1])
