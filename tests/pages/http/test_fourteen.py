"""The doors outside of pages shut with the right to act, within the second (P29)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from db import seal_keys
from db.clock import SEOUL
from db.settings import settings
from db.tables.member import LIVE
from pages.http import consent_receipt, proof
from pages.http.names import SESSION_COOKIE
from services import child_link
from tests.people import acting, child_of, member
from tests.portal import portal
from tests.signing_in import Http

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

LAST = datetime(2026, 12, 9, 23, 59, 59, tzinfo=SEOUL)
APP = Starlette(routes=[*consent_receipt.ROUTES, proof.ROUTE])


@pytest.mark.promise("P29")
@pytest.mark.parametrize("how", ["birthday", "suspended", "too young", "link ended"])
@pytest.mark.parametrize("path", ["/consents/receipt", "/history/proof/2026-12-01"])
def test_receipts_and_proofs_end_with_the_right_to_act(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, path: str, how: str
) -> None:
    monkeypatch.setattr(seal_keys, "verifier", lambda _path: None)  # nothing is sealed yet
    portal.now = LAST
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2012-12-10")
    session = portal.sign_in(guardian, verified=LAST)
    token = child_link.token(acting(guardian, session_id=session), child)
    http = Http(APP)
    http.cookies.set(SESSION_COOKIE[settings().secure], portal.token or "")
    before = http.get(f"{path}?child={token}")
    assert before.status_code == 404, "the guardian is let in; there is nothing yet"
    if how == "birthday":
        portal.later(seconds=1)
    else:
        link, today = LIVE.guardianship, LAST.date()
        done = {
            "suspended": update(link).values(suspended_on=today, suspended_why="desk"),
            "link ended": update(link).values(ended_on=today),
            "too young": update(LIVE.member)
            .where(LIVE.member.c.member_id == guardian)
            .values(turns_19_on=today + timedelta(days=1)),
        }[how]
        with portal.db.work.data.begin() as data:
            data.execute(done)
    assert http.get(f"{path}?child={token}").status_code == 403
