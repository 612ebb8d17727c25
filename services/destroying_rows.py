"""The statements that destroy rows, a batch a transaction, each counted where it is committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import (
    ColumnElement,
    and_,
    any_,
    delete,
    distinct,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.tables import ops
from db.tables.keeping import destruction, destruction_run
from db.tables.linking import linking
from db.words import DestructionMethod, Store
from services import due
from services.holds import AFTER_WITHDRAWAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from sqlalchemy import Connection, Engine, Table

    from services.due import Dated

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
CASE_WORDS: Final = "case_words"
"""What it calls what callers said and showed, and the rule."""
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


class Line(NamedTuple):
    """What a record gains: rows of a store, kind and policy version, and how many on paper."""

    what: tuple[Store, str, str]
    rows: int
    paper: int = 0
    method: DestructionMethod = DestructionMethod.ROWS


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
                places = func.array(
                    picked.correlate(None).with_for_update(skip_locked=True).scalar_subquery()
                )
                lines = delete_rows(connection, dated, place == any_(places))
                gone = record_all(connection, batch, lines)
            yield gone
            if gone < batch.size:
                break


def _place(table: Table) -> ColumnElement[str]:
    """Return the row's physical place: deleting by it needs no second look at an index."""
    return literal_column(f"{table.fullname}.ctid")


def delete_rows(connection: Connection, dated: Dated, chosen: ColumnElement[bool]) -> list[Line]:
    """Delete the chosen rows; return how many there were of each kind, from one statement."""
    gone = (
        delete(dated.table)
        .where(chosen)
        .returning(
            dated.kind.label("kind"), dated.version.label("version"), dated.form.label("form")
        )
        .cte("gone")
    )
    kind, version = gone.c.kind, gone.c.version
    rows = select(kind, version, func.count().label("rows")).group_by(kind, version).subquery()
    # Apart: telling forms from one another sorts them, and hardly a row came on one.
    forms = (
        select(kind, version, func.count(distinct(gone.c.form)).label("paper"))
        .where(gone.c.form.is_not(None)).group_by(kind, version).subquery()
    )  # fmt: skip
    same = and_(forms.c.kind == rows.c.kind, forms.c.version == rows.c.version)
    paper = func.coalesce(forms.c.paper, 0)
    counted = select(rows.c.kind, rows.c.version, rows.c.rows, paper).outerjoin(forms, same)
    return [
        Line((dated.store, row.kind, row.version), row.rows, row[3])
        for row in connection.execute(counted)
    ]


def record_all(connection: Connection, batch: Batch, lines: Iterable[Line]) -> int:
    """Add lines to the run's record, one transaction after the other; return the rows."""
    found = sorted(lines)
    if found:
        _open_again(connection, batch.run_id)
    return sum(
        record(connection, batch, line.what, line.rows, paper=line.paper, method=line.method)
        for line in found
    )


def _open_again(connection: Connection, run_id: UUID) -> None:
    """Let the record of a run that goes on be open, should somebody have closed it meanwhile."""
    again = {"vacuumed_at": None, "verified_at": None, "left_over": None}
    opened = update(destruction_run).where(destruction_run.c.run_id == run_id)
    connection.execute(opened.values(again))


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
