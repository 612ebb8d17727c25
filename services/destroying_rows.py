"""The statements that destroy rows, a batch a transaction, each counted where it is committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from sqlalchemy import (
    Column,
    ColumnElement,
    any_,
    delete,
    distinct,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.law import law
from db.tables import ops
from db.tables.keeping import destruction, destruction_run, key_due
from db.tables.linking import linking
from db.tables.member import STORES
from db.tables.moves import move, separation, withdrawal, withdrawal_line
from db.tables.reports import report
from db.words import DestructionMethod, Store
from services import due
from services.holds import AFTER_WITHDRAWAL
from services.leaving_plan import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Engine, Select, Table

    from services.due import Dated

_RETAINED = STORES[Store.RETAINED]
SIGN_IN: Final = (
    ops.credential, ops.one_time, ops.authorization_code, ops.signin_session, ops.session,
    ops.outbox, linking,
)  # fmt: skip
"""What lets somebody in, or waits to be sent to them: goes when they leave."""
LEAVING: Final = "leaving"
"""What a destruction record calls what went because its member left, and the rule."""
EXPORTS: Final = "export"
"""What it calls copies made for members to take, a file each, and the rule."""
REPORTS: Final = "report"
"""What it calls reports of anybody with all that was answered."""
STAFF_ACCESS: Final = "staff_access"
"""What it calls rows of the register of who could see members' data, and the rule."""


@dataclass(frozen=True)
class Batch:
    """Which run destroys, as of when, how many rows or members at a time."""

    run_id: UUID
    now: datetime
    size: int

    @property
    def today(self) -> date:
        """Return the run's day in Seoul."""
        return seoul_day(self.now)


def destroy_rows(data: Engine, batch: Batch) -> Iterator[int]:
    """Destroy the rows that end one by one, in live and dormant; yield how many each batch took."""
    for dated in due.DATED:
        if dated.store is Store.RETAINED:
            continue
        while True:
            with data.begin() as connection:
                free = due.condition(dated, batch.today, due.waits_before(connection))
                place = _place(dated.table)
                picked = select(place).where(free).limit(batch.size)
                gone = _delete(connection, dated, picked.with_for_update(skip_locked=True), batch)
            yield gone
            if gone < batch.size:
                break


def _place(table: Table) -> ColumnElement[str]:
    """Return the row's physical place: deleting by it needs no second look at an index."""
    return literal_column(f"{table.fullname}.ctid")


def _delete(connection: Connection, dated: Dated, picked: Select[str], batch: Batch) -> int:
    """Delete the picked rows and count them in the run's record, in one statement."""
    places = func.array(picked.correlate(None).scalar_subquery())
    gone = (
        delete(dated.table)
        .where(_place(dated.table) == any_(places))
        .returning(
            dated.kind.label("kind"), dated.version.label("version"), dated.form.label("form")
        )
        .cte("gone")
    )
    counted = select(
        gone.c.kind, gone.c.version, func.count(),
        func.count(distinct(gone.c.form)).filter(gone.c.form.is_not(None)),
    ).group_by(gone.c.kind, gone.c.version)  # fmt: skip
    return sum(
        record(connection, batch, (dated.store, kind, version), rows, paper=paper)
        for kind, version, rows, paper in connection.execute(counted)
    )


def day_run(connection: Connection, runs: UUID, now: datetime) -> UUID:
    """Open the run of a day for what ends one by one; the hourly run vacuums and closes it.

    `runs` names the kind of run.
    """
    day = seoul_day(now)
    run_id = uuid5(runs, day.isoformat())
    begun = insert(destruction_run).values(run_id=run_id, day=day, started_at=now, finished_at=now)
    again = {"finished_at": now, "vacuumed_at": None, "verified_at": None, "left_over": None}
    connection.execute(begun.on_conflict_do_update(index_elements=["run_id"], set_=again))
    return run_id


def record(
    connection: Connection,
    batch: Batch,
    what: tuple[Store, str, str],
    rows: int,
    *,
    paper: int = 0,
    method: DestructionMethod = DestructionMethod.ROWS,
) -> int:
    """Add to the run's record; return the rows. `what`: store, kind and policy version."""
    store, kind, version = what
    rule = AFTER_WITHDRAWAL if kind == due.MEMBERS else kind
    line = insert(destruction).values(
        run_id=batch.run_id, store=store, kind=kind, policy_version=version, rule=rule,
        method=method, rows=rows, on_paper=paper,
    )  # fmt: skip
    key = [destruction.c[name] for name in ("run_id", "store", "kind", "policy_version")]
    more = {
        "rows": destruction.c.rows + line.excluded.rows,
        "on_paper": destruction.c.on_paper + line.excluded.on_paper,
    }
    connection.execute(line.on_conflict_do_update(index_elements=key, set_=more))
    return rows


def destroy_members(data: Engine, batch: Batch) -> Iterator[tuple[int, int]]:
    """Destroy what is due of members who left; yield the rows and the whole members of a batch.

    A member is taken in hand whole, so that of two workers that destroy their last rows one sees
    that nothing is left.
    """
    while True:
        with data.begin() as connection:
            ids = _in_hand(connection, batch)
            rows = sum(_delete_of(connection, dated, ids, batch) for dated in _kept())
            gone = _gone(connection, ids, batch) if ids else 0
            if ids:
                certify(connection, ids, batch.now)
        yield rows, gone
        if len(ids) < batch.size:
            return


def _kept() -> tuple[Dated, ...]:
    return (*(one for one in due.DATED if one.store is Store.RETAINED), due.KEPT_VALUES)


def _in_hand(connection: Connection, batch: Batch) -> Sequence[UUID]:
    """Lock members of whom something is due, those nobody has in hand, and return who they are."""
    whose = or_(
        *(
            _RETAINED.member.c.member_id.in_(
                select(one.table.c.member_id).where(due.past(one, batch.today))
            )
            for one in _kept()
        )
    )
    chosen = select(_RETAINED.member.c.member_id).where(whose).limit(batch.size)
    return connection.scalars(chosen.with_for_update(skip_locked=True)).all()


def _delete_of(connection: Connection, dated: Dated, ids: Sequence[UUID], batch: Batch) -> int:
    if not ids:
        return 0
    mine = dated.table.c.member_id == any_(literal(list(ids)))
    picked = select(_place(dated.table)).where(mine, due.past(dated, batch.today))
    return _delete(connection, dated, picked, batch)


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
            whose == any_(literal(list(ids))),
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


def _gone(connection: Connection, ids: Sequence[UUID], batch: Batch) -> int:
    """Remove the members of whom nothing is kept; their keys are due from now on."""
    member = _RETAINED.member
    removed = (
        delete(member)
        .where(member.c.member_id.in_(ids), ~_left(member.c.member_id))
        .returning(member.c.member_id)
    )
    gone = connection.scalars(removed).all()
    if not gone:
        return 0
    for table in SIGN_IN:
        connection.execute(delete(table).where(table.c.member_id.in_(gone)))
    noted = insert(key_due).values([{"member_id": one, "at": batch.now} for one in gone])
    connection.execute(noted.on_conflict_do_nothing())
    what = (Store.RETAINED, due.MEMBERS, "")
    method = DestructionMethod.ROWS_AND_KEY
    return record(connection, batch, what, len(gone), method=method)
