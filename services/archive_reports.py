"""The file of what the member reported or asked, and what was answered (clause 10; P35)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from db.tables.ops import staff
from db.tables.reports import report, report_line
from db.words import N_, ExportGroup, ReportBy
from services import report_papers, report_words
from services.archive_columns import UNOPENED, Column, File, Form
from services.archive_common_columns import unopened
from services.archive_consents import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from db.sealing import Sealer
    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_BY: Final = {ReportBy.REPORTER: N_("From who reported"), ReportBy.STAFF: N_("Answer")}
_OF_REPORT: Final = (
    "report_id", "number", "kind", "state", "language", "received_at", "due_on", "ends_on",
    "policy_version", "closed_at", "outcome",
)  # fmt: skip


def _lines(source: Source) -> Select[Any]:
    return (
        select(
            *(report.c[name] for name in _OF_REPORT), report_line.c.line_id, report_line.c.at,
            report_line.c.by, report_line.c.sealed, staff.c.staff_no,
        )
        .join_from(report, report_line)
        .outerjoin(staff, staff.c.staff_id == report_line.c.staff_id)
        .where(report.c.member_id == source.member_id)
        .order_by(report.c.received_at.desc(), report.c.report_id, report_line.c.at,
                  report_line.c.line_id)
    )  # fmt: skip


def _opener() -> Callable[[Any], str | None]:
    """Return what opens a line: the key of a report is fetched once."""
    known: dict[UUID, Sealer | None] = {}

    def read(row: Any) -> str | None:  # noqa: ANN401
        if row.report_id not in known:
            known[row.report_id] = report_papers.sealer(row.report_id)
        return report_papers.line(known[row.report_id], bytes(row.sealed), row.line_id)

    return read


def _text(_reading: Reading) -> Callable[[Any], Value]:
    return _opener()


def _shut(_reading: Reading) -> Callable[[Any], Value]:
    read = _opener()
    return lambda row: UNOPENED if read(row) is None else None


def _of(name: str, label: str, form: Form = Form.TEXT, words: Any = None) -> Column:  # noqa: ANN401
    return Column(name, label, form, words, holds=(f"report.{name}",))


REPORTS: Final = File(
    "reports", N_("Reports and questions"), ExportGroup.MESSAGES, "report_line",
    (
        Column("report_id", N_("Number of the entry"), Form.ID,
               holds=("report.report_id", "report_line.report_id"), shown=False),
        Column("line_id", N_("Number of the line"), Form.ID, shown=False),
        _of("number", N_("Number")),
        _of("received_at", N_("Came in on"), Form.MOMENT),
        _of("kind", N_("What"), Form.WORD, report_words.KINDS),
        Column("by", N_("Who wrote it"), Form.WORD, _BY),
        Column("staff_no", N_("Staff number"), holds=()),
        Column("at", N_("When"), Form.MOMENT),
        Column("text", N_("Text"), holds=("report_line.sealed",), read=_text),
        _of("state", N_("State"), Form.WORD, report_words.STATES),
        _of("due_on", N_("Answer due on"), Form.DAY),
        _of("closed_at", N_("Closed on"), Form.MOMENT),
        _of("outcome", N_("What came of it"), Form.WORD, report_words.OUTCOMES),
        _of("language", N_("Language"), Form.WORD, LANGUAGES),
        _of("policy_version", N_("Policy version")),
        _of("ends_on", N_("Kept until"), Form.DAY),
        unopened(_shut),
    ),
    _lines, rule="complaint",
)  # fmt: skip
FILES: Final = (REPORTS,)
