"""Whether the portal works: both databases answer, and no restore is under way."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from db.aside import SUFFIX
from services.house import house

_RESTORING = text(
    "select exists (select from pg_database where datname = current_database() || :suffix)"
)


def failing() -> str | None:
    """Return the first part that does not work (`data`, `keys`, `restore`), or None."""
    databases = house().databases
    for name, engine in (("data", databases.data), ("keys", databases.keys)):
        try:
            with engine.connect() as connection:
                if connection.scalar(_RESTORING, {"suffix": SUFFIX}):
                    return "restore"
        except SQLAlchemyError:
            return name
    return None
