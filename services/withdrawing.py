"""Ends a membership that somebody asked to end: one transaction of the worker (clauses 3, 4, 6, 9).

Rows and keys are in two databases, and the rows' store is the truth, as in `services.moving`. While
the member's own row is locked, their key's row first gets the wrap of a fresh key (committed); then
what stays moves under that key and all else goes (committed); then the fresh key takes the place of
the old one, which is what destroys the rest in every copy. A crash in between leaves a member whole
in one store, and the next run goes on (P05, P13, P15, P34).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Uuid, bindparam, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db import policy
from db.clock import seoul_day
from db.tables import ops
from db.tables.cases import case as cases
from db.tables.keeping import key_due
from db.tables.member import STORES
from db.tables.moves import move, separation
from db.words import ActorKind, Caller, MoveKind, Noted, Purpose, Store
from services import (
    case_lives,
    destroying_keys,
    erasing,
    export_ending,
    farewell,
    guarding,
    holding_back,
    journal,
    leaving_facts,
    leaving_record,
    ledger,
    moving,
    outbox,
    retaining,
    telling,
    use,
)
from services.destroying_rows import SIGN_IN
from services.leaver import Leaver
from services.leaving_plan import RECORDS, VALUES
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from db.seal_keys import Signer
    from db.sealing import Sealer
    from services.house import House
    from services.journal_rows import Row as Carried
    from services.retaining import Taken


def withdraw_all(house: House, signer: Signer, now: datetime) -> int:
    """End the memberships that still wait, should a worker have died; return how many."""
    moving.finish(house, now)
    with house.databases.data.connect() as data:
        waiting = data.scalars(select(move.c.member_id).where(move.c.kind == MoveKind.WITHDRAW))
        members = list(waiting)
    left = 0
    for member_id in members:
        with moving.later_if_busy():
            left += withdraw(house, signer, member_id, now)
    return left


def withdraw(house: House, signer: Signer, member_id: UUID, now: datetime) -> bool:
    """Do what was asked for; return whether the member left now. Twice changes nothing."""
    with house.databases.data.begin() as data:
        asked = _asked(data, member_id)
        if asked is None or holding_back.is_open(data, member_id, seoul_day(now)):
            return False  # it waits until it is decided who acts for the child
        data.execute(delete(move).where(move.c.member_id == member_id))
        store = _locked(data, member_id)
        moving.give_way(data)
        if store is not None and not _may_still(data, store, asked, now):
            _let_fall(data, member_id, now)
            return False
        if store is not None:
            old, new = _keys(house, member_id)
            _leave(data, signer, Leaver(member_id, store, asked, now, old, new))
    if store is not None:
        _settle(house, member_id, now)
    return store is not None


def _asked(data: Connection, member_id: UUID) -> Row[Any] | None:
    wish = select(move).where(move.c.member_id == member_id, move.c.kind == MoveKind.WITHDRAW)
    return data.execute(wish.with_for_update()).one_or_none()


def _locked(data: Connection, member_id: UUID) -> Store | None:
    """Lock the member's own row, waiting for whoever writes about them; None: they left before."""
    for store in (Store.LIVE, Store.DORMANT, Store.LIVE):  # who was being moved is found after all
        own = STORES[store].member.c.member_id
        if data.scalar(select(own).where(own == member_id).with_for_update()) is not None:
            return store
    return None


def _may_still(data: Connection, store: Store, asked: Row[Any], now: datetime) -> bool:
    """Return whether a guardian's wish counts at this moment; the member's own always does.

    A guardian who leaves on the same day may be gone by now, which takes nothing from the wish.
    """
    by_guardian, guardian = _guardian(data, asked)
    if not by_guardian:
        return True
    tables, today = STORES[store], seoul_day(now)
    link, member = tables.guardianship.c, tables.member.c
    stopped = select(link.member_id).where(
        link.member_id == asked.member_id,
        link.guardian_id == guardian,
        guarding.suspended(link, today),
    )
    child = select(member.member_id).where(
        member.member_id == asked.member_id, member.turns_14_on > today, ~stopped.exists()
    )
    return guardian is not None and data.scalar(child) is not None


def _guardian(data: Connection, asked: Row[Any]) -> tuple[bool, UUID | None]:
    """Return whether a guardian asked, here or by phone, and who; None where nobody is named."""
    if asked.actor_kind == ActorKind.GUARDIAN:
        return True, asked.actor_id
    case = select(cases.c.guardian_id).where(
        cases.c.case_id == asked.case_id, cases.c.caller == Caller.GUARDIAN
    )
    row = data.execute(case).one_or_none()
    return row is not None, row.guardian_id if row else None


def _let_fall(data: Connection, member_id: UUID, now: datetime) -> None:
    """Forget a wish whose guardian may not have it any more: the child decides by now."""
    ledger.note(data, ledger.Entry(EventName.WISH_FELL_AWAY, member_id), now)
    gone = [(move, {"member_id": member_id})]
    journal.note(data, Noted.REQUESTED, member_id, now, gone=gone)


def _keys(house: House, member_id: UUID) -> tuple[Sealer | None, Sealer]:
    """Return the old key, and a fresh one whose wrap is committed beside the old one's.

    Raise `KeyMovedError` when the key went elsewhere meanwhile: nothing would open what stays.
    """
    new, wrapped = house.keyring.new_sealer(Store.RETAINED, member_id)
    with house.databases.keys.begin() as keys:
        try:
            _store, old = outbox.sealer_of(keys, house.keyring, member_id)
        except outbox.NoKeyError:
            return None, new
        if not moving.announce(keys, {member_id: wrapped}, Store.RETAINED):
            raise moving.KeyMovedError
    return old, new


def _leave(data: Connection, signer: Signer, who: Leaver) -> None:
    """Do it all, in the caller's transaction; what asks about the member comes before it goes."""
    as_subject(data, who.member_id)
    tables = STORES[who.store]
    telling.tell_of_leaving(data, tables, who.member_id, who.now)
    standing = use.standing(data, tables, who.member_id, who.today)
    may_write = use.decide("email", Purpose.NOTICES, standing).allowed
    rules = retaining.Rules(
        policy.in_force(who.today), leaving_facts.holds(data, who.member_id, who.today), who.today
    )
    _end_sign_ins(data, who)
    export_ending.leave(data, who.member_id)
    taken = retaining.take(data, who.store, who.member_id)
    kept = _keep(data, who, rules, taken)
    lines = leaving_record.lines_of(rules, taken, kept)
    left = [
        *_as_put(taken, kept),
        *leaving_record.certify(data, signer, who, (rules.policy.version, lines)),
        *leaving_record.add_to_day(data, who, taken, kept),
        *farewell.end_guardianships(data, who),
    ]
    ledger.write(data, who.actor, ledger.Entry(EventName.LEFT, who.member_id))
    if may_write:
        farewell.say_goodbye(data, who, taken, lines)
    journal.note(data, Noted.WITHDRAWN, who.member_id, who.now, rows=left)


def _all_sign_ins() -> Select[Any]:
    """Return one statement that deletes from every table of `SIGN_IN`."""
    mine = bindparam("member", type_=Uuid)
    gone = [
        delete(table).where(table.c.member_id == mine).returning(literal(1)).cte(f"gone_{number}")
        for number, table in enumerate(SIGN_IN)
    ]
    return select(literal(1)).add_cte(*gone)


_SIGN_INS: Final = _all_sign_ins()


def _end_sign_ins(data: Connection, who: Leaver) -> None:
    """End sessions and sign-ins, drop what was not sent yet, close the staff's cases."""
    mine = separation.c.member_id == who.member_id
    data.execute(delete(separation).where(mine))
    data.execute(_SIGN_INS, {"member": who.member_id})
    case_lives.left(data, who.member_id, who.now)
    cases = ops.case.c
    still = (cases.member_id == who.member_id, cases.closed_at.is_(None))
    data.execute(update(ops.case).where(*still).values(closed_at=who.now))


def _keep(
    data: Connection, who: Leaver, rules: retaining.Rules, taken: Taken
) -> dict[str, list[retaining.Row]]:
    """Put what stays into the retained store; where nothing does, its key is due at once."""
    chosen = rules.kept(taken) if who.old else {name: [] for name in taken.rows}
    kept = {name: retaining.resealed(name, rows, who.old, who.new) for name, rows in chosen.items()}
    if any(kept[name] for name in (VALUES, RECORDS)):
        retaining.put(data, taken.member, kept)
        return kept
    due = upsert(key_due).values(member_id=who.member_id, at=who.now)
    data.execute(due.on_conflict_do_nothing())
    return {name: [] for name in kept}


def _as_put(taken: Taken, kept: dict[str, list[retaining.Row]]) -> Iterator[Carried]:
    """Give the rows that `_keep` put in, with their tables: a restore puts them in again."""
    retained = STORES[Store.RETAINED]
    if any(kept.values()):
        yield retained.member, retaining.bare(taken.member)
    for table in retained.all[1:]:
        yield from ((table, row) for row in kept[table.name])


def _settle(house: House, member_id: UUID, now: datetime) -> None:
    """Let the fresh key take the old one's place, and take all by which they were found.

    What the keys' files still have of the old one goes now, or with the next hourly run, as all by
    which they were found does.
    """
    with house.databases.keys.begin() as keys:
        if not moving.settle(keys, [member_id], Store.RETAINED, now):
            moving.forget(keys, [member_id], now)  # whose key was lost, too
    try:
        destroying_keys.erase_key_of(house.databases, member_id)
        destroying_keys.destroy_keys(house.databases, now)
    except erasing.NOT_NOW:
        return  # somebody has the table in hand; the hourly run does it
