"""A version of the policy is written down with its hash, and held to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.policy import POLICIES, Policy, PolicyError, load
from db.tables.ops import policy_version
from services import policies

if TYPE_CHECKING:
    from tests.database import PortalDb

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(POLICIES / "2021-03-15.toml")


@pytest.mark.promise("P38")
def test_the_first_start_writes_the_hash_down(portal_db: PortalDb, policy: Policy) -> None:
    with portal_db.owner_data.begin() as connection:
        policies.register(connection, NOW)
        policies.register(connection, NOW + timedelta(days=1))
        rows = connection.execute(select(policy_version)).all()
    assert [tuple(row) for row in rows] == [
        ("2021-03-15", bytes.fromhex(policy.sha256), date(2021, 3, 15), NOW)
    ]


@pytest.mark.promise("P38")
def test_a_changed_file_is_refused(portal_db: PortalDb, policy: Policy) -> None:
    changed = policy.model_copy(update={"sha256": "00" * 32})
    with portal_db.owner_data.begin() as connection:
        policies.register(connection, NOW, (policy,))
        with pytest.raises(PolicyError, match="2021-03-15 is registered and can't change"):
            policies.register(connection, NOW, (changed,))


@pytest.mark.promise("P38")
def test_a_file_that_is_gone_is_refused(portal_db: PortalDb, policy: Policy) -> None:
    later = policy.model_copy(update={"version": "2027-01-01", "in_force_from": date(2027, 1, 1)})
    with portal_db.owner_data.begin() as connection:
        policies.register(connection, NOW, (policy, later))
        with pytest.raises(PolicyError, match="2027-01-01 is registered, and its file is gone"):
            policies.register(connection, NOW, (policy,))
