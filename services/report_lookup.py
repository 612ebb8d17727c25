"""Opens a report by a number and a secret that were typed; guessing is slowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from services import reports
from services.identity import attempts
from services.reports import ReportRefused

if TYPE_CHECKING:
    from datetime import datetime

    from services.certificate import Certificate
    from services.house import House
    from services.reports import Report


def look_up(house: House, given: Certificate, now: datetime) -> Report:
    """Return the report; after several wrong tries at one number each next one must wait.

    Raise `ReportRefused` where number and secret don't belong together, `WaitFirst` meanwhile.
    """
    key = attempts.digest(house.keyring, "report", given.number)
    with house.databases.keys.begin() as keys:
        attempts.count(keys, key, now)
    with house.databases.data.begin() as data:
        found = reports.by_number(data, given)
    if found is None:
        raise ReportRefused(
            N_("There is no report with this number and secret. Please check both.")
        )
    with house.databases.keys.begin() as keys:
        attempts.forget(keys, key, None, now)
    return found
