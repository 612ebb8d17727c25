"""What both migration environments share. The connection always comes from `db.migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData


def run(metadata: MetaData, schemas: frozenset[str]) -> None:
    """Run the environment's migrations on the given connection, comparing only our schemas."""
    connection: Connection = context.config.attributes["connection"]

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "table" and name and "_part_" in name:
            return False  # a part of a table that is declared as a whole
        return name in schemas if kind == "schema" else True

    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=ours,
        compare_server_default=False,
        version_table_schema="public",
    )
    with context.begin_transaction():
        context.run_migrations()
