"""How a decision about consents is written and told: a record, a receipt, word to companies.

Each record keeps the exact wording, the version of policy and terms, the language, when and by
whom (PIPA art. 22; network act art. 50).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert

from db import consent_terms
from db.policy import in_force
from db.words import ActorKind, Change, CompanyRole, ConsentKind, Noted, Source
from services import consent_words, journal, notify, telling
from services.guardian_calls import by_guardian

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.consent_asked import Asked
    from services.journal_rows import Row
    from services.subject import Subject

RECEIPT: Final = "consent_receipt"


def append(
    subject: Subject, decided: Sequence[Asked], *, granted: bool, shown: bool = True
) -> tuple[UUID, ...]:
    """Write a decision about each; `shown`: its words were on the screen. Return the ids."""
    rows = [row_of(subject, one, granted=granted, shown=shown) for one in decided]
    write(subject, rows)
    return tuple(row["consent_id"] for row in rows)


def write(subject: Subject, rows: list[dict[str, Any]], changed: Sequence[Row] = ()) -> None:
    """Write consents; `changed`: rows that changed with them, to be noted in one entry."""
    table = subject.tables.consent
    if rows:
        subject.connection.execute(insert(table), rows)
        journal.note(
            subject.connection, Noted.CONSENT, subject.member_id, subject.at,
            rows=[*changed, *((table, row) for row in rows)],
        )  # fmt: skip


def row_of(subject: Subject, asked: Asked, *, granted: bool, shown: bool) -> dict[str, Any]:
    """Return a record with the words that were on the screen."""
    wording = consent_words.wording(
        asked.term, subject.actor.language, consent_words.facts(asked, asked.named_end)
    )
    return base(subject, wording, granted=granted) | {
        "kind": asked.term.kind,
        "channel": asked.term.channel,
        "recipient": asked.recipient.company_id if asked.recipient else None,
        "item": asked.item,
        "ends_on": asked.would_end if granted else None,
        "shown": shown,
    }


def base(subject: Subject, wording: str, *, granted: bool) -> dict[str, Any]:
    """Return what every record says: whose, when, by whom, in which words."""
    terms = consent_terms.in_force(subject.today)
    return {
        "member_id": subject.member_id,
        "consent_id": uuid4(),
        "granted": granted,
        "decided_at": subject.at,
        "wording": wording,
        "policy_version": f"{in_force(subject.today).version}/{terms.version}",
        "language": subject.actor.language,
        # The case says which of the staff wrote it down.
        "decided_by": ActorKind.GUARDIAN if by_guardian(subject) else subject.actor.kind,
        "actor_id": subject.actor.person,
        "case_id": subject.case_id,
        "source": Source.PORTAL,
    }


def tell(
    subject: Subject, decided: Sequence[Asked], written: tuple[UUID, ...], *, granted: bool
) -> None:
    """Send the receipt, and tell companies: a recipient of its own consent, else our own systems.

    Without health data's consent nobody may keep using it, so all who hold it are told of that.
    """
    change = Change.CONSENT_GRANTED if granted else Change.CONSENT_WITHDRAWN
    first = decided[0]
    only: str | None = CompanyRole.SOURCE_SYSTEM
    if first.recipient is not None:
        only = first.recipient.company_id
    elif first.term.kind is ConsentKind.SENSITIVE:
        only = None
    telling.tell(subject, change, _items(decided), key=f"consent:{written[0]}", only=only)
    receipt(subject, decided, written[0], granted=granted)


def _items(decided: Iterable[Asked]) -> tuple[str, ...]:
    found = (item for one in decided for item in ((one.item,) if one.item else one.term.items))
    return tuple(dict.fromkeys(found))


def receipt(subject: Subject, decided: Sequence[Asked], first: UUID, *, granted: bool) -> None:
    """Tell sender, fact, date and result (network act art. 50(7)): at once, of each decision."""
    params = {
        "sender": ", ".join(one.name for one in in_force(subject.today).controllers),
        "at": subject.at.isoformat(),
        "granted": "yes" if granted else "no",
        "what": consent_words.packed(
            (one.term.id, one.recipient.name if one.recipient else None, one.item)
            for one in decided
        ),
    }
    notify.notify(subject, RECEIPT, params, key=f"consent:{first}", way="either")
