"""Turns the claims of an identity provider into the person of a session.

A sign-in or a verification counts only for the session that asked for it, and only if it happened
after it was asked for: the claims that Streamlit keeps in a cookie for 30 days prove nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from db.clock import seoul_day
from db.errors import PortalError
from db.normal import normalise
from db.settings import settings
from db.tables.member import LIVE
from db.tables.ops import session as session_rows
from db.tables.ops import staff
from db.words import N_, ActorKind, Store
from services import ledger
from services.actor import Actor
from services.claims import OF_STAFF, SKEW, VERIFY, VERIFYING, verified_at
from services.house import house
from services.relations import as_subject
from services.staff_standing import password_day

if TYPE_CHECKING:
    from datetime import datetime

    from services.claims import Claims
    from services.sessions import Session


class SignInRefused(PortalError):  # noqa: N818 (named as the ledger names it)
    """The claims don't lead to a person here; the sentence says what to do."""


@dataclass(frozen=True)
class Person:
    """Whom the claims lead to."""

    member_id: UUID | None
    staff_id: UUID | None
    store: Store | None


_SIGN_IN = frozenset({Store.LIVE, Store.DORMANT})
"""Whose members may sign in."""


def _linked(keys: Connection, exact: bytes) -> Person | None:
    row = keys.execute(
        select(func.keys.find_sign_in(exact).table_valued("member_id", "staff_id", "store"))
    ).one_or_none()
    if row is None:
        return None
    return Person(row.member_id, row.staff_id, Store(row.store) if row.store else None)


def _by_email(keys: Connection, claims: Claims) -> UUID | None:
    """Return the one member with this verified e-mail; an unverified one never links."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return None
    exact = house().keyring.blind("email", normalise("email", email))
    found = keys.execute(
        select(func.keys.find("email", exact).table_valued("member_id", "store"))
    ).all()
    here = [row.member_id for row in found if row.store in _SIGN_IN]
    return here[0] if len(here) == 1 else None


def _staff_id(connection: Connection, claims: Claims, own: UUID | None) -> UUID | None:
    email = claims.get("email") if claims.get("email_verified") is True else None
    known = staff.c.staff_id == own if own else staff.c.login_id == email
    return connection.scalar(select(staff.c.staff_id).where(known, staff.c.ended_at.is_(None)))


def _own_subject(claims: Claims, builtin_issuer: str) -> UUID | None:
    """Return the id that the built-in sign-in service gave as subject, if it was that service."""
    if claims.get("iss") != builtin_issuer:
        return None
    try:
        return UUID(str(claims.get("sub")))
    except ValueError:
        raise SignInRefused(N_("We could not find a membership for this sign-in.")) from None


def _subject_index(claims: Claims) -> bytes:
    """Return the blind index of issuer and subject; a token without them is nobody's."""
    named = [claims.get(name) for name in ("iss", "sub")]
    if not all(isinstance(name, str) and name for name in named):
        raise SignInRefused(N_("We could not find a membership for this sign-in."))
    # As hex: the index ignores case, but two subjects may differ in nothing else.
    return house().keyring.blind("sign_in", "\0".join(str(name).encode().hex() for name in named))


def find_person(
    connection: Connection,
    claims: Claims,
    builtin_issuer: str,
    now: datetime,
    *,
    here: UUID | None = None,
) -> Person:
    """Return the person of these claims, linking a subject on its first sign-in.

    A verification links too, but only to who is signed in `here`. Raise `SignInRefused` when
    the subject is unknown and no verified e-mail leads to one member, or to one whom the provider
    knows as another subject.
    """
    provider = str(claims.get("provider"))
    exact = _subject_index(claims)
    with house().databases.keys.begin() as keys:
        if known := _linked(keys, exact):
            return known
        own = _own_subject(claims, builtin_issuer)
        staff_id = _staff_id(connection, claims, own) if provider in OF_STAFF else None
        member_id = None if provider in OF_STAFF else own or _by_email(keys, claims)
        if member_id is None and staff_id is None:
            raise SignInRefused(N_("We could not find a membership for this sign-in."))
        if provider in VERIFYING and (member_id or staff_id) != here:
            raise SignInRefused(N_("You confirmed as someone else. Please sign in again."))
        issuer = str(claims["iss"])
        if keys.scalar(select(func.keys.has_sign_in(member_id, issuer))):
            raise SignInRefused(
                N_("You have signed in here with another account before. Please use that one.")
            )
        keys.execute(select(func.keys.link_sign_in(exact, member_id, staff_id, issuer, now)))
        linked = _linked(keys, exact)
        # Raised in here, so that a link to nobody is not kept.
        if linked is None or not (linked.staff_id or linked.store):
            raise SignInRefused(N_("We could not find a membership for this sign-in."))
    return linked


def _works_here(connection: Connection, staff_id: UUID) -> bool:
    known = (staff.c.staff_id == staff_id, staff.c.ended_at.is_(None))
    return connection.scalar(select(staff.c.staff_id).where(*known)) is not None


def _check_role(connection: Connection, person: Person, provider: str) -> None:
    if provider in OF_STAFF and person.staff_id is None:
        raise SignInRefused(N_("This sign-in is for staff. Please use the members' sign-in."))
    if provider == "member" and person.member_id is None:
        raise SignInRefused(N_("This sign-in is for members. Please use the staff's sign-in."))
    if person.staff_id:
        found = _works_here(connection, person.staff_id)
    else:
        found = person.store in _SIGN_IN
    if not found:
        raise SignInRefused(N_("We could not find a membership for this sign-in."))


def adopt(
    connection: Connection, session: Session, claims: Claims, builtin_issuer: str, now: datetime
) -> None:
    """Let claims that answer this session count: set its person, or renew its verification.

    Raise `SignInRefused` for an unknown subject, a wrong role, or a verification as someone else.
    """
    provider = str(claims.get("provider"))
    if provider == VERIFY and (acr := settings().verify_acr) and claims.get("acr") != acr:
        raise SignInRefused(
            N_("You were not confirmed as surely as is needed here. Please ask us what to do.")
        )
    person = find_person(connection, claims, builtin_issuer, now, here=session.person)
    _check_role(connection, person, provider)
    who = person.member_id or person.staff_id
    verified = verified_at(claims, now)
    if provider in VERIFYING:
        _check_verification(session, who, verified)
    values: dict[str, object] = {
        "verified_at": verified, "asked_provider": None, "asked_at": None, "last_active_at": now,
    }  # fmt: skip
    if provider not in VERIFYING:
        values |= {"member_id": person.member_id, "staff_id": person.staff_id,
                   "store": _used(connection, person, now), "signed_in_at": now}  # fmt: skip
        _note_password(connection, person, claims, now)
    connection.execute(
        update(session_rows).where(session_rows.c.session_id == session.session_id).values(values)
    )
    _note(connection, session, person, provider, now)


def _used(connection: Connection, person: Person, now: datetime) -> Store | None:
    """Note a member's own sign-in: it counts as a use (P08). Return the store they are in.

    A separation that was under way is waited for; who is asleep then, signs in asleep (P11).
    """
    if person.member_id is None or person.store is not Store.LIVE:
        return person.store
    as_subject(connection, person.member_id)
    member = LIVE.member
    here = connection.execute(
        update(member)
        .where(member.c.member_id == person.member_id)
        .values(
            last_counted_on=func.greatest(member.c.last_counted_on, seoul_day(now)),
            # Whoever signs in by themselves has claimed what was kept only for them.
            unclaimed_on=None,
        )
    )
    return Store.LIVE if here.rowcount else Store.DORMANT


def _note_password(connection: Connection, person: Person, claims: Claims, now: datetime) -> None:
    """Keep what another provider says of a staff member's password; silence counts as never."""
    if person.staff_id is None or not settings().staff_metadata_url:
        return
    day = password_day(claims, settings().staff_password_claim, now)
    mine = update(staff).where(staff.c.staff_id == person.staff_id)
    connection.execute(mine.values(password_set_on=day))


def _check_verification(session: Session, who: UUID | None, verified: datetime | None) -> None:
    if session.person is None or who != session.person:
        raise SignInRefused(N_("You confirmed as someone else. Please sign in again."))
    if verified is None:
        raise SignInRefused(
            N_("The sign-in service did not say when you confirmed. Please ask us what to do.")
        )
    if session.asked_at is None or verified < session.asked_at - SKEW:
        raise SignInRefused(N_("The confirmation was too old. Please confirm again."))


def _note(
    connection: Connection, session: Session, person: Person, provider: str, now: datetime
) -> None:
    """Write the sign-in of a member into the ledger."""
    if person.member_id is None:
        return
    event = ledger.EventName.VERIFIED if provider == VERIFY else ledger.EventName.SIGNED_IN
    actor = Actor(ActorKind.SELF, person.member_id, session.session_id, now)
    ledger.write(connection, actor, ledger.Entry(event, person.member_id))


def unasked(connection: Connection, session: Session) -> None:
    """Forget a request whose answer was refused, so that the next one starts afresh."""
    connection.execute(
        update(session_rows)
        .where(session_rows.c.session_id == session.session_id)
        .values(asked_provider=None, asked_at=None)
    )
