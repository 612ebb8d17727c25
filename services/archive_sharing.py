"""The files of who received what, who may, and who was told of changes (clauses 5, 6; P17, P33).

What the law lets us show later is left out until its day, as on the screens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, func, or_, select

from db.tables.ops import company, dispatch
from db.words import N_, Change, CompanyRole, ExportGroup
from services import companies, consent_words
from services.archive_columns import Column, File, Form
from services.consent_receipts import BY
from services.profile_words import SOURCES
from services.sharing_words import CHANGES, GROUNDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Table

    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_GROUP: Final = ExportGroup.SHARING
ROLES: Final = {
    CompanyRole.RECIPIENT: N_("May receive data"),
    CompanyRole.PROCESSOR: N_("Works with data for us"),
}
_ALL_CHANGES: Final = {**CHANGES, Change.LEFT: N_("Membership ended")}


def shown(source: Source, table: Table) -> ColumnElement[bool]:
    """Return what picks the member's rows that they may see today."""
    c = table.c
    open_now = or_(c.shown_from.is_(None), c.shown_from <= source.today)
    return (c.member_id == source.member_id) & open_now


def _disclosures(source: Source) -> Select[Any]:
    table = source.tables.disclosure
    name = func.coalesce(company.c.name, table.c.recipient)
    return (
        select(table, name.label("recipient_name"))
        .select_from(table.outerjoin(company, company.c.company_id == table.c.recipient))
        .where(shown(source, table))
        .order_by(
            table.c.disclosed_on.desc(), table.c.disclosed_at.desc().nulls_last(),
            table.c.disclosure_id,
        )
    )  # fmt: skip


DISCLOSURES: Final = File(
    "disclosures", N_("Records of what was given to others"), _GROUP, "disclosure",
    (
        Column("disclosure_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("disclosed_on", N_("Day"), Form.DAY),
        Column("disclosed_at", N_("Time"), Form.MOMENT, shown=False),
        Column("recipient", N_("Company (short name)"), shown=False),
        Column("recipient_name", N_("Given to"), holds=()),
        Column("items", N_("Items"), Form.ITEMS),
        Column("purpose", N_("Used for"), Form.PURPOSE),
        Column("ground", N_("Ground"), Form.WORD, GROUNDS),
        Column("asked_by", N_("Asked by"), Form.WORD, BY, shown=False),
        Column("ground_id", N_("Number of the ground"), Form.ID, shown=False),
        Column("kept_until", N_("They may keep it until"), Form.DAY),
        Column("shown_from", N_("Shown since"), Form.DAY, shown=False),
        Column("source", N_("From"), Form.WORD, SOURCES, shown=False),
    ),
    _disclosures,
)  # fmt: skip


def _demands(source: Source) -> Select[Any]:
    table = source.tables.demand
    return select(table).where(shown(source, table)).order_by(table.c.entered_at.desc())


DEMANDS: Final = File(
    "legal_demands", N_("Records of demands made by law"), _GROUP, "demand",
    (
        Column("demand_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("authority", N_("Authority")),
        Column("legal_basis", N_("Law")),
        Column("items", N_("Items demanded"), Form.ITEMS),
        Column("approved_items", N_("Items approved"), Form.ITEMS),
        Column("received_on", N_("Received on"), Form.DAY),
        Column("entered_at", N_("Entered on"), Form.MOMENT),
        Column("approved_at", N_("Approved on"), Form.MOMENT),
        Column("refused_at", N_("Refused on"), Form.MOMENT),
        Column("shown_from", N_("Shown since"), Form.DAY, shown=False),
    ),
    _demands,
)  # fmt: skip


def _companies(_source: Source) -> Select[Any]:
    listed = company.c.ended_at.is_(None) & company.c.role.in_(ROLES)
    return select(company).where(listed).order_by(company.c.role, company.c.name)


def _task(reading: Reading) -> Callable[[Any], Value]:
    def read(row: Any) -> Value:  # noqa: ANN401
        said = row.task or {}
        return said.get(reading.language) or next(iter(said.values()), None)

    return read


def _kept(reading: Reading) -> Callable[[Any], Value]:
    def read(row: Any) -> Value:  # noqa: ANN401
        return consent_words.kept(reading.language, companies.kept_of(row.kept))

    return read


COMPANIES: Final = File(
    "companies", N_("Companies and processors"), _GROUP, "company",
    (
        Column("company_id", N_("Company (short name)"), shown=False, holds=()),
        Column("name", N_("Company"), holds=()),
        Column("role", N_("Part"), Form.WORD, ROLES, holds=()),
        Column("task", N_("Task"), holds=(), read=_task),
        Column("purpose", N_("Used for"), Form.PURPOSE, holds=()),
        Column("items", N_("Items"), Form.ITEMS, holds=()),
        Column("kept", N_("Kept there"), holds=(), read=_kept),
        Column("contract_ends_on", N_("Contract ends on"), Form.DAY, holds=()),
        Column("fictional", N_("made up"), Form.MARK, holds=()),
    ),
    _companies, keeping="",
)  # fmt: skip


def _told(source: Source) -> Select[Any]:
    return (
        select(dispatch, company.c.name)
        .join(company, company.c.company_id == dispatch.c.company_id)
        .where(dispatch.c.member_id == source.member_id)
        .order_by(dispatch.c.created_at.desc(), dispatch.c.dispatch_id)
    )


TOLD: Final = File(
    "companies_told", N_("Told of changes"), _GROUP, "dispatch",
    (
        Column("dispatch_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("company_id", N_("Company (short name)"), shown=False),
        Column("name", N_("Company"), holds=()),
        Column("change", N_("What changed"), Form.WORD, _ALL_CHANGES),
        Column("items", N_("Items"), Form.ITEMS),
        Column("created_at", N_("Noted on"), Form.MOMENT),
        Column("sent_at", N_("Sent on"), Form.MOMENT),
        Column("answered_at", N_("Confirmed on"), Form.MOMENT),
        Column("failed_at", N_("Could not be sent"), Form.MOMENT),
    ),
    _told,
)  # fmt: skip

FILES: Final = (DISCLOSURES, DEMANDS, COMPANIES, TOLD)
