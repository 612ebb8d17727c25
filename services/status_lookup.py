"""Looks up what became of somebody's data by a certificate that was typed; guessing is slowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from services import certificate
from services.certificate import CertificateError
from services.identity import attempts

if TYPE_CHECKING:
    from datetime import datetime

    from services.certificate import Certificate, Status
    from services.house import House


def look_up(house: House, given: Certificate, now: datetime) -> Status:
    """Return the status; after several wrong tries at one number each next one must wait.

    Raise `CertificateError` where number and secret don't belong together, `WaitFirst` meanwhile.
    """
    key = attempts.digest(house.keyring, "certificate", given.number)
    with house.databases.keys.begin() as keys:
        attempts.count(keys, key, now)
    with house.databases.data.connect() as data:
        found = certificate.status(data, given)
    if found is None:
        raise CertificateError(
            N_("There is no certificate with this number and secret. Please check both.")
        )
    with house.databases.keys.begin() as keys:
        attempts.forget(keys, key, None, now)
    return found
