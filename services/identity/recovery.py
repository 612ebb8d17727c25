"""A first or forgotten password: a link to the registered e-mail, a code to the registered mobile.

The portal does the same for a known and for an unknown person: it puts one job into the queue. All
that differs happens in the worker, out of sight.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import digits
from typing import TYPE_CHECKING, Literal, cast, get_args

from sqlalchemy import delete, insert, select, update

from db.errors import PortalError
from db.normal import mobile
from db.sealing import digest
from db.tables import ops
from db.words import N_
from services import jobs, outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from db.keyring import Keyring
    from db.sealing import Sealer
    from db.words import Store
    from services.language import Language

Use = Literal["first", "forgotten"]
_USES = get_args(Use)
"""Other one-time links prove a mailbox and no person: none of them may set a password."""
LINK_LASTS = timedelta(minutes=30)
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
MOST_SHARING = 8
"""Members who may share one mobile number, each with a code of their own."""


class NotAnAddress(PortalError):  # noqa: N818 (the person types it again)
    """Neither an e-mail address nor a mobile number."""


class OneTimeRefused(PortalError):  # noqa: N818 (the person asks for another)
    """The link or code is wrong, used, or over."""


@dataclass(frozen=True)
class Asked:
    """A request for a link or a code: the (kind, value) looked up, and the browser's half."""

    pair: tuple[str, str]
    secret: str

    @property
    def by_code(self) -> bool:
        """Return whether a code goes to a mobile."""
        return self.pair[0] == "mobile"


def asked(typed: str) -> Asked:
    """Return what `typed` asks for. Raise `NotAnAddress` when it can be neither."""
    plain = typed.strip()
    secret = secrets.token_urlsafe(24)
    name, at, domain = plain.partition("@")
    if at and name and "." in domain and not any(c.isspace() for c in plain):
        return Asked(("email", plain), secret)
    number = mobile(plain)
    if number is None:
        raise NotAnAddress(N_("Please enter an e-mail address or a mobile number."))
    return Asked(("mobile", number), secret)


def request(
    data: Connection, people: Sequence[UUID], question: Asked, use: Use, language: Language
) -> None:
    """Enqueue the sending, for nobody too: the same work whether or not somebody is found."""
    jobs.defer(
        data,
        jobs.RECOVER,
        people=[str(p) for p in people[:MOST_SHARING]],
        base=digest(question.secret).hex() if question.by_code else None,
        use=use,
        language=language,
    )


@dataclass(frozen=True)
class Order:
    """What the worker was asked to send."""

    people: tuple[UUID, ...]
    base: str | None
    use: Use
    language: Language


def send(
    data: Connection,
    keyring: Keyring,
    opened: Callable[[UUID], tuple[Store, Sealer]],
    order: Order,
    now: datetime,
) -> None:
    """Make a link or a code for each person and enqueue its message, as the worker."""
    data.execute(delete(ops.one_time).where(ops.one_time.c.expires_at < now - timedelta(days=1)))
    for place, member_id in enumerate(order.people):
        _, sealer = opened(member_id)
        if order.base is None:
            token = secrets.token_urlsafe(32)
            params = {"token": token, "use": order.use}
            message = outbox.Message("password_link", "email", order.language, params)
            _keep(data, digest(token), member_id, order.use, "email", now + LINK_LASTS)
        else:
            key = _code_digest(order.base, place)
            params = {"code": code_of(keyring, key)}
            message = outbox.Message("password_code", "sms", order.language, params)
            _keep(data, key, member_id, order.use, "sms", now + CODE_LASTS)
        outbox.enqueue(data, sealer, member_id, message, now)


def _keep(
    data: Connection, key: bytes, member_id: UUID, use: str, channel: str, ends: datetime
) -> None:
    data.execute(
        insert(ops.one_time).values(
            digest=key,
            member_id=member_id,
            use=use,
            channel=channel,
            expires_at=ends,
            tries_left=CODE_TRIES,
        )
    )


def _code_digest(base: str, place: int) -> bytes:
    return digest(f"{base}:{place}")


def code_of(keyring: Keyring, key: bytes) -> str:
    """Return the six digits that belong to a row: computed from a key, so that none is stored."""
    number = int.from_bytes(keyring.blind("one_time_code", key.hex())[:8])
    return f"{number % 1_000_000:06d}"


def digits_of(typed: str) -> str:
    """Return the digits that somebody typed: only ASCII may be compared in constant time.

    A Korean keyboard may type full-width ones.
    """
    return "".join(c for c in unicodedata.normalize("NFKC", typed) if c in digits)


def redeem_code(data: Connection, keyring: Keyring, secret: str, typed: str, now: datetime) -> str:
    """Spend a try, and with the right code the code; return a token to set the password with.

    Returns "" for a wrong code, for one that is over, and for a number nobody registered alike.
    """
    base = digest(secret).hex()
    table = ops.one_time
    digests = [_code_digest(base, place) for place in range(MOST_SHARING)]
    rows = data.execute(
        update(table)
        .where(
            table.c.digest.in_(digests),
            table.c.used_at.is_(None),
            table.c.expires_at > now,
            table.c.tries_left > 0,
        )
        .values(tries_left=table.c.tries_left - 1)
        .returning(table.c.digest, table.c.member_id, table.c.use)
    ).all()
    plain = digits_of(typed)
    for row in rows:
        if secrets.compare_digest(code_of(keyring, row.digest), plain):
            data.execute(update(table).where(table.c.digest == row.digest).values(used_at=now))
            token = secrets.token_urlsafe(32)
            _keep(data, digest(token), row.member_id, row.use, "code", now + CODE_LASTS)
            return token
    return ""


def holder(data: Connection, token: str, now: datetime) -> tuple[UUID, Use]:
    """Return whose link this is, without using it up. Raise `OneTimeRefused` when it is over."""
    table = ops.one_time
    row = data.execute(
        select(table.c.member_id, table.c.use).where(
            table.c.digest == digest(token),
            table.c.channel != "sms",
            table.c.use.in_(_USES),
            table.c.used_at.is_(None),
            table.c.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        raise _over()
    return row.member_id, cast("Use", row.use)


def consume(data: Connection, token: str, now: datetime) -> UUID:
    """Use the link up and return whose it was: of two at once, one gets it."""
    table = ops.one_time
    member_id: UUID | None = data.scalar(
        update(table)
        .where(
            table.c.digest == digest(token),
            table.c.channel != "sms",
            table.c.use.in_(_USES),
            table.c.used_at.is_(None),
            table.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(table.c.member_id)
    )
    if member_id is None:
        raise _over()
    return member_id


def _over() -> OneTimeRefused:
    return OneTimeRefused(N_("This link has been used or is too old. Please ask for a new one."))
