"""Migrations of the keys database."""

from __future__ import annotations

from db.migrations.env_common import run
from db.tables import keys  # noqa: F401 (registers the tables)
from db.tables.naming import KEYS

run(KEYS, frozenset({"keys"}))
