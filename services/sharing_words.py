"""What grounds and changes are called where it is told who received what."""

from __future__ import annotations

from db.words import N_, Change, Ground

GROUNDS: dict[Ground, str] = {
    Ground.CONSENT: N_("Consent"),
    Ground.REQUEST: N_("Asked for by the member"),
    Ground.PURCHASE: N_("Something was bought there"),
    Ground.LEGAL_DEMAND: N_("A law demanded it"),
}
CHANGES: dict[Change, str] = {
    Change.CORRECTED: N_("Corrected"),
    Change.CLEARED: N_("Cleared"),
    Change.CONSENT_GRANTED: N_("Consent given"),
    Change.CONSENT_WITHDRAWN: N_("Consent withdrawn"),
    Change.RESTRICTED: N_("Use stopped"),
    Change.RESTRICTION_LIFTED: N_("Use goes on"),
    Change.DEVICE_REFUSED: N_("Device ID refused"),
    Change.CONTRACT_ENDED: N_("Contract ended"),
}
