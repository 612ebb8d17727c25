"""Whether the portal works: both databases answer."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.house import house


def failing() -> str | None:
    """Return the first part that does not answer (`data` or `keys`), or None when all do."""
    databases = house().databases
    for name, engine in (("data", databases.data), ("keys", databases.keys)):
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
        except SQLAlchemyError:
            return name
    return None
