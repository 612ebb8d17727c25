"""Receipts of what was decided about consents, as a file to keep (network act art. 50(7))."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Select, Uuid, bindparam, select

from db.errors import PortalError
from db.policy import in_force
from db.tables.member import STORES
from db.tables.ops import company
from db.words import N_, ConsentKind
from services import consent_words
from services.language import format_date, format_datetime, translate

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from db.words import Store
    from services.language import Language
    from services.whose import Whose

_TEMPLATES = Path(__file__).parent / "templates"
BY = {
    "self": N_("the member"),
    "guardian": N_("a guardian"),
    "staff": N_("our staff, in a case"),
}


class NoReceipt(PortalError):  # noqa: N818 (said to who asked for it)
    """There is no such decision of this member's."""


@dataclass(frozen=True)
class Line:
    """One decision as the receipt says it; None for what nobody recorded."""

    what: str
    granted: bool
    decided_at: datetime
    ends_on: date | None
    wording: str | None
    policy_version: str | None
    by: str | None


def lines(subject: Whose, consent_id: UUID | None, language: Language) -> tuple[Line, ...]:
    """Return the decisions of one moment, or all with a date, the newest first: one query.

    What was decided in one action stands together: `consent_id` is any of them. Raise `NoReceipt`.
    """
    rows = subject.connection.execute(
        _decided(subject.tables.store), {"member": subject.member_id}
    ).all()
    if consent_id is not None:
        at = {row.decided_at for row in rows if row.consent_id == consent_id}
        rows = [row for row in rows if row.decided_at in at]
    if not rows:
        raise NoReceipt(N_("There is no record of such a decision."))
    return tuple(_line(row, language) for row in rows)


def _line(row: Any, language: Language) -> Line:  # noqa: ANN401
    by = BY.get(row.decided_by or "")
    return Line(
        _what(row, language), row.granted, row.decided_at, row.ends_on, row.wording,
        row.policy_version, translate(language, by) if by else None,
    )  # fmt: skip


def _what(row: Any, language: Language) -> str:  # noqa: ANN401
    kind, ways = row.kind, {"advertising": "advertising", "advertising_night": "night"}
    consent = f"{ways[kind]}.{row.channel}" if kind in ways else kind
    recipient = (row.name or row.recipient) if kind == ConsentKind.THIRD_PARTY else None
    if kind == ConsentKind.COLLECTION:
        held = N_("Holding data: {item}") if row.item else N_("Holding data")
        return translate(language, held, item=consent_words.item_name(language, row.item))
    return consent_words.line(language, consent, recipient, row.item)


@cache
def _decided(store: Store) -> Select[Any]:
    table = STORES[store].consent
    return (
        select(table, company.c.name)
        .select_from(table.outerjoin(company, company.c.company_id == table.c.recipient))
        .where(
            table.c.member_id == bindparam("member", type_=Uuid), table.c.decided_at.is_not(None)
        )
        .order_by(table.c.decided_at.desc(), table.c.kind, table.c.channel, table.c.item)
    )


def html(subject: Whose, found: tuple[Line, ...], language: Language) -> str:
    """Return the receipt: sender, facts, dates and results, with the exact words, as a page."""
    template = _environment().get_template("consent_receipt.html")
    sender = ", ".join(one.name for one in in_force(subject.today).controllers)
    return template.render(
        lines=found, sender=sender, made_at=subject.at, language=language,
        _=lambda message, **params: translate(language, message, **params),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(date=format_date, moment=format_datetime)
    return made
