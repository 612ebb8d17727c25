"""`POST /joining-check`: who may ask, once, how often, and that the answer tells nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette

from db import clock, company_keys
from db.tables.ledger import event
from db.tables.ops import company as companies
from pages.http import joining_check
from services import house, joining
from services.webhook import signature
from tests.companies import company
from tests.leaving import leave
from tests.people import NOW, PLAIN, member, portal_house
from tests.services.test_joining import OWN, bar_on
from tests.signing_in import Http

if TYPE_CHECKING:
    import httpx2

    from db.company_keys import CompanyKeys
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P40")


@dataclass
class System:
    """A source system that knows its secret; `now` is its clock and ours."""

    db: PortalDb
    company_id: str
    secret: str
    now: Any = NOW

    def ask(self, /, **changes: Any) -> httpx2.Response:  # noqa: ANN401
        """Send a signed question; `changes` are values, or `_headers` and `_body` sent instead."""
        headers, body = changes.pop("_headers", {}), changes.pop("_body", None)
        if body is None:
            body = json.dumps({"id": str(uuid4())} | (changes or OWN)).encode()
        stamp = str(int(self.now.timestamp()))
        given = {
            "Jikim-Company": self.company_id, "Jikim-Timestamp": stamp,
            "Jikim-Signature": signature(self.secret, stamp, body),
        }  # fmt: skip
        http = Http(Starlette(routes=[joining_check.ROUTE]))
        return http.post(joining.PATH, content=body, headers=given | headers)


def as_portal(db: PortalDb) -> CompanyKeys:
    """Be the portal's process; return the keys that sign."""
    portal_house(db)
    keys = company_keys.load(db.var / "keys")
    house.open_house(replace(house.house(), company=keys))
    return keys


@pytest.fixture
def system(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> System:
    keys = as_portal(portal_db)
    company_id = company(portal_db, role="source_system", purpose=None, items=[], kept=None)
    asking = System(portal_db, company_id, keys.secret(company_id, 1))
    monkeypatch.setattr(clock, "now", lambda: asking.now)
    return asking


def events(db: PortalDb) -> list[str]:
    with db.owner_data.connect() as data:
        return [row.name for row in data.execute(select(event))]


def test_a_barred_member_who_left_may_not_join_and_an_ordinary_leaver_may(system: System) -> None:
    barred = member(system.db)
    bar_on(system.db, barred)
    leave(system.db, barred)
    ordinary = member(system.db, values=())
    leave(system.db, ordinary)
    as_portal(system.db)
    answer = system.ask()
    assert (answer.status_code, answer.json()) == (200, {"may_join": False})
    assert answer.headers["cache-control"] == "no-store"
    for values in ({"email": "left@example.com"}, {"mobile": PLAIN["mobile"]}):
        assert system.ask(**values).json() == {"may_join": True}


def test_a_member_a_leaver_and_a_stranger_get_the_same_answer_the_same_way(system: System) -> None:
    member(system.db)
    answers, sent = [], []

    def note(*args: object) -> None:
        sent.append(str(args[2]))

    engines = (system.db.web.data, system.db.web.keys)
    for engine in engines:
        sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    try:
        for email in (PLAIN["email"], "nobody@example.com"):
            sent.clear()
            answer = system.ask(email=email)
            answers.append((answer.status_code, answer.content, sorted(answer.headers), [*sent]))
    finally:
        for engine in engines:
            sqlalchemy_event.remove(engine, "before_cursor_execute", note)
    assert answers[0] == answers[1]
    assert answers[0][1] == b'{"may_join":true}'
    assert answers[0][3]


def test_who_did_not_sign_learns_nothing(system: System) -> None:
    bar_on(system.db, member(system.db))
    shop = company(system.db)  # a recipient: it has a secret, too, and may not ask
    keys = house.house().company
    assert keys is not None
    late = str(int((NOW - timedelta(minutes=5, seconds=1)).timestamp()))
    body = json.dumps({"id": str(uuid4())} | OWN).encode()
    for headers in (
        {"Jikim-Signature": ""},
        {"Jikim-Signature": "0" * 64},
        {"Jikim-Signature": "é".encode()},
        {"Jikim-Company": ""},
        {"Jikim-Company": "x" * 4_000},
        {"Jikim-Company": "nobody"},
        {"Jikim-Timestamp": "soon"},
        {"Jikim-Timestamp": "9" * 400},
        {"Jikim-Timestamp": late, "Jikim-Signature": signature(system.secret, late, body)},
        {"Jikim-Company": shop,
         "Jikim-Signature": signature(keys.secret(shop, 1), str(int(NOW.timestamp())), body)},
    ):  # fmt: skip
        answer = system.ask(_headers=headers, _body=body)
        assert (answer.status_code, answer.json()) == (401, {"error": "signature"}), headers
    changed = body.replace(b"haneul@", b"someone@")
    stamp = str(int(NOW.timestamp()))
    forged = {"Jikim-Signature": signature(system.secret, stamp, body)}
    assert system.ask(_headers=forged, _body=changed).status_code == 401
    assert events(system.db) == []
    assert system.ask(_body=body).json() == {"may_join": False}


@pytest.mark.parametrize("change", [{"secret_no": 2}, {"ended_at": NOW}], ids=str)
def test_an_old_secret_and_an_ended_company_count_no_more(
    system: System, change: dict[str, Any]
) -> None:
    assert system.ask().status_code == 200
    with system.db.work.data.begin() as data:
        data.execute(update(companies).values(change))
    assert system.ask().status_code == 401


def test_a_request_counts_once(system: System) -> None:
    body = json.dumps({"id": str(uuid4())} | OWN).encode()
    assert system.ask(_body=body).status_code == 200
    again = system.ask(_body=body)
    assert (again.status_code, again.json()) == (409, {"error": "sent_before"})
    assert events(system.db) == ["joining_checked"]
    system.now += timedelta(seconds=1)  # signed anew
    assert system.ask(_body=body).status_code == 200


def test_too_many_have_to_wait_and_are_told_how_long(system: System) -> None:
    for _ in range(joining.EACH_ASKER.at_once):
        assert system.ask().status_code == 200
    answer = system.ask()
    assert (answer.status_code, answer.json()) == (429, {"error": "too_many"})
    assert answer.headers["retry-after"] == "1"
    assert len(events(system.db)) == joining.EACH_ASKER.at_once
    system.now += timedelta(seconds=1)
    assert system.ask().status_code == 200


def test_what_is_no_question_gets_no_answer(system: System) -> None:
    for body, status in ((b"{}", 400), (b"\xff", 400), (b"x" * 5_000, 413)):
        answer = system.ask(_body=body)
        assert answer.status_code == status
        assert "may_join" not in answer.json()
    assert system.ask(reference="x").status_code == 400
    # A notice of ours that comes back is signed with the same secret, and is no question.
    notice = {"id": str(uuid4()), "change": "left", "items": [], "values": {}}
    assert system.ask(_body=json.dumps(notice).encode()).status_code == 400


def test_without_a_database_there_is_no_answer_and_nobody_is_refused(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError(None, None, Exception())

    monkeypatch.setattr(joining, "may_join", away)
    answer = system.ask()
    assert (answer.status_code, answer.json()) == (503, {"error": "away"})


def test_no_value_is_kept_of_a_question(system: System) -> None:
    """In any table of either database, in plain."""
    system.ask(email="unheard@example.com", name="홀로길동", birth_date="1999-09-09")
    from sqlalchemy import text  # noqa: PLC0415

    for owner in (system.db.owner_data, system.db.owner_keys):
        with owner.connect() as connection:
            names = connection.scalars(
                text(
                    "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname "
                    "in ('live', 'dormant', 'retained', 'ledger', 'ops', 'jobs', 'keys')"
                )
            ).all()
            held = [
                str(connection.execute(text(f"select t::text from {name} t")).all())  # noqa: S608
                for name in names
            ]
        assert not [one for one in held for v in ("unheard", "홀로길동", "1999-09-09") if v in one]
