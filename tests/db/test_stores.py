"""The database itself refuses what the portal must not read (P25)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from db.tables import keys, ops
from db.tables.ledger import event
from db.tables.member import LIVE, STORES
from db.tables.ops import credential, outbox
from db.words import Store
from services.relations import as_subject
from tests.people import NOW, agent, member, open_case
from tests.rows import one_of_each

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection, Table

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P25")

PERSONAL = (*LIVE.all, credential)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _fill_every_table(db: PortalDb, member_id: UUID) -> None:
    """Put a row in every table, so that no test passes on emptiness."""
    with db.owner_data.begin() as connection:
        one_of_each(connection, LIVE, member_id)
        connection.execute(
            insert(credential).values(member_id=member_id, password_hash="x", set_at=NOW)
        )


@pytest.fixture
def two(portal_db: PortalDb) -> tuple[UUID, UUID]:
    first, second = member(portal_db), member(portal_db)
    for one in (first, second):
        _fill_every_table(portal_db, one)
    return first, second


@pytest.mark.usefixtures("two")
def test_without_a_subject_no_personal_row_is_seen(portal_db: PortalDb) -> None:
    with portal_db.web.data.begin() as connection:
        assert {t.name: _count(connection, t) for t in PERSONAL} == {t.name: 0 for t in PERSONAL}


def test_with_a_subject_only_theirs_are_seen(portal_db: PortalDb, two: tuple[UUID, UUID]) -> None:
    first, _ = two
    with portal_db.web.data.begin() as connection:
        as_subject(connection, first)
        for table in PERSONAL:
            seen = set(connection.scalars(select(table.c.member_id)))
            assert seen == {first}, table.name


def test_a_reused_connection_forgets_the_subject(
    portal_db: PortalDb, two: tuple[UUID, UUID]
) -> None:
    with portal_db.web.data.connect() as connection:
        with connection.begin():
            as_subject(connection, two[0])
            assert _count(connection, LIVE.member) == 1
        with connection.begin():
            assert _count(connection, LIVE.member) == 0


def test_an_error_forgets_the_subject(portal_db: PortalDb, two: tuple[UUID, UUID]) -> None:
    with portal_db.web.data.connect() as connection:
        with pytest.raises(DBAPIError), connection.begin():
            as_subject(connection, two[0])
            connection.execute(text("select 1 / 0"))
        with connection.begin():
            assert _count(connection, LIVE.member) == 0


def test_another_members_row_cant_be_written(portal_db: PortalDb, two: tuple[UUID, UUID]) -> None:
    first, second = two
    with portal_db.web.data.begin() as connection:
        as_subject(connection, first)
        changed = connection.execute(
            update(LIVE.profile_value)
            .where(LIVE.profile_value.c.member_id == second)
            .values(source="web")
        )
        assert changed.rowcount == 0
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        portal_db.web.data.begin() as connection,
    ):
        as_subject(connection, first)
        connection.execute(insert(LIVE.service_use).values(member_id=second, service="x"))


@pytest.mark.parametrize("store", [Store.DORMANT, Store.RETAINED])
def test_other_stores_are_closed_to_the_portal(portal_db: PortalDb, store: Store) -> None:
    for table in STORES[store].all:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            portal_db.web.data.connect() as connection,
        ):
            connection.execute(select(table.c.member_id))


@pytest.mark.usefixtures("two")
def test_keys_cant_be_listed_by_the_portal(portal_db: PortalDb) -> None:
    for table in (keys.member_key, keys.blind_index, keys.sign_in, keys.import_origin):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            portal_db.web.keys.connect() as connection,
        ):
            connection.execute(select(table))


def test_the_portal_gets_no_key_of_a_dormant_member(portal_db: PortalDb) -> None:
    asleep = member(portal_db, Store.DORMANT)
    awake = member(portal_db)
    with portal_db.web.keys.connect() as connection:
        assert connection.scalar(select(func.keys.live_key(asleep))) is None
        assert connection.scalar(select(func.keys.live_key(awake))) is not None


@pytest.mark.parametrize("role", ["web", "work"])
@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.event set reason = 'x'",
        "delete from ledger.event",
        "truncate ledger.event",
    ],
)
def test_no_login_role_changes_the_ledger(portal_db: PortalDb, role: str, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        getattr(portal_db, role).data.begin() as connection,
    ):
        connection.execute(text(statement))


def test_the_portal_reads_ledger_events_of_its_subject_only(
    portal_db: PortalDb, two: tuple[UUID, UUID]
) -> None:
    row = {"at": NOW, "name": "profile_viewed", "allowed": True, "actor_kind": "self"}
    with portal_db.web.data.begin() as connection:
        for one in two:
            connection.execute(insert(event).values(member_id=one, **row).inline())
    with portal_db.web.data.begin() as connection:
        assert _count(connection, event) == 0
        as_subject(connection, two[0])
        assert set(connection.scalars(select(event.c.member_id))) == {two[0]}


def test_consents_and_disclosures_are_only_added(
    portal_db: PortalDb, two: tuple[UUID, UUID]
) -> None:
    for table in (LIVE.consent, LIVE.disclosure):
        for change in (delete(table), update(table).values(source=None)):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                portal_db.web.data.begin() as connection,
            ):
                as_subject(connection, two[0])
                connection.execute(change)


@pytest.mark.parametrize(
    "table",
    [LIVE.member, ops.session, ops.case],
    ids=lambda table: table.name,
)
def test_the_portal_removes_nobody(
    portal_db: PortalDb, two: tuple[UUID, UUID], table: Table
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        portal_db.web.data.begin() as connection,
    ):
        as_subject(connection, two[0])
        connection.execute(delete(table))


def test_the_portal_cant_list_staff_secrets(portal_db: PortalDb) -> None:
    one = agent(portal_db)
    with portal_db.web.data.connect() as connection:
        assert connection.scalar(select(ops.staff.c.staff_id)) == one
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        portal_db.web.data.connect() as connection,
    ):
        connection.execute(select(ops.staff.c.password_hash))


def test_the_portal_grants_itself_no_case(portal_db: PortalDb, two: tuple[UUID, UUID]) -> None:
    case = open_case(portal_db, agent(portal_db), two[0])
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        portal_db.web.data.begin() as connection,
    ):
        longer = NOW.replace(year=2099)
        connection.execute(
            update(ops.case).where(ops.case.c.case_id == case).values(granted_until=longer)
        )


def test_the_portal_cant_read_messages_under_way(
    portal_db: PortalDb, two: tuple[UUID, UUID]
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        portal_db.web.data.begin() as connection,
    ):
        as_subject(connection, two[0])
        connection.execute(select(outbox.c.sealed))


def test_login_roles_are_plain(portal_db: PortalDb) -> None:
    with portal_db.owner_data.connect() as connection:
        plain = connection.execute(
            text("select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles "
                 "where rolname like 'portal_%' order by 1")
        ).all()  # fmt: skip
    assert [tuple(r) for r in plain] == [
        ("portal_web", False, False, False, False),
        ("portal_work", False, False, False, False),
    ]


def test_every_member_table_has_row_level_security(portal_db: PortalDb) -> None:
    with portal_db.owner_data.connect() as connection:
        open_tables = connection.scalars(
            text(
                "select c.oid::regclass::text from pg_class c "
                "join pg_namespace n on n.oid = relnamespace "
                "where nspname in ('live', 'dormant', 'retained') "
                "and relkind = 'r' and not relrowsecurity"
            )
        ).all()  # fmt: skip
    assert open_tables == []


@pytest.mark.usefixtures("two")
def test_a_member_of_nobody_is_unknown_to_the_database(portal_db: PortalDb) -> None:
    with portal_db.web.data.begin() as connection:
        as_subject(connection, uuid4())
        assert _count(connection, LIVE.member) == 0


@pytest.mark.parametrize("role", ["web", "work"])
@pytest.mark.parametrize("table", ["ledger.seal", "ledger.seal_part"])
@pytest.mark.parametrize("verb", ["update {} set day = day", "delete from {}", "truncate {}"])
def test_no_login_role_changes_a_seal(
    portal_db: PortalDb, role: str, table: str, verb: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):  # noqa: SIM117
        with getattr(portal_db, role).data.begin() as connection:
            connection.execute(text(verb.format(table)))


@pytest.mark.parametrize("table", ["seal", "seal_part"])
def test_the_portal_reads_seals_and_makes_none(portal_db: PortalDb, table: str) -> None:
    with portal_db.web.data.begin() as connection:
        connection.execute(text(f"select * from ledger.{table}"))  # noqa: S608
    with pytest.raises(ProgrammingError, match="permission denied"):  # noqa: SIM117
        with portal_db.web.data.begin() as connection:
            connection.execute(text(f"insert into ledger.{table} (day) values ('2026-11-22')"))  # noqa: S608
