"""`/export` of a copy for two: each sees who else may take it, until when, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exporting import no_files, row
from tests.pages.test_export_page import EXPORT, buttons, link_in
from tests.people import NOW
from tests.portal import keyed, portal, statements, text_of
from tests.services.test_disputes import Family
from tests.services.test_own_copies import by_phone

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["no_files", "portal", "statements"]

pytestmark = pytest.mark.promise("P29")

WORDS = {
    "mother": ("아이도 받을 수 있어요", "아이는 2026. 11. 29.까지 받을 수 있고"),
    "child": ("부탁한 보호자도 받을 수 있어요", "부탁한 보호자는 2026. 11. 29.까지 받을 수 있고"),
}  # fmt: skip


def opened(portal: Portal, family: Family, who: UUID) -> AppTest:
    portal.sign_in(who, verified=NOW)
    if who == family.child:
        return portal.open(EXPORT)
    return portal.open().button(key="child_1").click().run().switch_page(EXPORT).run()


@pytest.mark.parametrize(
    "names", [("mother", "child"), ("child", "mother")], ids=["mother", "child"]
)
def test_each_sees_the_other_before_and_lets_go_alone(
    portal: Portal, statements: list[str], names: tuple[str, str]
) -> None:
    family = Family(portal.db)
    which = by_phone(family, family.mother)
    for number, name in enumerate(names):
        tab = opened(portal, family, getattr(family, name))
        statements.clear()
        shown = text_of(tab.run())
        assert len(statements) <= 9, statements
        assert link_in(tab)
        before, after = WORDS[name]
        assert ("함께 받을 수 있는 사람" in shown) is (number == 0)
        assert (before in shown) is (number == 0)
        assert ("2026. 11. 29.까지 받을 수 있고" in shown) is (number == 0)
        button = tab.button(key=keyed(tab, "destroy"))
        assert button.label == ("나는 이제 받지 않기" if number == 0 else "지금 지우기")
        shown = text_of(button.click().run())
        assert not tab.exception
        assert link_in(tab) is None
        assert keyed(tab, "make") in buttons(tab)
        assert (after in shown) is (number == 0)
        assert ("파기하는 중이에요" in shown) is (number == 1)
        assert row(portal.db, which).state == ("done" if number == 0 else "destroyed")
    shown = text_of(opened(portal, family, getattr(family, names[0])))
    assert "2026. 11. 29." not in shown
    assert "파기하는 중이에요" in shown
