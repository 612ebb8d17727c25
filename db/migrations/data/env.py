"""Migrations of the data database."""

from __future__ import annotations

from db.migrations.env_common import run
from db.tables import (  # noqa: F401 (registers the tables)
    bars,
    cases,
    exports,
    keeping,
    ledger,
    linking,
    member,
    moves,
    ops,
    reports,
    watching,
)
from db.tables.naming import DATA

run(DATA, frozenset({"live", "dormant", "retained", "ledger", "ops"}))
