"""A ledger with seals: written and sealed day by day, as the portal and the worker do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, insert, text

from db import seal_keys
from db.tables.ledger import event
from services import daily, proof, seal, seal_copy, verify_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from services.seal import Seal
    from services.seal_chain import Finding
    from tests.database import PortalDb

START = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
"""Midnight in Seoul: the 18th begins."""
SEALS_AT = timedelta(minutes=7)


@dataclass
class Sealed:
    """A database with a folder of its own for the keys that sign."""

    db: PortalDb
    var: Path

    def happen(self, at: datetime, member_id: UUID | None = None, **changes: Any) -> int:  # noqa: ANN401
        """Write one event as the worker and return its id."""
        row = {
            "at": at, "member_id": member_id or uuid4(), "name": "profile_viewed", "allowed": True,
            "purpose": "show", "actor_kind": "self", "actor_id": uuid4(), "session_id": uuid4(),
            "items": ["email", "주소 {x}"], "page": "/my-data", "fold_key": uuid4().bytes,
        }  # fmt: skip
        with self.db.work.data.begin() as connection:
            statement = insert(event).values(row | changes).returning(event.c.event_id)
            return int(connection.scalar(statement) or 0)

    def lose_a_number(self) -> None:
        """Use up an event's number in a transaction that is rolled back."""
        with self.db.work.data.connect() as connection:
            connection.execute(
                text("insert into ledger.event (at, name, allowed, actor_kind) "
                     "values (now(), 'x', true, 'system')")
            )  # fmt: skip

    def seal(self, now: datetime) -> daily.Report:
        """Do the daily run."""
        return daily.run(self.db.work.data, self.var, now, now)

    def days(self, count: int, each: int = 5) -> list[list[int]]:
        """Let days pass, each sealed shortly after its end; return their event ids."""
        found = []
        for n in range(count):
            day = START + timedelta(days=n)
            ids = []
            for hour in range(each):
                ids.append(self.happen(day + timedelta(hours=hour + 1)))
                self.lose_a_number()
            self.seal(day + timedelta(days=1) + SEALS_AT)
            found.append(ids)
        return found

    @property
    def verifier(self) -> seal_keys.Verifier:
        """Return the public key."""
        return seal_keys.verifier(self.var / "keys" / seal_keys.PUBLIC)

    def copy(self) -> tuple[Seal, ...]:
        """Return the worker's own copy of the seals."""
        return seal_copy.read(self.var / seal_copy.NAME)

    def findings(
        self, connection: Connection | None = None, now: datetime = START, *, copy: bool = False
    ) -> list[Finding]:
        """Return what is wrong."""
        copies = self.copy() if copy else ()
        if connection is not None:
            return list(verify_ledger.Check(connection).all(self.verifier, now, copies))
        with self.db.work.data.connect() as own:
            return list(verify_ledger.Check(own).all(self.verifier, now, copies))


@pytest.fixture
def sealed(portal_db: PortalDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sealed:
    """Return an empty ledger whose lists have parts of four events, so that few make many parts."""
    shutil.copytree(portal_db.var / "keys", tmp_path / "keys")
    seal_keys.create(tmp_path / "keys")
    for module in (seal, proof):
        monkeypatch.setattr(module, "PART", 4)
    return Sealed(portal_db, tmp_path)
