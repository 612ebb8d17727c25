"""What is typed, chosen or clicked for oneself never counts for a child, nor the other way round.

A browser goes on showing a field as long as it has the same identity, and sends what it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.families import a_child
from tests.pages.test_acting import acts, went_back, word_of
from tests.pages.test_family import button, parent
from tests.portal import keyed, portal, text_of
from tests.services.test_correction import text

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]

EDIT, STOP, LEAVE, EXPORT = (f"member/{one}.py" for one in ("edit", "stop", "leave", "export"))
KINDS = ("text_input", "text_area", "selectbox", "radio", "checkbox", "file_uploader", "button")
SAME = {"sign_out", "act_for_self", "stay", "export", "ads"}
"""Ways about the portal: they change nobody's data."""


def elements(tab: AppTest) -> set[str]:
    """Return the identities by which a browser knows fields and buttons; navigation left out."""
    return {
        one.proto.id
        for kind in KINDS
        for one in tab.get(kind)
        if getattr(one, "key", None) not in SAME
    }


def chosen(tab: AppTest, item: str | None) -> AppTest:
    return tab.selectbox(key=keyed(tab, "jk_form_item")).select(item).run() if item else tab


@pytest.mark.parametrize(
    ("page", "item"),
    [(EDIT, "nickname"), (EDIT, "profile_image"), (EDIT, "name"), (EDIT, "address"),
     (STOP, None), (LEAVE, None), (EXPORT, None)],
    ids=["text", "picture", "proof", "several", "stop", "leave", "export"],
)  # fmt: skip
def test_no_element_of_ones_own_page_is_one_of_the_childs(
    portal: Portal, page: str, item: str | None
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, address="서울특별시 강남구 테헤란로 1")
    theirs = elements(chosen(acts(portal, mother, page), item))
    own = elements(chosen(portal.open(page), item))
    assert own
    assert theirs
    assert not own & theirs


@pytest.mark.promise("P29")
def test_what_was_typed_for_oneself_is_not_sent_for_the_child(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother, nickname="하늘이")
    tab = acts(portal, mother, EDIT)
    word = word_of(tab)
    chosen(tab, "nickname")
    theirs = tab.text_input(key=keyed(tab, "jk_form_nickname_0")).proto.id
    tab.button(key="act_for_self").click().run()
    chosen(tab.switch_page(EDIT).run(), "nickname")
    tab.text_input(key="jk_form_nickname_0").set_value("내 별명")
    went_back(monkeypatch, tab, word)
    chosen(tab, "nickname")
    field = tab.text_input(key=keyed(tab, "jk_form_nickname_0"))
    assert field.proto.id == theirs
    assert field.value == ""
    button(tab, "바꾸기").click().run()
    assert "내 별명" not in text_of(tab)
    assert text(portal.db, child, "nickname") == "하늘이"
    assert text(portal.db, mother, "nickname") == "하늘맘"
