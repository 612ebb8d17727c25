"""Lists arrive as they were sent, whatever is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from psycopg import sql
from sqlalchemy import ARRAY, LargeBinary, Text, Uuid, literal, select

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from tests.database import PortalDb

IDS = [UUID(int=number) for number in (0, 1, 2**128 - 1)]


@pytest.mark.parametrize(
    ("sent", "of"),
    [
        (IDS, Uuid()),
        ([None, IDS[0]], Uuid()),
        ([], Uuid()),
        ([b"", b"\x00\xff\\x", None], LargeBinary()),
        (["", "null", 'a"b\\c{d}, 아기'], Text()),
    ],
)
def test_a_list_arrives_as_it_was_sent(
    portal_db: PortalDb, sent: list[Any], of: TypeEngine[Any]
) -> None:
    with portal_db.work.data.connect() as connection:
        found = connection.scalar(select(literal(sent, ARRAY(of))))
    assert found == sent


def test_ids_go_as_bytes_and_words_as_text(portal_db: PortalDb) -> None:
    with portal_db.work.data.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        given = (IDS, [b"sealed"], ["word"])
        cursor.execute("select %s::uuid[], %s::bytea[], %s::text[]", given)
        assert [int(one) for one in cursor._query.formats] == [1, 1, 0]


def test_what_is_to_be_text_stays_text(portal_db: PortalDb) -> None:
    with portal_db.work.data.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        told = sql.SQL("select {}::uuid[]").format(sql.Literal(IDS))
        assert driver.cursor().execute(told).fetchone() == (IDS,)
