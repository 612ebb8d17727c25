"""The demo's leaver has really left, once, and the certificate that is printed opens the status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import seal_keys
from db.settings import Settings
from db.tables.cases import case
from db.tables.moves import withdrawal
from services import demo_family
from tests.leaving import status
from tests.people import NOW

if TYPE_CHECKING:
    from tests.database import PortalDb


@pytest.mark.promise("P34")
def test_the_printed_certificate_opens_the_status_of_who_left(portal_db: PortalDb) -> None:
    seal_keys.create(portal_db.var / "keys")
    settings = Settings(var=portal_db.var)
    demo_family.make(settings, portal_db.addresses, NOW)
    accounts = demo_family.make(settings, portal_db.addresses, NOW)
    given = demo_family.certificate_of(portal_db.keyring)
    printed = demo_family.table(accounts, given)
    assert f"number {given.number}, secret {given.secret}" in printed
    found = status(portal_db, given)
    assert found.kept_until
    assert {one.line.kind for one in found.lines if one.destroyed_at} >= {"nickname", "baby_name"}
    with portal_db.owner_data.connect() as data:
        assert data.scalar(select(func.count()).select_from(withdrawal)) == 1
        # The desk has one open case to show, however often the demo starts.
        assert data.scalars(select(case.c.case_no)).all() == ["DEMO-0001"]
