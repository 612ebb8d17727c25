"""What kinds, states and outcomes of reports are called."""

from __future__ import annotations

from typing import Final

from db.words import N_, ReportKind, ReportOutcome, ReportState

KINDS: Final[dict[ReportKind, str]] = {
    ReportKind.QUESTION: N_("A question"),
    ReportKind.COMPLAINT: N_("A complaint"),
    ReportKind.LEAK: N_("Data may have got into wrong hands"),
    ReportKind.INCIDENT: N_("Somebody pretended to be me"),
}
ASKED: Final = (ReportKind.QUESTION, ReportKind.COMPLAINT, ReportKind.LEAK)
"""What the form offers; an incident follows “That wasn't me” on a line of the history."""
STATES: Final[dict[ReportState, str]] = {
    ReportState.OPEN: N_("being answered"),
    ReportState.ASKED: N_("we have asked back"),
    ReportState.CLOSED: N_("closed"),
}
OUTCOMES: Final[dict[ReportOutcome, str]] = {
    ReportOutcome.ANSWERED: N_("Answered"),
    ReportOutcome.PUT_RIGHT: N_("Put right"),
    ReportOutcome.NOTHING_FOUND: N_("Looked into, nothing found"),
    ReportOutcome.NOT_OURS: N_("Not ours to decide"),
    ReportOutcome.TAKEN_BACK: N_("Taken back"),
}
