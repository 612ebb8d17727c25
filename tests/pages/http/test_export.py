"""`/export/file`: whole or in ranges, for one session, a quarter of an hour, each in the ledger."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from starlette.applications import Starlette

from db.settings import Settings
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import session
from db.words import Store
from pages.http import export as route
from pages.http import ranges
from services import archive, export_link, exports
from tests.asgi import Answer, ask
from tests.exporting import ask as ask_for
from tests.exporting import do, files, folder, made, make, no_files
from tests.people import NOW, acting, child_of, member, portal_house
from tests.portal import portal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO
    from uuid import UUID

    from services.archive import Made, Order, Source
    from tests.portal import Portal

__all__ = ["no_files", "portal"]

BODY = bytes(range(256)) * 2000
"""More than three chunks."""


@pytest.fixture(autouse=True)
def _here(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "settings", lambda: Settings(var=portal.db.var))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file be of several chunks, known byte by byte."""

    def write(_s: Source, _o: Order, sink: BinaryIO, _p: Callable[[int], None]) -> Made:
        sink.write(BODY)
        return archive.Made(1, 1, len(BODY))

    monkeypatch.setattr(archive, "write", write)


def get(one: Portal, link: str, method: str = "GET", **headers: str) -> Answer:
    app = Starlette(routes=[route.ROUTE])
    given = {"cookie": f"portal={one.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    query = f"of={link}".encode()
    return ask(lambda _inner: app, route.PATH, headers=given, query=query, method=method)


def link_of(one: Portal, who: UUID, which: UUID, session_id: UUID) -> str:
    portal_house(one.db)
    given = export_link.Link(who, which, session_id)
    return export_link.seal(one.db.keyring, given, one.now)


def offered(one: Portal, store: Store = Store.LIVE) -> tuple[UUID, str]:
    """Return a member whose copy is ready, signed in and verified, and the link for it."""
    who = member(one.db, store)
    which = made(one.db, who)
    session_id = one.sign_in(who, verified=NOW, store=store.value)
    return who, link_of(one, who, which, session_id)


def taken(one: Portal, who: UUID) -> int:
    with one.db.owner_data.connect() as data:
        mine = (event.c.member_id == who, event.c.name == "export_taken", event.c.allowed)
        return data.scalar(select(func.count()).where(*mine)) or 0


@pytest.mark.promise("P29", "P30")
@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
def test_the_file_comes_whole_and_is_kept_nowhere(portal: Portal, store: Store) -> None:
    who, link = offered(portal, store)
    answer = get(portal, link)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(answer.body))
    named = answer.headers["content-disposition"]
    assert named == 'attachment; filename="jikim-my-data-2026-11-22.zip"'
    assert zipfile.ZipFile(io.BytesIO(answer.body)).testzip() is None
    assert taken(portal, who) == 1


@pytest.mark.usefixtures("large")
def test_a_phone_resumes_and_the_ledger_says_it_once(portal: Portal) -> None:
    who, link = offered(portal)
    size, whole = len(BODY), get(portal, link)
    etag = whole.headers["etag"]
    assert whole.body == BODY
    for asked, start, end in (
        ("bytes=0-0", 0, 1), ("bytes=0-", 0, size), ("bytes=131071-131072", 131071, 131073),
        ("bytes=400000-", 400000, size), ("bytes=-1", size - 1, size),
        (f"bytes=-{size + 9}", 0, size), (f"bytes=5-{size + 9}", 5, size),
    ):  # fmt: skip
        answer = get(portal, link, range=asked, if_range=etag)
        assert (answer.status, answer.body == BODY[start:end]) == (206, True), asked
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.headers["content-length"] == str(end - start)
    # Each from the first byte is one; what went on later is none.
    assert taken(portal, who) == 4


@pytest.mark.usefixtures("large")
def test_what_begins_in_the_middle_is_a_download_of_its_own(portal: Portal) -> None:
    who, link = offered(portal)
    assert get(portal, link, range="bytes=1-").status == 206
    assert taken(portal, who) == 1
    assert get(portal, link, range="bytes=9-").status == 206
    assert taken(portal, who) == 1


@pytest.mark.usefixtures("large")
def test_a_range_of_another_file_or_none_at_all(portal: Portal) -> None:
    who, link = offered(portal)
    old = get(portal, link, range="bytes=5-", if_range='"older"')
    assert (old.status, old.body == BODY) == (200, True)
    for odd in ("bytes=0-1,5-6", "bytes=", "bytes=9-5", "lines=1-2", "bytes=a-b"):
        answer = get(portal, link, range=odd)
        assert (answer.status, answer.body == BODY) == (200, True), odd
    before = taken(portal, who)
    for past in (f"bytes={len(BODY)}-", "bytes=-0"):
        answer = get(portal, link, range=past)
        assert (answer.status, answer.body) == (416, b"")
        assert answer.headers["content-range"] == f"bytes */{len(BODY)}"
    assert taken(portal, who) == before


def test_asking_only_about_it_is_no_download(portal: Portal) -> None:
    who, link = offered(portal)
    answer = get(portal, link, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0
    assert answer.headers["accept-ranges"] == "bytes"
    assert taken(portal, who) == 0


@pytest.mark.promise("P25")
def test_a_link_is_for_one_session_and_a_quarter_of_an_hour(portal: Portal) -> None:
    who, link = offered(portal)
    mine = portal.token
    for bad in ("", "x", link[:-4], "%ED%95%9C", "A" * 200):
        assert get(portal, bad).status == 404, bad
    portal.sign_in(who, verified=NOW)  # the same person's other browser
    assert get(portal, link).status == 403
    portal.sign_in(member(portal.db), verified=NOW)  # somebody else
    assert get(portal, link).status == 403
    portal.token = "guessed"
    assert get(portal, link).status == 401
    portal.token = mine
    assert get(portal, link).status == 200
    portal.later(minutes=15)
    assert get(portal, link).status == 404
    assert taken(portal, who) == 1


@pytest.mark.promise("P25")
def test_another_members_copy_is_named_in_vain(portal: Portal) -> None:
    who = member(portal.db)
    which = made(portal.db, who)
    other = member(portal.db)
    session_id = portal.sign_in(other, verified=NOW)
    assert get(portal, link_of(portal, who, which, session_id)).status == 403
    assert get(portal, link_of(portal, other, which, session_id)).status == 410
    with portal.db.owner_data.connect() as data:
        denied = select(event.c.actor_id).where(event.c.member_id == who, ~event.c.allowed)
        assert data.scalars(denied).all() == [other]


@pytest.mark.promise("P30")
def test_a_session_that_ended_or_is_not_verified_gets_nothing(portal: Portal) -> None:
    who = member(portal.db)
    which = made(portal.db, who)
    session_id = portal.sign_in(who, verified=NOW - timedelta(minutes=16))
    link = link_of(portal, who, which, session_id)
    assert get(portal, link).status == 403
    with portal.db.owner_data.begin() as data:
        data.execute(update(session).values(verified_at=NOW))
    assert get(portal, link).status == 200
    with portal.db.owner_data.begin() as data:
        data.execute(update(session).values(revoked_at=NOW, revoked_why="signed_out"))
    assert get(portal, link).status == 401
    assert taken(portal, who) == 1


def test_what_was_destroyed_or_is_being_made_is_gone(portal: Portal) -> None:
    who, link = offered(portal)
    do(portal.db, who, exports.destroy)
    answer = get(portal, link)
    assert (answer.status, answer.headers["cache-control"]) == (410, "no-store")
    which = ask_for(portal.db, who)
    session_id = portal.sign_in(who, verified=NOW)
    assert get(portal, link_of(portal, who, which, session_id)).status == 410
    make(portal.db, who, which)
    assert get(portal, link_of(portal, who, which, session_id)).status == 200


def test_what_is_past_its_last_day_is_gone_before_it_is_destroyed(portal: Portal) -> None:
    who = member(portal.db)
    which = made(portal.db, who)
    for days, status in ((7, 200), (8, 410)):
        portal.now = NOW + timedelta(days=days)
        session_id = portal.sign_in(who, verified=portal.now)
        assert get(portal, link_of(portal, who, which, session_id)).status == status
    assert files(portal.db)


def test_a_disk_that_is_away_or_a_file_cut_short_is_said(portal: Portal) -> None:
    who, link = offered(portal)
    (name,) = files(portal.db)
    there = folder(portal.db) / name
    whole = there.read_bytes()
    there.write_bytes(whole[:-1])
    assert get(portal, link).status == 503
    there.unlink()
    assert get(portal, link).status == 503
    assert taken(portal, who) == 0


@pytest.mark.promise("P29")
def test_a_guardian_takes_it_until_the_child_turns_14(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2020-01-01")
    which = ask_for(portal.db, child, acting(guardian, verified_at=NOW, acting_for=child))
    assert make(portal.db, child, which)
    session_id = portal.sign_in(guardian, verified=NOW)
    link = link_of(portal, child, which, session_id)
    assert get(portal, link).status == 200
    with portal.db.owner_data.begin() as data:
        mine = LIVE.member.c.member_id == child
        data.execute(update(LIVE.member).where(mine).values(turns_14_on=NOW.date()))
    assert get(portal, link, range="bytes=1-").status == 403
    assert get(portal, link).status == 403
    assert taken(portal, child) == 1


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True))
def test_any_header_gives_bytes_that_are_there(header: str) -> None:
    try:
        found = ranges.wanted({"range": header}, 1000, '"e"')
    except ranges.UnsatisfiableError:
        return
    assert 0 <= found.start < found.end <= 1000
    assert not found.whole or (found.start, found.end) == (0, 1000)


def test_no_address_names_anybody(portal: Portal) -> None:
    who, which = member(portal.db), uuid4()
    link = link_of(portal, who, which, uuid4())
    assert link.isascii()
    assert not {str(who), str(which), who.hex, which.hex} & {link}
    assert str(who)[:8] not in link
