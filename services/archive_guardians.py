"""The files of links to guardians, and of disputes about who acts for a child (P02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, case, cast, func, literal, select, union_all

from db import places
from db.tables.member import DORMANT, LIVE
from db.words import N_, ExportGroup
from services import dispute_words
from services.archive_columns import Column, File, Form
from services.archive_common_columns import opened, unopened
from services.profile_words import MEANS, REASONS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_GROUP: Final = ExportGroup.PROFILE
SIDES: Final = {
    "guardian_of_mine": N_("A guardian of mine"),
    "child_of_mine": N_("A child whose guardian I am"),
}


def _links(source: Source) -> Select[Any]:
    """Return the member's guardians, and whose guardian the member is; each person by a number."""
    mine, me = source.tables.guardianship, source.member_id
    columns = ("started_on", "ended_on", "means", "proof", "reason", "source", "suspended_on",
               "suspended_until", "suspended_why")  # fmt: skip
    sides = [select(
        literal("guardian_of_mine").label("side"), mine.c.guardian_id.label("person"),
        *(mine.c[name] for name in columns[:6]),
        *(_own_only(mine.c[name], mine.c.guardian_id, source) for name in columns[6:]),
    ).where(mine.c.member_id == me)]  # fmt: skip
    for tables in (LIVE, DORMANT):
        child = tables.guardianship
        sides.append(select(
            literal("child_of_mine").label("side"), child.c.member_id.label("person"),
            *(child.c[name] for name in columns),
        ).where(child.c.guardian_id == me))  # fmt: skip
    found = union_all(*sides).subquery("links")
    first = func.min(found.c.started_on).over(partition_by=(found.c.side, found.c.person))
    dated = select(found, first.label("first")).subquery("dated")
    number = func.dense_rank().over(
        partition_by=dated.c.side, order_by=(dated.c.first, dated.c.person)
    )
    return select(dated, cast(number, Integer).label("number")).order_by(
        dated.c.side.desc(), "number", dated.c.started_on
    )


def _own_only(column: Any, guardian: Any, source: Source) -> Any:  # noqa: ANN401 (columns)
    """Return a column; to a guardian only what is about them."""
    if source.guardian is None:
        return column
    return case((guardian == source.guardian, column)).label(column.name)


GUARDIANS: Final = File(
    "guardianships", N_("Links to guardians"), _GROUP, "guardianship",
    (
        Column("side", N_("Who"), Form.WORD, SIDES, holds=()),
        Column("number", N_("Number"), Form.NUMBER, holds=("guardianship.guardian_id",)),
        Column("started_on", N_("Since"), Form.DAY),
        Column("ended_on", N_("Ended on"), Form.DAY),
        Column("means", N_("How it was proved"), Form.WORD, MEANS),
        Column("proof", N_("The proof is on record"), Form.YES_NO),
        Column("reason", N_("As"), Form.WORD, REASONS),
        Column("source", N_("From"), Form.WORD, SOURCES),
        Column("suspended_on", N_("May not act since"), Form.DAY),
        Column("suspended_until", N_("May not act until"), Form.DAY),
        Column("suspended_why", N_("Why"), Form.WORD, dispute_words.SUSPENDED),
    ),
    _links,
)  # fmt: skip


def _disputes(source: Source) -> Select[Any]:
    """Return disputes about who acts for the member; a guardian takes along their own alone."""
    table = source.tables.dispute
    own = (table.c.opened_by == source.guardian,) if source.guardian else ()
    by_me = (table.c.opened_by == source.member_id).label("by_me")
    return (
        select(table, by_me)
        .where(table.c.member_id == source.member_id, *own)
        .order_by(table.c.opened_at, table.c.dispute_id)
    )


_SAID, _SAID_SHUT = opened("sealed", lambda row: places.dispute(row.dispute_id))
_DECIDED, _DECIDED_SHUT = opened("answer", lambda row: places.dispute_answer(row.dispute_id))


def _dispute_shut(reading: Reading) -> Callable[[Any], Value]:
    said, decided = _SAID_SHUT(reading), _DECIDED_SHUT(reading)
    return lambda row: said(row) or decided(row)


DISPUTES: Final = File(
    "disputes", N_("Disputes about who acts for the child"), _GROUP, "dispute",
    (
        Column("dispute_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("opened_at", N_("Said on"), Form.MOMENT),
        Column("by_me", N_("By the child"), Form.YES_NO, holds=("dispute.opened_by",)),
        Column("why", N_("Why"), Form.WORD, dispute_words.WHY),
        Column("said", N_("In my words"), holds=("dispute.sealed",), read=_SAID),
        Column("decided_at", N_("Decided on"), Form.MOMENT),
        Column("outcome", N_("What was decided"), Form.WORD, dispute_words.OUTCOMES),
        Column("answer", N_("Answer"), holds=("dispute.answer",), read=_DECIDED),
        unopened(_dispute_shut),
    ),
    _disputes,
)  # fmt: skip
