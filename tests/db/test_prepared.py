"""A statement sent straight to the driver answers, fails and ends as SQLAlchemy's own would."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    cast,
    event,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import engines
from db.prepared import Prepared
from db.tables.ops import answer
from db.words import Purpose
from tests.people import NOW

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

    from tests.database import PortalDb

GIVEN: dict[str, tuple[object, TypeEngine[Any]]] = {
    "who": (uuid4(), Uuid()),
    "raw": (b"\x00\xff", LargeBinary()),
    "day": (date(2026, 11, 22), Date()),
    "at": (NOW, DateTime(timezone=True)),
    "word": ("가나다", Text()),
    "named": (Purpose.SHOW, Text()),
    "many": (["a", "b"], ARRAY(Text())),
    "none": (None, Text()),
    "yes": (True, Boolean()),
    "small": (3, Integer()),
    "large": (2**30, Integer()),
}
EACH = select(
    *(cast(bindparam(name, type_=kind), kind) for name, (_value, kind) in GIVEN.items()),
    cast(literal('{"a": [1, null]}'), JSONB), bindparam("small", type_=Integer) + 1,
)  # fmt: skip
NOTE = Prepared(insert(answer).values(digest=bindparam("digest"), counted_at=bindparam("at")))
PID = Prepared(select(func.pg_backend_pid()))


def noted(db: PortalDb) -> list[bytes]:
    with db.work.data.connect() as connection:
        return list(connection.scalars(select(answer.c.digest)))


def test_it_returns_what_sqlalchemy_does(portal_db: PortalDb) -> None:
    given = {name: value for name, (value, _kind) in GIVEN.items()}
    with portal_db.web.data.connect() as connection:
        expected = [tuple(row) for row in connection.execute(EACH, given)]
        for _ in range(3):  # planned anew, and known
            assert Prepared(EACH).rows(connection, given) == expected
    assert expected[0][: len(given)] == tuple(given.values())


def test_it_stands_and_falls_with_its_transaction(portal_db: PortalDb) -> None:
    with portal_db.work.data.begin() as connection:
        NOTE.run(connection, {"digest": b"kept", "at": NOW})
    with portal_db.work.data.connect() as connection:
        NOTE.run(connection, {"digest": b"left alone", "at": NOW})
    with portal_db.work.data.connect() as connection:
        NOTE.run(connection, {"digest": b"committed", "at": NOW})
        connection.commit()
    assert sorted(noted(portal_db)) == [b"committed", b"kept"]


def test_a_parameter_that_is_missing_is_no_null(portal_db: PortalDb) -> None:
    with portal_db.work.data.connect() as connection, pytest.raises(KeyError, match="digest"):
        NOTE.run(connection, {"at": NOW})


def test_an_error_is_sqlalchemys_and_the_connection_goes_on(portal_db: PortalDb) -> None:
    given = {"digest": b"twice", "at": NOW}
    with portal_db.work.data.connect() as connection:
        NOTE.run(connection, given)
        with pytest.raises(IntegrityError) as raised:
            NOTE.run(connection, given)
        assert not raised.value.connection_invalidated
        connection.rollback()
        assert PID.rows(connection, {})


def test_a_lost_connection_is_known_as_one_and_replaced(portal_db: PortalDb) -> None:
    databases = engines.connect(portal_db.addresses.roles["portal_web"])
    with databases.data.connect() as connection:
        ((lost,),) = PID.rows(connection, {})
        _end(portal_db, lost)
        with pytest.raises(DBAPIError) as raised:
            PID.rows(connection, {})
        assert raised.value.connection_invalidated
    with databases.data.connect() as connection:
        assert PID.rows(connection, {}) != [(lost,)]
    databases.dispose()


def _end(db: PortalDb, pid: int) -> None:
    ended = text("select pg_terminate_backend(:pid, 5000)")
    with db.owner_data.begin() as owner:
        assert owner.scalar(ended, {"pid": pid})


def test_who_listens_to_statements_hears_it(portal_db: PortalDb) -> None:
    heard: list[str] = []
    with portal_db.web.data.connect() as connection:
        listen(connection, heard)
        PID.rows(connection, {})
    assert heard == ["SELECT pg_backend_pid() AS pg_backend_pid_1"]


def listen(connection: Connection, heard: list[str]) -> None:
    event.listen(connection, "before_cursor_execute", lambda *a: heard.append(str(a[2])))
