"""Nothing about a member is stored that nobody declared (P02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text

from db.declarations import ITEMS, KINDS, NOT_PERSONAL, SEALED, declared
from db.policy import policies
from db.words import RIGHTS, Purpose

if TYPE_CHECKING:
    from tests.database import PortalDb


OURS = "('live', 'dormant', 'retained', 'ledger', 'ops', 'keys')"
_LINKED = text(
    f"""
    with recursive columns as (
        select c.oid, n.nspname as schema, c.relname as name, a.attname as attribute,
            a.atttypid as type
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname in {OURS}
    ), linked as (
        select distinct oid from columns where attribute in ('member_id', 'guardian_id')
        union
        -- A table that points to a member's table, however far away, is about the member too.
        select f.conrelid from pg_constraint f join linked l on f.confrelid = l.oid
        where f.contype = 'f'
    )
    select schema, name, attribute, type::regtype::text as type
    from columns join linked using (oid) order by 1, 2, 3
    """  # noqa: S608 (a constant)
)


def undeclared(connection: Connection) -> list[str]:
    """Return `schema.table.column` of every column of a member's table that nobody declared."""
    rows = connection.execute(_LINKED).all()
    return [f"{r.schema}.{r.name}.{r.attribute}" for r in rows if not declared(r.name, r.attribute)]


@pytest.mark.promise("P02")
def test_every_column_of_a_members_table_is_declared(portal_db: PortalDb) -> None:
    found = []
    for owner in (portal_db.owner_data, portal_db.owner_keys):
        with owner.connect() as connection:
            found += undeclared(connection)
    assert found == [], f"Declare in db/declarations.py, as sealed or as not personal: {found}"


def test_the_test_finds_a_new_column_and_an_indirect_table(portal_db: PortalDb) -> None:
    with portal_db.owner_data.connect() as connection:
        connection.execute(text("alter table live.member add column shoe_size int"))
        connection.execute(
            text("create table ops.case_note (case_id uuid references ops.case, note text)")
        )
        found = undeclared(connection)
        connection.rollback()
    assert found == ["live.member.shoe_size", "ops.case_note.case_id", "ops.case_note.note"]


def test_sealed_columns_are_bytes(portal_db: PortalDb) -> None:
    """A sealed column can't hold plain text by its type; a password's hash is text of its own."""
    with portal_db.owner_data.connect() as connection:
        rows = connection.execute(_LINKED).all()
    types = {f"{r.name}.{r.attribute}": r.type for r in rows if f"{r.name}.{r.attribute}" in SEALED}
    assert types.keys() == SEALED.keys()
    assert {k for k, v in types.items() if v != "bytea"} == {"credential.password_hash"}


def test_no_declaration_outlives_its_column(portal_db: PortalDb) -> None:
    names, tables = set(), set()
    for owner in (portal_db.owner_data, portal_db.owner_keys):
        with owner.connect() as connection:
            for r in connection.execute(_LINKED):
                names |= {f"{r.name}.{r.attribute}", f"*.{r.attribute}", f"{r.name}.*"}
                tables.add(r.name)
    assert (SEALED.keys() | NOT_PERSONAL.keys()) - names == set()


@pytest.mark.promise("P01")
@pytest.mark.parametrize("name", ITEMS)
def test_every_item_declares_purposes_of_the_policy(name: str) -> None:
    stated = {use.id for p in policies() for group in p.purposes for use in group.uses}
    assert ITEMS[name].purposes - RIGHTS, f"{name} serves no purpose: then it must not be held"
    assert ITEMS[name].purposes - RIGHTS <= stated


@pytest.mark.promise("P02")
def test_every_item_of_the_policy_is_declared_in_its_group() -> None:
    for policy in policies():
        for group in policy.items:
            for name in group.items:
                assert ITEMS[name].group == group.id


def test_purposes_in_code_are_those_of_the_policy() -> None:
    stated = {use.id for p in policies() for group in p.purposes for use in group.uses}
    assert set(Purpose) - RIGHTS == stated


def test_every_kind_of_record_has_a_rule() -> None:
    for policy in policies():
        for kind in KINDS.values():
            assert policy.rule(kind.retention).period.in_months > 0
