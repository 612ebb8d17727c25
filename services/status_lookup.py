"""Looks up what became of somebody's data by a certificate that was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from services import certificate, numbered
from services.certificate import CertificateError

if TYPE_CHECKING:
    from datetime import datetime

    from services.certificate import Certificate, Status
    from services.house import House


def look_up(house: House, given: Certificate, now: datetime) -> Status:
    """Return the status.

    Raise `CertificateError` where number and secret don't belong together, `WaitFirst` after
    several such tries.
    """
    with numbered.attempt(house, "certificate", given, now):
        with house.databases.data.connect() as data:
            found = certificate.status(data, given)
        if found is None:
            raise CertificateError(
                N_("There is no certificate with this number and secret. Please check both.")
            )
    return found
