"""Columns that several files have: how a value came (P03), what is declared of it, what is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.declarations import ITEMS, Sensitivity
from db.policy import in_force
from db.words import N_, RIGHTS
from services.archive_columns import UNOPENED, Column, Form
from services.archive_words import PROBLEMS, item
from services.profile_words import BASES, GROUPS, SOURCES
from services.retention import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.archive_columns import Reading, Value


def provenance() -> tuple[Column, ...]:
    """Return the columns that say how a value came (P03); a table has room for two of them."""
    return (
        Column("source", N_("From"), Form.WORD, SOURCES),
        Column("partner", N_("Partner company")),
        Column("service", N_("Service")),
        Column("obtained_on", N_("Obtained on"), Form.DAY, shown=False),
        Column("policy_version", N_("Policy version then"), shown=False),
    )


def opened(
    column: str, place: Callable[[Any], str]
) -> tuple[
    Callable[[Reading], Callable[[Any], Value]], Callable[[Reading], Callable[[Any], Value]]
]:
    """Return what reads a sealed column, and what says that it can't be opened."""

    def value(reading: Reading) -> Callable[[Any], Value]:
        return lambda row: reading.source.open(getattr(row, column), place(row))

    def problem(reading: Reading) -> Callable[[Any], Value]:
        def read(row: Any) -> Value:  # noqa: ANN401
            sealed = getattr(row, column)
            shut = sealed is not None and reading.source.open(sealed, place(row)) is None
            return UNOPENED if shut else None

        return read

    return value, problem


def unopened(*read: Callable[[Reading], Callable[[Any], Value]]) -> Column:
    """Return the column that names what can't be opened."""
    first = read[0] if read else None
    return Column("problem", N_("Problem"), Form.WORD, PROBLEMS, holds=(), read=first)


def _of(give: Callable[[Reading, str], Value]) -> Callable[[Reading], Callable[[Any], Value]]:
    """Return what tells something of the item that a row names."""

    def made(reading: Reading) -> Callable[[Any], Value]:
        return lambda row: give(reading, row.item)

    return made


def _if_left(reading: Reading, name: str) -> Value:
    ends = until(in_force(reading.source.today), name, reading.source.today).if_left_today
    return ends.isoformat() if ends else None


def _uses(_reading: Reading, name: str) -> Value:
    return sorted(ITEMS[name].purposes - RIGHTS) if name in ITEMS else []


def _sensitive(_reading: Reading, name: str) -> Value:
    return name in ITEMS and ITEMS[name].sensitivity is Sensitivity.SENSITIVE


def marks() -> tuple[Column, ...]:
    """Return the columns that the declarations and the stops say of a row's `item`."""
    return (
        Column("label", N_("Item name"), holds=(), shown=False,
               read=_of(lambda reading, name: item(reading.language, name))),
        Column("group", N_("Group"), Form.WORD, {g: title for g, (title, _) in GROUPS.items()},
               (), _of(lambda _, name: ITEMS[name].group if name in ITEMS else None), shown=False),
        Column("purposes", N_("Used for"), Form.PURPOSES, None, (), _of(_uses), shown=False),
        Column("legal_basis", N_("Legal basis"), Form.WORD, BASES, (),
               _of(lambda _, name: ITEMS[name].basis if name in ITEMS else None), shown=False),
        Column("restricted", N_("A use of it is stopped"), Form.MARK, holds=(),
               read=_of(lambda reading, name: reading.source.restricts(name))),
        Column("sensitive", N_("Sensitive"), Form.MARK, holds=(), read=_of(_sensitive)),
        Column("kept_if_left_until", N_("If you left today, kept until"), Form.DAY, None, (),
               _of(_if_left), shown=False),
    )  # fmt: skip
