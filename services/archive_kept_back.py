"""What of a member's tables is not in an archive, each with the reason."""

from __future__ import annotations

from typing import Final

_OURS: Final = "state of our own handling; says nothing of the member"
_STAFF: Final = "who of the staff: the ledger names them by role and number"
_KEY: Final = "a key or a digest: it opens or finds nothing outside, and would help a thief"

KEPT_BACK: Final[dict[str, str]] = {
    "*.member_id": "whose row it is; random, the same on every row",
    "credential.password_hash": "held one-way and never given out, not to the member either",
    "separation.notice_id": "the notice itself is among the mails",
    "separation.template": "always the notice before sleeping",
    "separation.channel": "always e-mail",
    "separation.sleeps_on": "the day that the notice named, which is among the mails",
    "separation.accepted": "always true: without it nobody is separated",
    "consent.actor_id": "`decided_by` says who in a word; an id may be another person's",
    "consent.case_id": _STAFF,
    "pending_value.asked_by": "the ledger tells who asked; an id may be another person's",
    "guardianship.consent_id": "a random number; the consent itself is among the consents",
    "linking.*": "a question under way for some minutes; the ledger tells each",
    "disclosure.checked_at": _OURS,
    "request.decided_by": _STAFF,
    "request.asked_by_staff": _STAFF,
    "demand.media_type": "of the document, which is not given out",
    "demand.document": "the authority's own paper: not from the member, and may name others",
    "demand.entered_by": _STAFF,
    "demand.approved_by": _STAFF,
    "dispute.decided_by": _STAFF,
    "member.unguarded_seen_on": _OURS,
    "event.session_id": "a random number of a browser's session; may be another person's",
    "event.case_id": _STAFF,
    "event.fold_key": _OURS,
    "session.session_id": "a random number that means nothing outside",
    "session.token_digest": _KEY,
    "session.device_digest": _KEY,
    "session.staff_id": "never set where there is a member",
    "session.asked_provider": _OURS,
    "session.asked_at": _OURS,
    "session.return_to": _OURS,
    "session.resume": "a half-filled form, sealed, until it is sent",
    "outbox.sealed": "may hold a one-time secret; what was told is in the inbox",
    "outbox.attempts": _OURS,
    "outbox.key": _OURS,
    "outbox.sleeps_on": "the notice itself names that day",
    "outbox.accepted": "follows from sent, failed and came back",
    "dispatch.key": _OURS,
    "dispatch.answer_digest": _KEY,
    "dispatch.attempts": _OURS,
    "bar.placed_by": _STAFF,
    "bar.answered_by": _STAFF,
    "bar.lifted_by": _STAFF,
    "barred.*": _KEY,
    "report.secret_digest": "never set where there is a member",
    "report.about_id": "the member's own, or that of the child they act for",
    "report.case_id": _STAFF,
    "report.closed_by": _STAFF,
    "report.sealed": "only of who is no member: a member is answered in the portal",
    "report_line.staff_id": _STAFF,
    "case.*": "the ledger tells what was done in it; a demand may have to stay hidden for now",
    "case_paper.*": "what was said and given is answered in words; an agent's papers name others",
    "case_step.*": "the ledger tells what was done in it",
    "case_key.*": _KEY,
    "finding.*": "a question of ours about a disclosure, which is told itself",
    "hold.*": "why a destruction waits; a court's file is not the member's to carry away",
    "journal.*": "repeats what the other files tell, for a restore",
    "key_due.*": _OURS,
    "move.*": "a wish under way for some minutes, and digests of a secret",
    "withdrawal.*": "made on leaving; the certificate tells it",
    "withdrawal_line.*": "made on leaving; the certificate tells it",
    "export.*": "the copies themselves, this one among them; the ledger tells each",
    "export_key.*": _KEY,
    "one_time.*": _KEY,
    "authorization_code.*": _KEY,
    "signin_session.*": _KEY,
    "member_key.*": _KEY,
    "blind_index.*": _KEY,
    "sign_in.*": _KEY,
    "import_origin.*": _KEY,
}
"""By `table.column`, `*.column` or `table.*`."""


def reason(table: str, column: str) -> str | None:
    """Return why a column is not told; None where it has to be."""
    names = (f"{table}.{column}", f"*.{column}", f"{table}.*")
    return next((KEPT_BACK[name] for name in names if name in KEPT_BACK), None)
