"""The answer in a case: written, looked at, printed or sent, and the case closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import AnsweredBy, CaseOutcome, RefusalReason
from pages.components import gate, said
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.text import _, language
from pages.http.case_letter import PATH
from services import case_ending, case_words, cases, request_words
from services.case_ending import Answer
from services.cases import CaseRefused
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.case_papers import Paper
    from services.case_steps import Step
    from services.cases import Case

SEEN: Final = "jk_call_seen"
"""What this tab has seen of the case in hand; forgotten where another answer was written."""
_OUTCOMES: Final = tuple(one for one in CaseOutcome if one is not CaseOutcome.MEMBER_LEFT)
_WITHOUT: Final = (CaseOutcome.TAKEN_BACK, CaseOutcome.NOT_VERIFIED, CaseOutcome.REFUSED)
"""How a case ends whose caller nobody could verify."""


def panel(actor: Actor, case: Case, papers: tuple[Paper, ...], steps: tuple[Step, ...]) -> None:
    """Draw the form of the answer; once it is written, how it reads, and the last button."""
    written = case_ending.last(papers)
    draw("case_answer.html", written=_view(written) if written else None,
         letter=f"{PATH}/{case.case_id}" if _by_letter(written) else "")  # fmt: skip
    if written is not None and st.button(
        _("Close the case"), key="case_close", type="primary", icon=":material/task_alt:"
    ):
        _close(actor, case, written, steps)
    _form(actor, case, written)


def _by_letter(written: Answer | None) -> bool:
    return written is not None and written.by is AnsweredBy.LETTER


def _view(one: Answer) -> dict[str, object]:
    return {
        "outcome": _(case_words.OUTCOMES[one.outcome]),
        "reason": request_words.refusal(language(), one.refusal) if one.refusal else "",
        "by": _(case_words.ANSWERED[one.by]),
        "words": one.words,
    }


def _form(actor: Actor, case: Case, written: Answer | None) -> None:
    outcomes = _OUTCOMES if case.verified else _WITHOUT
    ways = list(AnsweredBy) if case.verified else [AnsweredBy.SPOKEN]
    with st.form("case_answer", border=True):
        with st.container(horizontal=True):
            outcome = st.selectbox(
                _("How it ended"), outcomes, index=None, key="case_outcome",
                placeholder=_("Please choose"), format_func=lambda o: _(case_words.OUTCOMES[o]),
            )  # fmt: skip
            by = st.selectbox(
                _("Answered by"),
                ways,
                key="case_by",
                format_func=lambda b: _(case_words.ANSWERED[b]),
            )
        reason = st.selectbox(
            _("Why it is refused (of a refusal only)"), list(RefusalReason), index=None,
            key="case_reason", placeholder=_("Please choose"),
            format_func=lambda r: request_words.refusal(language(), r),
        )  # fmt: skip
        words = st.text_area(
            _("What the caller is told, in plain words"), key=f"{FORM}case_told",
            max_chars=cases.LONGEST, height=120,
        )  # fmt: skip
        label = _("Write it anew") if written else _("Write the answer")
        sent = st.form_submit_button(label, type="secondary" if written else "primary")
    if not sent:
        return
    if outcome is None:
        draw("problem.html", text=_("Please choose how it ended."))
        return
    answer = Answer(CaseOutcome(outcome), RefusalReason(reason) if reason else None,
                    AnsweredBy(by), words.strip())  # fmt: skip
    try:
        with house().databases.data.begin() as connection:
            case_ending.write(connection, actor, case, answer)
    except CaseRefused as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    st.session_state.pop(SEEN, None)
    st.rerun()


def _close(actor: Actor, case: Case, written: Answer, steps: tuple[Step, ...]) -> None:
    try:
        with house().databases.data.begin() as connection:
            case_ending.end(connection, actor, case, written, steps)
    except CaseRefused as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    gate.take_in_hand(None)
    said.say(_("The case {no} is closed.", no=case.no))
