"""The portal as one browser tab sees it, without a server: Streamlit's own test runner."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

from db import clock
from db.sealing import digest
from db.settings import ROOT
from db.tables.ops import session as rows
from pages.components import acting, gate
from tests.people import NOW, portal_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import PortalDb


@dataclass
class Portal:
    """A browser: its cookie, its clock, and a way to open pages."""

    db: PortalDb
    monkeypatch: pytest.MonkeyPatch
    token: str | None = None
    now: datetime = NOW

    @classmethod
    def on(cls, db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> Portal:
        """Return a browser without a sign-in, at a portal on these databases."""
        portal_house(db)
        browser = cls(db, monkeypatch)
        monkeypatch.setattr(clock, "now", lambda: browser.now)
        monkeypatch.setattr(gate, "browser_token", lambda: browser.token)
        return browser

    def sign_in(self, member_id: UUID | None = None, *, staff: UUID | None = None,
                verified: datetime | None = None, store: str = "live") -> UUID:  # fmt: skip
        """Be somebody from here on; return the session's id."""
        self.token = secrets.token_urlsafe(8)
        session_id = uuid4()
        with self.db.work.data.begin() as connection:
            connection.execute(
                insert(rows).values(
                    session_id=session_id, token_digest=digest(self.token),
                    device_digest=digest(self.token), member_id=member_id,
                    staff_id=staff, store=None if staff else store, started_at=self.now,
                    last_active_at=self.now, signed_in_at=self.now, verified_at=verified,
                )
            )  # fmt: skip
        return session_id

    def open(self, page: str | None = None, user: dict[str, object] | None = None) -> AppTest:
        """Return the page's first run; `page` is a file below `pages/`."""
        tab = AppTest.from_file(str(ROOT / "pages" / "portal.py"), default_timeout=30)
        tab.user = user or {"is_logged_in": False}
        tab.run()
        return tab.switch_page(page).run() if page else tab

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


def keyed(tab: AppTest, key: str) -> str:
    """Return the key of an element of a page of whom the tab shows: a child's is its own."""
    word = tab.query_params.get(acting.CHILD)
    return f"{key}_{str(word)[:12]}" if word else key


def text_of(tab: AppTest) -> str:
    """Return all HTML and button labels that the tab shows."""
    pieces = [h.proto.body for h in tab.get("html") if not h.proto.body.startswith("<style")]
    return (
        "\n".join([*pieces, *(b.label for b in tab.button)])
        .replace("&nbsp;", " ")
        .replace("&#8288;", "")
    )


@pytest.fixture
def portal(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> Portal:
    """Return a browser without a sign-in."""
    return Portal.on(portal_db, monkeypatch)


@pytest.fixture
def statements(portal_db: PortalDb) -> Iterator[list[str]]:
    """Return the statements that the portal's role sends, as they are sent."""
    sent: list[str] = []

    def note(*args: object) -> None:
        sent.append(str(args[2]))

    engines = (portal_db.web.data, portal_db.web.keys, *portal_db.web.look)
    for engine in engines:
        sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
