"""What an archive holds besides rows: files the member gave, receipts, and the ledger's proofs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, cast, func, select

from db import places
from db.clock import SEOUL
from db.tables.ledger import event
from db.words import ExportGroup
from services import archive_messages, consent_receipts, later, proof, seal
from services.archive_profile import IMAGE, image_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from services.archive_columns import Reading

_FEW = 4
"""Files in memory at once; each has up to 5 MB."""


class Attached:
    """The files beside the data; `missing` says what could not be given, and why."""

    def __init__(
        self, reading: Reading, groups: frozenset[ExportGroup], breathe: Callable[[], None]
    ) -> None:
        """`breathe` is called between files; what it raises ends the work."""
        self._reading, self._groups, self._breathe = reading, groups, breathe
        self.missing: list[dict[str, Any]] = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give names and contents, one at a time."""
        parts = {
            ExportGroup.PROFILE: self._image,
            ExportGroup.MESSAGES: self._evidence,
            ExportGroup.CONSENTS: self._receipts,
            ExportGroup.HISTORY: self._proofs,
        }
        for group, part in parts.items():
            if group in self._groups:
                for one in part():
                    yield one
                    self._breathe()

    def _image(self) -> Iterator[tuple[str, bytes]]:
        source, table = self._reading.source, self._reading.source.tables.profile_value
        rows = source.data.execute(
            select(table.c.sealed, table.c.seq).where(
                table.c.member_id == source.member_id, table.c.item == IMAGE, table.c.seq == 0
            )
        )
        for row in rows:
            text = source.open(row.sealed, places.profile(IMAGE, row.seq))
            if text is not None:
                yield image_file(text)

    def _evidence(self) -> Iterator[tuple[str, bytes]]:
        source = self._reading.source
        rows = source.data.execute(
            archive_messages.evidence_rows(source), execution_options={"yield_per": _FEW}
        )
        for row in rows:
            content = source.open_bytes(row.sealed, places.evidence(row.evidence_id))
            if content is not None:
                yield archive_messages.evidence_file(row), content

    def _receipts(self) -> Iterator[tuple[str, bytes]]:
        source, language = self._reading.source, self._reading.language
        try:
            found = consent_receipts.lines(source, None, language)
        except consent_receipts.NoReceipt:
            return
        yield "consents/receipts.html", consent_receipts.html(source, found, language).encode()

    def _proofs(self) -> Iterator[tuple[str, bytes]]:
        newest = seal.latest(self._reading.source.data)
        for day in self._days():
            name = f"proofs/{day}.json"
            if newest is None or day > newest.day:
                self._miss(name, "not_sealed_yet")
                continue
            try:
                made = proof.take(self._reading.source, day, self._reading.source.signer.verifier)
            except proof.ProofError:
                self._miss(name, "not_proved")
                continue
            yield name, json.dumps(made, ensure_ascii=False, indent=1).encode()

    def _days(self) -> list[date]:
        """Return the Seoul days of the member's events."""
        source = self._reading.source
        day = cast(func.timezone(SEOUL.key, event.c.at), Date)
        mine = (event.c.member_id == source.member_id) & later.shown(source.tables.store)
        days = select(day.label("day")).distinct().where(mine).order_by("day")
        asked = {
            "member": source.member_id,
            "today": source.today,
            "guardian": source.guardian,
        }
        return list(source.data.scalars(days, asked))

    def _miss(self, what: str, why: str) -> None:
        self.missing.append({"what": what, "count": 1, "why": why})
