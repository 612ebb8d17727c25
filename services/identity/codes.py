"""Authorization codes: good for a minute, for one exchange, by the client they were made for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from authlib.oidc.core import AuthorizationCodeMixin
from sqlalchemy import delete, insert

from db.sealing import digest
from db.tables import ops
from services.identity.people import Person, person_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

LASTS = timedelta(seconds=60)


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):
    """What a code stands for."""

    person: Person
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    auth_time: datetime
    acr: str | None
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Return the address the code was sent to."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what was granted."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return the client's nonce."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in, in seconds since 1970."""
        return int(self.auth_time.timestamp())

    def get_acr(self) -> str | None:  # type: ignore[override]
        """Return how the person was identified."""
        return self.acr


def keep(data: Connection, secret: str, client_id: str, code: Code, now: datetime) -> None:
    """Store a code under the digest of its secret; codes that nobody exchanged go."""
    data.execute(delete(ops.authorization_code).where(ops.authorization_code.c.expires_at < now))
    data.execute(
        insert(ops.authorization_code).values(
            digest=digest(secret),
            client_id=client_id,
            redirect_uri=code.redirect_uri,
            scope=code.scope,
            nonce=code.nonce,
            challenge=code.code_challenge,
            auth_time=code.auth_time,
            acr=code.acr,
            expires_at=now + LASTS,
            **code.person.columns,
        )
    )


def take(data: Connection, secret: str, client_id: str, now: datetime) -> Code | None:
    """Return what the code stands for and spend it: of two exchanges at once, one gets it."""
    codes = ops.authorization_code
    row = data.execute(
        delete(codes)
        .where(codes.c.digest == digest(secret), codes.c.client_id == client_id)
        .returning(codes)
    ).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    person = person_of(row.member_id, row.staff_id)
    return Code(
        person, row.redirect_uri, row.scope, row.nonce, row.challenge, row.auth_time, row.acr
    )
