"""Rows that belong to nobody, and rows of CSV files that have not the form of their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.importer.children import refuse_lines
from db.importer.columns import chunks
from db.importer.parse import key_text
from db.importer.people import where
from db.importer.tally import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.importer.plan import Branch, LineBranch
    from db.importer.reader import Reader
    from db.importer.tally import Tally


def misfits(reader: Reader) -> Iterator[Tally]:
    """Yield tallies that refuse every such row, so that all that was read is accounted for."""
    yield _formless(reader)
    for branch in reader.plan.branches:
        if not branch.own:
            yield from _of_no_member(reader, branch)
        if branch.lines:
            yield from _of_no_record(reader, branch.lines)


def _formless(reader: Reader) -> Tally:
    tally = reader.blank.empty()
    for label, table in reader.plan.tables.items():
        for line, reason in reader.source.broken(table):
            tally.fetched(label)
            tally.refuse(Place(label, f"line {line}"), "", reason)
    return tally


def _of_no_member(reader: Reader, branch: Branch) -> Iterator[Tally]:
    part = branch.part
    rows = reader.source.orphans(branch.join, [part.member, branch.order], branch.order)
    number = 0
    for some in chunks(rows):
        tally = reader.blank.empty()
        lines = reader.lines(branch.lines, branch.order, some)
        for row in some:
            number += 1
            place = Place(branch.label, where(row, f"none.{number}"))
            tally.fetched(branch.label)
            tally.refuse(place, part.member, "it belongs to no member")
            own = lines.pop(key_text(row[branch.order]), [])
            refuse_lines(branch.lines, own, place, tally)
        yield tally


def _of_no_record(reader: Reader, lines: LineBranch) -> Iterator[Tally]:
    part = lines.lines
    number = 0
    for some in chunks(reader.source.orphans(lines.join, [part.record], part.key)):
        tally = reader.blank.empty()
        for row in some:
            number += 1
            place = Place(lines.label, where(row, f"none.{number}"))
            tally.fetched(lines.label)
            tally.refuse(place, part.record, "it belongs to no record")
        yield tally
