"""What a caller said or gave, and what we answered: sealed under the key of its case.

The case's own key is there for members of every store, those who sleep too, and is destroyed when
its member leaves or the time for complaints is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, Uuid, bindparam, func, insert, select

from db import places
from db.prepared import Prepared
from db.sealing import Sealer, SealError
from db.tables.cases import case_paper
from db.words import PaperKind, Store
from services.house import house

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.house import House

_KEY = Prepared(
    select(func.keys.case_key(bindparam("member", type_=Uuid), bindparam("which", type_=Uuid)))
)


@dataclass(frozen=True)
class Paper:
    """One paper of a case; `content` None: it can't be opened any more."""

    paper_id: UUID
    kind: PaperKind
    media_type: str | None
    size: int
    given_at: datetime
    content: bytes | None = field(repr=False)

    @property
    def text(self) -> str:
        """Return words as text; nothing for a file."""
        plain = None if self.media_type else self.content
        return plain.decode() if plain is not None else ""


def new_key(member_id: UUID, case_id: UUID, now: datetime, where: House | None = None) -> Sealer:
    """Make the key of a case and keep it, before anything is sealed with it."""
    where = where or house()
    key, wrapped = where.keyring.new_key(Store.LIVE, case_id)
    keeping = func.keys.keep_case_key(
        member_id, case_id, bindparam("wrapped", wrapped, type_=LargeBinary), now
    )
    with where.databases.keys.begin() as keys:
        keys.execute(select(keeping))
    return Sealer(member_id, key)


def sealer(member_id: UUID, case_id: UUID) -> Sealer | None:
    """Return what opens and seals a case's papers; None when the key is gone."""
    with house().databases.look[1].connect() as keys:
        ((wrapped,),) = _KEY.rows(keys, {"member": member_id, "which": case_id})
    if wrapped is None:
        return None
    try:
        return Sealer(member_id, house().keyring.key(Store.LIVE, case_id, bytes(wrapped)))
    except SealError:
        return None


def keep(
    connection: Connection,
    opened: Sealer,
    whose: tuple[UUID, UUID],
    paper: tuple[PaperKind, bytes, str | None],
    now: datetime,
) -> UUID:
    """Seal and keep one paper of `whose` (member, case): kind, content, type of a file."""
    (member_id, case_id), (kind, content, media_type) = whose, paper
    paper_id = uuid4()
    connection.execute(
        insert(case_paper).values(
            member_id=member_id, case_id=case_id, paper_id=paper_id, kind=kind,
            media_type=media_type, size=len(content),
            sealed=opened.seal(content, places.case_paper(paper_id)), given_at=now,
        )
    )  # fmt: skip
    return paper_id


def of_case(connection: Connection, member_id: UUID, case_id: UUID) -> tuple[Paper, ...]:
    """Return the papers of a case, the oldest first; files without their content: one query."""
    rows = connection.execute(
        select(case_paper)
        .where(case_paper.c.member_id == member_id, case_paper.c.case_id == case_id)
        .order_by(case_paper.c.given_at, case_paper.c.paper_id)
    ).all()
    key = sealer(member_id, case_id) if any(not row.media_type for row in rows) else None
    return tuple(
        Paper(
            row.paper_id, PaperKind(row.kind), row.media_type, row.size, row.given_at,
            None if row.media_type else _open(key, row.sealed, row.paper_id),
        )
        for row in rows
    )  # fmt: skip


def file(connection: Connection, member_id: UUID, case_id: UUID, paper_id: UUID) -> Paper | None:
    """Return one file of a case with its content; None where there is none."""
    row = connection.execute(
        select(case_paper).where(
            case_paper.c.member_id == member_id, case_paper.c.case_id == case_id,
            case_paper.c.paper_id == paper_id, case_paper.c.media_type.is_not(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    plain = _open(sealer(member_id, case_id), row.sealed, paper_id)
    return Paper(paper_id, PaperKind(row.kind), row.media_type, row.size, row.given_at, plain)


def _open(key: Sealer | None, sealed: bytes, paper_id: UUID) -> bytes | None:
    if key is None:
        return None
    try:
        return key.open(sealed, places.case_paper(paper_id))
    except SealError:
        return None
