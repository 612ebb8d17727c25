"""What was done after a backup is done again before the restored data opens (P23, P13, P15)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from services import clearing, correction
from tests.people import NOW, member
from tests.restoring import Restoring, portal

if TYPE_CHECKING:
    pass

__all__ = ["portal"]


@pytest.mark.promise("P23")
def test_what_was_put_right_and_cleared_stays_so(portal: Restoring) -> None:
    who, other = member(portal.db), member(portal.db)
    file = portal.back_up()
    portal.as_member(who, lambda s: correction.correct(s, "nickname", 0, "새별"))
    portal.as_member(who, lambda s: clearing.clear(s, ("mobile", "pregnancy")))
    portal.as_member(other, lambda s: clearing.clear(s, ("birth_date",)))
    portal.settle(NOW + timedelta(hours=2))
    before = portal.held()
    report = portal.restore(file, NOW + timedelta(hours=2))
    print(report)
    assert portal.held() == before
