"""Ends a session at its person's wish, and says so in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import ActorKind
from services import ledger, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.actor import Actor


def sign_out(connection: Connection, actor: Actor) -> None:
    """Revoke the actor's session; running tabs notice on their next run."""
    sessions.revoke(connection, actor.session_id, actor.at, "signed_out")
    if actor.kind is ActorKind.SELF:
        entry = ledger.Entry(ledger.EventName.SIGNED_OUT, actor.person)
        ledger.write(connection, actor, entry)
