"""What the officer enters of a company, checked before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from db.declarations import ITEMS
from db.errors import PortalError
from db.period import Period
from db.words import N_, RIGHTS, CompanyRole, NoticeMeans, Purpose
from services import company_address
from services.company_address import AddressRefused
from services.contact_values import ValueRefused, example, typed_day

if TYPE_CHECKING:
    from datetime import date

LONGEST = 80
LONGEST_TASK = 300
_LONGEST_KEPT = 100
"""Years, or as many months."""


class CompanyRefused(PortalError):  # noqa: N818 (the officer puts it right)
    """Something entered can't be; the sentence says what."""


@dataclass(frozen=True)
class CompanyDraft:
    """A company as it is entered. None and nothing: not stated.

    `service` is the family's service whose data a source system holds, or the seller's name as it
    stands in records of purchases. `task` says what a processor does, by language.
    """

    role: CompanyRole
    name: str
    service: str | None = None
    purpose: Purpose | None = None
    task: dict[str, str] | None = None
    items: tuple[str, ...] = ()
    kept: Period | None = None
    means: NoticeMeans = NoticeMeans.NONE
    address: str | None = None
    contract_ends_on: date | None = None
    fictional: bool = False


def shareable(purpose: Purpose | None) -> tuple[str, ...]:
    """Return the items that may be named for a purpose; None: for any."""
    return tuple(
        name
        for name, item in ITEMS.items()
        if item.shown and (purpose is None or purpose in item.purposes)
    )


def checked(draft: CompanyDraft, *, here: bool) -> CompanyDraft:
    """Return the draft in its one form. Raise `CompanyRefused` with what is wrong first.

    `here`: see `company_address.check`.
    """
    name = _text(draft.name, LONGEST)
    if not name:
        raise CompanyRefused(N_("Please enter the company's name."))
    _purpose(draft)
    try:
        address = company_address.check(draft.means, draft.address or "", here=here)
    except AddressRefused as error:
        raise CompanyRefused(error.message, **error.params) from None
    return replace(
        draft,
        name=name,
        service=_text(draft.service, LONGEST),
        task=_task(draft.task),
        items=tuple(item for item in ITEMS if item in draft.items),
        address=address,
    )


def kept_period(number: str, unit: Literal["months", "years"]) -> Period | None:
    """Return how long a company keeps what it gets, as typed; None: not stated."""
    typed = number.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= _LONGEST_KEPT):
        raise CompanyRefused(
            N_("How long it keeps them is a whole number from 1 to {most}, or empty."),
            most=_LONGEST_KEPT,
        )
    return Period(years=int(typed)) if unit == "years" else Period(months=int(typed))


def contract_end(typed: str, today: date) -> date | None:
    """Return the last day of a contract, as typed; None: not stated."""
    try:
        return typed_day(typed, example("contract", today)) if typed.strip() else None
    except ValueRefused as error:
        raise CompanyRefused(error.message, **error.params) from None


def _text(text: str | None, most: int) -> str | None:
    plain = " ".join((text or "").split())
    if len(plain) > most:
        raise CompanyRefused(N_("This is too long: {most} characters at most."), most=most)
    if not plain.isprintable():
        raise CompanyRefused(N_("This text has a character in it that can't be stored."))
    return plain or None


def _task(task: dict[str, str] | None) -> dict[str, str] | None:
    given = {language: _text(text, LONGEST_TASK) for language, text in (task or {}).items()}
    kept = {language: text for language, text in given.items() if text}
    return kept or None


def _purpose(draft: CompanyDraft) -> None:
    if draft.purpose in RIGHTS:
        raise CompanyRefused(N_("This is a member's own right, no purpose to give data for."))
    if draft.role is CompanyRole.RECIPIENT and not (draft.items and draft.purpose):
        raise CompanyRefused(
            N_("Please say for what the company gets data, and which items: without that nothing "
               "may be given to it.")
        )  # fmt: skip
    wrong = set(draft.items) - set(shareable(draft.purpose))
    if wrong:
        raise CompanyRefused(
            N_("These items don't serve this purpose, so they can't be given for it: {items}."),
            items=", ".join(sorted(wrong)),
        )
