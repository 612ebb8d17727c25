"""What an officer enters of a company is brought to one form, or refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from db.declarations import ITEMS
from db.period import Period
from db.words import RIGHTS, CompanyRole, NoticeMeans, Purpose
from services.company_draft import (
    CompanyDraft,
    CompanyRefused,
    checked,
    contract_end,
    kept_period,
    shareable,
)
from tests.people import NOW

SHOP = CompanyDraft(CompanyRole.RECIPIENT, "가게", purpose=Purpose.DELIVERY, items=("name",))


def test_spaces_go_items_stand_in_order_and_nothing_is_made_of_nothing() -> None:
    given = replace(
        SHOP, name="  큰   가게 ", service=" ", items=("address", "name", "name"),
        task={"ko": " ", "en": ""},
    )  # fmt: skip
    found = checked(given, here=False)
    assert (found.name, found.service, found.task) == ("큰 가게", None, None)
    assert found.items == tuple(name for name in ITEMS if name in {"address", "name"})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "  "}, {"name": "a" * 81}, {"name": "a\0b"}, {"name": "a\u202eb"},
        {"task": {"ko": "a" * 301}}, {"items": ()}, {"purpose": None},
        {"items": ("no_such_item",)}, {"means": NoticeMeans.EMAIL, "address": None},
        {"means": NoticeMeans.WEBHOOK, "address": "https://10.0.0.1/"},
        *({"purpose": right} for right in RIGHTS),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CompanyRefused):
        checked(replace(SHOP, **changes), here=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in RIGHTS])
def test_an_item_is_given_only_for_what_it_is_held_for(purpose: Purpose) -> None:
    for name in ITEMS:
        given = replace(SHOP, purpose=purpose, items=(name,))
        if ITEMS[name].shown and purpose in ITEMS[name].purposes:
            assert checked(given, here=False).items == (name,)
        else:
            with pytest.raises(CompanyRefused) as refused:
                checked(given, here=False)
            assert refused.value.params["items"] == name


def test_for_any_purpose_every_shown_item_may_be_named() -> None:
    assert shareable(None) == tuple(name for name in ITEMS if ITEMS[name].shown)


def test_a_processor_and_a_system_need_no_purpose() -> None:
    for role in (CompanyRole.PROCESSOR, CompanyRole.SOURCE_SYSTEM):
        assert checked(CompanyDraft(role, "회사"), here=False).purpose is None


def test_how_long_it_is_kept_is_read_as_typed() -> None:
    assert kept_period(" ", "months") is None
    assert kept_period(" 6 ", "months") == Period(months=6)
    assert kept_period("100", "years") == Period(years=100)
    for wrong in ("0", "101", "-1", "1.5", "six", "٦", "²"):
        with pytest.raises(CompanyRefused):
            kept_period(wrong, "years")


def test_the_contract_s_last_day_is_read_as_typed() -> None:
    assert contract_end(" ", NOW.date()) is None
    assert contract_end("2027. 2. 3.", NOW.date()) == date(2027, 2, 3)
    for wrong in ("2027. 2. 30.", "soon"):
        with pytest.raises(CompanyRefused):
            contract_end(wrong, NOW.date())
