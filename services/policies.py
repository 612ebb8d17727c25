"""The policy for its public pages, and the register that keeps versions as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.policy import PolicyError, policies
from db.policy_facts import AFTER_WITHDRAWAL
from db.tables.ops import policy_version
from db.words import N_
from services.policy_sections import Section, Voice, sections

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from db.policy import Policy
    from services.language import Language


def register(
    connection: Connection, now: datetime, versions: tuple[Policy, ...] | None = None
) -> None:
    """Write each version's hash down the first time it is seen, and hold it to that ever after.

    Two starts at once agree: the first one's row stands and the second compares with it.

    :raises PolicyError: a registered version's file was changed or is gone.
    """
    found = {policy.version: policy for policy in versions or policies()}
    for policy in found.values():
        row = {
            "version": policy.version,
            "sha256": bytes.fromhex(policy.sha256),
            "in_force_from": policy.in_force_from,
            "registered_at": now,
        }
        connection.execute(insert(policy_version).values(row).on_conflict_do_nothing())
    columns = policy_version.c
    for version, digest in connection.execute(select(columns.version, columns.sha256)):
        if version not in found:
            raise PolicyError(
                N_("The policy of {version} is registered, and its file is gone."), version=version
            )
        if bytes.fromhex(found[version].sha256) != digest:
            raise PolicyError(
                N_("The policy of {version} is registered and can't change, but its file did."),
                version=version,
            )


@dataclass(frozen=True)
class Kept:
    """One line of "what is kept how long"; `share` is its part of the longest, in percent."""

    name: str
    length: str
    share: int
    why: str


@dataclass(frozen=True)
class Page:
    """A version of the policy, as its page shows it."""

    version: str
    in_force_from: date
    sha256: str
    controllers: tuple[str, ...]
    required: tuple[str, ...]
    after_leaving: tuple[str, ...]
    after_leaving_length: str
    kept: tuple[Kept, ...]
    sections: tuple[Section, ...]
    silent: int


def page(policy: Policy, language: Language) -> Page:
    """Return the policy in plain words (all clauses)."""
    voice = Voice(language)
    gone = policy.rule(AFTER_WITHDRAWAL)
    required = (name for group in policy.items if group.required for name in group.items)
    return Page(
        version=policy.version,
        in_force_from=policy.in_force_from,
        sha256=policy.sha256,
        controllers=tuple(controller.name for controller in policy.controllers),
        required=voice.names(required),
        after_leaving=voice.names(gone.items),
        after_leaving_length=voice.length(gone.period),
        kept=_kept(policy, voice),
        sections=sections(policy, language),
        silent=len(policy.not_stated),
    )


def _kept(policy: Policy, voice: Voice) -> tuple[Kept, ...]:
    rules = sorted(policy.retention, key=lambda rule: rule.period.in_months)
    longest = rules[-1].period.in_months
    return tuple(
        Kept(
            name=voice.of(rule.name),
            length=voice.length(rule.period),
            share=round(100 * rule.period.in_months / longest),
            why=" · ".join(
                voice.of(words)
                for words in (rule.statute, *(reason.name for reason in rule.reasons))
                if words
            ),
        )
        for rule in rules
    )


@dataclass(frozen=True)
class Contact:
    """Someone to ask; `last_confirmed` is None while nobody has confirmed the particulars."""

    title: str
    name: str
    role: str
    phone: str
    email: str = ""
    site: str = ""
    last_confirmed: date | None = None


def officer(policy: Policy, language: Language) -> Contact:
    """Return the privacy officer (clause 10)."""
    found, voice = policy.officer, Voice(language)
    return Contact(
        title=voice.of(found.title),
        name=found.name,
        role=voice.of(found.affiliation),
        phone=found.phone,
        email=found.email,
    )


def agencies(policy: Policy, language: Language) -> tuple[Contact, ...]:
    """Return the outside agencies (clause 10)."""
    voice = Voice(language)
    return tuple(
        Contact(
            title="",
            name=voice.of(agency.name),
            role=voice.of(agency.run_by),
            phone=agency.phone,
            site=agency.site,
            last_confirmed=agency.last_confirmed,
        )
        for agency in policy.agencies
    )


@dataclass(frozen=True)
class Notices:
    """Versions to come, the one in force, and those before it, the newest first."""

    coming: tuple[Policy, ...]
    current: Policy
    earlier: tuple[Policy, ...]

    def version(self, wanted: str) -> Policy | None:
        """Return one of these, None where there is none of that name."""
        known = (*self.coming, self.current, *self.earlier)
        return next((policy for policy in known if policy.version == wanted), None)


def notices(day: date, versions: tuple[Policy, ...] | None = None) -> Notices:
    """Return what is announced on `day` (a Seoul day) of changes to the policy (clause 11).

    A version to come is shown from the day it is announced.

    :raises PolicyError: no version is in force yet.
    """
    known = versions or policies()
    begun = [policy for policy in known if policy.in_force_from <= day]
    if not begun:
        raise PolicyError(N_("No policy is in force on {day}."), day=day.isoformat())
    coming = [
        policy
        for policy in known
        if policy.in_force_from > day and policy.announced and policy.announced <= day
    ]
    return Notices(tuple(coming), begun[-1], tuple(reversed(begun[:-1])))
