"""A day's work of the worker, where 10,000 are due: beside bare SQL, and among ten times as many.

Bare SQL moves or deletes the same rows, with the same foreign keys, and nothing else: no key is
wrapped anew, nothing is looked at twice, written into ledger and journal, counted or vacuumed.
"""

from __future__ import annotations

import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import text

from bench import many_due
from bench.installation import installation
from bench.many_due import DUE, at, last_use
from bench.timing import Measure
from db.asleep import NOTICE
from db.clock import seoul_day
from db.tables.member import DORMANT, LIVE
from services import destruction, dormancy, journal_file
from services.house import House

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation

    Found = dict[str, Measure]

FEW, MANY = 100_000, 1_000_000
_TABLES = list(zip(LIVE.all, DORMANT.all, strict=True))
_TOLD = text("""
    select m.member_id, m.last_counted_on from live.member m
    where m.last_counted_on <= :idle
        and not exists (select from live.service_use u where u.member_id = m.member_id
            and u.service = any(:counted) and u.last_used_on > m.last_counted_on)
        and not exists (select from ops.outbox n where n.member_id = m.member_id
            and n.key = :notice || ':' || m.last_counted_on)
        and not exists (select from live.restriction r
            where r.member_id = m.member_id and r.ended_at is null)
        and not exists (select from live.request r
            where r.member_id = m.member_id and r.state = 'open')
        and not exists (select from ops.hold h where h.member_id = m.member_id
            and h.lifted_at is null and h.ends_on >= :today)
        and not exists (select from ops.move w where w.member_id = m.member_id)
        and not exists (select from live.guardianship g join live.member c using (member_id)
            where g.guardian_id = m.member_id and (g.ended_on is null or g.ended_on > :today)
                and c.turns_14_on > :today)
""")
_SEPARATED = text("""
    insert into ops.separation (member_id, notice_id, noticed_at, notice_days, last_counted_on,
        policy_version, separated_at, sleeps_on)
    select m.member_id, n.message_id, n.sent_at, 30, m.last_counted_on, '2021-03-15', :now,
        n.sleeps_on
    from live.member m join ops.outbox n on n.member_id = m.member_id
    where m.last_counted_on = :last and n.template = :notice
""")
_EACH = ", ".join(
    f"gone_{old.name} as (delete from {old.fullname} t using due d "  # noqa: S608 (our own tables)
    f"where t.member_id = d.member_id returning t.*), "
    f"new_{old.name} as (insert into {new.fullname} select * from gone_{old.name})"
    for old, new in _TABLES
)
_MOVED = text(f"""
    with due as materialized (select member_id from live.member where last_counted_on = :last),
    {_EACH} select count(*) from gone_member
""")  # noqa: S608
_GONE = (
    "delete from live.record where ends_on = :day",
    "delete from retained.record where ends_on = :day",
    """create temporary table gone on commit drop as
       select distinct member_id from retained.profile_value where ends_on = :day""",
    "delete from retained.profile_value where ends_on = :day",
    "delete from retained.member m using gone g where m.member_id = g.member_id",
)


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long one piece of work takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


class Day:
    """An installation on days on which the same number is due, ours and bare in turn."""

    def __init__(self, place: Installation) -> None:
        """Take an installation that `many_due.fill` filled."""
        self._place = place
        self._house = House(place.work, place.keyring)

    def select(self) -> int:
        """Find whom to tell, batch after batch; nothing is written."""
        found, given = 0, dormancy.given(at(0)) | dormancy.START
        with self._place.work.data.connect() as data:
            while True:
                picked = dormancy.to_tell(data, given)
                found += len(picked)
                if not picked:
                    return found
                given |= dormancy.after(picked)

    def select_bare(self) -> int:
        """Find them by one query."""
        given = {k: v for k, v in dormancy.given(at(0)).items() if f":{k}" in str(_TOLD)}
        with self._place.work.data.connect() as data:
            return len(data.execute(_TOLD, given).all())

    def separate(self, day: int) -> int:
        """Put to sleep who is due."""
        return sum(dormancy.separate(self._house, at(day)))

    def separate_bare(self, day: int) -> int:
        """Move the same rows."""
        last = {"last": last_use(day)}
        with self._place.work.data.begin() as data:
            data.execute(_SEPARATED, last | {"now": at(day), "notice": NOTICE})
            return data.scalar(_MOVED, last) or 0

    def destroy(self, day: int) -> int:
        """Destroy what is due, keys and traces too."""
        return destruction.run(self._house.databases, at(day)).members

    def destroy_bare(self, day: int) -> int:
        """Delete the same rows."""
        with self._place.work.data.begin() as data:
            for statement in _GONE:
                given = {"day": seoul_day(at(day - 1))} if ":day" in statement else {}
                data.execute(text(statement), given)
            gone = list(data.scalars(text("select member_id from gone")))
        with self._place.work.keys.begin() as keys:
            for table in ("member_key", "blind_index", "sign_in"):
                theirs = "store = 'retained' and " if table == "member_key" else ""
                statement = f"delete from keys.{table} where {theirs} member_id = any(:gone)"  # noqa: S608
                keys.execute(text(statement), {"gone": gone})
        return len(gone)

    def measured(self) -> Found:
        """Return what each takes beside its floor."""
        pairs = [(milliseconds(self.select), milliseconds(self.select_bare)) for _ in range(4)]
        return {
            "notice_selection": _median(pairs[1:]),
            # In this order: what was moved away leaves work for the next vacuum.
            "destruction": self._in_turn(self.destroy, self.destroy_bare),
            "separation": self._in_turn(self.separate, self.separate_bare),
        }

    def _in_turn(self, ours: Callable[[int], int], bare: Callable[[int], int]) -> Measure:
        """Let each have its day, and then again; the first of each warms the caches."""
        return _median([
            (milliseconds(partial(_all, ours, day)), milliseconds(partial(_all, bare, day + 1)))
            for day in range(0, many_due.DAYS, 2)
        ][1:])  # fmt: skip


def _median(pairs: list[tuple[float, float]]) -> Measure:
    value, floor = (median(column) for column in zip(*pairs, strict=True))
    return Measure.of(value, floor)


def _all(work: Callable[[int], int], day: int) -> None:
    if (done := work(day)) != DUE:
        msg = f"{done} were done, not {DUE}: the time means nothing"
        raise RuntimeError(msg)


def _among(members: int) -> Found:
    with installation() as place:
        journal_file.open_in(place.var)
        many_due.fill(place, members, max(members // 10, many_due.DAYS * DUE))
        return Day(place).measured()


def measure(more: int = MANY) -> Found:
    """Return each beside bare SQL among `more` members, and beside itself among 100,000."""
    few, many = _among(FEW), _among(more)
    return named(few, many, more)


def named(few: Found, many: Found, more: int) -> Found:
    """Return the measures under the names that they are kept by; what bare SQL grows by is one."""
    found: Found = {}
    for name, one in many.items():
        found[f"{name}_beside_bare_sql"] = one
        found[f"{name}_among_{more}_members"] = Measure.of(one.value, few[name].value)
        found[f"bare_{name}_among_{more}_members"] = Measure.of(one.floor, few[name].floor)
    return found
