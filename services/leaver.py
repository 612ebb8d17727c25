"""Who leaves: from where, when, as who asked it, and the keys of what goes and what stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from db.clock import seoul_day
from db.words import ActorKind
from services.actor import Actor

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Row

    from db.sealing import Sealer
    from db.words import Store
    from services.language import Language


@dataclass(frozen=True)
class Leaver:
    """Who leaves, from where, when, as who asked it; their old key (None: lost) and the new one."""

    member_id: UUID
    store: Store
    asked: Row[Any] = field(repr=False)
    now: datetime
    old: Sealer | None = field(repr=False)
    new: Sealer = field(repr=False)

    @property
    def today(self) -> date:
        """Return the Seoul day of leaving."""
        return seoul_day(self.now)

    @property
    def language(self) -> Language:
        """Return the language of the screen on which it was asked for."""
        return "en" if self.asked.language == "en" else "ko"

    @property
    def actor(self) -> Actor:
        """Return who asked, as the ledger names them."""
        kind = ActorKind(self.asked.actor_kind)
        return Actor(kind, self.asked.actor_id, self.asked.session_id, self.now)
