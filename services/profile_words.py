"""What stored words of a profile are called."""

from __future__ import annotations

from datetime import date

from db.declarations import Basis, Group
from db.words import N_, LinkMeans, LinkReason, Source

GROUPS: dict[Group, tuple[str, str]] = {
    Group.REQUIRED: (N_("Required"), N_("A membership can't be without these.")),
    Group.ADDITIONAL: (N_("Additional"), N_("You may leave these out.")),
    Group.CUSTOM: (
        N_("For you and your baby"),
        N_("Only if you gave them, to fit the service to you."),
    ),
    Group.GENERATED: (N_("Generated"), N_("Made while you use the services.")),
}
"""Title and explanation of each group of clause 2.1."""

BASES: dict[Basis, str] = {
    Basis.CONTRACT: N_("To keep our agreement with you"),
    Basis.CONSENT: N_("Consent"),
    Basis.LEGAL_DUTY: N_("A law asks us to"),
}

SOURCES: dict[Source, str] = {
    Source.WEB: N_("Web site"),
    Source.APP: N_("App"),
    Source.PAPER: N_("Paper form"),
    Source.PHONE: N_("Phone call"),
    Source.FAX: N_("Fax"),
    Source.COUNSEL_BOARD: N_("Counsel board"),
    Source.EVENT_ENTRY: N_("Event entry"),
    Source.DELIVERY_REQUEST: N_("Delivery request"),
    Source.PARTNER: N_("Partner company"),
    Source.GENERATION_TOOL: N_("Made automatically"),
    Source.PORTAL: N_("This portal"),
}

MEANS: dict[LinkMeans, str] = {
    LinkMeans.CODE: N_("By a code to the guardian's contact from when the child joined"),
    LinkMeans.DOCUMENT: N_("By a document that our staff checked"),
    LinkMeans.JOINING: N_("When the child joined"),
    LinkMeans.STAFF: N_("By our staff"),
}
REASONS: dict[LinkReason, str] = {
    LinkReason.PARENT: N_("Parent"),
    LinkReason.APPOINTED: N_("Guardian appointed by a court"),
}
"""How it was checked that somebody is a child's guardian, and as what they act."""

VALUES: dict[str, dict[str, str]] = {
    "sex": {"female": N_("Female"), "male": N_("Male")},
    "pregnancy": {"pregnant": N_("Pregnant"), "not_pregnant": N_("Not pregnant")},
}
"""Values that are words of ours, by item."""

DATES = frozenset({"birth_date", "baby_date"})
"""Items whose value is an ISO date."""


def as_date(text: str) -> date | None:
    """Return the date of an ISO text, or None when it is none (masked, or malformed)."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
