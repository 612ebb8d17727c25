"""A guardian asks to be linked to a child: by a code to the contact from when the child joined.

What the guardian sees is the same whether or not there is such a child, and so is what the portal
does: it keeps what was typed, sealed, and puts one job into the queue. The worker looks
(`services/linking_search.py`), and only the code makes a difference. With the link the guardian
consents (clause 1.2; P41; PIPA art. 22-2).
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from string import digits
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from db import places, writer
from db.errors import PortalError
from db.tables.linking import linking
from db.words import N_, LinkMeans, LinkReason, Purpose, RequestKind
from services import contact_values, evidence, held_values, jobs, ledger, link_rows, requests
from services.house import house
from services.identity import attempts
from services.identity.attempts import Pace, WaitFirst
from services.ledger import EventName
from services.outbox import NoKeyError

if TYPE_CHECKING:
    from datetime import date, datetime

    from db.keyring import Keyring
    from services.subject import Subject

PAGE: Final = "/family"
LASTS: Final = timedelta(minutes=10)
"""How long a code counts."""
TRIES: Final = 5
CHILD: Final = 14
ADULT: Final = 19
"""Years from which somebody acts for others (Civil Act art. 4)."""
EACH_GUARDIAN: Final = Pace(5, timedelta(hours=1))
EACH_SESSION: Final = Pace(3, timedelta(minutes=10))
"""Enough for a family with a mistake or two; a list of other people's children takes days."""


class LinkRefused(PortalError):  # noqa: N818 (the sentence says what to do)
    """A guardian can't ask like this; the sentence is about themselves or what they typed."""


class Outcome(StrEnum):
    """What became of a code that was typed."""

    LINKED = "linked"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True)
class Wish:
    """The child as the guardian typed it, in the form in which members are found."""

    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    login_id: str = field(repr=False)

    @property
    def items(self) -> tuple[str, ...]:
        """Return what the child is looked for by."""
        return ("name", "birth_date", "login_id") if self.login_id else ("name", "birth_date")

    def packed(self) -> dict[str, str]:
        """Return it as text."""
        return {"name": self.name, "birth_date": self.birth_date, "login_id": self.login_id}


@dataclass(frozen=True)
class Waiting:
    """A code that may have been sent: until when it counts, and how often it may be typed."""

    until: datetime
    tries_left: int


def wish(name: str, birth_date: str, login_id: str, today: date) -> Wish:
    """Return what was typed, checked. Raise `ValueRefused` or `LinkRefused`."""
    born = contact_values.accepted("birth_date", birth_date, today)
    if writer.turns(born, CHILD) <= today:
        raise LinkRefused(
            N_("Somebody born on that day is 14 or older and decides by themselves. Please check "
               "the birth date.")
        )  # fmt: skip
    login = contact_values.accepted("nickname", login_id, today) if login_id.strip() else ""
    return Wish(contact_values.accepted("name", name, today), born, login)


def may_ask(subject: Subject) -> None:
    """Raise `LinkRefused` for who isn't known to be 19, `StepUpRequired` unless verified."""
    born = held_values.text_of(subject, "birth_date", 0)
    if born is None:
        raise LinkRefused(
            N_("We don't know your birth date, so we can't tell whether you are {age} or older. "
               "Please add it under “Edit my data” first."), age=ADULT,
        )  # fmt: skip
    if writer.turns(born, ADULT) > subject.today:
        raise LinkRefused(
            N_("You can be a guardian here from the age of {age}. Please ask your own guardian, "
               "or us."), age=ADULT,
        )  # fmt: skip
    subject.actor.require_verification()


def slow_down(subject: Subject, wished: Wish, means: LinkMeans) -> None:
    """Count a try, of this guardian and of this session, and note it. Raise `WaitFirst`.

    Both the count and the ledger's event stay, whatever becomes of the caller's transaction.
    """
    home, actor = house(), subject.actor
    try:
        for who, pace in ((actor.session_id, EACH_SESSION), (actor.person, EACH_GUARDIAN)):
            with home.databases.keys.begin() as keys:
                key = home.keyring.blind("attempt:linking", str(who))
                attempts.pace(keys, key, actor.at, pace)
    except WaitFirst:
        _note(subject, wished, means, allowed=False)
        raise
    _note(subject, wished, means, allowed=True)


def _note(subject: Subject, wished: Wish, means: LinkMeans, *, allowed: bool) -> None:
    with house().databases.data.begin() as connection:
        reason = means if allowed else "too_many"
        entry = ledger.Entry(
            EventName.LINK_ASKED, subject.member_id, Purpose.GUARDIAN_IDENTITY, PAGE,
            wished.items, allowed=allowed, reason=reason,
        )  # fmt: skip
        ledger.write(connection, subject.actor, entry)


def ask_code(subject: Subject, wished: Wish) -> Waiting:
    """Ask for a code; one that was asked for before ends. Raise as `may_ask` and `slow_down`."""
    may_ask(subject)
    slow_down(subject, wished, LinkMeans.CODE)
    if subject.sealer is None:
        raise NoKeyError
    one, ends = uuid4(), subject.at + LASTS
    subject.connection.execute(
        update(linking)
        .where(linking.c.member_id == subject.member_id, linking.c.ended_at.is_(None))
        .values(ended_at=subject.at)
    )
    plain = json.dumps(wished.packed() | {"language": subject.actor.language}, ensure_ascii=False)
    row = {
        "member_id": subject.member_id, "linking_id": one,
        "session_id": subject.actor.session_id,
        "sealed": subject.sealer.seal(plain.encode(), places.linking(one)),
        "asked_at": subject.at, "expires_at": ends, "tries_left": TRIES,
    }  # fmt: skip
    subject.connection.execute(insert(linking).values(row))
    jobs.defer(subject.connection, jobs.LINK, member_id=str(subject.member_id), linking_id=str(one))
    return Waiting(ends, TRIES)


def ask_document(subject: Subject, wished: Wish, reason: LinkReason | None, content: bytes) -> UUID:
    """Ask staff to link by a document; return the request's id. The guardian consents with it.

    Raise as `ask_code`, `FileRefused`, and `RequestRefused` while another is being decided.
    """
    may_ask(subject)
    acts_as = _chosen(reason)
    slow_down(subject, wished, LinkMeans.DOCUMENT)
    proposed = wished.packed() | {"reason": acts_as}
    request_id = requests.make(subject, RequestKind.LINKING, proposed=proposed)
    evidence.keep(subject, request_id, content)
    return request_id


def _chosen(reason: LinkReason | None) -> LinkReason:
    if reason is None:
        raise LinkRefused(N_("Please choose whether you are a parent or appointed by a court."))
    return reason


def _open(subject: Subject) -> tuple[Any, ...]:
    return (
        linking.c.member_id == subject.member_id, linking.c.ended_at.is_(None),
        linking.c.expires_at > subject.at, linking.c.tries_left > 0,
    )  # fmt: skip


def code_of(keyring: Keyring, linking_id: UUID) -> str:
    """Return the six digits of a wish: computed from a key, so that none is stored."""
    number = int.from_bytes(keyring.blind("linking_code", linking_id.hex)[:8])
    return f"{number % 1_000_000:06d}"


def confirm(subject: Subject, typed: str, reason: LinkReason | None) -> tuple[Outcome, UUID | None]:
    """Spend a try, and with the right code link the child, with the guardian's consent (P41).

    Return what became of it, and the child. A wrong code, a child that is not here and one that has
    left or turned 14 meanwhile look the same. Raise as `may_ask`, and `LinkRefused` without a
    reason.
    """
    may_ask(subject)
    acts_as = _chosen(reason)
    # Two tabs may have asked at once: the code that was asked for last counts.
    last = select(linking.c.linking_id).where(*_open(subject))
    last = last.order_by(linking.c.asked_at.desc(), linking.c.linking_id).limit(1)
    row = subject.connection.execute(
        update(linking)
        .where(*_open(subject), linking.c.linking_id == last.scalar_subquery())
        .values(tries_left=linking.c.tries_left - 1)
        .returning(linking.c.linking_id, linking.c.child_id)
    ).one_or_none()
    if row is None:
        return Outcome.OVER, None
    # A Korean keyboard may type full-width digits; only ASCII may be compared in constant time.
    plain = "".join(c for c in unicodedata.normalize("NFKC", typed) if c in digits)
    right = secrets.compare_digest(code_of(house().keyring, row.linking_id), plain)
    link = link_rows.New(LinkMeans.CODE, acts_as, subject.at)
    if not (right and row.child_id and link_rows.write(subject, row.child_id, link)):
        _refused(subject)
        return Outcome.WRONG, None
    subject.connection.execute(
        update(linking)
        .where(linking.c.member_id == subject.member_id, linking.c.linking_id == row.linking_id)
        .values(ended_at=subject.at)
    )
    child: UUID = row.child_id
    return Outcome.LINKED, child


def _refused(subject: Subject) -> None:
    entry = ledger.Entry(
        EventName.LINK_REFUSED, subject.member_id, Purpose.GUARDIAN_IDENTITY, PAGE, allowed=False,
        reason=LinkMeans.CODE,
    )  # fmt: skip
    ledger.write(subject.connection, subject.actor, entry)
