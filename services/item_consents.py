"""What becomes of an item's consents when it is cleared, and when it is given again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from db.declarations import ITEMS, Basis
from db.words import N_, ConsentKind
from services import consent_words, consent_writing
from services.consent_list import current
from services.language import translate

if TYPE_CHECKING:
    from services.subject import Subject


def end_for_item(subject: Subject, item: str) -> tuple[UUID, ...]:
    """Withdraw every consent about `item` that stands: collection, sensitive, each recipient's.

    Clearing calls it and tells the member and the companies itself. From then on the item is
    refused to every purpose until `agree_for_item`.
    """
    known = current(subject)
    about = tuple(
        one
        for one in known.asked
        if one.item == item and one.latest is not None and one.latest.granted
    )
    written = consent_writing.append(subject, about, granted=False, shown=False)
    if ITEMS[item].basis is not Basis.CONSENT:
        return written
    words = N_("“{item}” was cleared, and the consent to hold it ended with it.")
    return (*written, _collection(subject, item, words, granted=False))


def agree_for_item(subject: Subject, item: str) -> UUID | None:
    """Note that the member gave an item again whose collection they had ended; else do nothing."""
    if ITEMS[item].basis is not Basis.CONSENT or item not in subject.standing.ended_items:
        return None
    words = N_("“{item}” was entered again by its member, who agrees that it is held.")
    return _collection(subject, item, words, granted=True)


def _collection(subject: Subject, item: str, words: str, *, granted: bool) -> UUID:
    language = subject.actor.language
    said = translate(language, words, item=consent_words.item_name(language, item))
    row = consent_writing.base(subject, said, granted=granted) | {
        "kind": ConsentKind.COLLECTION,
        "item": item,
    }
    consent_writing.write(subject, [row])
    return UUID(str(row["consent_id"]))
