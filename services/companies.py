"""Recipients, processors and source systems: who they are, what they get and why (clauses 5, 6).

They are data with an editor. Nothing is invented: what nobody entered is None, and shown as "not
stated in this version".
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from db.clock import seoul_day
from db.errors import PortalError
from db.period import Period
from db.tables.ops import company as rows
from db.words import N_, CompanyRole, NoticeMeans, Purpose
from services import ledger
from services.actor import AccessDenied, Actor, Permission, page_opens
from services.company_draft import CompanyDraft, CompanyRefused, checked
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection, RowMapping

TERMS = ("purpose", "items", "kept")
"""What a consent to a recipient was given for: any change asks again (PIPA art. 17)."""

__all__ = [
    "Company", "CompanyDraft", "CompanyGone", "CompanyRefused", "add", "change", "end", "listed",
    "new_secret", "one",
]  # fmt: skip


class CompanyGone(PortalError):  # noqa: N818 (said to the officer)
    """There is no such company, or the work with it has ended."""


@dataclass(frozen=True)
class Company:
    """One company. `task` by language; `kept` is its own retention; None: nobody stated it.

    A consent given before `terms_from` was given for other terms and counts no more.
    """

    company_id: str
    role: CompanyRole
    name: str
    service: str | None
    purpose: Purpose | None
    task: dict[str, str] | None
    items: tuple[str, ...]
    kept: Period | None
    means: NoticeMeans
    address: str | None
    secret_no: int
    contract_ends_on: date | None
    fictional: bool
    terms_from: datetime
    added_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        """Return whether the work with the company has ended."""
        return self.ended_at is not None

    @property
    def draft(self) -> CompanyDraft:
        """Return what an editor starts from."""
        return CompanyDraft(**{f.name: getattr(self, f.name) for f in fields(CompanyDraft)})


def kept_of(stored: Mapping[str, Any] | None) -> Period | None:
    """Return the period that a stored `company.kept` says: `{"months": 6}` or `{"years": 1}`."""
    return Period(**stored) if stored else None


def of_row(row: Mapping[str, Any] | RowMapping) -> Company:
    """Return the company of a row of `ops.company`."""
    given = {f.name: row[f.name] for f in fields(Company)}
    return Company(
        **given
        | {
            "role": CompanyRole(row["role"]),
            "purpose": Purpose(row["purpose"]) if row["purpose"] else None,
            "items": tuple(row["items"]),
            "kept": kept_of(row["kept"]),
            "means": NoticeMeans(row["means"]),
        }
    )


def listed(connection: Connection, *, ended: bool = False) -> tuple[Company, ...]:
    """Return the companies, those ended too when asked for; by role, then by name: one query."""
    query = select(rows).order_by(rows.c.role, rows.c.name, rows.c.company_id)
    if not ended:
        query = query.where(rows.c.ended_at.is_(None))
    return tuple(of_row(row) for row in connection.execute(query).mappings())


def one(connection: Connection, company_id: str) -> Company:
    """Return a company. Raise `CompanyGone` when there is none of this id."""
    query = select(rows).where(rows.c.company_id == company_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise CompanyGone(N_("This company is not in the list any more."))
    return of_row(row)


def add(connection: Connection, actor: Actor, draft: CompanyDraft, *, here: bool) -> str:
    """Enter a company and return its id. Raise `CompanyRefused` naming what is wrong.

    This and what follows wants a recent verification; raise `StepUpRequired` without.

    `here`: see `company_address.check`.
    """
    _officer(actor)
    values = _values(checked(draft, here=here))
    company_id = f"{draft.role}-{secrets.token_hex(4)}"
    connection.execute(
        insert(rows).values(
            company_id=company_id, terms_from=actor.at, added_at=actor.at, secret_no=1, **values
        )
    )
    _note(connection, actor, EventName.COMPANY_ADDED, draft)
    return company_id


def change(
    connection: Connection, actor: Actor, company_id: str, draft: CompanyDraft, *, here: bool
) -> bool:
    """Change a company; return whether consents to it are asked again (its terms changed).

    Raise `CompanyGone`, or `CompanyRefused` naming what is wrong; the role stays as it is.
    """
    _officer(actor)
    before = _locked(connection, company_id)
    good = checked(draft, here=here)
    if good.role is not before.role:
        raise CompanyRefused(N_("What a company is can't be changed: end it, and enter it anew."))
    again = any(getattr(good, name) != getattr(before, name) for name in TERMS)
    values = _values(good) | ({"terms_from": actor.at} if again else {})
    connection.execute(update(rows).where(rows.c.company_id == company_id).values(**values))
    _note(connection, actor, EventName.COMPANY_CHANGED, good)
    return again


def end(connection: Connection, actor: Actor, company_id: str) -> None:
    """End the work with a company: consents to it have no effect from now on.

    It stays in the list of what was given out. Raise `CompanyGone`.
    """
    _officer(actor)
    gone = _locked(connection, company_id)
    # A processor's contract ends with it, and it is asked to delete what it has (clause 6, P21).
    today = seoul_day(actor.at)
    last = min(gone.contract_ends_on or today, today)
    connection.execute(
        update(rows)
        .where(rows.c.company_id == company_id)
        .values(ended_at=actor.at, contract_ends_on=last)
    )
    _note(connection, actor, EventName.COMPANY_ENDED, gone.draft)


def new_secret(connection: Connection, actor: Actor, company_id: str) -> int:
    """Let the next secret of the company's webhook count, the old one no more; return its number.

    The secret itself is derived from the number where it is used. Raise `CompanyGone`.
    """
    _officer(actor)
    before = _locked(connection, company_id)
    connection.execute(
        update(rows).where(rows.c.company_id == company_id).values(secret_no=before.secret_no + 1)
    )
    _note(connection, actor, EventName.COMPANY_CHANGED, before.draft)
    return before.secret_no + 1


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.COMPANY_EDIT, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()


def _locked(connection: Connection, company_id: str) -> Company:
    """Return a company that is not ended; of two officers who edit it, one waits for the other."""
    query = select(rows).where(rows.c.company_id == company_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None or row["ended_at"] is not None:
        raise CompanyGone(N_("This company is not in the list any more."))
    return of_row(row)


def _values(draft: CompanyDraft) -> dict[str, Any]:
    plain = {f.name: getattr(draft, f.name) for f in fields(draft)}
    kept = draft.kept.model_dump(exclude_none=True) if draft.kept else None
    return plain | {"items": list(draft.items), "kept": kept}


def _note(connection: Connection, actor: Actor, name: EventName, draft: CompanyDraft) -> None:
    ledger.write(connection, actor, ledger.Entry(name, None, items=draft.items))
