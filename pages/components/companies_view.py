"""The list of companies by role, in words; what nobody stated is said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.words import N_, CompanyRole, NoticeMeans
from pages.components.fragment import draw
from pages.components.purpose_words import purpose_words
from pages.components.sharing_view import items_words, period_words
from pages.components.text import _, language
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.policy import Policy
    from services.companies import Company

ROLES: Final[dict[CompanyRole, tuple[str, str]]] = {
    CompanyRole.RECIPIENT: (
        N_("Companies that receive data"),
        N_("Which companies receive data: not stated in this version."),
    ),
    CompanyRole.PROCESSOR: (
        N_("Processors"),
        N_("Which companies process data for us: not stated in this version."),
    ),
    CompanyRole.SOURCE_SYSTEM: (
        N_("Source systems"),
        N_("Which systems the data comes from: not stated in this version."),
    ),
}
"""What the companies of a role are called, and what is said when there is none."""
MEANS: Final[dict[NoticeMeans, str]] = {
    NoticeMeans.EMAIL: N_("By e-mail"),
    NoticeMeans.WEBHOOK: N_("By webhook"),
    NoticeMeans.NONE: N_("By hand, from the list of who has not answered"),
}


def listed(found: Sequence[Company], policy: Policy) -> None:
    """Draw every company, by role."""
    draw("companies.html", roles=[
        (role.value, _(title), _(none), [_card(one, policy) for one in found if one.role is role])
        for role, (title, none) in ROLES.items()
    ])  # fmt: skip


def _card(one: Company, policy: Policy) -> dict[str, object]:
    return {"name": one.name, "fictional": one.fictional, "facts": _facts(one, policy)}


def _facts(one: Company, policy: Policy) -> list[tuple[str, str]]:
    silent = _("not stated in this version")
    task = (one.task or {}).get(language()) or next(iter((one.task or {}).values()), silent)
    ends = format_date(one.contract_ends_on) if one.contract_ends_on else silent
    items = (_("Items"), items_words(one.items) or silent)
    facts = {
        CompanyRole.RECIPIENT: [
            (_("What for"), purpose_words(one.purpose, policy) or silent),
            items,
            (_("Kept there"), period_words(one.kept)),
        ],
        CompanyRole.PROCESSOR: [(_("Task"), task), items, (_("Contract until"), ends)],
        CompanyRole.SOURCE_SYSTEM: [(_("Service"), one.service or silent)],
    }[one.role]
    told = _(MEANS[one.means])
    return [
        *facts,
        (_("How it is told of changes"), f"{told} · {one.address}" if one.address else told),
    ]
