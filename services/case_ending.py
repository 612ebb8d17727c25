"""The answer in a case: written, seen before, then sent or printed as the case is closed (P31).

A refusal gives its reason and says how to object (PIPA art. 35(4), 38(5)).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from db.clock import seoul_day
from db.law import law
from db.words import N_, AnsweredBy, Caller, CaseOutcome, PaperKind, RefusalReason, StepState
from services import case_noting, case_papers, cases, guardian_calls, jobs
from services.cases import CaseRefused
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.actor import Actor
    from services.case_papers import Paper
    from services.case_steps import Step
    from services.cases import Case

FEWEST_WORDS: Final = 5
"""Characters that a reason in one's own words has at the least."""
SENT: Final = (AnsweredBy.EMAIL, AnsweredBy.SMS)
WRITTEN: Final = (*SENT, AnsweredBy.LETTER)
REASONS: Final = tuple(one.id for one in law().refusals)


@dataclass(frozen=True)
class Answer:
    """What the caller is answered, and how."""

    outcome: CaseOutcome
    refusal: RefusalReason | None
    by: AnsweredBy
    words: str = field(repr=False)


def _checked(answer: Answer) -> Answer:
    refused = answer.outcome is CaseOutcome.REFUSED
    if refused != (answer.refusal is not None):
        raise CaseRefused(N_("A refusal needs its reason, and nothing else has one."))
    needs_words = answer.outcome in {CaseOutcome.REFUSED, CaseOutcome.PARTLY}
    if needs_words and len(answer.words.strip()) < FEWEST_WORDS:
        raise CaseRefused(N_("Please tell the caller in your own words why."))
    return answer


def write(connection: Connection, actor: Actor, case: Case, answer: Answer) -> None:
    """Keep an answer, sealed, to be looked at before it goes. Raise `CaseRefused`."""
    _checked(answer)
    as_subject(connection, case.member_id)
    key = case_papers.sealer(case.member_id, case.case_id)
    if key is None:
        raise CaseRefused(N_("The key of this case is missing."))
    plain = json.dumps(asdict(answer), ensure_ascii=False).encode()
    whose = (case.member_id, case.case_id)
    case_papers.keep(connection, key, whose, (PaperKind.ANSWER, plain, None), actor.at)


def last(papers: tuple[Paper, ...]) -> Answer | None:
    """Return the answer that was written last; None where there is none that opens."""
    texts = [one.text for one in papers if one.kind is PaperKind.ANSWER and one.text]
    if not texts:
        return None
    found = json.loads(texts[-1])
    reason = RefusalReason(found["refusal"]) if found["refusal"] else None
    return Answer(
        CaseOutcome(found["outcome"]), reason, AnsweredBy(found["by"]), str(found["words"])
    )


def end(
    connection: Connection, actor: Actor, case: Case, answer: Answer, steps: tuple[Step, ...]
) -> None:
    """Close the case with this answer, which goes out by itself where it is sent.

    Raise `CaseRefused` while something in it waits for a second word, or when it is over.
    """
    _checked(answer)
    if any(one.state in {StepState.WAITING, StepState.RUNNING} for one in steps):
        raise CaseRefused(N_("Something in this case still waits: take it back first, or wait."))
    if answer.by in SENT and not case.verified:
        raise CaseRefused(N_("Nobody is written to before it is clear who the caller is."))
    if answer.outcome is CaseOutcome.DONE and not case.verified:
        raise CaseRefused(N_("Nothing can be done before it is clear who the caller is."))
    if answer.by in WRITTEN:
        _can_be_written_to(connection, actor, case)
    reason = answer.refusal.value if answer.refusal else None
    ended = func.ops.end_call(
        actor.person, case.case_id, actor.at, answer.outcome.value, reason, answer.by.value
    )
    if not connection.scalar(select(ended)):
        raise cases.over()
    whose = (case.member_id, case.case_id)
    case_noting.journal_row(connection, actor, *whose)
    case_noting.note(connection, actor, EventName.CASE_CLOSED, whose, answer.outcome)
    if answer.by in SENT:
        jobs.defer(
            connection, jobs.CASE_ANSWER, case_id=str(case.case_id), template="case_answer",
            language=actor.language,
        )  # fmt: skip


def _can_be_written_to(connection: Connection, actor: Actor, case: Case) -> None:
    if case.caller is not Caller.GUARDIAN:
        return
    as_subject(connection, case.member_id)
    today = seoul_day(actor.at)
    if not guardian_calls.acts(connection, case.member_id, case.guardian_id, today):
        raise CaseRefused(guardian_calls.NOBODY_WRITTEN_TO)
