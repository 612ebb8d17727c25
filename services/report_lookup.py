"""Opens a report by a number and a secret that were typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from services import numbered, reports
from services.reports import ReportRefused

if TYPE_CHECKING:
    from datetime import datetime

    from services.certificate import Certificate
    from services.house import House
    from services.reports import Report


def look_up(house: House, given: Certificate, now: datetime) -> Report:
    """Return the report.

    Raise `ReportRefused` where number and secret don't belong together, `WaitFirst` after several
    such tries.
    """
    with numbered.attempt(house, "report", given, now):
        with house.databases.data.begin() as data:
            found = reports.by_number(data, given)
        if found is None:
            raise ReportRefused(
                N_("There is no report with this number and secret. Please check both.")
            )
    return found
