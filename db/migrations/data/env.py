"""Migrations of the data database."""

from __future__ import annotations

from db.migrations.env_common import run
from db.tables import bars, keeping, ledger, member, moves, ops  # noqa: F401 (registers the tables)
from db.tables.naming import DATA

run(DATA, frozenset({"live", "dormant", "retained", "ledger", "ops"}))
