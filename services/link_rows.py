"""Writes a guardian's link to a child together with the guardian's consent (clause 1.2; P41)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.policy import in_force
from db.tables.member import LIVE
from db.words import ActorKind, ConsentKind, LinkMeans, LinkReason, Noted, Purpose, Source
from services import ages, family_words, guarding, journal, ledger, notify
from services.ledger import EventName
from services.outbox import Message
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.subject import Subject

_KEY: Final = ("member_id", "guardian_id", "started_on")


@dataclass(frozen=True)
class New:
    """How a link was proved, as what the guardian acts, and when they consented."""

    means: LinkMeans
    reason: LinkReason
    consented_at: datetime


def write(subject: Subject, child: UUID, new: New) -> bool:
    """Link the subject to the child as guardian; return False when that can't be any more.

    There is no such child, an officer decided that this guardian may not act for it, or it is not
    known that the guardian is 19.
    One transaction with the caller's: link, consent, ledger, journal, and word to the child, whose
    messages go to guardians where it has no contact of its own. An open link is proved anew.
    """
    connection, guardian = subject.connection, subject.member_id
    if not ages.of_age(subject):
        return False
    as_subject(connection, child)
    link = LIVE.guardianship.c
    # Whom an officer has stopped proves nothing anew; the officer lets them act again.
    stopped = select(link.member_id).where(
        link.member_id == child, link.guardian_id == guardian,
        guarding.suspended(link, subject.today),
    )  # fmt: skip
    under_14 = connection.scalar(
        select(LIVE.member.c.member_id)
        .where(
            LIVE.member.c.member_id == child,
            LIVE.member.c.turns_14_on > subject.today,
            ~stopped.exists(),
        )
        .with_for_update()
    )
    if under_14 is not None:
        _write(subject, child, new)
    as_subject(connection, guardian)
    return under_14 is not None


def _write(subject: Subject, child: UUID, new: New) -> None:
    connection, consent = subject.connection, _consent(subject, child, new)
    connection.execute(insert(LIVE.consent).values(consent))
    link = {
        "member_id": child, "guardian_id": subject.member_id,
        "started_on": _since(subject, child) or subject.today, "ended_on": None,
        "means": new.means, "proof": True, "source": Source.PORTAL, "reason": new.reason,
        "consent_id": consent["consent_id"],
    }  # fmt: skip
    put = upsert(LIVE.guardianship).values(link)
    connection.execute(put.on_conflict_do_update(index_elements=_KEY, set_=link))
    # Left without a guardian once more, even today, the child is looked after once more.
    mine = LIVE.member.c.member_id == child
    connection.execute(update(LIVE.member).where(mine).values(unguarded_seen_on=None))
    rows = [(LIVE.consent, consent), (LIVE.guardianship, link)]
    journal.note(connection, Noted.CONSENT, child, subject.at, rows=rows)
    _tell(subject, child, str(consent["consent_id"]))


def _since(subject: Subject, child: UUID) -> Any:  # noqa: ANN401 (a date or None)
    """Return since when an open link lasts; it is proved anew and keeps its beginning."""
    link = LIVE.guardianship.c
    return subject.connection.scalar(
        select(func.max(link.started_on)).where(
            link.member_id == child, link.guardian_id == subject.member_id,
            or_(link.ended_on.is_(None), link.ended_on > subject.today),
        )
    )  # fmt: skip


def _consent(subject: Subject, child: UUID, new: New) -> dict[str, Any]:
    """Return the guardian's consent with the words that were on the screen."""
    language = subject.actor.language
    return {
        "member_id": child, "consent_id": uuid4(), "kind": ConsentKind.COLLECTION,
        "granted": True, "decided_at": new.consented_at,
        "wording": family_words.consent(language),
        "policy_version": in_force(subject.today).version, "language": language,
        "decided_by": ActorKind.GUARDIAN, "actor_id": subject.member_id,
        "case_id": subject.case_id, "shown": True, "source": Source.PORTAL,
    }  # fmt: skip


def _tell(subject: Subject, child: UUID, fact: str) -> None:
    """Note it for the child and for the guardian, and tell the child's side."""
    actor, connection = subject.actor, subject.connection
    acting = actor if actor.kind is ActorKind.STAFF else replace(actor, kind=ActorKind.GUARDIAN)
    for who, by in ((child, acting), (subject.member_id, actor)):
        entry = ledger.Entry(
            EventName.GUARDIAN_LINKED, who, Purpose.GUARDIAN_CONSENT, "/family",
            case_id=subject.case_id,
        )  # fmt: skip
        ledger.write(connection, by, entry)
    message = Message("guardian_linked", "either", actor.language, key=f"linked:{fact}")
    notify.write(connection, LIVE, (child, None), message, subject.at)
