"""What is kept between runs is nobody's own: the bar, common pieces, one run's language."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench import tab as bench_tab
from pages.components import fragment, text
from tests.people import member
from tests.portal import Portal, portal, text_of

if TYPE_CHECKING:
    from services.language import Language

__all__ = ["portal"]


def choose(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    cookies = {text.COOKIE: language}
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _self: cookies))


def test_each_run_asks_the_browser_for_its_language(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open("member/history.py")
    said: tuple[tuple[Language, str], ...] = (
        ("en", "Who looked at"),
        ("ko", "누가"),
        ("en", "Who looked at"),
    )
    for language, words in said:
        choose(monkeypatch, language)
        assert words in text_of(tab.run())


def test_the_language_of_a_run_is_no_other_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "get_script_run_ctx", lambda **_: SimpleNamespace())
    choose(monkeypatch, "en")
    text.begin()
    assert text.language() == "en"
    choose(monkeypatch, "ko")
    assert text.language() == "en"  # this run goes on in it
    text.begin()
    assert text.language() == "ko"
    text.begin()


def test_a_common_piece_is_rendered_once_for_each_language_and_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[object] = []
    monkeypatch.setattr(st, "html", drawn.append)
    languages: tuple[Language, ...] = ("ko", "en", "ko")
    for language in languages:
        choose(monkeypatch, language)
        for child in (True, False):
            fragment.draw_common("history_intro.html", child=child)
            body = vars(drawn[-1])["text"]
            assert body == fragment.render("history_intro.html", child=child)
    assert drawn[:2] == drawn[4:]
    assert all(one is other for one, other in zip(drawn[:2], drawn[4:], strict=True))


def test_the_bar_is_everybodys_and_what_runs_is_a_copy(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[StreamlitPage] = []
    run = StreamlitPage.run

    def note(page: StreamlitPage) -> None:
        ran.append(page)
        run(page)

    monkeypatch.setattr(StreamlitPage, "run", note)
    for _ in range(2):
        portal.sign_in(member(portal.db))
        portal.open()
    first, second = ran
    assert first._page is second._page  # made once
    assert first is not second  # since running one marks it


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("trouble.html", {"title": "X", "text": "Y", "reference": None}),
        ("problem.html", {"text": "Y"}),
        ("verify.html", {"sentence": "Y"}),
    ],
)
def test_the_measures_notice_a_page_that_could_not_be_shown(
    template: str, values: dict[str, object]
) -> None:
    message = ForwardMsg()
    message.delta.new_element.html.body = fragment.render(template, **values)
    with pytest.raises(RuntimeError, match="could not be shown"):
        bench_tab.ended(message.SerializeToString())
