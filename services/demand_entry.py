"""An officer enters what a law demands: for whom, by whom, on which basis (PIPA art. 18(2)).

Everything of the demand is checked before anybody is looked for, so that nobody learns without a
document whether somebody is a member; each look-up stands in the ledger, found or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select

from db import places
from db.clock import seoul_day
from db.declarations import ITEMS
from db.errors import PortalError
from db.words import N_, Purpose
from services import access, files, ledger
from services.actor import AccessDenied, Actor, Permission, page_opens
from services.house import house
from services.identity.accounts import members_typed
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.subject import Subject

PAGE: Final = "/desk-officer"
PURPOSE: Final = Purpose.IDENTIFICATION
"""For what a demand opens the data: to tell which member is meant. What leaves has no purpose."""
ENTERING: Final = access.Look(EventName.DEMAND_ENTERED, Permission.DEMAND_ENTER, PAGE)
LONGEST: Final = 300
DEMANDABLE: Final = tuple(name for name, item in ITEMS.items() if item.shown)
"""What can be handed out at all; a password or a key of ours never can."""


class DemandRefused(PortalError):  # noqa: N818 (the sentence says what is missing)
    """A demand can't be entered or decided like this."""


@dataclass(frozen=True)
class DemandDraft:
    """A demand as typed. `shown_from`: the day from which the member sees it; None: at once."""

    typed: str = field(repr=False)
    authority: str
    legal_basis: str
    items: tuple[str, ...]
    received_on: date
    shown_from: date | None
    content: bytes = field(repr=False)


def checked(actor: Actor, draft: DemandDraft) -> DemandDraft:
    """Return the draft in its one form. Raise `DemandRefused` or `FileRefused`.

    Needs an officer who has just confirmed who they are.
    """
    officer(actor)
    good = replace(
        draft,
        typed=draft.typed.strip(),
        authority=_line(draft.authority, N_("Please name who demands it.")),
        legal_basis=_line(draft.legal_basis, N_("Please name the law that it rests on.")),
        items=tuple(name for name in DEMANDABLE if name in draft.items),
    )
    today = seoul_day(actor.at)
    if not good.typed:
        raise DemandRefused(N_("Please type the member's e-mail, mobile number or login ID."))
    if not good.items or len(good.items) != len(set(draft.items)):
        raise DemandRefused(N_("Please choose the items that are demanded."))
    if good.received_on > today:
        raise DemandRefused(N_("The demand can't have come in the future."))
    if good.shown_from is not None and good.shown_from <= today:
        raise DemandRefused(
            N_("The day from which the member sees it must lie ahead, or be empty.")
        )
    if not good.content:
        raise DemandRefused(N_("Without its document a demand can't be entered."))
    files.check(good.content)
    return good


def officer(actor: Actor) -> None:
    """Raise `AccessDenied` unless this is an officer, `StepUpRequired` without a verification."""
    if not page_opens(Permission.DEMAND_ENTER, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()


def _line(text: str, missing: str) -> str:
    line = " ".join(text.split())
    if not line or not line.isprintable() or len(line) > LONGEST:
        raise DemandRefused(missing)
    return line


def seek(connection: Connection, actor: Actor, typed: str) -> tuple[UUID, ...]:
    """Return whom exactly this e-mail, mobile or login id names, and note that it was asked.

    The note is about nobody, whether somebody was found or not. Let the transaction commit before
    anything is made of the answer.
    """
    officer(actor)
    entry = ledger.Entry(EventName.DEMAND_SOUGHT, None, page=PAGE)
    ledger.write(connection, actor, entry)
    with house().databases.keys.connect() as keys:
        return members_typed(keys, house().keyring, typed)


def the_one(found: tuple[UUID, ...]) -> UUID:
    """Return the one who was found. Raise `DemandRefused` for nobody and for several."""
    if len(found) > 1:
        raise DemandRefused(
            N_("Several members share this. Please use an e-mail address or a login ID.")
        )
    if not found:
        raise nobody()
    return found[0]


def nobody() -> DemandRefused:
    """Return what is said when nobody is found, or only somebody whose data is kept apart."""
    return DemandRefused(
        N_("Nothing was entered: no active member is found by exactly this. The look-up is noted.")
    )


def enter(subject: Subject, demand_id: UUID, draft: DemandDraft) -> None:
    """Write a checked demand with its sealed document; another officer decides it."""
    subject.actor.require_verification()
    if subject.sealer is None:
        raise DemandRefused(N_("The member's key is missing."))
    subject.connection.execute(
        insert(subject.tables.demand).values(
            member_id=subject.member_id,
            demand_id=demand_id,
            authority=draft.authority,
            legal_basis=draft.legal_basis,
            items=list(draft.items),
            media_type=files.check(draft.content),
            document=subject.sealer.seal(draft.content, places.demand(demand_id)),
            received_on=draft.received_on,
            entered_by=subject.actor.person,
            entered_at=subject.at,
            shown_from=draft.shown_from,
        )
    )
    close(subject)


def close(subject: Subject) -> None:
    """Close the case: it has served."""
    closing = func.ops.close_case(subject.actor.person, subject.case_id, subject.at)
    subject.connection.execute(select(closing))
