"""`/desk-companies`: the officer's list of companies, and its editor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from db import company_keys
from db.words import StaffRole
from services import companies, house
from tests.companies import company
from tests.people import NOW, agent
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

PAGE = "desk/companies.py"
HOOK = "https://example.com/notice"


def opened(portal: Portal) -> AppTest:
    """Return the page as a verified officer sees it."""
    keys = company_keys.load(portal.db.var / "keys")
    house.open_house(replace(house.house(), company=keys))
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=portal.now)
    return portal.open(PAGE)


def field(tab: AppTest, name: str) -> Any:  # noqa: ANN401
    """Return the form's field of a name."""
    kinds = ("text_input", "selectbox", "radio", "multiselect")
    widgets = [one for kind in kinds for one in getattr(tab, kind)]
    [found] = [one for one in widgets if (one.key or "").endswith(f"_{name}")]
    return found


def press(tab: AppTest, label: str) -> AppTest:
    [button] = [one for one in tab.button if one.label == label]
    return button.click().run()


def choose(tab: AppTest, which: str) -> AppTest:
    field(tab, "which").set_value(which)
    return tab.run()


def listed(portal: Portal) -> tuple[companies.Company, ...]:
    with portal.db.web.data.connect() as data:
        return companies.listed(data)


def test_a_fresh_installation_says_that_nobody_stated_anything(portal: Portal) -> None:
    assert text_of(opened(portal)).count("jk-silent") == 3


def test_the_page_asks_the_database_as_often_for_many_companies(
    portal: Portal, statements: list[str]
) -> None:
    tab = opened(portal)
    counts, shown = [], ""
    for number in (0, 1, 12):
        for _ in range(number):
            company(portal.db, role="processor")
        statements.clear()
        shown = text_of(tab.run())
        counts.append(len([s for s in statements if not s.startswith("SET")]))
    assert shown.count("[가상] 아기가게") == 13
    assert len(set(counts)) == 1
    assert counts[0] <= 4, statements


def test_an_officer_adds_a_company_that_receives_data(portal: Portal) -> None:
    tab = choose(opened(portal), "new recipient")
    assert "동의" in text_of(tab)  # what follows is said before
    field(tab, "name").set_value("새 가게")
    field(tab, "kept").set_value("half")
    shown = text_of(press(tab, "추가하기"))
    assert 'role="alert"' in shown
    assert field(tab, "name").value == "새 가게"
    field(tab, "kept").set_value("6")
    field(tab, "purpose").set_value("delivery")
    field(tab, "items").set_value(["name", "pregnancy"])
    field(tab, "means").set_value("webhook")
    field(tab, "address").set_value(HOOK)
    shown = text_of(press(tab, "추가하기"))
    assert 'role="alert"' in shown
    assert "pregnancy" not in shown
    field(tab, "items").set_value(["name", "address"])
    shown = text_of(press(tab, "추가하기"))
    [one] = listed(portal)
    assert (one.name, one.address, set(one.items)) == ("새 가게", HOOK, {"name", "address"})
    made = company_keys.load(portal.db.var / "keys").secret(one.company_id, 1)
    assert made in shown
    assert made not in text_of(tab.run())


def test_a_change_of_terms_says_that_consents_are_asked_for_again(portal: Portal) -> None:
    shop = company(portal.db)
    tab = choose(opened(portal), shop)
    assert field(tab, "kept").value == "6"
    field(tab, "kept").set_value("1")
    field(tab, "unit").set_value("years")
    assert "다시" in text_of(press(tab, "저장하기"))
    [one] = listed(portal)
    assert one.kept is not None
    assert (one.kept.years, one.terms_from) == (1, NOW)


def test_processors_and_systems_are_entered_too(portal: Portal) -> None:
    tab = choose(opened(portal), "new processor")
    field(tab, "name").set_value("택배")
    field(tab, "ko").set_value("배송")
    field(tab, "ends").set_value("2027. 2. 30.")
    assert 'role="alert"' in text_of(press(tab, "추가하기"))
    field(tab, "ends").set_value("2027. 2. 3.")
    assert "2027. 2. 3." in text_of(press(tab, "추가하기"))
    tab = choose(tab, "new source_system")
    field(tab, "name").set_value("앱")
    field(tab, "service").set_value("엄마와")
    assert "엄마와" in text_of(press(tab, "추가하기"))
    assert [one.role.value for one in listed(portal)] == ["processor", "source_system"]


def test_a_new_secret_is_shown_once_and_the_work_ends_after_a_question(portal: Portal) -> None:
    shop = company(portal.db, means="webhook", address=HOOK)
    tab = choose(opened(portal), shop)
    made = company_keys.load(portal.db.var / "keys").secret(shop, 2)
    assert made in text_of(tab.button(key="company_secret").click().run())
    assert made not in text_of(tab.run())
    tab = choose(tab, shop)
    tab.button(key="company_end").click().run()
    assert len(listed(portal)) == 1
    assert text_of(tab.button(key="company_sure").click().run()).count("jk-silent") == 3
    assert listed(portal) == ()


@pytest.mark.parametrize("name", ["새 이름", ""])
def test_what_was_typed_outlives_a_verification_that_ran_out(portal: Portal, name: str) -> None:
    shop = company(portal.db)
    tab = choose(opened(portal), shop)
    portal.later(minutes=8)
    tab.run()
    portal.later(minutes=8)
    field(tab, "name").set_value(name)
    officer = tab.session_state["jk_tab"]
    shown = text_of(press(tab, "저장하기"))
    assert 'role="alert"' in shown
    assert listed(portal)[0].name == "[가상] 아기가게"
    tab.run()
    portal.sign_in(staff=officer, verified=portal.now)
    tab.run()
    assert field(tab, "which").value == shop
    assert field(tab, "name").value == name


def test_unverified_officers_see_the_list_and_no_form(portal: Portal) -> None:
    company(portal.db)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    tab = portal.open(PAGE)
    assert "[가상] 아기가게" in text_of(tab)
    assert not tab.selectbox
    assert any(one.key == "verify_companies" for one in tab.button)


@pytest.mark.promise("P40")
def test_a_system_that_asks_who_may_join_gets_its_id_and_secret(portal: Portal) -> None:
    tab = choose(opened(portal), "new source_system")
    field(tab, "name").set_value("[가상] 가입 화면")
    shown = text_of(press(tab, "추가하기"))
    (one,) = listed(portal)
    keys = house.house().company
    assert keys is not None
    assert one.company_id in shown
    assert keys.secret(one.company_id, 1) in shown
    choose(tab, one.company_id)
    assert keys.secret(one.company_id, 2) in text_of(press(tab, "새 비밀 키 만들기"))
