"""A pooled connection that died is replaced; one that lives costs no question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event, text

from db import engines
from db.copying import driver

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.database import PortalDb


def _state(connection: Connection) -> str:
    return driver(connection).info.transaction_status.name


_PID = text("select pg_backend_pid()")


def test_a_connection_that_the_server_closed_is_replaced(portal_db: PortalDb) -> None:
    databases = engines.connect(portal_db.addresses.roles["portal_web"])
    with databases.data.connect() as one, databases.look[0].connect() as two:
        old = {one.scalar(_PID), two.scalar(_PID)}
    with portal_db.owner_data.begin() as owner:
        for pid in old:
            assert owner.scalar(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    for engine in (databases.data, databases.look[0]):
        with engine.connect() as again:
            assert again.scalar(_PID) not in old
    databases.dispose()


def test_a_living_connection_is_used_again_without_asking(portal_db: PortalDb) -> None:
    databases = engines.connect(portal_db.addresses.roles["portal_web"])
    sent: list[str] = []
    event.listen(databases.data, "before_cursor_execute", lambda *a: sent.append(str(a[2])))
    with databases.data.connect() as one:
        first = one.scalar(_PID)
    with databases.data.connect() as again:
        assert again.scalar(_PID) == first
        assert _state(again) == "INTRANS"
    assert len(sent) == 2
    with databases.look[0].connect() as one:
        first = one.scalar(_PID)
    with databases.look[0].connect() as again:
        assert again.scalar(_PID) == first
        assert _state(again) == "IDLE"
    databases.dispose()
