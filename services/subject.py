"""A member's data, opened: what services take instead of an id."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from db import sealing
from db.clock import seoul_day
from db.declarations import KINDS, LOCATING
from db.words import N_, RIGHTS, StepWhat
from services import blocking, use
from services.actor import Relation, SecondWordNeeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.tables.member import MemberTables
    from db.words import Purpose, RecordKind
    from services.actor import Actor


@dataclass(frozen=True)
class Subject:
    """The data subject behind the gate, for one transaction. Only `access.open` makes one."""

    member_id: UUID
    actor: Actor
    relation: Relation
    purpose: Purpose
    tables: MemberTables
    connection: Connection = field(repr=False)
    find_sealer: Callable[[], sealing.Sealer | None] = field(repr=False)
    case_id: UUID | None = None
    alone: bool = False
    """Whether this is one of the staff with nobody else's word (see `second_word`)."""
    hides_place: bool = False
    """Whether who looks must not learn where the member is: a guardian while there is a dispute."""
    for_guardian: UUID | None = None
    """In whose case staff look, where it is a guardian's: they are told no more than may be told
    to this one."""
    kept_away: set[str] = field(default_factory=set, repr=False)
    """Items that a restriction refused in this transaction."""
    afterwards: list[Callable[[], None]] = field(default_factory=list, repr=False)
    """What is done as soon as the transaction has committed, and only then."""

    @property
    def at(self) -> datetime:
        """Return the request's instant."""
        return self.actor.at

    @property
    def today(self) -> date:
        """Return the request's day in Seoul."""
        return seoul_day(self.actor.at)

    @property
    def guardian(self) -> UUID | None:
        """Return the guardian for whom it is read; None for the member, and for staff of theirs.

        In the case of a guardian staff read for the one who called.
        """
        if self.for_guardian is not None:
            return self.for_guardian
        return self.actor.person if self.relation is Relation.GUARDIAN else None

    @cached_property
    def sealer(self) -> sealing.Sealer | None:
        """Return what opens and seals the member's values: their key is fetched when needed."""
        return self.find_sealer()

    def open(self, sealed: bytes | None, place: str) -> str | None:
        """Return the plain text, or None when the value can't be opened (its key is missing)."""
        if sealed is None or self.sealer is None:
            return None
        try:
            return self.sealer.open(sealed, place).decode()
        except sealing.SealError:
            return None

    @cached_property
    def standing(self) -> use.Standing:
        """Return consents and restrictions as they stand, read once a transaction."""
        return use.standing(self.connection, self.tables, self.member_id, self.today)

    @property
    def in_case(self) -> bool:
        """Return whether staff act for the member here, who then see items one by one."""
        grant = self.actor.grant
        return grant is not None and grant.case_id == self.case_id

    def in_full(self, name: str, *, plain: bool) -> bool:
        """Return whether an item, or a kind of record, is shown in full where `plain` is wished."""
        if not self.in_case or self.actor.grant is None:
            return plain
        return name in self.actor.grant.shown

    def second_word(self, what: StepWhat) -> None:
        """Raise `SecondWordNeeded` for staff who would do what can't be undone by themselves."""
        if self.alone:
            raise SecondWordNeeded(
                N_("Staff can't do this alone: the member or a second staff member has to agree."),
                what=what.value,
            )

    def may_use(self, item: str) -> bool:
        """Return whether `item` may be used for what the data was opened for; see `use.decide`.

        What a restriction keeps away is counted for the member to see, once a transaction (P32).
        """
        if self.hides(item):
            return False
        # A member's own rights don't depend on consents, so they cost no query.
        known = use.NOTHING if self.purpose in RIGHTS else self.standing
        decision = use.decide(item, self.purpose, known)
        if decision.why is use.Why.RESTRICTED and item not in self.kept_away:
            self.kept_away.add(item)
            blocking.count(
                self.connection, self.tables, self.member_id, item, self.purpose, self.at,
                self.actor,
            )  # fmt: skip
        return decision.allowed

    def hides(self, item: str) -> bool:
        """Return whether the item is hidden from this guardian until a dispute is decided."""
        return self.hides_place and item in LOCATING

    def may_use_kind(self, kind: RecordKind) -> bool:
        """Return whether records of `kind` serve what the data was opened for (clause 1)."""
        return self.purpose in KINDS[kind].purposes
