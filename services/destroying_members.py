"""Destroys what is due of members who left, and the members of whom nothing is kept any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db.among import among
from db.law import law
from db.tables.keeping import key_due
from db.tables.member import STORES
from db.tables.moves import move, separation, withdrawal, withdrawal_line
from db.tables.reports import report
from db.words import DestructionMethod, Store
from services import due
from services.destroying_rows import LEAVING, SIGN_IN, Line, delete_rows, record_all
from services.leaving_plan import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from services.destroying_rows import Batch
    from services.due import Dated

_RETAINED = STORES[Store.RETAINED]
_AT_ONCE: Final = 2
_WITH_KEY: Final = DestructionMethod.ROWS_AND_KEY


def destroy_members(data: Engine, batch: Batch) -> Iterator[tuple[int, int]]:
    """Destroy what is due of members who left; yield the rows and the whole members of a batch.

    A member is taken in hand whole, so that of two workers that destroy their last rows one sees
    that nothing is left. Two batches at once: the database's time is for looking after references.
    """
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        more = True
        while more:
            done = list(threads.map(partial(_destroy_some, data), [batch] * _AT_ONCE))
            yield sum(one.rows for one in done), sum(one.members for one in done)
            # Whoever found fewer than a batch found only others' hands on the rest.
            more = all(one.in_hand == batch.size for one in done)


class _Done(NamedTuple):
    """How many members were in hand, what went of them, and how many are gone."""

    in_hand: int
    rows: int
    members: int


def _destroy_some(data: Engine, batch: Batch) -> _Done:
    with data.begin() as connection:
        ids = _in_hand(connection, batch)
        if not ids:
            return _Done(0, 0, 0)
        lines = [line for dated in _kept() for line in _delete_of(connection, dated, ids, batch)]
        rows, (members, others) = sum(line.rows for line in lines), _gone(connection, ids, batch)
        certify(connection, ids, batch.now)
        for kind, count in ((due.MEMBERS, members), (LEAVING, others)):
            if count:
                lines.append(Line((Store.RETAINED, kind, ""), count, method=_WITH_KEY))
        # At the end: whoever writes the same lines waits for us.
        record_all(connection, batch, lines)
    return _Done(len(ids), rows, members)


def _kept() -> tuple[Dated, ...]:
    return (*(one for one in due.DATED if one.store is Store.RETAINED), due.KEPT_VALUES)


def _in_hand(connection: Connection, batch: Batch) -> Sequence[UUID]:
    """Lock members of whom something is due, those nobody has in hand, and return who they are."""
    due_of = union(
        *(select(one.table.c.member_id).where(due.past(one, batch.today)) for one in _kept())
    )
    whose = _RETAINED.member.c.member_id.in_(due_of)
    chosen = select(_RETAINED.member.c.member_id).where(whose).limit(batch.size)
    return connection.scalars(chosen.with_for_update(skip_locked=True)).all()


def _delete_of(
    connection: Connection, dated: Dated, ids: Sequence[UUID], batch: Batch
) -> list[Line]:
    mine = among(dated.table.c.member_id, ids)
    return delete_rows(connection, dated, and_(mine, due.past(dated, batch.today)))


def certify(connection: Connection, ids: Sequence[UUID], now: datetime) -> None:
    """Note on the certificates of members who left which kinds are gone by now (P34)."""
    whose, line = withdrawal.c.member_id, withdrawal_line.c
    here = (
        exists().where(_RETAINED.record.c.member_id == whose, _RETAINED.record.c.kind == line.kind),
        (line.kind == law().reports.rule) & exists().where(report.c.member_id == whose),
        exists().where(
            _RETAINED.profile_value.c.member_id == whose,
            _RETAINED.profile_value.c.item == line.kind,
        ),
        line.kind.in_(OTHERS) & exists().where(_RETAINED.member.c.member_id == whose),
    )
    gone = (
        update(withdrawal_line)
        .where(
            line.withdrawal_id == withdrawal.c.withdrawal_id,
            among(whose, ids),
            line.destroyed_at.is_(None),
            ~or_(*here),
        )
        .values(destroyed_at=now)
    )
    connection.execute(gone)


def _left(column: Column[UUID]) -> ColumnElement[bool]:
    """Return whether a value or a record of a member who left is still kept."""
    kept = (_RETAINED.profile_value, _RETAINED.record)
    return or_(*(exists().where(table.c.member_id == column) for table in kept))


def purge(connection: Connection, ids: Sequence[UUID]) -> int:
    """Remove all rows of these members, in whatever store they are; return how many there were.

    For a restore: who they were is destroyed already, so no record of it is written again.
    """
    theirs = [STORES[store].member for store in Store]
    found = sum(
        connection.execute(delete(table).where(table.c.member_id.in_(ids))).rowcount
        for table in theirs
    )
    for table in (separation, move, *SIGN_IN):
        connection.execute(delete(table).where(table.c.member_id.in_(ids)))
    return found


def _gone(connection: Connection, ids: Sequence[UUID], batch: Batch) -> tuple[int, int]:
    """Remove the members of whom nothing is kept; their keys are due from now on.

    Return how many went, and how many rows of what let them in or was sent to them.
    """
    member = _RETAINED.member
    gone = (
        delete(member)
        .where(among(member.c.member_id, ids), ~_left(member.c.member_id))
        .returning(member.c.member_id)
        .cte("gone")
    )
    rest = [
        delete(table)
        .where(table.c.member_id == gone.c.member_id)
        .returning(table.c.member_id)
        .cte(f"gone_{table.name}")
        for table in SIGN_IN
    ]
    each = select(gone.c.member_id, literal(batch.now))
    noted = insert(key_due).from_select(["member_id", "at"], each).on_conflict_do_nothing()
    members, *others = (
        select(func.count()).select_from(one).scalar_subquery() for one in (gone, *rest)
    )
    counted = select(members, sum(others, literal(0))).add_cte(noted.cte("noted"))
    row = connection.execute(counted).one()
    return row[0], row[1]
