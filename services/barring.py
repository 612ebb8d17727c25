"""What the worker does of a bar: lets its member be known again, tells them, forgets when it ends.

The digests are copied apart from those by which somebody is found, since leaving deletes those
(`moving.settle`): a bar outlives the membership, and never its own end. Twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, text, update

from db.clock import seoul_day
from db.tables.bars import bar
from db.tables.keys import barred
from db.tables.member import STORES
from db.words import Purpose, Store
from services import bar_words, erasing, notify, outbox, use
from services.joining import KINDS
from services.language import DEFAULT

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from services.house import House

# What was copied stays, though its value be changed or cleared: else a bar could be shaken off.
# Where it was wrong from the start, the officer lifts the bar and places it anew.
_COPY = text("""
    insert into keys.barred (kind, digest, bar_id, member_id, ends_on)
    select kind, digest, :bar, member_id, :ends_on from keys.blind_index
    where member_id = :member and kind = any(:kinds)
    on conflict do nothing
""")
# What somebody without a bar has, too, would make them be taken for its member. They may leave, and
# then are found no more: so it is marked while they are here, and stays so.
# In order, so that two workers that mark at once wait for each other and never crosswise.
_MARK = text("""
    update keys.barred set shared = true from (
        select b.kind, b.digest, b.bar_id from keys.barred b
        where not b.shared and exists (
            select from keys.blind_index o where o.kind = b.kind and o.digest = b.digest
                and o.member_id <> b.member_id and o.member_id <> all(:standing)
        )
        order by b.kind, b.digest, b.bar_id for update
    ) theirs
    where (barred.kind, barred.digest, barred.bar_id)
        = (theirs.kind, theirs.digest, theirs.bar_id)
""")


def settle(house: House, bar_id: UUID, now: datetime) -> None:
    """Do what a bar's present state asks for, and tell its member what is new."""
    gone, query = 0, select(bar).where(bar.c.bar_id == bar_id).with_for_update()
    # Left from the right: the digests are committed before it is said that they are there.
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        row = data.execute(query).one_or_none()
        if row is None:
            return  # it is over
        opened = _opened(house, keys, row.member_id)
        if row.lifted_at is not None:
            gone = keys.execute(delete(barred).where(barred.c.bar_id == bar_id)).rowcount
        elif opened is not None:
            _follow(data, keys, row, opened[0], seoul_day(now))
        if opened is not None:
            _tell(data, row, opened, now)
    if gone:
        _erase(house)


def _opened(house: House, keys: Connection, member_id: UUID) -> tuple[Store, Sealer] | None:
    """Return where a member's data is and what opens it; None for who left: nobody to tell."""
    try:
        opened = outbox.sealer_of(keys, house.keyring, member_id)
    except outbox.NoKeyError:
        return None
    return None if opened[0] is Store.RETAINED else opened


def _follow(data: Connection, keys: Connection, row: Any, store: Store, today: date) -> None:  # noqa: ANN401 (a row)
    """Copy the digests by which the member is known by now; note which kinds tell them apart."""
    known = use.standing(data, STORES[store], row.member_id, today)
    kinds = [
        kind for kind, items in KINDS.items()
        if all(use.decide(item, Purpose.JOINING_LIMIT, known).allowed for item in items)
    ]  # fmt: skip
    keys.execute(_COPY, {"bar": row.bar_id, "member": row.member_id, "kinds": kinds,
                         "ends_on": row.ends_on})  # fmt: skip
    _mark(data, keys, today)
    held = select(barred.c.kind).where(barred.c.bar_id == row.bar_id, ~barred.c.shared).distinct()
    found = sorted(keys.scalars(held))
    if found != row.known_by:
        data.execute(update(bar).where(bar.c.bar_id == row.bar_id).values(known_by=found))


def _mark(data: Connection, keys: Connection, today: date) -> None:
    """Mark what members without a bar have, too. Costs what is known of those with one."""
    whose = select(bar.c.member_id).where(bar.c.lifted_at.is_(None), bar.c.ends_on >= today)
    keys.execute(_MARK, {"standing": list(data.scalars(whose))})


def _tell(data: Connection, row: Any, opened: tuple[Store, Sealer], now: datetime) -> None:  # noqa: ANN401 (a row)
    """Tell the member each fact of the bar once, by mail and in the portal's inbox."""
    store, sealer = opened
    number = bar_words.number(row.bar_id)
    facts = {"bar_placed": {"number": number, "why": row.why, "until": str(row.ends_on)}}
    if row.kept_why:
        facts["bar_kept"] = {"number": number, "why": row.kept_why, "until": str(row.ends_on)}
    if row.lifted_at:
        facts["bar_lifted"] = {"number": number}
    for template, params in facts.items():
        key = f"{template}:{row.bar_id}"
        message = outbox.Message(template, "either", DEFAULT, params, key)
        notify.write(data, STORES[store], (row.member_id, sealer), message, now)


def follow(house: House, data: Connection, keys: Connection, who: UUID, now: datetime) -> None:
    """Let bars know what was changed of a member: of their own, or of one without any."""
    today = seoul_day(now)
    mine = select(bar).where(
        bar.c.member_id == who, bar.c.lifted_at.is_(None), bar.c.ends_on >= today
    )
    row = data.execute(mine.with_for_update()).one_or_none()
    opened = None if row is None else _opened(house, keys, who)
    if row is None:
        _mark(data, keys, today)
    elif opened is not None:
        _follow(data, keys, row, opened[0], today)


def run(house: House, now: datetime) -> int:
    """Forget the bars that are over, and what was lifted; return how many digests went.

    What stands follows its member once more, should they have come with an import since.
    """
    today = seoul_day(now)
    with house.databases.data.connect() as data:
        lifted = data.scalars(select(bar.c.bar_id).where(bar.c.lifted_at.is_not(None))).all()
        standing = data.scalars(
            select(bar.c.member_id).where(bar.c.lifted_at.is_(None), bar.c.ends_on >= today)
        ).all()
    with house.databases.data.connect() as data, house.databases.keys.begin() as keys:
        _mark(data, keys, today)
        over = or_(barred.c.ends_on < today, barred.c.bar_id.in_(lifted))
        gone = keys.execute(delete(barred).where(over)).rowcount
    for member_id in standing:
        with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
            follow(house, data, keys, member_id, now)
    with house.databases.data.begin() as data:
        data.execute(delete(bar).where(bar.c.ends_on < today))
    if gone:
        _erase(house)
    return gone


def _erase(house: House) -> None:
    """Let the digests leave the files, too; where the table is in use, the next vacuum does."""
    try:
        erasing.erase({house.databases.keys: (barred,)})
    except erasing.NOT_NOW:
        return
