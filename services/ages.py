"""Who is old enough to act for a child: known of everybody whose birth date was ever looked at.

`turns_19_on` is empty for who is older, and for whom it was never worked out: `age_known` tells
the two apart. While it is not known nobody newly becomes a guardian; the links that there are go
on (clause 9). What is stored sealed is opened once, by the first who opens it anyway, or by the
hourly run, in batches: it may be killed at any instant, and goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, or_, select, update

from db import places, writer
from db.clock import seoul_day
from db.sealing import SealError
from db.tables.keys import member_key
from db.tables.member import LIVE
from db.words import Store

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from db.tables.member import MemberTables
    from services.house import House
    from services.subject import Subject

BATCH: Final = 1_000
MOST: Final = 200_000
"""Members in one run: the hourly run stays short; the next one goes on."""
_M = LIVE.member.c


def learn(
    connection: Connection, tables: MemberTables, member_id: UUID, born: str, today: date
) -> None:
    """Keep what an opened birth date says of who may be a guardian, unless it is known."""
    member = tables.member
    connection.execute(
        update(member)
        .where(member.c.member_id == member_id, member.c.age_known.is_not(True))
        .values(age_known=True, turns_19_on=writer.birthdays(born, today)["turns_19_on"])
    )


def of_age(subject: Subject) -> bool:
    """Return whether the member is known to be old enough to become a guardian: one query."""
    member = subject.tables.member.c
    grown = or_(member.turns_19_on.is_(None), member.turns_19_on <= subject.today)
    found = select(member.member_id).where(
        member.member_id == subject.member_id, member.age_known, grown
    )
    return subject.connection.scalar(found) is not None


def run(house: House, now: datetime, most: int = MOST) -> int:
    """Look at birth dates that nobody has looked at, as the worker; return of how many members."""
    done, after = 0, UUID(int=0)
    while done < most:
        with house.databases.data.begin() as data:
            given = {"after": after, "most": min(BATCH, most - done)}
            members = list(data.scalars(_UNREAD, given))
            if not members:
                return done
            _settle(data, members, _opened(house, data, members), seoul_day(now))
        done, after = done + len(members), members[-1]
    return done


# In the order of an index, each batch from where the last one ended. Whoever is being moved or
# corrected just now is passed over: the next run finds them.
_UNREAD = (
    select(_M.member_id)
    .where(_M.age_known.is_(None), _M.member_id > bindparam("after"))
    .order_by(_M.member_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_MEMBERS = bindparam("members", type_=ARRAY(Uuid))
_VALUE = LIVE.profile_value.c
_SEALED = select(_VALUE.member_id, _VALUE.sealed).where(
    _VALUE.member_id == any_(_MEMBERS), _VALUE.item == "birth_date", _VALUE.seq == 0,
    _VALUE.sealed.is_not(None),
)  # fmt: skip
_WRAPPED = select(member_key.c.member_id, member_key.c.wrapped).where(
    member_key.c.member_id == any_(_MEMBERS), member_key.c.store == Store.LIVE
)


def _opened(house: House, data: Connection, members: list[UUID]) -> dict[UUID, str]:
    """Return the birth dates that open; who has none, or no key, has no known age."""
    sealed = {row.member_id: row.sealed for row in data.execute(_SEALED, {"members": members})}
    with house.databases.keys.connect() as keys:
        wraps = keys.execute(_WRAPPED, {"members": list(sealed)}).all()
    found = {}
    for row in wraps:
        try:
            sealer = house.keyring.sealer(Store.LIVE, row.member_id, row.wrapped)
            place = places.profile("birth_date", 0)
            found[row.member_id] = sealer.open(sealed[row.member_id], place).decode()
        except SealError:
            continue
    return found


_KNOWN = (
    update(LIVE.member).where(_M.member_id == any_(_MEMBERS)).values(age_known=bindparam("known"))
)


def _settle(data: Connection, members: list[UUID], born: dict[UUID, str], today: date) -> None:
    """Write what is known of a batch: few are young, and of all others it is one statement."""
    for known in (True, False):
        some = [who for who in members if (who in born) is known]
        data.execute(_KNOWN, {"members": some, "known": known})
    for who, one in born.items():
        day = writer.birthdays(one, today)["turns_19_on"]
        if day is not None:
            data.execute(update(LIVE.member).where(_M.member_id == who).values(turns_19_on=day))
