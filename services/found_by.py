"""By what a member is found: the blind indexes follow the values, and never the other way round.

They stand in another database, which can't commit with the data. So they are made anew from what
is stored: right after the change commits, and once more by a job that was enqueued with it, for the
case that the portal dies in between.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import ARRAY, LargeBinary, Text, Uuid, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from db import places
from db.clock import seoul_day
from db.drafts import MemberDraft, ValueDraft
from db.sealing import SealError
from db.tables.member import LIVE
from db.writer import BLIND_KINDS, blind_values
from services import ages, jobs
from services.house import house
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.keyring import Keyring
    from db.sealing import Sealer
    from services.subject import Subject

ITEMS: Final = frozenset({*BLIND_KINDS, "name", "birth_date"})
"""Items by which a member is found, alone or together."""
_SET = select(
    func.keys.set_found_by(
        bindparam("member", type_=Uuid),
        bindparam("kinds", type_=ARRAY(Text)),
        bindparam("digests", type_=ARRAY(LargeBinary)),
    )
)
_log = logging.getLogger("portal")


def refresh(
    data: Connection,
    keys: Connection,
    keyring: Keyring,
    member: tuple[UUID, Sealer],
    now: datetime,
) -> None:
    """Replace a live member's blind indexes by those of the values as they are stored now.

    The values stay locked until `data` ends, so that of two at once the last sees both changes.
    `data` must see the member's rows.
    """
    member_id, sealer = member
    table = LIVE.profile_value.c
    rows = data.execute(
        select(table.item, table.sealed)
        .where(
            table.member_id == member_id,
            table.item.in_(ITEMS),
            table.seq == 0,
            table.sealed.is_not(None),
        )
        .order_by(table.item)
        .with_for_update()
    )
    values = tuple(
        ValueDraft(row.item, sealer.open(row.sealed, places.profile(row.item, 0)).decode())
        for row in rows
    )
    for value in values:
        if value.item == "birth_date":
            ages.learn(data, LIVE, member_id, value.value, seoul_day(now))
    pairs = blind_values(MemberDraft(member_id, now, values=values))
    given = {
        "member": member_id,
        "kinds": [kind for kind, _ in pairs],
        "digests": [keyring.blind(kind, value) for kind, value in pairs],
    }
    keys.execute(_SET, given)


def follow(subject: Subject, items: tuple[str, ...]) -> None:
    """Let the blind indexes follow a change of `items`, as soon as it has committed."""
    if not ITEMS & set(items) or subject.sealer is None:
        return
    jobs.defer(subject.connection, jobs.FOUND_BY, member_id=str(subject.member_id))
    subject.afterwards.append(lambda: _at_once(subject))


def _at_once(subject: Subject) -> None:
    if subject.sealer is None:
        return
    databases = house().databases
    try:
        with databases.data.begin() as data, databases.look[1].connect() as keys:
            as_subject(data, subject.member_id)
            member = (subject.member_id, subject.sealer)
            refresh(data, keys, house().keyring, member, subject.at)
    except (SQLAlchemyError, SealError) as error:
        # The change has committed and stands; the job will do this.
        _log.error("blind index left to the worker: %s", type(error).__name__)
