"""The answer in a case as a letter: one page that prints well and needs no network (P31)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from db import places, policy
from db.clock import seoul_day
from services import case_words, policies, request_words
from services.language import format_date, translate

if TYPE_CHECKING:
    from services.case_ending import Answer
    from services.cases import Case
    from services.language import Language
    from services.subject import Subject

ITEMS: Final = ("name", "address")
"""What the letter shows in full: to whom it goes."""
_TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(date=format_date)
    return made


def html(subject: Subject, case: Case, answer: Answer, language: Language) -> str:
    """Return the letter; the opening has to say in the ledger that `ITEMS` are seen in full."""
    rules = policy.in_force(seoul_day(subject.at))
    to = _to(subject)
    return _environment().get_template("case_letter.html").render(
        _=lambda message, **params: translate(language, message, **params),
        language=language,
        sender=" · ".join(one.name for one in rules.controllers),
        name=to.get("name", ""), address=to.get("address", ""),
        no=case.no, received_on=case.received_on, today=seoul_day(subject.at),
        outcome=translate(language, case_words.OUTCOMES[answer.outcome]),
        reason=request_words.refusal(language, answer.refusal) if answer.refusal else "",
        citation=request_words.citation(language, answer.refusal) if answer.refusal else "",
        words=answer.words, agencies=policies.agencies(rules, language),
    )  # fmt: skip


def _to(subject: Subject) -> dict[str, str]:
    table = subject.tables.profile_value.c
    rows = subject.connection.execute(
        select(table.item, table.sealed).where(
            table.member_id == subject.member_id, table.item.in_(ITEMS), table.seq == 0,
            table.sealed.is_not(None),
        )
    )  # fmt: skip
    found = {
        row.item: subject.open(row.sealed, places.profile(row.item, 0))
        for row in rows
        if subject.may_use(row.item)
    }
    return {item: text for item, text in found.items() if text}
