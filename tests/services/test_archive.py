"""The archive, opened as a stranger would: everything held is in it, and nothing else (P30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.archives import source, take
from tests.people import PLAIN, member

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb


def test_every_value_is_there(portal_db: PortalDb, tmp_path: Path) -> None:
    one = member(portal_db)
    with source(portal_db, tmp_path, one) as given:
        taken = take(given)
    held = {row["item"]: row["value"] for row in taken.rows("profile")}
    assert held == PLAIN | {"profile_image": "files/profile_image.png"}
