"""Writes the ledger: who did what to whose data, when and why. Names of items, never values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from db.prepared import Prepared
from db.tables.ledger import event as events
from db.words import ActorKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.words import Purpose
    from services.actor import Actor

FOLD_SECONDS = 600
"""A member's own looks make one event per page and session in this many seconds."""


class EventName(StrEnum):
    """Everything that the ledger can say happened."""

    OVERVIEW_VIEWED = "overview_viewed"
    PROFILE_VIEWED = "profile_viewed"
    VALUES_UNMASKED = "values_unmasked"
    HISTORY_VIEWED = "history_viewed"
    PROOF_TAKEN = "proof_taken"
    SIGNED_IN = "signed_in"
    VERIFIED = "verified"
    SIGNED_OUT = "signed_out"
    CORRECTION_VIEWED = "correction_viewed"
    VALUE_CORRECTED = "value_corrected"
    VALUE_CLEARED = "value_cleared"
    CONFIRMATION_ASKED = "confirmation_asked"
    REQUESTS_VIEWED = "requests_viewed"
    REQUEST_MADE = "request_made"
    REQUEST_TAKEN_BACK = "request_taken_back"
    REQUEST_TAKEN = "request_taken"
    REQUEST_VIEWED = "request_viewed"
    REQUEST_GRANTED = "request_granted"
    REQUEST_REFUSED = "request_refused"
    EVIDENCE_VIEWED = "evidence_viewed"
    EVIDENCE_DESTROYED = "evidence_destroyed"
    RESTRICTIONS_VIEWED = "restrictions_viewed"
    PROCESSING_STOPPED = "processing_stopped"
    PROCESSING_RESUMED = "processing_resumed"
    USE_BLOCKED = "use_blocked"
    CONSENTS_VIEWED = "consents_viewed"
    CONSENT_GRANTED = "consent_granted"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_ENDED = "consent_ended"
    RECEIPT_TAKEN = "receipt_taken"
    DEVICE_REFUSED = "device_refused"
    SHARING_VIEWED = "sharing_viewed"
    DISCLOSED = "disclosed"
    DISCLOSURE_REFUSED = "disclosure_refused"
    DEMAND_SOUGHT = "demand_sought"
    DEMAND_ENTERED = "demand_entered"
    DEMAND_VIEWED = "demand_viewed"
    DEMAND_APPROVED = "demand_approved"
    DEMAND_REFUSED = "demand_refused"
    COMPANY_ADDED = "company_added"
    COMPANY_CHANGED = "company_changed"
    COMPANY_ENDED = "company_ended"
    FINDING_CLOSED = "finding_closed"
    SAFEGUARD_CONFIRMED = "safeguard_confirmed"
    PAPER_DESTROYED = "paper_destroyed"
    HOLD_SOUGHT = "hold_sought"
    HOLD_PLACED = "hold_placed"
    HOLD_LIFTED = "hold_lifted"
    COMPANY_TOLD = "company_told"
    COMPANY_ANSWERED = "company_answered"
    INBOX_VIEWED = "inbox_viewed"
    USAGE_TOLD = "usage_told"
    DORMANCY_TOLD = "dormancy_told"
    SEPARATED = "separated"
    WAKING_ASKED = "waking_asked"
    WOKEN = "woken"
    LEAVING_VIEWED = "leaving_viewed"
    LEAVING_ASKED = "leaving_asked"
    LEFT = "left"
    GUARDIAN_LEFT = "guardian_left"
    FOURTEEN_TOLD = "fourteen_told"
    WISH_FELL_AWAY = "wish_fell_away"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_TAKEN = "dispute_taken"
    DISPUTE_VIEWED = "dispute_viewed"
    DISPUTE_DECIDED = "dispute_decided"
    CUSTODY_BEGUN = "custody_begun"
    GUARDIAN_SUSPENDED = "guardian_suspended"
    GUARDIAN_ENDED = "guardian_ended"
    SUSPENSION_LIFTED = "suspension_lifted"
    UNGUARDED_SEEN = "unguarded_seen"
    BAR_SOUGHT = "bar_sought"
    BAR_PLACED = "bar_placed"
    BAR_OBJECTED = "bar_objected"
    BAR_KEPT = "bar_kept"
    BAR_LIFTED = "bar_lifted"
    JOINING_CHECKED = "joining_checked"
    JOINING_REFUSED = "joining_refused"
    FAMILY_VIEWED = "family_viewed"
    LINK_ASKED = "link_asked"
    LINK_CODE_SENT = "link_code_sent"
    LINK_REFUSED = "link_refused"
    GUARDIAN_LINKED = "guardian_linked"
    WARD_MOVED = "ward_moved"
    RESTORED = "restored"
    KEYS_ROTATED = "keys_rotated"
    TABLES_REWRITTEN = "tables_rewritten"
    EXPORT_VIEWED = "export_viewed"
    EXPORT_ASKED = "export_asked"
    EXPORT_CANCELLED = "export_cancelled"
    EXPORT_MADE = "export_made"
    EXPORT_TAKEN = "export_taken"
    EXPORT_DESTROYED = "export_destroyed"
    EXPORT_LET_GO = "export_let_go"
    CALLER_SOUGHT = "caller_sought"
    CALLER_FOUND = "caller_found"
    CASE_OPENED = "case_opened"
    CASE_VIEWED = "case_viewed"
    CASE_RENEWED = "case_renewed"
    CASE_TAKEN_OVER = "case_taken_over"
    CASE_WIDENED = "case_widened"
    CASE_GUARDIAN_NAMED = "case_guardian_named"
    CASE_POSTPONED = "case_postponed"
    CASE_CLOSED = "case_closed"
    CASE_GRANT_ENDED = "case_grant_ended"
    CALLER_CODE_SENT = "caller_code_sent"
    CALLER_VERIFIED = "caller_verified"
    CALLER_NOT_VERIFIED = "caller_not_verified"
    STEP_ASKED = "step_asked"
    STEP_CONFIRMED = "step_confirmed"
    STEP_APPROVED = "step_approved"
    STEP_REFUSED = "step_refused"
    STEP_TAKEN_BACK = "step_taken_back"
    RECOVERY_OBJECTED = "recovery_objected"
    RECOVERED = "recovered"
    STAFF_LINKED = "staff_linked"
    STAFF_CHANGED = "staff_changed"
    REPORT_MADE = "report_made"
    REPORT_VIEWED = "report_viewed"
    REPORT_ANSWERED = "report_answered"
    REPORT_CLOSED = "report_closed"
    CASE_SUSPENDED = "case_suspended"
    WATCH_CLOSED = "watch_closed"
    ACCESS_REVIEWED = "access_reviewed"


LOOKS = frozenset(
    {
        EventName.OVERVIEW_VIEWED,
        EventName.PROFILE_VIEWED,
        EventName.VALUES_UNMASKED,
        EventName.HISTORY_VIEWED,
        EventName.CORRECTION_VIEWED,
        EventName.REQUESTS_VIEWED,
        EventName.RESTRICTIONS_VIEWED,
        EventName.CONSENTS_VIEWED,
        EventName.SHARING_VIEWED,
        EventName.INBOX_VIEWED,
        EventName.LEAVING_VIEWED,
        EventName.EXPORT_VIEWED,
        EventName.FAMILY_VIEWED,
    }
)
"""What only reads; a member's own are shown as one line a day."""


@dataclass(frozen=True)
class Entry:
    """One event before it is written."""

    name: EventName
    member_id: UUID | None
    """None: about nobody in particular, such as a company that was entered."""
    purpose: Purpose | None = None
    page: str | None = None
    items: tuple[str, ...] = ()
    case_id: UUID | None = None
    allowed: bool = True
    reason: str | None = None
    folded: bool = False


def fold_key(session_id: UUID, entry: Entry, at: datetime) -> bytes:
    """Return the digest that looks of one page, session and ten minutes have in common."""
    window = int(at.timestamp()) // FOLD_SECONDS
    parts = f"{session_id}|{entry.name}|{entry.page}|{window}"
    return hashlib.sha256(parts.encode()).digest()


_NAMES = tuple(c.name for c in events.c if c.name != "event_id")


@cache
def _statement(*, opening: bool, folded: bool) -> Prepared:
    # Inline: a denial is about a member whose rows the portal may not read, so nothing is returned.
    statement = insert(events).inline()
    given = [bindparam(name, type_=events.c[name].type) for name in _NAMES]
    if opening:
        told = func.set_config("portal.subject", bindparam("opening"), literal(value=True))
        casts = [cast(one, one.type) for one in given]
        chosen = select(*casts).select_from(told.alias("told"))
        statement = statement.from_select(list(_NAMES), chosen)
    else:
        statement = statement.values(dict(zip(_NAMES, given, strict=True)))
    if folded:
        statement = statement.on_conflict_do_nothing(index_elements=["member_id", "fold_key"])
    return Prepared(statement)


def write(
    connection: Connection, actor: Actor, entry: Entry, *, opening: UUID | None = None
) -> None:
    """Insert one event in the caller's transaction; a folded repeat changes nothing.

    `opening`: tell the database in the same statement whose rows the transaction may see from now
    on, as `as_subject` does; that saves a round trip on every page.
    """
    row = _row(entry, actor.at, actor)
    row["fold_key"] = fold_key(actor.session_id, entry, actor.at) if entry.folded else None
    if opening:
        row["opening"] = str(opening)
    _statement(opening=opening is not None, folded=entry.folded).run(connection, row)


def note(connection: Connection, entry: Entry, at: datetime) -> None:
    """Insert an event that nobody caused but the system itself; it is never folded."""
    row = _row(entry, at, None)
    _statement(opening=False, folded=False).run(connection, row)


def _row(entry: Entry, at: datetime, actor: Actor | None) -> dict[str, object]:
    return {
        "at": at,
        "member_id": entry.member_id,
        "name": entry.name,
        "purpose": entry.purpose,
        "allowed": entry.allowed,
        "reason": entry.reason,
        "actor_kind": actor.kind if actor else ActorKind.SYSTEM,
        "actor_id": actor.person if actor else None,
        "session_id": actor.session_id if actor else None,
        "case_id": entry.case_id or (actor.grant.case_id if actor and actor.grant else None),
        "page": entry.page,
        "items": list(entry.items) or None,
        "fold_key": None,
    }
