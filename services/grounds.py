"""On which ground data may leave: consent, own request, purchase, legal demand (clause 5, P16-P19).

A ground that can't be shown is none. What the law demands is the one case that asks no purpose of
ours; but even then disputed data stays where it is (P32).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import literal, or_, select

from db.declarations import ITEMS
from db.errors import PortalError
from db.tables.ops import company as companies_table
from db.words import (
    N_,
    RIGHTS,
    CompanyRole,
    Ground,
    Purpose,
    RecordKind,
    RestrictionWhy,
)
from services import companies, use
from services.actor import Relation
from services.use import Why

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from db.period import Period
    from services.companies import Company
    from services.subject import Subject


class Refusal(StrEnum):
    """Why nothing was given."""

    NO_ITEM = "no_item"
    NO_RECIPIENT = "no_recipient"
    NOT_NAMED = "not_named"
    UNDECLARED = "undeclared"
    STORE_ONLY = "store_only"
    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"
    NO_REQUEST = "no_request"
    NO_PURCHASE = "no_purchase"
    NO_DEMAND = "no_demand"
    NOTHING_HELD = "nothing_held"


SENTENCES: dict[Refusal, str] = {
    Refusal.NO_ITEM: N_("Nothing was given: no item was named."),
    Refusal.NO_RECIPIENT: N_("Nothing was given: this company is no recipient, or not any more."),
    Refusal.NOT_NAMED: N_(
        "Nothing was given: these items or this purpose aren't named for the company."
    ),
    Refusal.UNDECLARED: N_("Nothing was given: an item does not serve this purpose."),
    Refusal.STORE_ONLY: N_("Nothing was given: a guardian's consent is missing."),
    Refusal.RESTRICTED: N_("Nothing was given: the member stopped this use, or disputes the data."),
    Refusal.NO_CONSENT: N_("Nothing was given: there is no consent to it that counts today."),
    Refusal.NO_REQUEST: N_("Nothing was given: only the member can ask for it."),
    Refusal.NO_PURCHASE: N_("Nothing was given: there is no such purchase at this company."),
    Refusal.NO_DEMAND: N_("Nothing was given: no officer approved such a demand."),
    Refusal.NOTHING_HELD: N_("Nothing was given: none of it is held, or it can't be opened."),
}


class DisclosureRefused(PortalError):  # noqa: N818 (refusing is what it is for)
    """Nothing left; `why` says the reason, `items` those that it is about."""

    def __init__(self, why: Refusal, items: tuple[str, ...] = ()) -> None:
        """Carry the sentence of the reason."""
        super().__init__(SENTENCES[why])
        self.why = why
        self.items = items


@dataclass(frozen=True)
class Asked:
    """What is asked for: `recipient` is a company's id, for a legal demand the authority."""

    recipient: str
    items: tuple[str, ...]
    purpose: Purpose | None
    ground: Ground
    ground_id: UUID | None


@dataclass(frozen=True)
class Let:
    """That it may go: how long the recipient may keep it, from when the member sees it."""

    kept: Period | None = None
    shown_from: date | None = None


def check(subject: Subject, asked: Asked) -> Let:
    """Return on what terms the items may go. Raise `DisclosureRefused` when they may not."""
    if not asked.items:
        raise DisclosureRefused(Refusal.NO_ITEM)
    if not all(item in ITEMS and ITEMS[item].shown for item in asked.items):
        raise DisclosureRefused(Refusal.UNDECLARED)
    if asked.ground is Ground.LEGAL_DEMAND:
        return _demand(subject, asked)
    company = _recipient(subject, asked)
    _decide(subject, asked)
    _SHOWN[asked.ground](subject, asked, company)
    return Let(company.kept)


def _recipient(subject: Subject, asked: Asked) -> Company:
    """Return the recipient, locked against an officer who ends it or changes its terms just now."""
    query = select(companies_table).where(companies_table.c.company_id == asked.recipient)
    row = subject.connection.execute(query.with_for_update(read=True)).mappings().one_or_none()
    company = companies.of_row(row) if row else None
    if company is None or company.ended or company.role is not CompanyRole.RECIPIENT:
        raise DisclosureRefused(Refusal.NO_RECIPIENT)
    if company.purpose is not asked.purpose or not set(asked.items) <= set(company.items):
        raise DisclosureRefused(Refusal.NOT_NAMED)
    return company


_REFUSALS: dict[Why, Refusal] = {
    Why.RESTRICTED: Refusal.RESTRICTED,
    Why.NO_CONSENT: Refusal.NO_CONSENT,
    Why.STORE_ONLY: Refusal.STORE_ONLY,
}


def _decide(subject: Subject, asked: Asked) -> None:
    """Ask `use.decide` for every item; a member's rights are no reason to give data to others."""
    purpose = asked.purpose
    if purpose is None or purpose in RIGHTS:
        raise DisclosureRefused(Refusal.UNDECLARED)
    standing = subject.standing
    found = {item: use.decide(item, purpose, standing).why for item in asked.items}
    for why in (Why.RESTRICTED, *(w for w in Why if w is not Why.RESTRICTED)):
        items = tuple(item for item, reason in found.items() if reason is why)
        if items and why is not Why.ALLOWED:
            raise DisclosureRefused(_REFUSALS.get(why, Refusal.UNDECLARED), items)


def _consent(subject: Subject, asked: Asked, _company: Company) -> None:
    """Each item needs a consent of its own to this recipient that counts today (P16, P18)."""
    missing = tuple(i for i in asked.items if (asked.recipient, i) not in subject.standing.shared)
    if missing:
        raise DisclosureRefused(Refusal.NO_CONSENT, missing)


def _request(subject: Subject, _asked: Asked, _company: Company) -> None:
    """Only the member (or a child's guardian) asks, having just confirmed who they are."""
    if subject.relation is Relation.STAFF or not subject.actor.verified:
        raise DisclosureRefused(Refusal.NO_REQUEST)


def _purchase(subject: Subject, asked: Asked, company: Company) -> None:
    """Ask for a purchase at this seller, and what its delivery needs (clause 5.2, P19)."""
    row = subject.tables.record.c
    seller = or_(
        row.service == company.service, row.partner.in_((company.company_id, company.name))
    )
    found = asked.purpose is Purpose.DELIVERY and subject.connection.scalar(
        select(literal(value=True)).where(
            row.member_id == subject.member_id,
            row.record_id == asked.ground_id,
            row.kind.in_((RecordKind.PAYMENT, RecordKind.CONTRACT)),
            row.event_date <= subject.today,
            row.ends_on >= subject.today,
            seller,
        )
    )
    if not found:
        raise DisclosureRefused(Refusal.NO_PURCHASE)


_SHOWN: dict[Ground, Callable[[Subject, Asked, Company], None]] = {
    Ground.CONSENT: _consent,
    Ground.REQUEST: _request,
    Ground.PURCHASE: _purchase,
}


def _demand(subject: Subject, asked: Asked) -> Let:
    """Ask for an approved demand of this authority, for no more than that (PIPA art. 18(2))."""
    row = subject.tables.demand.c
    found = subject.connection.execute(
        select(row.shown_from).where(
            row.member_id == subject.member_id,
            row.demand_id == asked.ground_id,
            row.authority == asked.recipient,
            row.approved_at.is_not(None),
            row.refused_at.is_(None),
            row.document.is_not(None),
            row.approved_items.contains(list(asked.items)),
        )
    ).one_or_none()
    if found is None or asked.purpose is not None:
        raise DisclosureRefused(Refusal.NO_DEMAND)
    if disputed := _disputed(subject, asked.items):
        raise DisclosureRefused(Refusal.RESTRICTED, disputed)
    return Let(shown_from=found.shown_from)


def _disputed(subject: Subject, items: tuple[str, ...]) -> tuple[str, ...]:
    """Return items under correction: clause 9 knows no exception for them (P32)."""
    row = subject.tables.restriction.c
    rows = set(
        subject.connection.scalars(
            select(row["item"]).where(
                row.member_id == subject.member_id,
                row.ended_at.is_(None),
                row.why == RestrictionWhy.DISPUTED,
            )
        )
    )
    return tuple(item for item in items if item in rows or None in rows)
