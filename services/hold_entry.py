"""An officer asks for a legal hold: checked first, then whoever it names is looked for.

As with legal demands, everything is checked before anybody is looked for, and each look-up stands
in the ledger: about the member it found, who sees it, or about nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from db.normal import mobile
from db.words import N_, HoldWhy
from services import holds, ledger
from services.holds import PAGE, HoldError, Wish
from services.house import house
from services.identity.accounts import members_typed
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor


@dataclass(frozen=True)
class HoldDraft:
    """A hold as typed. `typed`: an exact e-mail, mobile or login id, or nothing for everybody."""

    typed: str = field(repr=False)
    kind: str | None
    why: HoldWhy | None
    ends_on: date | None
    reference: str


def checked(actor: Actor, draft: HoldDraft) -> Wish:
    """Return what the draft asks for, without its member. Raise `HoldError`, `StepUpRequired`."""
    if draft.why is None or draft.ends_on is None:
        raise HoldError(N_("Please say why, and until when."))
    reference = " ".join(draft.reference.split())
    named = bool(draft.typed.strip())
    if named and not reference:
        raise HoldError(N_("A hold on a member needs the number of its file."))
    if reference and not _is_number(reference):
        raise HoldError(N_("Please give the file's number only: no name, e-mail or telephone."))
    wish = Wish(draft.why, draft.ends_on, None, draft.kind, reference)
    # Whoever is named counts as something to hold: nobody is looked for until the rest is right.
    holds.check(actor, replace(wish, member_id=actor.person) if named else wish)
    return wish


def _is_number(reference: str) -> bool:
    telephone = reference.startswith(("0", "+")) and mobile(reference)
    return any(c.isdigit() for c in reference) and "@" not in reference and not telephone


def seek(connection: Connection, actor: Actor, typed: str) -> tuple[UUID, ...]:
    """Return whom exactly this names, awake, asleep or gone, and note that it was asked.

    Let the transaction commit before anything is made of the answer.
    """
    holds.officer(actor)
    with house().databases.keys.connect() as keys:
        found = members_typed(keys, house().keyring, typed, left=True)
    about = found[0] if len(found) == 1 else None
    ledger.write(connection, actor, ledger.Entry(EventName.HOLD_SOUGHT, about, page=PAGE))
    return found


def the_one(found: tuple[UUID, ...]) -> UUID:
    """Return the one who was found. Raise `HoldError` for nobody and for several."""
    if len(found) > 1:
        raise HoldError(
            N_("Several members share this. Please use an e-mail address or a login ID.")
        )
    if not found:
        raise HoldError(N_("Nobody is found by exactly this. The look-up is noted."))
    return found[0]
