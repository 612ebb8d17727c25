"""The answer in a case as a letter: one page that prints well and needs no network (P31)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from db import places, policy
from services import case_words, policies, request_words
from services.language import format_date, translate

if TYPE_CHECKING:
    from datetime import date

    from services.case_ending import Answer
    from services.cases import Case
    from services.language import Language
    from services.subject import Subject

ITEMS: Final = ("name", "address")
"""What the letter shows in full: to whom it goes."""
NAME: Final = ("name",)
"""What it shows in full of a child, to the child's guardian."""
_TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(date=format_date)
    return made


@dataclass(frozen=True)
class Recipient:
    """Whom the letter goes to.

    `ward`: the child for whom a guardian asked, "" without a name; None in a member's own case.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    ward: str | None = field(default=None, repr=False)


def member(subject: Subject) -> Recipient:
    """Return the opened member; the opening has to say in the ledger that `ITEMS` are seen."""
    held = _held(subject, ITEMS)
    return Recipient(held.get("name", ""), held.get("address", ""))


def child_name(child: Subject) -> str:
    """Return an opened child's `NAME`, "" where none may be shown."""
    return _held(child, NAME).get("name", "")


def guardian(subject: Subject, ward: str) -> Recipient:
    """Return the opened guardian, who asked for the child of this name."""
    return replace(member(subject), ward=ward)


def html(to: Recipient, case: Case, answer: Answer, language: Language, today: date) -> str:
    """Return the letter as it is written on a Seoul day."""
    rules = policy.in_force(today)
    return _environment().get_template("case_letter.html").render(
        _=lambda message, **params: translate(language, message, **params),
        language=language,
        sender=" · ".join(one.name for one in rules.controllers),
        to=to, no=case.no, received_on=case.received_on, today=today,
        outcome=translate(language, case_words.OUTCOMES[answer.outcome]),
        reason=request_words.refusal(language, answer.refusal) if answer.refusal else "",
        citation=request_words.citation(language, answer.refusal) if answer.refusal else "",
        words=answer.words, agencies=policies.agencies(rules, language),
    )  # fmt: skip


def _held(subject: Subject, items: tuple[str, ...]) -> dict[str, str]:
    table = subject.tables.profile_value.c
    rows = subject.connection.execute(
        select(table.item, table.sealed).where(
            table.member_id == subject.member_id, table.item.in_(items), table.seq == 0,
            table.sealed.is_not(None),
        )
    )  # fmt: skip
    found = {
        row.item: subject.open(row.sealed, places.profile(row.item, 0))
        for row in rows
        if subject.may_use(row.item)
    }
    return {item: text for item, text in found.items() if text}
