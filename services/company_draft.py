"""What the officer enters of a company, checked before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.errors import PortalError
from db.words import N_, RIGHTS, CompanyRole, NoticeMeans, Purpose
from services import company_address
from services.company_address import AddressRefused

if TYPE_CHECKING:
    from datetime import date

    from db.period import Period

_LONGEST = 80
_LONGEST_TASK = 300


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
    name = _text(draft.name, _LONGEST)
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
        service=_text(draft.service, _LONGEST),
        task=_task(draft.task),
        items=tuple(item for item in ITEMS if item in draft.items),
        address=address,
    )


def _text(text: str | None, most: int) -> str | None:
    plain = " ".join((text or "").split())
    if len(plain) > most:
        raise CompanyRefused(N_("This is too long: {most} characters at most."), most=most)
    if "\0" in plain:
        raise CompanyRefused(N_("This text has a character in it that can't be stored."))
    return plain or None


def _task(task: dict[str, str] | None) -> dict[str, str] | None:
    given = {language: _text(text, _LONGEST_TASK) for language, text in (task or {}).items()}
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
