"""What the ledger's words are called: what happened, who did it, and why."""

from __future__ import annotations

from db.words import N_, Purpose, StaffRole
from services.history import Who
from services.ledger import EventName

EVENTS: dict[EventName, str] = {
    EventName.OVERVIEW_VIEWED: N_("looked at the overview"),
    EventName.PROFILE_VIEWED: N_("looked at “My data”"),
    EventName.VALUES_UNMASKED: N_("saw hidden values in full"),
    EventName.HISTORY_VIEWED: N_("looked at “Who looked”"),
    EventName.PROOF_TAKEN: N_("took a proof of these records"),
    EventName.SIGNED_IN: N_("signed in"),
    EventName.VERIFIED: N_("confirmed who they are"),
    EventName.SIGNED_OUT: N_("signed out"),
    EventName.CORRECTION_VIEWED: N_("opened “Edit my data”"),
    EventName.VALUE_CORRECTED: N_("put a value right"),
    EventName.VALUE_CLEARED: N_("cleared a value"),
    EventName.CONFIRMATION_ASKED: N_("asked for a link to confirm a new value"),
    EventName.REQUESTS_VIEWED: N_("looked at “My requests”"),
    EventName.REQUEST_MADE: N_("made a request"),
    EventName.REQUEST_TAKEN_BACK: N_("took a request back"),
    EventName.REQUEST_TAKEN: N_("took a request in hand"),
    EventName.REQUEST_VIEWED: N_("looked at a request"),
    EventName.REQUEST_GRANTED: N_("did what a request asked"),
    EventName.REQUEST_REFUSED: N_("refused a request, with a reason"),
    EventName.EVIDENCE_VIEWED: N_("looked at a file given as proof"),
    EventName.EVIDENCE_DESTROYED: N_("destroyed a file given as proof"),
    EventName.RESTRICTIONS_VIEWED: N_("looked at “Stop processing”"),
    EventName.PROCESSING_STOPPED: N_("stopped a use of the data"),
    EventName.PROCESSING_RESUMED: N_("let a use of the data go on"),
    EventName.USE_BLOCKED: N_("wanted to use stopped data and was kept from it"),
    EventName.CONSENTS_VIEWED: N_("looked at “Consents”"),
    EventName.CONSENT_GRANTED: N_("gave a consent"),
    EventName.CONSENT_WITHDRAWN: N_("withdrew a consent"),
    EventName.CONSENT_ENDED: N_("ended a consent whose time was over"),
    EventName.RECEIPT_TAKEN: N_("took a receipt of consents"),
    EventName.DEVICE_REFUSED: N_("refused a device id"),
    EventName.SHARING_VIEWED: N_("looked at “Shared with others”"),
    EventName.DISCLOSED: N_("gave data to a company"),
    EventName.DISCLOSURE_REFUSED: N_("refused to give data to a company"),
    EventName.DEMAND_SOUGHT: N_("looked for a member named in a demand made by law"),
    EventName.DEMAND_ENTERED: N_("entered a demand made by law"),
    EventName.DEMAND_VIEWED: N_("looked at a demand made by law"),
    EventName.DEMAND_APPROVED: N_("approved a demand made by law"),
    EventName.DEMAND_REFUSED: N_("refused a demand made by law"),
    EventName.COMPANY_ADDED: N_("entered a company"),
    EventName.COMPANY_CHANGED: N_("changed what is said of a company"),
    EventName.COMPANY_ENDED: N_("ended the work with a company"),
    EventName.FINDING_CLOSED: N_("closed a question about data given out"),
    EventName.SAFEGUARD_CONFIRMED: N_("confirmed what protects outside the portal"),
    EventName.PAPER_DESTROYED: N_("noted that forms on paper were destroyed"),
    EventName.HOLD_SOUGHT: N_("looked what a legal hold would keep"),
    EventName.HOLD_PLACED: N_("placed a legal hold: what is past its time is kept until it ends"),
    EventName.HOLD_LIFTED: N_("lifted a legal hold: what is past its time is destroyed again"),
    EventName.COMPANY_TOLD: N_("told a company of a change"),
    EventName.COMPANY_ANSWERED: N_("noted that a company confirmed a change"),
    EventName.INBOX_VIEWED: N_("looked at “Told to me”"),
    EventName.USAGE_TOLD: N_("sent the yearly notice of use"),
    EventName.DORMANCY_TOLD: N_("told that the account will sleep"),
    EventName.SEPARATED: N_("moved the data apart: the account sleeps"),
    EventName.WAKING_ASKED: N_("asked to use the account again"),
    EventName.WOKEN: N_("woke the account"),
    EventName.LEAVING_VIEWED: N_("looked at what leaving would do"),
    EventName.LEAVING_ASKED: N_("asked to leave"),
    EventName.LEFT: N_("ended the membership"),
    EventName.GUARDIAN_LEFT: N_("ended the link to a guardian who left"),
    EventName.BAR_SOUGHT: N_("looked for a member to bar from joining again"),
    EventName.BAR_PLACED: N_("decided a bar on joining again"),
    EventName.BAR_OBJECTED: N_("objected to a bar on joining again"),
    EventName.BAR_KEPT: N_("kept a bar on joining again, after an objection"),
    EventName.BAR_LIFTED: N_("lifted a bar on joining again"),
    EventName.JOINING_CHECKED: N_("answered a sign-up page that somebody may join"),
    EventName.JOINING_REFUSED: N_("answered a sign-up page that joining again is barred"),
    EventName.RESTORED: N_("put all data back from a backup"),
}
"""What happened; a test holds every `EventName` to have words here."""

PEOPLE: dict[Who, str] = {
    Who.ME: N_("I"),
    Who.ME_AS_GUARDIAN: N_("I, as guardian {n}"),
    Who.CHILD: N_("The child"),
    Who.GUARDIAN: N_("Guardian {n}"),
    Who.ANOTHER_MEMBER: N_("Another member"),
    Who.SYSTEM: N_("The system"),
}
ROLES: dict[StaffRole, str] = {
    StaffRole.AGENT: N_("Support staff {number}"),
    StaffRole.OFFICER: N_("Privacy officer {number}"),
}
RIGHTS: dict[str, str] = {
    Purpose.SHOW: N_("To see what is held"),
    Purpose.CORRECT: N_("To put it right"),
    Purpose.EXPORT: N_("To take the data along"),
}
"""Why, where it is a right of clause 9; the policy names all other purposes."""
