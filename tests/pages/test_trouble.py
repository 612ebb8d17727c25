"""What is said when the database can't: away, full and busy are three things."""

from __future__ import annotations

import pytest
from psycopg import errors
from streamlit.testing.v1 import AppTest


def _page(state: str) -> None:
    from psycopg import errors  # noqa: PLC0415 (runs as a page)
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    from pages.components import trouble  # noqa: PLC0415

    error = OperationalError("insert", {}, errors.lookup(state)())
    with trouble.shown():
        raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (errors.DiskFull, "지금은 저장할 수 없어요"),
        (errors.DeadlockDetected, "지금 바뀌고 있어요"),
        (errors.LockNotAvailable, "지금 바뀌고 있어요"),
        (errors.AdminShutdown, "지금은 정보를 불러올 수 없어요"),
        (errors.TooManyConnections, "지금은 정보를 불러올 수 없어요"),
        (errors.UndefinedColumn, "문제가 생겼어요"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_said_and_can_be_tried_again(error: type[errors.Error], said: str) -> None:
    shown = AppTest.from_function(_page, args=(error.sqlstate,)).run()
    assert not shown.exception
    assert said in "".join(str(one.proto.body) for one in shown.get("html")), shown
