"""The fields of one company, filled with what is known, and what is typed into them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from db import clock
from db.clock import seoul_day
from db.words import N_, RIGHTS, CompanyRole, NoticeMeans, Purpose
from pages.components.companies_view import MEANS
from pages.components.purpose_words import purpose_words
from pages.components.sharing_view import items_words
from pages.components.text import _
from services.company_draft import (
    LONGEST,
    LONGEST_TASK,
    CompanyDraft,
    contract_end,
    kept_period,
    shareable,
)
from services.contact_values import example
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.policy import Policy

Typed = dict[str, Any]
"""What stands in the fields: text, or a list of items."""
_UNITS: Final = {"months": N_("months"), "years": N_("years")}


def typed_of(draft: CompanyDraft) -> Typed:
    """Return what the fields hold at first."""
    kept, ends = draft.kept, draft.contract_ends_on
    number = (kept.months or kept.years) if kept else None
    return {
        "name": draft.name,
        "service": draft.service or "",
        "purpose": draft.purpose,
        "items": list(draft.items),
        "kept": str(number or ""),
        "unit": "years" if kept and kept.years else "months",
        "ko": (draft.task or {}).get("ko", ""),
        "en": (draft.task or {}).get("en", ""),
        "ends": format_date(ends) if ends else "",
        "means": draft.means,
        "address": draft.address or "",
    }


def fields(role: CompanyRole, prefix: str, first: Typed, policy: Policy) -> Typed:
    """Draw the fields of a role inside a form, each with the key `prefix` + its name."""
    _text(first, prefix, "name", _("Name"), LONGEST)
    {
        CompanyRole.RECIPIENT: _recipient,
        CompanyRole.PROCESSOR: _processor,
        CompanyRole.SOURCE_SYSTEM: _source,
    }[role](first, prefix, policy)
    st.radio(_("How it is told of changes"), list(NoticeMeans), key=f"{prefix}means",
             index=list(NoticeMeans).index(first["means"]),
             format_func=lambda one: _(MEANS[NoticeMeans(one)]))  # fmt: skip
    _text(first, prefix, "address", _("Its e-mail address, or the webhook's https:// address"), 320)
    return {name: st.session_state.get(prefix + name, value) for name, value in first.items()}


def _text(
    first: Typed, prefix: str, name: str, label: str, most: int, example: str | None = None
) -> None:
    st.text_input(label, key=prefix + name, max_chars=most, placeholder=example,
                  value=first[name])  # fmt: skip


def _recipient(first: Typed, prefix: str, policy: Policy) -> None:
    named: Callable[[str], str] = lambda one: purpose_words(one, policy)  # noqa: E731
    purposes = [one for one in Purpose if one not in RIGHTS and named(one)]
    _text(
        first, prefix, "service", _("Its name in records of purchases, if it is a seller"), LONGEST
    )
    st.selectbox(_("What it gets data for"), purposes, key=f"{prefix}purpose",
                 index=purposes.index(first["purpose"]) if first["purpose"] in purposes else None,
                 format_func=named, placeholder=_("Choose"))  # fmt: skip
    _items(first, prefix)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _text(first, prefix, "kept", _("How long it keeps them (empty: not stated)"), 4)
        st.radio(_("Counted in"), list(_UNITS), key=f"{prefix}unit", horizontal=True,
                 index=list(_UNITS).index(first["unit"]),
                 format_func=lambda unit: _(_UNITS[unit]))  # fmt: skip


def _processor(first: Typed, prefix: str, _policy: Policy) -> None:
    _text(first, prefix, "ko", _("What it does for us, in Korean"), LONGEST_TASK)
    _text(first, prefix, "en", _("What it does for us, in English"), LONGEST_TASK)
    _items(first, prefix)
    label = _("Last day of the contract (empty: not stated)")
    day = format_date(example("contract", seoul_day(clock.now())))
    _text(first, prefix, "ends", label, 20, _("For example {day}", day=day))


def _source(first: Typed, prefix: str, _policy: Policy) -> None:
    _text(first, prefix, "service", _("The service whose data it holds"), LONGEST)


def _items(first: Typed, prefix: str) -> None:
    st.multiselect(_("Which items"), shareable(None), key=f"{prefix}items", default=first["items"],
                   format_func=lambda one: items_words([one]), placeholder=_("Choose"),
                   select_all=False)  # fmt: skip


def draft_of(start: CompanyDraft, typed: Typed) -> CompanyDraft:
    """Return the draft of what is typed; raise `CompanyRefused` for what can't be read."""
    purpose = typed["purpose"]
    return replace(
        start,
        name=typed["name"],
        service=typed["service"] or None,
        purpose=Purpose(purpose) if purpose else None,
        items=tuple(typed["items"]),
        kept=kept_period(typed["kept"], typed["unit"]),
        task={"ko": typed["ko"], "en": typed["en"]},
        contract_ends_on=contract_end(typed["ends"], seoul_day(clock.now())),
        means=NoticeMeans(typed["means"]),
        address=typed["address"] or None,
    )
