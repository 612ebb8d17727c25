"""Does again what was decided about bars on joining again; the worker makes it known as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, update

from db.tables.bars import bar
from db.words import Noted
from services import jobs, journal_rows

if TYPE_CHECKING:
    from services.journal import Entry
    from services.replay_row import Target

KINDS: Final = frozenset({Noted.BARRED, Noted.BAR_OBJECTED, Noted.BAR_KEPT, Noted.BAR_LIFTED})


def do(target: Target, entry: Entry, *, sure: bool) -> bool:
    """Do one decision; return whether it was done. Of one that is not sure, an objection only.

    Staff who are not in the restored data can't answer for anything: what they placed is lost, and
    what they answered waits for an answer again.
    """
    said, by = entry.detail, entry.detail.get("placed_by") or entry.detail.get("by")
    if not sure and entry.kind is not Noted.BAR_OBJECTED:
        return False
    staff = UUID(by) if by else None
    if entry.kind is not Noted.BAR_OBJECTED and staff not in target.staff:
        target.lost += 1
        return True
    if entry.kind is Noted.BARRED:
        plain = {"member_id": str(entry.member_id), "placed_at": entry.at.isoformat()}
        row = plain | {name: said[name] for name in ("bar_id", "why", "ends_on", "placed_by")}
        [(table, typed)] = journal_rows.unpacked([[bar.fullname, list(row), [list(row.values())]]])
        journal_rows.put(target.data, table, typed)
    else:
        here = update(bar).where(bar.c.bar_id == UUID(said["bar_id"]))
        target.data.execute(here.values(_values(entry, staff)))
    jobs.defer(target.data, jobs.BAR, bar_id=said["bar_id"])
    return True


def _values(entry: Entry, staff: UUID | None) -> dict[str, Any]:
    """Return what a decision changes, as `services.bars` has the database do it."""
    if entry.kind is Noted.BAR_OBJECTED:
        return {"objected_at": func.coalesce(bar.c.objected_at, entry.at)}
    if entry.kind is Noted.BAR_KEPT:
        return {"answered_by": staff, "answered_at": entry.at, "kept_why": entry.detail["why"]}
    return {
        "lifted_by": staff, "lifted_at": entry.at,
        "answered_by": _if_asked(func.coalesce(bar.c.answered_by, staff)),
        "answered_at": _if_asked(func.coalesce(bar.c.answered_at, entry.at)),
    }  # fmt: skip


def _if_asked(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((bar.c.objected_at.is_not(None), value))
