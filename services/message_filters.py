"""How a message says words of ours, dates and names of items, in its own language."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from jinja2 import pass_context

from db.declarations import ITEMS
from db.policy import policies
from db.words import CaseOutcome, Postponed, StepWhat
from services import bar_words, case_words, consent_words, dispute_words, request_words
from services import language as tongue

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context


@pass_context
def said(context: Context, message: str) -> str:
    """Return an English message id in the message's language."""
    return tongue.translate(context["language"], message)


@pass_context
def item(context: Context, name: str) -> str:
    """Return what an item is called."""
    return tongue.translate(context["language"], ITEMS[name].label)


@pass_context
def items(context: Context, listed: str) -> str:
    """Return what the items of "email,name" are called, by comma."""
    return ", ".join(item(context, name) for name in listed.split(",") if name)


@pass_context
def purpose(context: Context, name: str) -> str:
    """Return what a purpose is called in the newest policy that names it."""
    uses = (u for p in reversed(policies()) for group in p.purposes for u in group.uses)
    words = next(use.name for use in uses if use.id == name)
    return str(getattr(words, context["language"]))


@pass_context
def asked(context: Context, kind: str) -> str:
    """Return what a kind of request is called."""
    return request_words.kind(context["language"], kind)


@pass_context
def scope(context: Context, name: str) -> str:
    """Return what a stop is about: a use, a group of uses, or "all"."""
    return request_words.scope(context["language"], None if name == "all" else name)


@pass_context
def refusal(context: Context, reason: str) -> str:
    """Return why a request was refused."""
    return request_words.refusal(context["language"], reason)


@pass_context
def consents(context: Context, packed: str) -> list[str]:
    """Return what the consents of `consent_words.packed` are called."""
    return consent_words.lines(context["language"], packed)


@pass_context
def barred(context: Context, why: str) -> str:
    """Return why a bar on joining again was placed."""
    return bar_words.why(context["language"], why)


@pass_context
def kept(context: Context, why: str) -> str:
    """Return why a bar on joining again stays."""
    return bar_words.kept(context["language"], why)


@pass_context
def step(context: Context, what: str) -> str:
    """Return what a step of a case is called."""
    return tongue.translate(context["language"], case_words.STEPS[StepWhat(what)])


@pass_context
def outcome(context: Context, how: str) -> str:
    """Return how a case ended."""
    return tongue.translate(context["language"], case_words.OUTCOMES[CaseOutcome(how)])


@pass_context
def postponed(context: Context, why: str) -> str:
    """Return why an answer comes later."""
    return tongue.translate(context["language"], case_words.POSTPONED[Postponed(why)])


@pass_context
def suspended(context: Context, why: str) -> str:
    """Return why a guardian may not act."""
    return dispute_words.suspended(context["language"], why)


def day(text: str) -> str:
    """Return an ISO day as it is written here."""
    return tongue.format_date(date.fromisoformat(text))


def moment(text: str) -> str:
    """Return an ISO moment (with its offset) as it is written here."""
    return tongue.format_datetime(datetime.fromisoformat(text))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "said": said, "item": item, "items": items, "purpose": purpose, "date": day, "moment": moment,
    "consents": consents, "asked": asked, "scope": scope, "refusal": refusal,
    "barred": barred, "kept": kept, "suspended": suspended, "step": step,
    "outcome": outcome, "postponed": postponed,
}  # fmt: skip
