"""What requests, their scopes and the reasons of a refusal are called, in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.law import law
from db.policy import policies
from db.words import N_, RefusalReason, RequestKind, RequestState
from services.language import translate

if TYPE_CHECKING:
    from db.policy_facts import Words
    from services.language import Language

KINDS: dict[RequestKind, str] = {
    RequestKind.CORRECTION: N_("Correction request"),
    RequestKind.CLEARING: N_("Request to clear"),
    RequestKind.RESTRICTION: N_("Request to stop processing"),
    RequestKind.OBJECTION: N_("Objection"),
    RequestKind.LINKING: N_("Request to be linked to a child"),
}
STATES: dict[RequestState, str] = {
    RequestState.OPEN: N_("Being decided"),
    RequestState.DONE: N_("Done as asked"),
    RequestState.REFUSED: N_("Refused"),
    RequestState.TAKEN_BACK: N_("Taken back"),
}
EVERYTHING = N_("All uses")
"""The scope of a stop that names no use."""


def _said(language: Language, words: Words) -> str:
    return words.ko if language == "ko" else words.en


def kind(language: Language, name: str) -> str:
    """Return what a kind of request is called."""
    return translate(language, KINDS[RequestKind(name)])


def scope(language: Language, name: str | None) -> str:
    """Return what a stop is about: a use, a group of uses (clause 1), or all (None or nothing).

    The newest policy that knows the word says it, so that an old request keeps its words.
    """
    if not name:
        return translate(language, EVERYTHING)
    for version in reversed(policies()):
        for group in version.purposes:
            known = {group.id: group.name} | {str(use.id): use.name for use in group.uses}
            if name in known:
                return _said(language, known[name])
    return name


def refusal(language: Language, reason: str) -> str:
    """Return the reason of a refusal in plain words."""
    return _said(language, law().refusal(RefusalReason(reason)).name)


def citation(language: Language, reason: str) -> str:
    """Return where the law has the reason."""
    return _said(language, law().refusal(RefusalReason(reason)).citation)
