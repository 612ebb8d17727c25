"""The policy in plain sentences of ours, made from its facts, one section for each main clause.

Nothing is added to the facts: where the text is silent the section says so. What the officer has to
settle (contradictions, weak grounds) is not repeated here, nor is clause 8's disclaimer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from db.declarations import ITEMS
from db.policy_facts import AFTER_WITHDRAWAL
from services.language import format_date, plural, translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.period import Period
    from db.policy import Policy
    from db.policy_facts import Company, Words
    from services.language import Language


@dataclass(frozen=True)
class Points:
    """A list of short sentences or names."""

    title: str
    items: tuple[str, ...]
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Terms:
    """Names, and beside each what belongs to it."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    kind: Literal["terms"] = "terms"


Blocks = tuple[Points | Terms, ...]


@dataclass(frozen=True)
class Section:
    """One clause: the answer in a sentence, the particulars, and what is not stated."""

    clause: str
    title: str
    gist: str
    blocks: Blocks
    silent: tuple[str, ...]


class Voice:
    """One language, and the policy's own words in it."""

    def __init__(self, language: Language) -> None:
        """Choose the language."""
        self.language = language

    def __call__(self, message: str, /, **params: object) -> str:
        """Return a sentence of ours."""
        return translate(self.language, message, **params)

    def of(self, words: Words) -> str:
        """Return words of the policy file."""
        return words.ko if self.language == "ko" else words.en

    def names(self, items: Iterable[str]) -> tuple[str, ...]:
        """Return the labels of items."""
        return tuple(self(ITEMS[item].label) for item in items)

    def length(self, period: Period) -> str:
        """Return a period as `6 months` or `5 years`."""
        years, months = divmod(period.in_months, 12)
        if months:
            return plural(self.language, "{n} month", "{n} months", period.in_months)
        return plural(self.language, "{n} year", "{n} years", years)


def _purposes(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    rows = tuple(
        (_.of(group.name), tuple(_.of(use.name) for use in group.uses)) for group in policy.purposes
    )
    gist = _("For these things only: {list}.", list=" · ".join(name for name, _uses in rows))
    return _("Why data is used"), gist, (Terms("", rows),)


def _items(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    required = [name for group in policy.items if group.required for name in group.items]
    gist = _(
        "Required: {list}. Additional items and personalised service are your choice.",
        list=" · ".join(_.names(required)),
    )
    groups = tuple((_.of(group.name), _.names(group.items)) for group in policy.items)
    joining = tuple(_.of(way.name) for way in policy.sources if way.joining)
    later = tuple(_.of(way.name) for way in policy.sources if not way.joining)
    ways = ((_("When you join"), joining), (_("Later on"), later))
    return (
        _("What is collected, and how"),
        gist,
        (Terms(_("Items"), groups), Terms(_("How it comes"), ways)),
    )


def _retention(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    gone = policy.rule(AFTER_WITHDRAWAL)
    left = _(
        "{n} items are kept for {length} after you leave",
        n=len(gone.items),
        length=_.length(gone.period),
    )
    laws = tuple(
        (_.of(rule.name), (_.length(rule.period), _.of(rule.statute)))
        for rule in policy.retention
        if rule.statute
    )
    beside = tuple(
        (_.of(policy.rule(kind).name), _.names(names))
        for kind, names in policy.operator.identifiers.items()
    )
    return (
        _("How long it is kept"),
        _(
            "Data goes without delay once its purpose is served. Only what is listed here stays"
            " longer, and only for the reason given."
        ),
        (
            Points(left, _.names(gone.items)),
            Points(_("Why"), tuple(_.of(reason.name) for reason in gone.reasons)),
            Terms(_("Records kept by law"), laws),
            Points(_("Memberships that sleep"), _dormancy(policy, _)),
            Terms(
                _("Kept with those records (set by the operator, not stated in this version)"),
                beside,
            ),
        ),
    )


def _dormancy(policy: Policy, _: Voice) -> tuple[str, ...]:
    rule = policy.dormancy
    return (
        _(
            "If {service} is not used for {length}, the membership sleeps and its data is kept"
            " apart, safely.",
            service=", ".join(rule.services_counted),
            length=_.length(rule.period),
        ),
        _("At least {n} days before, an e-mail tells you.", n=rule.notice_days),
        _("Sign in to the {app} app before that day and it stays awake.", app=rule.stay_by_app),
        _("Asleep already? Ask, and you can use the account again."),
    )


def _destruction(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    means = {"shredding": _("shredded"), "incineration": _("incinerated")}
    paper = ", ".join(means[way] for way in policy.destruction.paper)
    points = (
        _("Paper: {means}", means=paper),
        _("Electronic files: deleted in a way that nothing can bring back"),
        _("Until then: used for nothing else, unless a law asks for it"),
    )
    return (
        _("How it is destroyed"),
        _("Whatever has ended is destroyed without delay."),
        (Points("", points),),
    )


def _third_parties(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    grounds = {
        "prior_consent": _("You agreed beforehand: only the items and the time you agreed to."),
        "purchase": _("You bought something: what the seller needs to advise you and deliver."),
    }
    rules = policy.third_parties
    points = [grounds[ground] for ground in rules.exceptions]
    if rules.partners_with_consent:
        points.append(
            _(
                "Partner companies: data of members who agreed, and we watch that it is used for"
                " its purpose only."
            )
        )
    return (
        _("Who else gets it"),
        _("Nobody, without your consent. Here are the cases in which data is given."),
        (
            Points("", tuple(points)),
            *_companies(rules.recipients, _),
            Points(_("Law named by the policy"), (_.of(rules.statute),)),
        ),
    )


def _companies(companies: tuple[Company, ...], _: Voice) -> Blocks:
    rows = tuple((each.name, (_.of(each.purpose), *_.names(each.items))) for each in companies)
    return (Terms(_("Companies"), rows),) if rows else ()


def _processors(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    ends = {"withdrawal": _("When you leave"), "contract_end": _("When their contract ends")}
    return (
        _("Who does work with it for us"),
        _("Other companies may process data for us. Their contracts oblige them to keep it safe."),
        (
            Points(_("It ends"), tuple(ends[end] for end in policy.processors.ends_with)),
            *_companies(policy.processors.processors, _),
        ),
    )


def _device(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    kinds = {"device_id": _("Device ID"), "imei": _("IMEI (number of the phone itself)")}
    device = policy.device
    return (
        _("Device ID"),
        _(
            "To create your account, the {program} program reads your device's number when it"
            " starts.",
            program=device.collected_by,
        ),
        (
            Points(_("Read is one of these"), tuple(kinds[kind] for kind in device.identifiers)),
            Points(
                _("If you refuse"),
                (_("The {app} app can't be used.", app=device.refusing_stops),),
            ),
        ),
    )


def _safeguards(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    measures = tuple(_.of(measure.name) for measure in policy.safeguards)
    gist = _("{n} measures keep data from being lost, stolen, leaked or changed.", n=len(measures))
    return _("How it is protected"), gist, (Points("", measures),)


def _rights(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    rights = policy.rights
    points = [
        _("See or correct your data: press “{label}”.", label=rights.edit_label),
        _("Leave: press “{label}”.", label=rights.leave_label),
        _("An identity check comes first."),
        _("A guardian may do the same for a child under {age}.", age=rights.guardian_below_age),
        _(
            "Or write, phone or e-mail ({officer}): it is handled without delay.",
            officer=_.of(policy.officer.title),
        ),
    ]
    if rights.frozen_until_corrected:
        points.append(
            _("Until a correction is done, the item is neither used nor given to anyone.")
        )
    if rights.recipients_told_of_correction:
        points.append(
            _("If somebody already got wrong data, they are told, so that they correct it.")
        )
    return (
        _("What you may do"),
        _("See your data, correct it, leave: at any time, yourself, on screen."),
        (Points("", tuple(points)),),
    )


def _contact(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    officer = policy.officer
    title = _.of(officer.title)
    rows = (
        (_("Name"), (officer.name,)),
        (_("Position"), (_.of(officer.affiliation),)),
        (_("E-mail"), (officer.email,)),
        (_("Phone"), (officer.phone,)),
    )
    return (
        _("Whom to ask"),
        _("{officer}: ask or report, and you get a quick and full answer.", officer=title),
        (Terms(title, rows),),
    )


def _changes(policy: Policy, _: Voice) -> tuple[str, str, Blocks]:
    gist = _(
        "Changes are announced on the notices page at least {n} days before they take effect.",
        n=policy.changes.notice_days,
    )
    since = _("In force since {day}", day=format_date(policy.in_force_from))
    return _("When this changes"), gist, (Points("", (since,)),)


_MAKERS = (
    _purposes,
    _items,
    _retention,
    _destruction,
    _third_parties,
    _processors,
    _device,
    _safeguards,
    _rights,
    _contact,
    _changes,
)
"""One for each main clause, in order."""


def sections(policy: Policy, language: Language) -> tuple[Section, ...]:
    """Return the eleven sections, in the order of the clauses."""
    voice = Voice(language)
    made = []
    for number, maker in enumerate(_MAKERS, 1):
        title, gist, blocks = maker(policy, voice)
        silent = tuple(voice.of(silence.says) for silence in policy.silent(str(number)))
        made.append(Section(str(number), title, gist, blocks, silent))
    return tuple(made)
