"""What a consent is called and the exact words it is asked with, in both languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.consent_terms import versions
from db.declarations import ITEMS
from db.policy import policies
from db.words import N_
from services.language import format_date, one_stop, plural, translate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from db.consent_terms import Term
    from db.period import Period
    from db.policy_facts import Words
    from services.consent_asked import Asked
    from services.language import Language

_NOT_STATED = N_("not stated")


@dataclass(frozen=True)
class Facts:
    """What a wording may name. `purpose` is a word of `Purpose`; None: nobody stated it."""

    item: str | None = None
    recipient: str | None = None
    purpose: str | None = None
    kept: Period | None = None
    until: date | None = None


def facts(asked: Asked, until: date | None) -> Facts:
    """Return what the wording of a consent may name; `until` is the last day of a yes."""
    one = asked.recipient
    if one is None:
        return Facts(asked.item, until=until)
    return Facts(asked.item, one.name, one.purpose, one.kept, until)


def title(term: Term, language: Language, item: str | None = None) -> str:
    """Return what the consent is called."""
    return _of(term.title, language).format(item=item_name(language, item))


def wording(term: Term, language: Language, facts: Facts) -> str:
    """Return the consent's words, as they are shown and stored with each decision."""
    unknown = translate(language, _NOT_STATED)
    words = _of(term.wording, language).format(
        item=item_name(language, facts.item),
        recipient=facts.recipient or unknown,
        purpose=purpose(language, facts.purpose),
        kept=kept(language, facts.kept),
        until=format_date(facts.until) if facts.until else unknown,
    )
    return one_stop(words)


def follows(term: Term, language: Language, *, on: bool) -> str:
    """Return what happens when a consent that is on or off is switched over."""
    return _of(term.no if on else term.yes, language)


def item_name(language: Language, name: str | None) -> str:
    """Return what an item is called."""
    known = ITEMS.get(name or "")
    return translate(language, known.label if known else _NOT_STATED)


def purpose(language: Language, name: str | None) -> str:
    """Return what a purpose is called in the newest policy that names it."""
    return known_purpose(language, name) or translate(language, _NOT_STATED)


def known_purpose(language: Language, name: str | None) -> str | None:
    """Return what a purpose is called in the newest policy that names it; None: none does."""
    if name is None:
        return None
    uses = (u for p in reversed(policies()) for group in p.purposes for u in group.uses)
    return next((_of(use.name, language) for use in uses if use.id == name), None)


def kept(language: Language, period: Period | None) -> str:
    """Return how long a company keeps what it got, as it stated."""
    if period is None:
        return translate(language, _NOT_STATED)
    if period.years is not None:
        return plural(language, "{n} year", "{n} years", period.years)
    return plural(language, "{n} month", "{n} months", period.in_months)


def _of(words: Words, language: Language) -> str:
    return str(getattr(words, language))


def packed(listed: Iterable[tuple[str, str | None, str | None]]) -> str:
    """Return (consent, recipient's name, item) triples as one param of a message."""
    return json.dumps([list(one) for one in listed], ensure_ascii=False)


def lines(language: Language, given: str) -> list[str]:
    """Return what the consents of a message's param are called, a line each."""
    return [line(language, *one) for one in json.loads(given)]


def line(language: Language, consent: str, recipient: str | None, item: str | None) -> str:
    """Return what a consent is called where it stands alone, by the newest terms that know it."""
    terms = (found for known in reversed(versions()) if (found := known.named(consent)))
    term = next(terms, None)
    if term is None:
        return item_name(language, item)
    named = title(term, language, item)
    if recipient:
        return translate(
            language, N_("Give {item} to {recipient}"), item=named, recipient=recipient
        )
    if term.sensitive:
        return translate(language, N_("Use of sensitive data: {item}"), item=named)
    return named
