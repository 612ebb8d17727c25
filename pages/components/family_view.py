"""Turns links between children and guardians into words; a guardian is a number, never a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.clock import seoul_day
from pages.components.text import _
from services import profile_words
from services.language import format_date

if TYPE_CHECKING:
    from services.family import Link, Ward


@dataclass(frozen=True)
class LinkView:
    """One guardian's link as it is drawn: who, and facts as label and text."""

    who: str
    open: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WardView:
    """A child and its guardians as they are drawn. `state`: what who looks may do, in words."""

    title: str
    state: str
    links: tuple[LinkView, ...]
    store_only: bool


def ward(one: Ward, title: str) -> WardView:
    """Return a child as its guardian sees it."""
    if one.acts:
        state = _("You act for this child until it turns 14.")
    elif one.child and any(link.mine and link.suspended_on for link in one.links):
        state = _("It was decided that you may not act for this child. You see no more of it.")
    elif one.child:
        state = _("Your link has ended. You see no more of this child.")
    else:
        state = _("This child is 14 by now and decides by itself.")
    return WardView(title, state, links(one), one.store_only and one.acts)


def links(one: Ward) -> tuple[LinkView, ...]:
    """Return every link that may be seen."""
    return tuple(_link(each, one) for each in one.links)


def _link(link: Link, one: Ward) -> LinkView:
    who = (
        _("Guardian no. {n} (I)", n=link.number)
        if link.mine
        else _("Guardian no. {n}", n=link.number)
    )
    facts = [(_("Since"), format_date(link.started_on))]
    if link.ended_on:
        facts.append((_("Until"), format_date(link.ended_on)))
    if link.suspended_on:
        facts.append((_("May not act since"), format_date(link.suspended_on)))
    means = _(profile_words.MEANS[link.means]) if link.means else _("Not recorded")
    facts.append((_("How it was proved"), means))
    reason = _(profile_words.REASONS[link.reason]) if link.reason else _("Not recorded")
    facts.append((_("As"), reason))
    facts.append((_("Consent"), _consent(link)))
    return LinkView(who, link.open(one.today), tuple(facts))


def _consent(link: Link) -> str:
    if link.consented_at:
        return _("given on {day}", day=format_date(seoul_day(link.consented_at)))
    return _("on record") if link.proof else _("no record")
