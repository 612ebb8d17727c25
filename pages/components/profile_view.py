"""Turns a profile into what the template draws: every word in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from db.declarations import ITEMS, Basis, Group
from db.policy import in_force
from db.words import RIGHTS
from pages.components import fragment, restriction_view
from pages.components.text import _, language
from services import files, profile_words
from services.language import format_date
from services.retention import until

if TYPE_CHECKING:
    from datetime import date

    from markupsafe import Markup

    from db.declarations import Item
    from db.policy import Policy
    from services.language import Language
    from services.profile import Consent, Held, HeldItem, Profile
    from services.provenance import Provenance


@dataclass(frozen=True)
class ValueView:
    """One value: what to show, as what, and how it was obtained, drawn already."""

    text: str
    form: str
    notes: Markup


@dataclass(frozen=True)
class ItemView:
    """One item on "My data". `told` is the same for everybody; `details` are behind "More"."""

    name: str
    values: tuple[ValueView, ...]
    told: Told
    details: Markup
    mark: str


@dataclass(frozen=True)
class Told:
    """What is said of an item under a policy, whoever's it is: drawn once a day and language."""

    head: Markup
    why: Markup
    facts: Markup


@dataclass(frozen=True)
class GroupView:
    """One of the four groups."""

    id: str
    title: str
    hint: str
    items: tuple[ItemView, ...]
    missing: str
    hidden: str


def unrecorded(text: str | None) -> str:
    """Return `text`, or the words for a fact that nobody recorded."""
    return text or _("Not recorded")


@lru_cache(maxsize=4096)
def _origin_notes(origin: Provenance, _language: Language) -> tuple[tuple[str, str], ...]:
    source = _(profile_words.SOURCES[origin.source]) if origin.source else None
    if source and origin.partner:
        source = f"{source} · {origin.partner}"
    day = format_date(origin.obtained_on) if origin.obtained_on else None
    return (
        (_("From"), unrecorded(source)),
        (_("Obtained on"), unrecorded(day)),
        (_("Service"), unrecorded(origin.service)),
        (_("Policy version then"), unrecorded(origin.policy_version)),
    )


def origin_notes(origin: Provenance) -> tuple[tuple[str, str], ...]:
    """Return what is known of how a value was obtained, as label and text."""
    return _origin_notes(origin, language())


@lru_cache(maxsize=4096)
def _drawn(notes: tuple[tuple[str, str], ...]) -> Markup:
    return fragment.piece("profile_notes.html", notes=notes)


def broken() -> tuple[str, str]:
    """Return what is shown of a value whose key is missing, or that was damaged."""
    return _("This value can't be opened. Please tell us."), "broken"


def display(item: Item, text: str) -> tuple[str, str]:
    """Return the shown text of a value, and how to show it: text, image, broken."""
    if item.name == "profile_image" and not text.startswith("*"):
        return (text, "image") if files.drawable(text) else broken()
    known = profile_words.VALUES.get(item.name, {}).get(text)
    if known:
        return _(known), "text"
    day = profile_words.as_date(text) if item.name in profile_words.DATES else None
    return (format_date(day) if day else text), "text"


def _value(item: Item, held: Held) -> ValueView:
    notes = origin_notes(held.provenance)
    if held.changed_at:
        notes = (*notes, (_("Changed here on"), format_date(held.changed_at)))
    return ValueView(*_text(item, held), _drawn(notes))


def _text(item: Item, held: Held) -> tuple[str, str]:
    if held.cleared_at:
        return _("Cleared on {day}", day=format_date(held.cleared_at)), "note"
    if item.others:
        return _("Held to know a guardian again. It is theirs, so it is shown to nobody."), "note"
    if not item.shown:
        return _("Kept one-way: nobody can read it, not even we"), "note"
    if held.text is None:
        return broken()
    return display(item, held.text)


def _why(item: Item, policy: Policy) -> tuple[str, str]:
    """Return the purposes in short (the groups of clause 1) and in full."""
    groups, uses = [], []
    for group in policy.purposes:
        mine = [use for use in group.uses if use.id in item.purposes - RIGHTS]
        if mine:
            groups.append(getattr(group.name, language()))
            uses += [getattr(use.name, language()) for use in mine]
    return ", ".join(groups), ", ".join(uses)


def _until(policy: Policy, item: str, today: date) -> str:
    ends = until(policy, item, today).if_left_today
    if ends is None:
        return _("While you are a member; destroyed at once when you leave")
    return _("While you are a member; if you left today, until {day}", day=format_date(ends))


def _basis(item: Item, consent: Consent | None) -> str:
    """Return the legal basis; a consent with its evidence, or that there is none."""
    words_of = _(profile_words.BASES[item.basis])
    if item.basis is not Basis.CONSENT:
        return words_of
    if consent is None:
        return _("{basis}: not recorded, so it counts as no", basis=words_of)
    day = format_date(consent.decided_at)
    said = _("given on {day}", day=day) if consent.granted else _("refused on {day}", day=day)
    return f"{words_of}: {said}"


@lru_cache(maxsize=1024)
def _told(name: str, today: date, _language: Language) -> Told:
    item, policy = ITEMS[name], in_force(today)
    short, full = _why(item, policy)
    facts = ((_("Used for"), full), (_("Kept in"), _("The store of active members")))
    return Told(
        fragment.piece("profile_head.html", item=item, label=_(item.label)),
        fragment.piece("profile_why.html", why=short, until=_until(policy, name, today)),
        fragment.piece("profile_notes.html", notes=facts),
    )


def told(name: str, today: date) -> Told:
    """Return what is said of an item under the policy of a day: purpose, and until when."""
    return _told(name, today, language())


def _details(item: Item, basis: str, told: Told, values: tuple[ValueView, ...]) -> Markup:
    """Return the details; with several values, each is named by its text and kept nowhere."""
    if len(values) == 1:
        return _of_one(_(item.label), basis, told.facts, values[0].notes, language())
    named = [("" if value.form == "image" else value.text, value.notes) for value in values]
    return fragment.piece("profile_details.html", label=_(item.label), basis=basis,
                          facts=told.facts, values=named)  # fmt: skip


@lru_cache(maxsize=4096)
def _of_one(label: str, basis: str, facts: Markup, notes: Markup, _language: Language) -> Markup:
    return fragment.piece("profile_details.html", label=label, basis=basis, facts=facts,
                          values=[("", notes)])  # fmt: skip


def item_view(held: HeldItem, profile: Profile, today: date) -> ItemView:
    """Return one item as it is drawn."""
    item, one = held.item, profile.restricted.get(held.item.name)
    values = tuple(_value(item, value) for value in held.values)
    told, basis = _told(item.name, today, language()), _basis(item, profile.consent_to(item))
    return ItemView(
        item.name,
        values,
        told,
        _details(item, basis, told, values),
        _("Not used meanwhile. {blocked}", blocked=restriction_view.blocked(one)) if one else "",
    )


def groups(profile: Profile, today: date) -> tuple[GroupView, ...]:
    """Return the four groups in order; items of which nothing is held are named at the end."""
    views = []
    for group, items in profile.groups.items():
        title, hint = profile_words.GROUPS[Group(group)]
        views.append(
            GroupView(
                group,
                _(title),
                _(hint),
                tuple(item_view(i, profile, today) for i in items if i.values),
                ", ".join(
                    _(i.item.label)
                    for i in items
                    if not i.values and i.item.name not in profile.hidden
                ),
                ", ".join(_(i.item.label) for i in items if i.item.name in profile.hidden),
            )
        )
    return tuple(views)
