"""The vocabulary of stored data: one word for one thing, everywhere."""

from __future__ import annotations

from enum import StrEnum


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "mark, translate later")
    """Mark `message` for the catalogue and return it unchanged."""
    return message


class Store(StrEnum):
    """Where a member's rows live; every member is in exactly one."""

    LIVE = "live"
    DORMANT = "dormant"
    RETAINED = "retained"


class Source(StrEnum):
    """How a value was obtained (policy 2021-03-15, clause 2.2), and our own portal."""

    WEB = "web"
    APP = "app"
    PAPER = "paper"
    PHONE = "phone"
    FAX = "fax"
    COUNSEL_BOARD = "counsel_board"
    EVENT_ENTRY = "event_entry"
    DELIVERY_REQUEST = "delivery_request"
    PARTNER = "partner"
    GENERATION_TOOL = "generation_tool"
    PORTAL = "portal"


class RecordKind(StrEnum):
    """The six kinds of record with a period of their own (policy 2021-03-15, clause 3.2)."""

    IDENTITY_CHECK = "identity_check"
    VISIT = "visit"
    ADVERTISEMENT = "advertisement"
    CONTRACT = "contract"
    PAYMENT = "payment"
    COMPLAINT = "complaint"


class ConsentKind(StrEnum):
    """What a consent record decides (PIPA art. 15, 17, 22, 23; network act art. 50)."""

    COLLECTION = "collection"
    MARKETING = "marketing"
    ADVERTISING = "advertising"
    ADVERTISING_NIGHT = "advertising_night"
    PERSONALISATION = "personalisation"
    THIRD_PARTY = "third_party"
    SENSITIVE = "sensitive"
    DEVICE = "device"


class Channel(StrEnum):
    """How an advertising message reaches a member."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Ground(StrEnum):
    """Why data may leave for a recipient (policy 2021-03-15, clause 5)."""

    CONSENT = "consent"
    REQUEST = "request"
    PURCHASE = "purchase"
    LEGAL_DEMAND = "legal_demand"


class RequestKind(StrEnum):
    """What a member asks that somebody decides (PIPA art. 36, 37)."""

    CORRECTION = "correction"
    CLEARING = "clearing"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    LINKING = "linking"


class RequestState(StrEnum):
    """How far a request has come."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


class RefusalReason(StrEnum):
    """Why a request may be refused (PIPA art. 35(4), 36(1), 37(2))."""

    LAW_NAMES_IT = "law_names_it"
    NEEDED_FOR_CONTRACT = "needed_for_contract"
    HARMS_OTHERS = "harms_others"
    PROOF_MISSING = "proof_missing"
    CORRECT_ALREADY = "correct_already"
    NOT_LINKED = "not_linked"


class LinkMeans(StrEnum):
    """How it was checked that somebody is a child's guardian (clause 1.2; PIPA art. 22-2)."""

    CODE = "code"
    DOCUMENT = "document"
    JOINING = "joining"
    STAFF = "staff"


class LinkReason(StrEnum):
    """Why somebody acts for a child."""

    PARENT = "parent"
    APPOINTED = "appointed"


class RestrictionWhy(StrEnum):
    """Why something is restricted: it is being corrected, or the member stopped it (clause 9)."""

    DISPUTED = "disputed"
    STOPPED = "stopped"


class DisputeWhy(StrEnum):
    """What is wrong with who acts for a child, in words of ours."""

    CUSTODY = "custody"
    NOT_GUARDIAN = "not_guardian"
    FEAR = "fear"
    OTHER = "other"


class DisputeOutcome(StrEnum):
    """What the desk decided: everybody goes on, one guardian may not act, or one link ends.

    `grown`: nobody decided it; the child came of age, so that nobody acts for it any more.
    """

    KEPT = "kept"
    SUSPENDED = "suspended"
    ENDED = "ended"
    GROWN = "grown"


class SuspensionWhy(StrEnum):
    """Why a guardian may not act for a child."""

    COURT_ORDER = "court_order"
    REMOVAL = "removal"
    CUSTODY_END = "custody_end"
    DESK = "desk"


class CompanyRole(StrEnum):
    """What a company is to a member's data (clauses 5 and 6), or a system of the family's own."""

    RECIPIENT = "recipient"
    PROCESSOR = "processor"
    SOURCE_SYSTEM = "source_system"


class NoticeMeans(StrEnum):
    """How a company is told of a change; `none`: by hand, from the desk's list."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    NONE = "none"


class Change(StrEnum):
    """What recipients and source systems are told (P33, P21, P22)."""

    CORRECTED = "corrected"
    CLEARED = "cleared"
    CONSENT_GRANTED = "consent_granted"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    DEVICE_REFUSED = "device_refused"
    CONTRACT_ENDED = "contract_ended"
    LEFT = "left"


class ExportGroup(StrEnum):
    """What a member may choose to take along; all together are everything that is held."""

    PROFILE = "profile"
    RECORDS = "records"
    CONSENTS = "consents"
    SHARING = "sharing"
    HISTORY = "history"
    MESSAGES = "messages"


class MoveKind(StrEnum):
    """What a member asked for that crosses stores; the worker does it."""

    REACTIVATE = "reactivate"
    WITHDRAW = "withdraw"


class ExportState(StrEnum):
    """How far a copy for a member has come."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DESTROYED = "destroyed"


class ExportFailure(StrEnum):
    """Why a copy could not be made; words of ours, so that no error's text is kept."""

    STORAGE = "storage"
    TROUBLE = "trouble"


class FindingKind(StrEnum):
    """What the daily check of disclosures questions (clause 5, P20)."""

    WITHOUT_GROUND = "without_ground"
    GROUND_NOT_RECORDED = "ground_not_recorded"
    NOT_IN_LEDGER = "not_in_ledger"


class FindingClosed(StrEnum):
    """What the officer did about a finding; words of ours, so that no note holds a value."""

    DELETED_THERE = "deleted_there"
    GROUND_FOUND = "ground_found"
    REPORTED = "reported"


class HoldWhy(StrEnum):
    """Why something is not destroyed although its period is over."""

    LAWSUIT = "lawsuit"
    INVESTIGATION = "investigation"
    DISPUTE = "dispute"
    AUDIT = "audit"


class DestructionMethod(StrEnum):
    """How electronic data was destroyed (clause 4)."""

    ROWS = "rows"
    ROWS_AND_KEY = "rows_and_key"
    FILE_AND_KEY = "file_and_key"


class PaperMethod(StrEnum):
    """How forms on paper are destroyed (clause 4)."""

    SHREDDING = "shredding"
    INCINERATION = "incineration"


class Noted(StrEnum):
    """What the journal keeps, so that a restore does it again."""

    CLEARED = "cleared"
    CORRECTED = "corrected"
    CONSENT = "consent"
    RESTRICTED = "restricted"
    REQUESTED = "requested"
    DISCLOSED = "disclosed"
    TOLD = "told"
    PASSWORD_SET = "password_set"  # noqa: S105 (a word, no password)
    WITHDRAWN = "withdrawn"
    SEPARATED = "separated"
    REACTIVATED = "reactivated"
    HELD = "held"
    HOLD_LIFTED = "hold_lifted"
    IMPORT_CONFIRMED = "import_confirmed"
    DESTROYED = "destroyed"
    BARRED = "barred"
    BAR_OBJECTED = "bar_objected"
    BAR_KEPT = "bar_kept"
    BAR_LIFTED = "bar_lifted"
    BACKED_UP = "backed_up"
    STAFF_CHANGED = "staff_changed"
    REPORTED = "reported"


class BarWhy(StrEnum):
    """Why a member may not join again after leaving.

    Clause 3.1 of policy 2021-03-15 keeps data against "bad users" and says no more; these words are
    ours, and no value stands in them.
    """

    DECEIT = "deceit"
    HARASSMENT = "harassment"
    FALSE_IDENTITY = "false_identity"
    UNASKED_SALES = "unasked_sales"
    OFFERS_MISUSED = "offers_misused"


class BarKept(StrEnum):
    """Why a bar stays although its member objected."""

    SHOWN_BY_RECORDS = "shown_by_records"
    HAPPENED_AGAIN = "happened_again"
    OTHERS_AT_RISK = "others_at_risk"


class CaseKind(StrEnum):
    """What a case of the staff is about; only the first is made by taking what was entered."""

    REQUEST = "request"
    CALL = "call"
    RECOVERY = "recovery"
    INCIDENT = "incident"
    REPORT = "report"


class CaseChannel(StrEnum):
    """How somebody reached us (clause 9: in writing, by phone or e-mail)."""

    PHONE = "phone"
    EMAIL = "email"
    LETTER = "letter"
    FAX = "fax"
    VISIT = "visit"
    PUBLIC_PORTAL = "public_portal"


class Caller(StrEnum):
    """Who asks: the member, a child's guardian, or somebody with a written authority."""

    SELF = "self"
    GUARDIAN = "guardian"
    AGENT = "agent"


class CallWish(StrEnum):
    """What a caller asks for."""

    SEE = "see"
    CORRECT = "correct"
    CONSENT = "consent"
    STOP = "stop"
    EXPORT = "export"
    LEAVE = "leave"
    SIGN_IN = "sign_in"


class VerifiedBy(StrEnum):
    """How the caller's identity was verified."""

    MOBILE_CODE = "mobile_code"
    EMAIL_CODE = "email_code"
    CALL_BACK = "call_back"
    DOCUMENTS = "documents"


class CaseOutcome(StrEnum):
    """How a case ended."""

    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
    NOT_VERIFIED = "not_verified"
    MEMBER_LEFT = "member_left"


class GrantEnded(StrEnum):
    """Why the right to act in a case ended before its time; it is verified anew."""

    TURNED_14 = "turned_14"
    SEPARATED = "separated"
    WOKEN = "woken"
    GUARDIAN_ENDED = "guardian_ended"


class CaseReason(StrEnum):
    """Why staff did something in a case that needs a reason; words of ours, never a value."""

    CALL_GOES_ON = "call_goes_on"
    CALLED_AGAIN = "called_again"
    STILL_WORKING = "still_working"
    COLLEAGUE_AWAY = "colleague_away"
    HANDED_OVER = "handed_over"
    CALLER_ASKS_FOR_IT = "caller_asks_for_it"
    TO_PUT_IT_RIGHT = "to_put_it_right"
    TO_COMPARE = "to_compare"
    THEY_SAID_SO = "they_said_so"
    FOUND_IN_A_CASE = "found_in_a_case"
    NOTED_WRONGLY = "noted_wrongly"


class Postponed(StrEnum):
    """Why an answer comes later than ten days (PIPA art. 35(3))."""

    PROOF_AWAITED = "proof_awaited"
    OTHERS_CONCERNED = "others_concerned"
    MUCH_TO_GATHER = "much_to_gather"


class AnsweredBy(StrEnum):
    """How the caller was answered."""

    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    SPOKEN = "spoken"


class PaperKind(StrEnum):
    """What is kept sealed with a case."""

    WORDS = "words"
    AUTHORITY = "authority"
    PROOF = "proof"
    ANSWER = "answer"


class StepWhat(StrEnum):
    """What can't be undone, or gives the account to who holds another address."""

    LEAVE = "leave"
    CLEAR = "clear"
    EXPORT = "export"
    EMAIL = "email"
    RECOVER = "recover"


class StepState(StrEnum):
    """How far such a step has come; `running`: approved, and its stated wait is not over."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
    EXPIRED = "expired"


class StepMeans(StrEnum):
    """Who said the word on a step: the member by a link, or a second of the staff."""

    LINK = "link"
    SECOND = "second"


class ActorKind(StrEnum):
    """Who did something, as the ledger says it."""

    SELF = "self"
    GUARDIAN = "guardian"
    STAFF = "staff"
    SYSTEM = "system"


class StaffRole(StrEnum):
    """What a staff account is for; each by least privilege."""

    AGENT = "agent"
    OFFICER = "officer"


class ReportKind(StrEnum):
    """What somebody tells or asks us (clause 10; P35). An incident follows a member's own no."""

    QUESTION = "question"
    COMPLAINT = "complaint"
    LEAK = "leak"
    INCIDENT = "incident"


class ReportState(StrEnum):
    """How far a report has come; `asked`: it is the reporter's turn."""

    OPEN = "open"
    ASKED = "asked"
    CLOSED = "closed"


class ReportOutcome(StrEnum):
    """How a report ended."""

    ANSWERED = "answered"
    PUT_RIGHT = "put_right"
    NOTHING_FOUND = "nothing_found"
    NOT_OURS = "not_ours"
    TAKEN_BACK = "taken_back"


class ReportBy(StrEnum):
    """Who wrote a line of a report's thread."""

    REPORTER = "reporter"
    STAFF = "staff"


class WatchRule(StrEnum):
    """What is unusual about a day of one of the staff."""

    MANY_MEMBERS = "many_members"
    OUT_OF_HOURS = "out_of_hours"
    REFUSED = "refused"
    GUESSING = "guessing"


class WatchClosed(StrEnum):
    """What an officer did about it; words of ours, so that no note holds a value."""

    EXPLAINED = "explained"
    INSTRUCTED = "instructed"
    ACCESS_ENDED = "access_ended"
    REPORTED = "reported"


class StaffLack(StrEnum):
    """What keeps staff from the desk: one of them missing is enough (clause 8; P26, P27)."""

    ASSIGNMENT = "assignment"
    PASSWORD = "password"  # noqa: S105 (a word, no password)
    TRAINING = "training"


class StaffChange(StrEnum):
    """What the register of staff access says of an account."""

    GRANTED = "granted"
    ROLE = "role"
    ASSIGNED = "assigned"
    TRAINED = "trained"
    PASSWORD_GIVEN = "password_given"  # noqa: S105 (a word, no password)
    ENDED = "ended"


class Purpose(StrEnum):
    """Sub-purposes of clause 1 (policy 2021-03-15), then the rights of clause 9.

    Personal data can only be obtained by naming one of these.
    """

    CONTENT = "content"
    DELIVERY = "delivery"
    BILLING = "billing"
    FINANCIAL_IDENTITY = "identity_check_finance"
    PAYMENT = "payment"
    COLLECTION = "collection"
    IDENTITY_CHECK = "identity_check"
    IDENTIFICATION = "identification"
    MISUSE_PREVENTION = "misuse_prevention"
    INTENT_TO_JOIN = "intent_to_join"
    JOINING_LIMIT = "joining_limit"
    GUARDIAN_CONSENT = "guardian_consent_check"
    GUARDIAN_IDENTITY = "guardian_identity_check"
    DISPUTE_RECORDS = "dispute_records"
    COMPLAINTS = "complaints"
    NOTICES = "notices"
    NEW_SERVICES = "new_services"
    EVENTS = "events"
    PERSONALISATION = "personalisation"
    DEMOGRAPHIC_ADS = "demographic_ads"
    VISIT_FREQUENCY = "visit_frequency"
    STATISTICS = "statistics"
    SHOW = "show"
    CORRECT = "correct"
    EXPORT = "export"


RIGHTS = frozenset({Purpose.SHOW, Purpose.CORRECT, Purpose.EXPORT})
"""A member's own rights: never subject to consent or restriction (clause 9)."""

MARKETING = frozenset(
    {
        Purpose.NEW_SERVICES,
        Purpose.EVENTS,
        Purpose.PERSONALISATION,
        Purpose.DEMOGRAPHIC_ADS,
        Purpose.VISIT_FREQUENCY,
        Purpose.STATISTICS,
    }
)
"""Purposes of clause 1.3."""
