"""Up and down with rows in the tables, in databases of the test's own."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.pool import NullPool

from db import engines, migrate, writer
from db.tables import keys, ledger, ops
from db.tables.member import STORES
from db.words import Store
from tests.installing import addresses_in
from tests.people import NOW, draft
from tests.rows import one_of_each

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from db.engines import Addresses
    from tests.database import PortalDb

DATABASES = ("data", "keys")


def in_order(rights: str) -> str:
    """Return what reads rights in an order that doesn't tell who was granted theirs first."""
    return f"array(select a::text from unnest({rights}) a order by 1)::text"  # noqa: S608 (a constant)


SCHEMA = text(f"""
    select 'column', table_schema || '.' || table_name || '.' || column_name,
           data_type || is_nullable || coalesce(column_default, '')
    from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
    union all select 'policy', schemaname || '.' || tablename || '.' || policyname,
           roles::text || cmd || coalesce(qual, '') || coalesce(with_check, '') from pg_policies
    union all select 'rights', relnamespace::regnamespace || '.' || relname,
           {in_order("relacl")} || relrowsecurity || relforcerowsecurity from pg_class
           where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    union all select 'function', oid::regprocedure::text, md5(prosrc) || {in_order("proacl")}
           from pg_proc where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
           or proname = 'pg_switch_wal'
    union all select 'schema', nspname, {in_order("nspacl")} from pg_namespace
           where nspname !~ '^pg_'
    order by 1, 2, 3
""")  # noqa: S608 (constants)
"""Everything that migrations make, as (kind, name, detail)."""


@pytest.fixture
def addresses(migrated: PortalDb) -> Iterator[Addresses]:
    """Two databases that do not exist yet, in the tests' server."""
    own = f"own_{uuid4().hex[:8]}"

    def moved(pair: tuple[URL, URL]) -> tuple[URL, URL]:
        data, keys_url = (
            u.set(database=f"{own}_{n}") for u, n in zip(pair, DATABASES, strict=True)
        )
        return data, keys_url

    known = migrated.addresses
    roles = {role: moved(pair) for role, pair in known.roles.items()}
    yield replace(known, owner=moved(known.owner), roles=roles)
    server = create_engine(
        known.owner[0].set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        for name in DATABASES:
            connection.execute(text(f"drop database if exists {own}_{name} with (force)"))


def schema(addresses: Addresses) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for url in addresses.owner:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            found += [tuple(row) for row in connection.execute(SCHEMA)]
    return [row for row in found if "alembic_version" not in row[1]]


def fill(addresses: Addresses, db: PortalDb) -> None:
    """Write a whole member into each store and a row into every table about one."""
    opened = engines.connect(addresses.roles["portal_work"])
    try:
        for store in Store:
            one = draft()
            with opened.keys.begin() as keys_connection, opened.data.begin() as data:
                writer.write(data, keys_connection, db.keyring, [one], store)
            with opened.data.begin() as data:
                one_of_each(data, STORES[store], uuid4())
        with opened.data.begin() as data:
            who = uuid4()
            staff = {"staff_id": who, "staff_no": who.hex, "login_id": who.hex, "role": "agent"}
            data.execute(insert(ops.staff).values(staff))
            data.execute(
                insert(ops.session).values(
                    session_id=uuid4(), token_digest=who.bytes, staff_id=who,
                    started_at=NOW, last_active_at=NOW,
                )
            )  # fmt: skip
            data.execute(
                text(
                    "insert into jobs.procrastinate_jobs (queue_name, task_name) values ('q', 't')"
                )
            )
    finally:
        opened.dispose()


def members(addresses: Addresses) -> dict[str, int]:
    """Return how many members each store holds, and how many keys there are."""
    counts = {}
    data, keys_engine = (create_engine(url, poolclass=NullPool) for url in addresses.owner)
    with data.connect() as connection:
        for store, tables in STORES.items():
            count = select(func.count()).select_from(tables.member)
            counts[store.value] = connection.scalar(count) or 0
    with keys_engine.connect() as connection:
        count = select(func.count()).select_from(keys.member_key)
        counts["keys"] = connection.scalar(count) or 0
    return counts


def steps(name: str) -> list[tuple[str, str]]:
    """Return (revision, the one below) from the newest down."""
    scripts = ScriptDirectory.from_config(migrate._config(name))
    return [(s.revision, str(s.down_revision or "base")) for s in scripts.walk_revisions()]


def go(addresses: Addresses, name: str, to: str, *, down: bool = False) -> None:
    url = addresses.owner[DATABASES.index(name)]
    way = command.downgrade if down else command.upgrade
    migrate._with_alembic(url, name, lambda config: way(config, to))


def test_from_nothing_to_the_newest_there_is_no_difference_to_the_tables(
    addresses: Addresses, migrated: PortalDb
) -> None:
    migrate.upgrade(addresses)
    migrate.check(addresses)
    assert schema(addresses) == schema(migrated.addresses)


def test_check_sees_a_difference(addresses: Addresses) -> None:
    migrate.upgrade(addresses)
    with create_engine(addresses.owner[0], poolclass=NullPool).begin() as connection:
        connection.execute(text("alter table live.member add column shoe_size integer"))
    with pytest.raises(CommandError):
        migrate.check(addresses)


def test_a_second_upgrade_changes_nothing(addresses: Addresses, migrated: PortalDb) -> None:
    migrate.upgrade(addresses)
    fill(addresses, migrated)
    before = schema(addresses), members(addresses)
    migrate.upgrade(addresses)
    assert (schema(addresses), members(addresses)) == before


def test_each_step_goes_down_and_up_again_with_rows_in_it(
    addresses: Addresses, migrated: PortalDb
) -> None:
    migrate.upgrade(addresses)
    newest = schema(addresses)
    for name in DATABASES:
        fill(addresses, migrated)
        held = members(addresses)
        above = newest
        for revision, below in steps(name):
            go(addresses, name, below, down=True)
            lower = schema(addresses)
            assert lower != above, revision
            go(addresses, name, revision)
            assert schema(addresses) == above, revision
            if below != "base":
                assert members(addresses) == held, revision
                go(addresses, name, below, down=True)
                above = lower
        migrate.upgrade(addresses)
        assert schema(addresses) == newest
        migrate.check(addresses)


def test_all_the_way_down_nothing_of_ours_is_left(addresses: Addresses, migrated: PortalDb) -> None:
    for url in addresses.owner:
        migrate._create_database(url)
    empty = schema(addresses)
    migrate.upgrade(addresses)
    fill(addresses, migrated)
    migrate.downgrade(addresses)
    assert schema(addresses) == empty
    migrate.upgrade(addresses)
    fill(addresses, migrated)


def test_two_upgrades_at_once_are_as_one(own_folder: Path) -> None:
    """On a server where neither roles nor databases are: the first two starters of a new portal."""
    addresses = addresses_in(own_folder)
    # Processes, as starters are: a thread would share Alembic's own state with the other.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as two:
        for done in [two.submit(migrate.upgrade, addresses) for _ in range(2)]:
            done.result()
    migrate.check(addresses)
    opened = engines.connect(addresses.roles["portal_web"])
    with opened.data.connect() as connection:
        connection.execute(select(ledger.event.c.event_id).limit(1))
    opened.dispose()
