"""Who asks, and the one table of what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from db.errors import PortalError
from db.words import N_, ActorKind, CallWish, CaseChannel, StaffLack, StaffRole
from services.language import DEFAULT, Language

if TYPE_CHECKING:
    from uuid import UUID

VERIFICATION_LASTS = timedelta(minutes=15)
"""A verification no older than this unmasks values (a fresh sign-in counts)."""


class Permission(StrEnum):
    """What a page or an action needs."""

    PUBLIC = "public"
    PORTAL_OPEN = "portal_open"
    ACCOUNT_WAKE = "account_wake"
    ACCOUNT_LEAVE = "account_leave"
    PROFILE_READ = "profile_read"
    PROFILE_UNMASK = "profile_unmask"
    HISTORY_READ = "history_read"
    PROFILE_CORRECT = "profile_correct"
    PROCESSING_STOP = "processing_stop"
    CONSENT_CHANGE = "consent_change"
    SHARING_READ = "sharing_read"
    INBOX_READ = "inbox_read"
    DATA_EXPORT = "data_export"
    FAMILY_READ = "family_read"
    GUARDIAN_LINK = "guardian_link"
    REQUEST_DECIDE = "request_decide"
    DISPUTE_OPEN = "dispute_open"
    DISPUTE_DECIDE = "dispute_decide"
    DEMAND_ENTER = "demand_enter"
    QUEUE_READ = "queue_read"
    COMPANY_EDIT = "company_edit"
    OFFICER_DESK = "officer_desk"
    BAR_PLACE = "bar_place"
    MEMBER_FIND = "member_find"
    CASE_HANDLE = "case_handle"
    CASE_APPROVE = "case_approve"
    CALLER_WRITE = "caller_write"
    REPORT_HANDLE = "report_handle"


class Relation(StrEnum):
    """How an actor stands to the member whose data it is."""

    SELF = "self"
    GUARDIAN = "guardian"
    STAFF = "staff"


_STAFF = frozenset({Relation.STAFF})
_ALL = frozenset(Relation)

PERMISSIONS: dict[Permission, frozenset[Relation]] = {
    # Nobody's data: opens signed out.
    Permission.PUBLIC: frozenset(),
    # The frame itself, signed in as anyone.
    Permission.PORTAL_OPEN: _ALL,
    # Clause 3.3: on the member's own request.
    Permission.ACCOUNT_WAKE: frozenset({Relation.SELF}),
    # Clause 9: it can't be undone, so nobody does it for a member but a child's guardian.
    Permission.ACCOUNT_LEAVE: frozenset({Relation.SELF, Relation.GUARDIAN}),
    # Clause 9: members, guardians for children under 14; staff inside an open case.
    Permission.PROFILE_READ: _ALL,
    Permission.PROFILE_UNMASK: _ALL,
    Permission.HISTORY_READ: _ALL,
    Permission.PROFILE_CORRECT: _ALL,
    Permission.PROCESSING_STOP: _ALL,
    Permission.CONSENT_CHANGE: _ALL,
    Permission.SHARING_READ: _ALL,
    Permission.INBOX_READ: _ALL,
    # Clause 9: a copy of everything, into the hands of the member or a child's guardian alone.
    Permission.DATA_EXPORT: frozenset({Relation.SELF, Relation.GUARDIAN}),
    # Clause 1.2: who looks after whom; linking is for who is signed in, never on behalf of a child.
    Permission.FAMILY_READ: frozenset({Relation.SELF, Relation.GUARDIAN}),
    Permission.GUARDIAN_LINK: frozenset({Relation.SELF}),
    # Clause 9: who is concerned may say that something is wrong; staff never for them.
    Permission.DISPUTE_OPEN: frozenset({Relation.SELF, Relation.GUARDIAN}),
    # A dispute's case gives the right to decide it and no other.
    Permission.DISPUTE_DECIDE: _STAFF,
    # The desk: a request's case gives the right to decide it and no other.
    Permission.REQUEST_DECIDE: _STAFF,
    Permission.DEMAND_ENTER: _STAFF,
    Permission.QUEUE_READ: _STAFF,
    Permission.COMPANY_EDIT: _STAFF,
    Permission.OFFICER_DESK: _STAFF,
    Permission.BAR_PLACE: _STAFF,
    # Who a caller may be, masked; then their case: what they ask and who they are, no more.
    Permission.MEMBER_FIND: _STAFF,
    Permission.CASE_HANDLE: _STAFF,
    # A second one of the staff, in another's case, for the one step that waits there.
    Permission.CASE_APPROVE: _STAFF,
    # To whom a guardian's answer goes: the name and address of who called, in one's own open case.
    Permission.CALLER_WRITE: _STAFF,
    Permission.REPORT_HANDLE: _STAFF,
}
"""Which relations have which permission. A page names one; anything not listed is refused."""

OFFICER_ONLY = frozenset(
    {
        Permission.DEMAND_ENTER,
        Permission.DISPUTE_DECIDE,
        Permission.COMPANY_EDIT,
        Permission.OFFICER_DESK,
        Permission.BAR_PLACE,
    }
)
"""What of the staff's only the privacy officer may (clause 10)."""


WISHES: dict[CallWish, frozenset[Permission]] = {
    CallWish.SEE: frozenset(
        {
            Permission.PROFILE_READ, Permission.PROFILE_UNMASK, Permission.HISTORY_READ,
            Permission.SHARING_READ, Permission.INBOX_READ,
        }
    ),
    CallWish.CORRECT: frozenset(
        {
            Permission.PROFILE_READ, Permission.PROFILE_UNMASK, Permission.PROFILE_CORRECT,
            Permission.PROCESSING_STOP,
        }
    ),
    CallWish.CONSENT: frozenset({Permission.CONSENT_CHANGE, Permission.SHARING_READ}),
    CallWish.STOP: frozenset({Permission.PROCESSING_STOP}),
    CallWish.EXPORT: frozenset({Permission.PROFILE_READ}),
    CallWish.LEAVE: frozenset({Permission.PROFILE_READ}),
    CallWish.SIGN_IN: frozenset(),
}  # fmt: skip
"""The rights that a case gives for what a caller asks: as few as will do (clause 8; P26)."""
OF_CASES: Final = frozenset[Permission]().union(*WISHES.values())
"""All of them: what pages of the member ask for that staff may open in a case."""


class SecondWordNeeded(PortalError):  # noqa: N818 (not a failure: somebody else has to agree)
    """Staff can't do this alone: the member says so by a link, or a second one of the staff."""


class StepUpRequired(PortalError):  # noqa: N818 (not a failure: it asks for a verification)
    """The action wants a verification fresher than the session's."""


class AccessDenied(PortalError):  # noqa: N818 (named as the ledger names it)
    """The actor may not do this; the sentence says what to do instead."""


ASLEEP: Final = N_(
    "Your account is sleeping: its data is kept apart and safe. On the first page you can use it "
    "again."
)
"""What a member who sleeps is told who asks for what only members who are awake may have."""


class WardLost(AccessDenied):
    """Who acted for a child may not any more: the link ended, or the child is 14."""


class StandingLost(AccessDenied):
    """Staff whose assignment, password or training is over may do nothing until it is renewed."""


class SignInRequired(PortalError):  # noqa: N818 (not a failure: it asks for a sign-in)
    """The page opens only for somebody signed in."""


@dataclass(frozen=True)
class Grant:
    """What a case gives its staff: until when, how it reached us, and what may be seen in full.

    `shown` are names of items, and of kinds of record, that were unmasked one by one.
    """

    case_id: UUID
    until: datetime
    permissions: frozenset[str]
    channel: CaseChannel
    shown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Actor:
    """A person at one moment: who, in which session, verified when; `at` is the instant."""

    kind: ActorKind
    person: UUID
    session_id: UUID
    at: datetime
    verified_at: datetime | None = None
    role: StaffRole | None = None
    acting_for: UUID | None = None
    language: Language = DEFAULT
    """The language of the screen, in which what happens is told by mail, too."""
    grant: Grant | None = None
    """Of staff: the case in which they act for the member `acting_for`."""
    lacks: tuple[StaffLack, ...] | None = None
    """What keeps staff from the desk; None when nobody has looked, which keeps them from it too."""

    @property
    def stands(self) -> bool:
        """Return whether nothing keeps the actor from work: of staff, see `staff_standing`."""
        return self.kind is not ActorKind.STAFF or self.lacks == ()

    def require_standing(self) -> None:
        """Raise `StandingLost` for staff who may not work today (P26, P27)."""
        if not self.stands:
            raise StandingLost(N_("The desk is shut to you today. Its first page says what to do."))

    @property
    def subject_id(self) -> UUID:
        """Return whose data the actor looks at: the child they act for, else their own."""
        return self.acting_for or self.person

    @property
    def for_child(self) -> bool:
        """Return whether a guardian looks at a child; staff in a case see a member's words."""
        return self.acting_for is not None and self.grant is None

    @property
    def verified(self) -> bool:
        """Return whether the last verification is recent enough to unmask."""
        return self.verified_until is not None

    @property
    def verified_until(self) -> datetime | None:
        """Return when the verification ends, or None when it has ended.

        In a case the caller was verified, and that counts until the grant ends.
        """
        if self.grant is not None:
            return self.grant.until if self.at < self.grant.until else None
        if self.verified_at is None:
            return None
        ends = self.verified_at + VERIFICATION_LASTS
        return ends if self.at < ends else None

    def require_verification(self) -> None:
        """Raise `StepUpRequired` unless verified within `VERIFICATION_LASTS`."""
        if not self.verified:
            raise StepUpRequired(N_("Please confirm that it is you."))


def role_allows(permission: Permission, actor: Actor) -> bool:
    """Return whether the actor's role is no obstacle: some things are the officer's alone."""
    return actor.stands and _role_allows(permission, actor)


def _role_allows(permission: Permission, actor: Actor) -> bool:
    return permission not in OFFICER_ONLY or actor.role is StaffRole.OFFICER


def page_opens(permission: Permission, actor: Actor | None) -> bool:
    """Return whether a page of this permission opens for `actor`, whoever's data it may show."""
    if permission is Permission.PUBLIC:
        return True
    if actor is None or not role_allows(permission, actor):
        return False
    own = Relation.STAFF if actor.kind is ActorKind.STAFF else Relation.SELF
    return own in PERMISSIONS[permission]
