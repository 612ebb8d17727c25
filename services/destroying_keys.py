"""Destroys members' keys once no row is left that they opened (P13, P15).

A key goes from its row, then from the files; until then a note says that it is due. What a key
leaves in the files goes by writing its part of the table anew: that of who left is another than
that of who is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, select, text

from db.among import among
from db.tables import keys as keys_tables
from db.tables.keeping import key_due
from db.words import Store
from services import erasing, moving
from services.destroying_rows import CASE_WORDS, EXPORTS, LEAVING, REPORTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Table

    from db.engines import Databases

KEY_BATCH: Final = 20_000
"""Keys that go together: their tables are written anew once for all of them."""
_OTHERS: Final = (
    keys_tables.blind_index, keys_tables.sign_in, keys_tables.export_key, keys_tables.case_key,
    keys_tables.report_key,
)  # fmt: skip
"""What else keys, and all by which members are found, are deleted from."""


class Gone(NamedTuple):
    """Whose keys were deleted just now, and the tables whose files may still hold something."""

    ids: Sequence[UUID] = ()
    tables: Sequence[Table | str] = ()


def destroy_keys(databases: Databases, now: datetime) -> int:
    """Destroy the keys of members of whom no row is left, and return how many. Kill-safe.

    The note that a key is due stays until the key has left the files, too. Raise one of
    `erasing.NOT_NOW`.
    """
    count, last = begin(databases, now)
    erasing.erase({databases.keys: last.tables})
    return count + forget(databases, last.ids)


def begin(databases: Databases, now: datetime) -> tuple[int, Gone]:
    """Destroy them; return how many are in no file any more, and those that still may be."""
    count, gone = 0, _delete_keys(databases, now)
    while len(gone.ids) == KEY_BATCH:
        erasing.erase({databases.keys: gone.tables})
        count += forget(databases, gone.ids)
        gone = _delete_keys(databases, now)
    return count, gone


def _delete_keys(databases: Databases, now: datetime) -> Gone:
    """Delete a batch of the keys that are due."""
    with databases.data.connect() as data:
        due = select(key_due.c.member_id).order_by(key_due.c.member_id)
        ids = data.scalars(due.limit(KEY_BATCH)).all()
    if not ids:
        return Gone()
    key = keys_tables.member_key
    theirs = among(key.c.member_id, ids)
    with databases.keys.begin() as keys:
        left = keys.execute(delete(key).where(key.c.store == Store.RETAINED, theirs)).rowcount
        if left < len(ids):
            # Of who was here until now; or a run that was killed deleted them. Twice, since a key
            # may be going over to the other side: the first waits, the second finds it there.
            for _again in range(2):
                keys.execute(delete(key).where(theirs))
        moving.forget(keys, ids, now)
    part = key if left < len(ids) else "keys.member_key_part_left"
    return Gone(ids, (part, *_OTHERS))


def forget(databases: Databases, ids: Sequence[UUID]) -> int:
    """Drop the notes of keys that are in no file any more; return how many there were."""
    if not ids:
        return 0
    with databases.data.begin() as data:
        return data.execute(delete(key_due).where(among(key_due.c.member_id, ids))).rowcount


def erase_keys(databases: Databases) -> None:
    """Let destroyed keys leave the files. Raise one of `erasing.NOT_NOW`."""
    erasing.erase({databases.keys: (keys_tables.member_key, *_OTHERS)})


_PART_OF: Final = text("""
    select format('keys.member_key_part_here_%s', lpad(n::text, 2, '0'))
    from generate_series(0, :parts - 1) n
    where satisfies_hash_partition(
        'keys.member_key_part_here'::regclass, :parts, n, cast(:member as uuid)
    )
""")


def erase_key_of(databases: Databases, member_id: UUID) -> None:
    """Let the key that a member had while here leave the files: one part of many is written anew.

    Raise one of `erasing.NOT_NOW`.
    """
    given = {"parts": keys_tables.KEY_PARTS, "member": member_id}
    with databases.keys.connect() as keys:
        [part] = keys.scalars(_PART_OF, given)
    erasing.erase({databases.keys: (part, keys_tables.export_key, keys_tables.case_key)})


def of(store: Store, kind: str) -> tuple[Table | str, ...]:
    """Return the tables that keys of a kind were deleted from, each where its rows went."""
    of_kind: dict[str, tuple[Table | str, ...]] = {
        EXPORTS: (keys_tables.export_key,),
        REPORTS: (keys_tables.report_key,),
        CASE_WORDS: (keys_tables.case_key,),
    }
    if kind == LEAVING and store is not Store.RETAINED:
        return ("keys.member_key_part_here", *_OTHERS)
    return of_kind.get(kind, ())
