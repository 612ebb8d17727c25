"""Every personal item, declared once: what is shown, masked, used and kept follows from here.

Groups and items are those of policy 2021-03-15, clause 2.1 and 3.1. Which purposes an item serves
is not stated in that text: the `purposes` here are the operator's setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from db.words import MARKETING, N_, RIGHTS, Purpose, RecordKind


class Group(StrEnum):
    """The four groups of clause 2.1, in the order in which they are shown."""

    REQUIRED = "required"
    ADDITIONAL = "additional"
    CUSTOM = "custom"
    GENERATED = "generated"


class Basis(StrEnum):
    """Legal basis (PIPA art. 15)."""

    CONTRACT = "contract"
    CONSENT = "consent"
    LEGAL_DUTY = "legal_duty"


class Mask(StrEnum):
    """How a value looks before verification; one rule a kind, everywhere."""

    NONE = "none"
    TEXT = "text"
    NAME = "name"
    LOGIN = "login"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    DATE = "date"
    WHOLE = "whole"


class Sensitivity(StrEnum):
    """Whether the item says something about health (PIPA art. 23, our reading)."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"


class Correction(StrEnum):
    """How a member corrects the item."""

    AT_ONCE = "at_once"
    WITH_PROOF = "with_proof"
    NEVER = "never"


@dataclass(frozen=True)
class Item:
    """One personal item of a member.

    `retention` is the id of the rule that says how long, in the policy data; `shown` is False for
    what is held one-way only, and for what is somebody else's (`others`): used, never shown or
    given out; `repeated` items may have several values, numbered from 0;
    `derived_from` names the items that it tells of, so that it goes with them; what `locates` says
    where somebody is.
    """

    name: str
    label: str
    group: Group
    purposes: frozenset[Purpose]
    basis: Basis
    mask: Mask
    retention: str = "membership"
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    correction: Correction = Correction.AT_ONCE
    exportable: bool = True
    shown: bool = True
    repeated: bool = False
    others: bool = False
    derived_from: tuple[str, ...] = ()
    locates: bool = False

    @property
    def required(self) -> bool:
        """Return whether a membership can't be without it (clause 2.1)."""
        return self.group is Group.REQUIRED


@dataclass(frozen=True)
class Field:
    """One field inside a sealed record."""

    name: str
    label: str
    mask: Mask = Mask.NONE
    locates: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of record with a retention period of its own (clause 3.2)."""

    name: RecordKind
    label: str
    fields: tuple[Field, ...]
    purposes: frozenset[Purpose]
    basis: Basis = Basis.LEGAL_DUTY
    exportable: bool = True

    @property
    def retention(self) -> str:
        """Return the id of the policy's rule for this kind."""
        return self.name.value


_P = Purpose
_MEMBERSHIP = frozenset({_P.IDENTIFICATION, _P.IDENTITY_CHECK, _P.MISUSE_PREVENTION}) | RIGHTS
_KNOWN_BY = frozenset({_P.JOINING_LIMIT})
"""By what a member with a bar is known again; of anybody else it is not used."""
_CONTACT = frozenset({_P.NOTICES, _P.COMPLAINTS, _P.EVENTS, _P.NEW_SERVICES}) | _MEMBERSHIP
_DELIVERY = frozenset({_P.DELIVERY, _P.BILLING})
_CHILDREN = frozenset({_P.CONTENT, _P.PERSONALISATION}) | RIGHTS

_ITEMS = (
    Item("nickname", N_("Nickname"), Group.REQUIRED, _MEMBERSHIP | {_P.CONTENT},
         Basis.CONTRACT, Mask.NONE),
    Item("password", N_("Password"), Group.REQUIRED, frozenset({_P.IDENTITY_CHECK}),
         Basis.CONTRACT, Mask.WHOLE, exportable=False, shown=False),
    Item("email", N_("E-mail"), Group.REQUIRED, _CONTACT | _KNOWN_BY, Basis.CONTRACT, Mask.EMAIL),
    Item("address", N_("Address"), Group.REQUIRED, _DELIVERY | RIGHTS | {_P.DEMOGRAPHIC_ADS},
         Basis.CONTRACT, Mask.ADDRESS, locates=True),
    Item("login_id", N_("Login ID"), Group.ADDITIONAL, _MEMBERSHIP | _KNOWN_BY, Basis.CONTRACT,
         Mask.LOGIN, correction=Correction.NEVER),
    Item("name", N_("Name"), Group.ADDITIONAL,
         _MEMBERSHIP | _DELIVERY | _KNOWN_BY | {_P.GUARDIAN_IDENTITY}, Basis.CONSENT, Mask.NAME,
         correction=Correction.WITH_PROOF),
    Item("mobile", N_("Mobile"), Group.ADDITIONAL, _CONTACT | _KNOWN_BY | {_P.DELIVERY},
         Basis.CONSENT, Mask.PHONE),
    Item("phone", N_("Phone"), Group.ADDITIONAL, frozenset({_P.DELIVERY, _P.COMPLAINTS}) | RIGHTS,
         Basis.CONSENT, Mask.PHONE, locates=True),
    Item("sex", N_("Sex"), Group.ADDITIONAL,
         frozenset({_P.DEMOGRAPHIC_ADS, _P.STATISTICS, _P.IDENTIFICATION}) | RIGHTS, Basis.CONSENT,
         Mask.WHOLE, correction=Correction.WITH_PROOF),
    Item("birth_date", N_("Birth date"), Group.ADDITIONAL,
         frozenset({_P.GUARDIAN_CONSENT, _P.IDENTIFICATION, _P.DEMOGRAPHIC_ADS}) | _KNOWN_BY
         | RIGHTS, Basis.CONSENT, Mask.DATE, correction=Correction.WITH_PROOF),
    Item("guardian_contact", N_("A guardian's contact"), Group.ADDITIONAL,
         frozenset({_P.GUARDIAN_CONSENT, _P.GUARDIAN_IDENTITY, _P.SHOW}), Basis.LEGAL_DUTY,
         Mask.WHOLE, correction=Correction.NEVER, exportable=False, shown=False, repeated=True,
         others=True),
    Item("profile_image", N_("Profile image"), Group.ADDITIONAL, frozenset({_P.CONTENT}) | RIGHTS,
         Basis.CONSENT, Mask.WHOLE),
    Item("pregnancy", N_("Pregnancy"), Group.CUSTOM, _CHILDREN, Basis.CONSENT, Mask.WHOLE,
         sensitivity=Sensitivity.SENSITIVE),
    Item("children", N_("Children"), Group.CUSTOM, _CHILDREN, Basis.CONSENT, Mask.TEXT,
         repeated=True),
    Item("baby_name", N_("Baby's name or nickname"), Group.CUSTOM, _CHILDREN, Basis.CONSENT,
         Mask.NAME, repeated=True),
    Item("baby_date", N_("Due date or baby's birth date"), Group.CUSTOM, _CHILDREN,
         Basis.CONSENT, Mask.DATE, sensitivity=Sensitivity.SENSITIVE, repeated=True),
    Item("mother_category", N_("Mother category"), Group.CUSTOM, _CHILDREN | MARKETING,
         Basis.CONSENT, Mask.TEXT, sensitivity=Sensitivity.SENSITIVE,
         derived_from=("pregnancy", "baby_date")),
    Item("device_id", N_("Device ID"), Group.GENERATED,
         frozenset({_P.IDENTIFICATION, _P.MISUSE_PREVENTION}) | RIGHTS, Basis.CONTRACT, Mask.LOGIN,
         correction=Correction.NEVER, repeated=True),
)  # fmt: skip

ITEMS: dict[str, Item] = {item.name: item for item in _ITEMS}
"""Every item by its name, in the order in which a group shows them."""


LOCATING: frozenset[str] = frozenset(item.name for item in _ITEMS if item.locates)
"""Items that say where somebody is: hidden from guardians while a dispute is open."""


def derived(name: str) -> frozenset[str]:
    """Return the items that are derived from `name`, directly."""
    return frozenset(item.name for item in _ITEMS if name in item.derived_from)


_RECORDS = frozenset({_P.DISPUTE_RECORDS}) | RIGHTS
_KINDS = (
    Kind(RecordKind.PAYMENT, N_("Payments and deliveries"), (
        Field("what", N_("What")), Field("amount", N_("Amount")), Field("method", N_("Paid by")),
        Field("address", N_("Delivered to"), Mask.ADDRESS, locates=True),
        Field("lines", N_("Lines")),
    ), _RECORDS | {_P.PAYMENT, _P.BILLING, _P.DELIVERY}),
    Kind(RecordKind.CONTRACT, N_("Contracts and cancellations"), (
        Field("what", N_("What")), Field("action", N_("Event")),
    ), _RECORDS),
    Kind(RecordKind.COMPLAINT, N_("Complaints and disputes"), (
        Field("subject", N_("About")), Field("answer", N_("Answer")),
    ), _RECORDS | {_P.COMPLAINTS}),
    Kind(RecordKind.IDENTITY_CHECK, N_("Identity checks"), (
        Field("means", N_("Means")), Field("result", N_("Result")),
    ), _RECORDS | {_P.IDENTITY_CHECK}),
    Kind(RecordKind.ADVERTISEMENT, N_("Advertisements sent"), (
        Field("title", N_("Title")), Field("channel", N_("Channel")),
    ), _RECORDS),
    Kind(RecordKind.VISIT, N_("Visits"), (
        Field("page", N_("Page")), Field("network", N_("Network address"), Mask.TEXT, locates=True),
    ), _RECORDS | {_P.VISIT_FREQUENCY}),
)  # fmt: skip

KINDS: dict[RecordKind, Kind] = {kind.name: kind for kind in _KINDS}
"""The six kinds of record, in the order in which they are shown."""

SEALED = {
    "profile_value.sealed": "the items of ITEMS, one a row",
    "record.sealed": "the fields of KINDS, one record a row",
    "device.sealed": "device_id",
    "credential.password_hash": "password, held one-way (Argon2)",
    "case_paper.sealed": "what a caller said or gave, and the answer; under the key of the case",
    "case_step.sealed": "an address that waits to be confirmed; under the key of the case",
    "outbox.sealed": "the filled places of a message, until it is delivered",
    "inbox.sealed": "the filled places of a message, to be read in the portal",
    "request.sealed": "what a request proposes, until it is decided",
    "request.answer": "what the decision says to the member",
    "evidence.sealed": "a file given as proof, until the request is decided",
    "pending_value.sealed": "a new value, until its link is followed or runs out",
    "report.sealed": "how who reported can be answered; under the key of the report",
    "report_line.sealed": "what was reported, asked and answered; under the key of the report",
    "demand.document": "the document of a legal demand",
    "linking.sealed": "name and birth date of a child, as a guardian typed them, until looked for",
    "dispute.sealed": "what somebody said of who acts for a child",
    "dispute.answer": "what the decision says to them",
}
"""Columns (`table.column`, in every schema that has the table) that hold personal values."""

_LINK = "says whose row it is; random, means nothing outside"
_RULE = "set-based rules need it unsealed"
_HOW = "how the value was obtained; a word from a fixed list"
_STATE = "state of our own handling"

NOT_PERSONAL: dict[str, str] = {
    "*.member_id": _LINK,
    "*.source": _HOW,
    "*.partner": "the company a value came from",
    "*.service": "one of the family's services",
    "*.obtained_on": _HOW,
    "*.policy_version": _STATE,
    "*.asked_by": "a word from ActorKind",
    "member.joined_on": _RULE,
    "member.turns_14_on": "a child's only, cleared on that day: guardianship ends by it (clause 9)",
    "member.turns_19_on": "of who is younger, cleared on that day: until then they guard nobody",
    "member.age_known": "whether the day above is worked out: else nobody newly guards a child",
    "member.unclaimed_on": "data of somebody of 14 whom nobody reaches is kept only (clause 9)",
    "member.answers_until": "the last day to answer what a guardian consented to; then cleared",
    "member.unguarded_seen_on": _STATE,
    "member.last_used_on": "dormancy is decided by it in SQL (clause 3.3)",
    "member.created_at": _STATE,
    "member.last_counted_on": "the last use that counts: dormancy is selected by it (clause 3.3)",
    "member.told_for": "whom to tell that they will sleep is selected by it (clause 3.3)",
    "separation.*": "which notice a separation rests on, and times; no value",
    "move.*": "what a member asked for that crosses stores, and digests of a certificate's secret",
    "export.*": "which groups of data somebody asked for, times, and the size of a sealed file",
    "export_key.*": "the key of a sealed file, wrapped",
    "withdrawal.*": "digests of a certificate's number and secret, times, a signature",
    "withdrawal_line.*": "kinds, counts and days of what was kept and destroyed",
    "outbox.accepted": _STATE,
    "member.usage_told_on": "the yearly notice is selected by it in SQL (PIPA art. 20-2)",
    "profile_value.item": "a name from ITEMS",
    "profile_value.seq": "a number",
    "profile_value.cleared_at": _STATE,
    "profile_value.changed_at": _STATE,
    "profile_value.ends_on": _RULE,
    "record.record_id": _LINK,
    "record.kind": "a name from KINDS",
    "record.event_date": _RULE,
    "record.ends_on": _RULE,
    "device.device_row_id": _LINK,
    "device.last_used_on": _RULE,
    "device.refused_at": _STATE,
    "service_use.since": _RULE,
    "service_use.last_used_on": "dormancy is decided by it in SQL (clause 3.3)",
    "consent.consent_id": _LINK,
    "consent.kind": "a word from ConsentKind",
    "consent.channel": "a word from Channel",
    "consent.recipient": "the company a consent names",
    "consent.item": "a name from ITEMS",
    "consent.granted": "audience() selects by it in SQL (network act art. 50)",
    "consent.decided_at": "audience() selects by it in SQL",
    "consent.ends_on": _RULE,
    "consent.wording": "the text that was shown, the same for everyone",
    "consent.language": "ko or en",
    "consent.decided_by": "a word from ActorKind",
    "consent.actor_id": _LINK,
    "consent.case_id": _LINK,
    "consent.shown": _STATE,
    "disclosure.disclosure_id": _LINK,
    "disclosure.recipient": "the company that received the items",
    "disclosure.items": "names from ITEMS",
    "disclosure.purpose": "a word from Purpose",
    "disclosure.ground": "a word from Ground",
    "disclosure.disclosed_on": _RULE,
    "disclosure.kept_until": _RULE,
    "disclosure.disclosed_at": _RULE,
    "disclosure.ground_id": _LINK,
    "disclosure.shown_from": _RULE,
    "disclosure.checked_at": _STATE,
    "restriction.restriction_id": _LINK,
    "restriction.item": "a name from ITEMS",
    "restriction.purpose": "a word from Purpose",
    "restriction.started_at": _RULE,
    "restriction.ended_at": _RULE,
    "restriction.blocked": "a count",
    "restriction.last_blocked_at": _STATE,
    "restriction.why": "a word from RestrictionWhy",
    "restriction.request_id": _LINK,
    "request.request_id": _LINK,
    "request.kind": "a word from RequestKind",
    "request.state": "a word from RequestState",
    "request.item": "a name from ITEMS",
    "request.seq": "a number",
    "request.purpose": "a word from Purpose",
    "request.received_at": _RULE,
    "request.due_on": "deadlines are watched by it in SQL (PIPA art. 36, 37)",
    "request.objects_to": _LINK,
    "request.decided_at": _STATE,
    "request.decided_by": "who of the staff decided",
    "request.asked_by_staff": "who of the staff entered it, who therefore doesn't decide it",
    "request.reason": "a word from RefusalReason",
    "evidence.evidence_id": _LINK,
    "evidence.request_id": _LINK,
    "evidence.media_type": "one of the few kinds of file that are taken",
    "evidence.size": "a number of bytes",
    "evidence.received_at": _STATE,
    "evidence.destroyed_at": _STATE,
    "pending_value.item": "a name from ITEMS",
    "pending_value.asked_at": _STATE,
    "pending_value.expires_at": _RULE,
    "pending_value.asked_by": "the member, or a guardian, whose link may end meanwhile",
    "inbox.message_id": _LINK,
    "inbox.template": "the name of a message",
    "inbox.created_at": _STATE,
    "inbox.read_at": _STATE,
    "inbox.ends_on": _RULE,
    "demand.demand_id": _LINK,
    "demand.authority": "which public body demands",
    "demand.legal_basis": "which law it names",
    "demand.items": "names from ITEMS",
    "demand.media_type": "one of the few kinds of file that are taken",
    "demand.received_on": _STATE,
    "demand.entered_by": "who of the staff entered it",
    "demand.entered_at": _STATE,
    "demand.approved_by": "which officer approved it",
    "demand.approved_at": _STATE,
    "demand.approved_items": "names from ITEMS",
    "demand.refused_at": _STATE,
    "demand.shown_from": "the day from which the member sees it",
    "hold.*": "what must not be destroyed yet, why in a word, a file's number, and until when",
    "bar.*": "who may not join again, why in a word, until when, who decided; never a value",
    "barred.*": "a keyed digest, as in blind_index, of a member who may not join again",
    "key_due.*": "whose keys are still to be destroyed",
    "journal.*": "what a restore must do again: ids and words; carried values stay sealed",
    "dispatch.*": "which company is told of which items, by name, and when; never a value",
    "finding.*": "a row that a daily check questions, and who closed it; the note names no value",
    "guardianship.guardian_id": _LINK,
    "guardianship.started_on": _RULE,
    "guardianship.ended_on": _RULE,
    "guardianship.means": "a word from LinkMeans (clause 1.2)",
    "guardianship.reason": "a word from LinkReason",
    "guardianship.consent_id": _LINK,
    "guardianship.suspended_on": _RULE,
    "guardianship.suspended_until": _RULE,
    "guardianship.suspended_why": "a word from SuspensionWhy",
    "dispute.dispute_id": _LINK,
    "dispute.why": "a word from DisputeWhy",
    "dispute.opened_by": _LINK,
    "dispute.opened_at": _STATE,
    "dispute.decided_at": "the address is hidden by it in SQL, and a withdrawal waits for it",
    "dispute.decided_by": "who of the staff decided",
    "dispute.outcome": "a word from DisputeOutcome",
    "guardianship.proof": "whether a record of the proof exists",
    "linking.linking_id": _LINK,
    "linking.session_id": _LINK,
    "linking.child_id": "who was found, until the code ends; a random id",
    "linking.asked_at": _STATE,
    "linking.expires_at": _RULE,
    "linking.tries_left": "a count",
    "linking.ended_at": _STATE,
    "credential.set_at": _STATE,
    "one_time.*": "a digest of a secret we sent, its use and when it ends",
    "authorization_code.*": "a digest, protocol values and times of one sign-in",
    "signin_session.*": "a digest and times of one browser at the sign-in service",
    "session.*": "digest of a cookie, times and state; the session names no personal value",
    "case.*": "who of the staff may act, for whom, until when; what is asked, in words of ours",
    "case_paper.*": "what kind of paper belongs to which case, its size and when it came",
    "case_step.*": "what waits for a second word in which case, names from ITEMS, and times",
    "case_key.*": "the key of a case, wrapped by the key of the store",
    "report.*": "a report's number, kind, state and days; digest of the secret that opens it",
    "report_line.*": "who of reporter and staff wrote a line, and when",
    "event.*": "the ledger holds names of items, never values",
    "outbox.message_id": _LINK,
    "outbox.channel": "a word from Channel",
    "outbox.template": "the name of a message",
    "outbox.language": "ko or en",
    "outbox.created_at": _STATE,
    "outbox.sent_at": _STATE,
    "outbox.attempts": _STATE,
    "outbox.failed_at": _STATE,
    "outbox.bounced_at": _STATE,
    "outbox.sleeps_on": "which day a notice names; who is told, their last use has said before",
    "outbox.key": "which fact this message tells, so that it is told once",
    "member_key.*": "a key, wrapped, and which store's key wraps it",
    "blind_index.*": "a keyed digest; without the key file it can't be linked to a value",
    "sign_in.*": "a keyed digest of issuer and subject, and times",
    "import_origin.*": "a keyed digest of the source's key: an import never doubles or revives",
}
"""Columns of a member's table that hold no personal value, each with the reason."""


def declared(table: str, column: str) -> bool:
    """Return whether `table.column` is sealed and declared, or listed as not personal."""
    names = (f"{table}.{column}", f"*.{column}", f"{table}.*")
    return names[0] in SEALED or any(name in NOT_PERSONAL for name in names)
