"""Companies for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import insert

from db.tables.ops import company as rows
from tests.people import NOW

if TYPE_CHECKING:
    from tests.database import PortalDb

PARCEL = ("name", "address", "mobile")


def company(db: PortalDb, **changes: Any) -> str:  # noqa: ANN401
    """Write a company, by default a shop that gets what a parcel needs; return its id."""
    row: dict[str, Any] = {
        "company_id": f"c-{uuid4().hex[:8]}", "role": "recipient", "name": "[가상] 아기가게",
        "service": "아기가게", "purpose": "delivery", "items": [*PARCEL], "kept": {"months": 6},
        "means": "none", "terms_from": NOW - timedelta(days=999), "added_at": NOW,
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(rows).values(row | changes))
    return str((row | changes)["company_id"])
