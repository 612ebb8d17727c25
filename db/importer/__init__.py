"""Brings members of another system in, by a map and no code; see `mapping` for what a map says."""

from __future__ import annotations

from db.importer.report import Summary
from db.importer.running import ImportStoppedError, Progress, run
from db.importer.source import SourceEndedError

__all__ = ["ImportStoppedError", "Progress", "SourceEndedError", "Summary", "run"]
