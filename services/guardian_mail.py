"""What a child without a contact of its own is told goes to its guardians, to each apart (P29).

Each guardian gets a message of their own, at their own address and under their own key, so that
none sees another's. The child's own row counts as sent; the child reads it in its inbox as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select

from db import places
from db.clock import seoul_day
from db.tables.member import LIVE
from db.words import Store
from services import guarding, messages, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from db.keyring import Keyring
    from db.sealing import Sealer

_OWN: Final = messages.SECRET | {
    "dormancy_notice", "fourteen_child", "dispute_decided", "own_sign_in", "guardian_again_child",
}  # fmt: skip
"""What nobody else is told: it proves a mailbox, something rests on its arrival (P10), or guardians
are told themselves, in words of their own."""


@dataclass(frozen=True)
class Guardians:
    """The keys, by which the worker writes to a child's guardians."""

    keys: Connection = field(repr=False)
    keyring: Keyring = field(repr=False)

    def tell(
        self,
        data: Connection,
        sealer: Sealer,
        row: Row[tuple[object, ...]],
        nickname: str,
        now: datetime,
    ) -> bool:
        """Write the child's message `row` to each guardian; return whether there is one."""
        if row.template in _OWN:
            return False
        params: dict[str, str] = {}
        if row.sealed is not None:
            params = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
        told = 0
        for guardian, own in self._of(data, row.member_id, now):
            message = outbox.Message(
                row.template, "either", row.language, params, f"ward:{row.message_id}",
                ward=nickname,
            )  # fmt: skip
            outbox.enqueue_once(data, own, guardian, message, now)
            told += 1
        return told > 0

    def _of(self, data: Connection, child: UUID, now: datetime) -> Iterator[tuple[UUID, Sealer]]:
        """Give the guardians whose proof is on record and who may act for the child today."""
        link, today = LIVE.guardianship.c, seoul_day(now)
        found = data.scalars(
            select(link.guardian_id)
            .where(
                link.member_id == child, link.proof, link.started_on <= today,
                or_(link.ended_on.is_(None), link.ended_on > today),
                guarding.guards(link.member_id, link.guardian_id, today),
            )
            .order_by(link.started_on, link.guardian_id)
        ).all()  # fmt: skip
        for guardian in dict.fromkeys(found):
            try:
                store, sealer = outbox.sealer_of(self.keys, self.keyring, guardian)
            except outbox.NoKeyError:
                continue  # they have left
            if store is Store.LIVE:
                yield guardian, sealer
