"""Where a sealed value lives: the text it is bound to, so that it opens nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


def profile(item: str, seq: int) -> str:
    """Return the place of a profile value."""
    return f"profile:{item}:{seq}"


def record(kind: str, record_id: UUID) -> str:
    """Return the place of a record's fields."""
    return f"record:{kind}:{record_id}"


def device(device_row_id: UUID) -> str:
    """Return the place of a device's identifier."""
    return f"device:{device_row_id}"


def outbox(message_id: UUID) -> str:
    """Return the place of a message's filled places."""
    return f"outbox:{message_id}"


def request(request_id: UUID) -> str:
    """Return the place of what a request proposes."""
    return f"request:{request_id}"


def answer(request_id: UUID) -> str:
    """Return the place of a decision's words to the member."""
    return f"answer:{request_id}"


def evidence(evidence_id: UUID) -> str:
    """Return the place of a file given as proof."""
    return f"evidence:{evidence_id}"


def pending(item: str) -> str:
    """Return the place of a value that waits to be confirmed."""
    return f"pending:{item}"


def inbox(message_id: UUID) -> str:
    """Return the place of a message's filled places in the portal's inbox."""
    return f"inbox:{message_id}"


def linking(linking_id: UUID) -> str:
    """Return the place of what somebody typed who asks to be linked to a child."""
    return f"linking:{linking_id}"


def demand(demand_id: UUID) -> str:
    """Return the place of a legal demand's document."""
    return f"demand:{demand_id}"


def case_paper(paper_id: UUID) -> str:
    """Return the place of what a caller said or gave, or of the answer."""
    return f"case_paper:{paper_id}"


def case_step(step_id: UUID) -> str:
    """Return the place of an address that waits for a second word."""
    return f"case_step:{step_id}"


def dispute(dispute_id: UUID) -> str:
    """Return the place of what somebody said of a dispute."""
    return f"dispute:{dispute_id}"


def dispute_answer(dispute_id: UUID) -> str:
    """Return the place of the decision's words."""
    return f"dispute_answer:{dispute_id}"


def report(report_id: UUID) -> str:
    """Return the place of how somebody who reported can be answered."""
    return f"report:{report_id}"


def report_line(line_id: UUID) -> str:
    """Return the place of a line of a report's thread."""
    return f"report_line:{line_id}"
