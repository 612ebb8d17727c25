"""Moves whole members between stores, many in one transaction: in exactly one at every instant.

Rows and keys are in two databases, and the rows' store is the truth. While the members' own rows
are locked, each key first gets a second wrap, for the store to come (committed); then the rows move
(committed); then the key's row follows. A crash in between leaves a key that opens its member's
values wherever they are, and `finish` lets the key's row follow later (clause 3.3; P09).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    TextClause,
    Uuid,
    any_,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError

from db.among import among
from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables.member import STORES
from db.words import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.sql.dml import ReturningInsert

    from db.keyring import Keyring
    from services.house import House

_KEY = keys_tables.member_key
_OF_WHO_IS_HERE: Final = (
    keys_tables.blind_index, keys_tables.sign_in, keys_tables.export_key, keys_tables.case_key,
)  # fmt: skip


def lock(data: Connection, store: Store, members: Sequence[UUID]) -> list[UUID]:
    """Lock and return those of `members` that are in `store` and that nobody is moving now.

    Whoever adds a row of theirs waits for the move, then finds the member gone.
    """
    table = STORES[store].member
    query = select(table.c.member_id).where(table.c.member_id.in_(members))
    return list(data.scalars(query.order_by(table.c.member_id).with_for_update(skip_locked=True)))


_BRIEFLY = text("set local lock_timeout = '200ms'")


def give_way(data: Connection) -> None:
    """Let this transaction, with members locked, wait for nobody: whoever is before us goes first.

    Somebody on a page may hold a value of a member and want to add a row just now: that waits for
    our lock, and we would for theirs. We end with `OperationalError`, before the database ends
    them, and are tried again.
    """
    data.execute(_BRIEFLY)


class KeyMovedError(Exception):
    """A key went elsewhere at this instant: try again, and look where it is."""


_BUSY = frozenset({"40P01", "55P03"})


@contextmanager
def later_if_busy() -> Iterator[None]:
    """Leave to the next run what gave way; nothing else of this one is held up by it."""
    try:
        yield
    except KeyMovedError:
        return
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) not in _BUSY:
            raise


def rewrap(
    keys: Connection, keyring: Keyring, members: Sequence[UUID], source: Store, target: Store
) -> list[UUID]:
    """Give each key a second wrap, for `target`; return those whose key is there and opens.

    The members' rows in `source` must be locked, and `keys` committed before they move.
    """
    held = keys.execute(
        select(_KEY.c.member_id, _KEY.c.wrapped).where(
            _KEY.c.member_id.in_(members), _KEY.c.store == source
        )
    )
    wraps = {}
    for row in held:
        try:
            wraps[row.member_id] = keyring.rewrap(source, target, row.member_id, row.wrapped)
        except SealError:
            continue
    return announce(keys, wraps, target)


_MEMBERS: Final = bindparam("members", type_=ARRAY(Uuid))
WRAPS: Final = (
    func.unnest(_MEMBERS, bindparam("wraps", type_=ARRAY(LargeBinary)))
    .table_valued(column("member_id", Uuid), column("wrapped", LargeBinary), name="new")
    .render_derived()
)
"""Members and new wraps of their keys, as the parameters `members` and `wraps`."""
# Named twice: a thousand among millions are looked up by the index, not met in reading them all.
_ANNOUNCE: Final = (
    update(_KEY)
    .where(_KEY.c.member_id == any_(_MEMBERS), _KEY.c.member_id == WRAPS.c.member_id)
    .values(next_store=bindparam("target"), next_wrapped=WRAPS.c.wrapped)
    .returning(_KEY.c.member_id)
)


def announce(keys: Connection, wraps: dict[UUID, bytes], target: Store) -> list[UUID]:
    """Note the wraps under which the members' keys will be known in `target`; return whose were.

    Whose key is gone by now, or was on its way to another part of the table, is not among them.
    """
    if not wraps:
        return []
    given = {"members": list(wraps), "wraps": list(wraps.values()), "target": target}
    return list(keys.scalars(_ANNOUNCE, given))


def rows(data: Connection, members: Sequence[UUID], source: Store, target: Store) -> int:
    """Move every row of the members: one statement; return how many members moved."""
    if not members:
        return 0
    return data.scalar(_move(source, target), {"members": list(members)}) or 0


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


@cache
def _move(source: Store, target: Store) -> TextClause:
    """Return the statement. Rows are inserted as they are deleted: no later version is lost.

    Foreign keys are checked at the statement's end, when parents and children are all there.
    """
    parts, counted = [], STORES[source].member
    for old, new in zip(STORES[source].all, STORES[target].all, strict=True):
        names = _names(old)
        parts.append(
            f"gone_{old.name} as (delete from {old.fullname} where member_id = any(:members) "  # noqa: S608 (our own tables)
            f"returning {names}), new_{old.name} as (insert into {new.fullname} ({names}) "
            f"select {names} from gone_{old.name})"
        )
    statement = f"with {', '.join(parts)} select count(*) from gone_{counted.name}"  # noqa: S608
    return text(statement).bindparams(bindparam("members", type_=ARRAY(Uuid)))


def settle(keys: Connection, members: Sequence[UUID], target: Store, now: datetime) -> int:
    """Let the keys follow their members to `target`: the old wrap goes.

    Return how many did.
    """
    there = (among(_KEY.c.member_id, members), _KEY.c.next_store == target)
    if target is not Store.RETAINED:
        new = {"store": _KEY.c.next_store, "wrapped": _KEY.c.next_wrapped}
        over = {"next_store": None, "next_wrapped": None}
        changed = update(_KEY).where(*there).values(new | over).returning(_KEY.c.member_id)
        return len(keys.scalars(changed).all())
    left = list(keys.scalars(_to_the_other_side(*there)))
    if left:
        forget(keys, left, now)
    return len(left)


def _to_the_other_side(*there: ColumnElement[bool]) -> ReturningInsert[UUID]:
    """Return the statement by which keys of who left go where theirs lie.

    An UPDATE from one part of a table to another fails whoever waits for the row. By DELETE and
    INSERT whoever waits finds nothing, and must look again.
    """
    old = delete(_KEY).where(*there).returning(_KEY).cte("old")
    new = select(old.c.member_id, old.c.next_store, old.c.next_wrapped, old.c.created_at)
    names = ["member_id", "store", "wrapped", "created_at"]
    return insert(_KEY).from_select(names, new).returning(_KEY.c.member_id)


def forget(keys: Connection, members: Sequence[UUID], now: datetime) -> None:
    """Take all by which members who left were found or signed in; no import brings them back.

    With it go the keys of their copies and cases. What a bar knows of them stays until its end
    (`services.barring`).
    """
    for table in _OF_WHO_IS_HERE:
        keys.execute(delete(table).where(among(table.c.member_id, members)))
    origin = keys_tables.import_origin
    left = (among(origin.c.member_id, members), origin.c.left_at.is_(None))
    keys.execute(update(origin).where(*left).values(left_at=now))


def finish(house: House, now: datetime) -> int:
    """Let every key follow that a crash left behind; return how many there were.

    Who is being moved at this moment is left alone.
    """
    with house.databases.keys.connect() as keys:
        waiting = keys.execute(
            select(_KEY.c.member_id, _KEY.c.store, _KEY.c.next_store).where(
                _KEY.c.next_store.is_not(None)
            )
        ).all()
    pairs = {(Store(row.store), Store(row.next_store)) for row in waiting}
    return sum(
        _finish(house, [r.member_id for r in waiting if (r.store, r.next_store) == pair], pair, now)
        for pair in sorted(pairs)
    )


def _finish(house: House, members: Sequence[UUID], way: tuple[Store, Store], now: datetime) -> int:
    source, target = way
    there = STORES[target].member.c.member_id
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        stayed = lock(data, source, members)
        moved = list(data.scalars(select(there).where(there.in_(members))))
        settle(keys, moved, target, now)
        keys.execute(
            update(_KEY)
            .where(_KEY.c.member_id.in_(stayed), _KEY.c.next_store == target)
            .values(next_store=None, next_wrapped=None)
        )
        # A key that missed one move and was announced for another, which came to nothing. Not of
        # who left: what is kept of them another key opens.
        for other in {Store.LIVE, Store.DORMANT}.difference(way):
            found = lock(data, other, members)
            settle(keys, rewrap(keys, house.keyring, found, source, other), other, now)
        # Left from the right: the keys are committed first, under the lock.
    return len(stayed) + len(moved)
