"""What anyone may read: drawn from facts, well formed, legible."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, get_args

import pytest
from jinja2 import UndefinedError

from db.policy import POLICIES, Policy, load
from pages.components import fragment, frame, text
from pages.signin import drawing
from services import policies
from services.language import Language, translate
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal", "statements"]

LANGUAGES = get_args(Language)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(POLICIES / "2021-03-15.toml")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Language:
    cookies = {text.COOKIE: request.param}
    monkeypatch.setattr("streamlit.context", SimpleNamespace(cookies=cookies))
    return text.language()


class Outline(HTMLParser):
    """Headings, ids and what refers to them, in a page's fragments."""

    def __init__(self, *pieces: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.wanted: list[str] = []
        self.links: list[str] = []
        self.headers_without_scope = 0
        self.open: list[str] = []
        for piece in pieces:
            self.feed(piece)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if "id" in values:
            self.ids.append(values["id"])
        if "aria-labelledby" in values:
            self.wanted.append(values["aria-labelledby"])
        if href := values.get("href"):
            self.links.append(href)
        self.headers_without_scope += tag == "th" and "scope" not in values

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _pages(policy: Policy, language: Language) -> dict[str, Outline]:
    page = policies.page(policy, language)
    return {
        "policy": Outline(
            fragment.render("policy_summary.html", page=page),
            fragment.render("policy_sections.html", page=page),
        ),
        "contact": Outline(_contact(policy, language)),
        "notices": Outline(_notices(date(2026, 11, 23), (policy,))),
    }


def _contact(policy: Policy, language: Language) -> str:
    return _rendered(
        "contact.html",
        officer=policies.officer(policy, language),
        agencies=policies.agencies(policy, language),
    )


def _rendered(template: str, **values: object) -> str:
    """Return the HTML with its dates as they read."""
    return fragment.render(template, **values).replace("&nbsp;", " ").replace("&#8288;", "")


def _notices(day: date, versions: tuple[Policy, ...]) -> str:
    return _rendered("notices.html", notices=policies.notices(day, versions))


def test_pages_are_well_formed(policy: Policy, language: Language) -> None:
    for outline in _pages(policy, language).values():
        assert outline.open == []
        assert outline.levels[0] == 1
        assert outline.levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(outline.levels))
        assert len(outline.ids) == len(set(outline.ids))
        assert outline.headers_without_scope == 0
        inside = [link[1:] for link in outline.links if link.startswith("#")]
        assert set(outline.wanted) | set(inside) <= set(outline.ids)


def test_the_contents_lead_to_every_clause(policy: Policy) -> None:
    links = _pages(policy, "ko")["policy"].links
    assert links == [f"#clause-{n}" for n in range(1, 12)]


@pytest.mark.promise("P38")
def test_the_page_shows_version_day_and_hash(policy: Policy, language: Language) -> None:
    page = policies.page(policy, language)
    html = fragment.render("policy_sections.html", page=page)
    assert policy.sha256 in html
    assert "2021-03-15" in html
    assert "2021. 3. 15." in _rendered("policy_summary.html", page=page)
    assert f'lang="{language}"' in html


@pytest.mark.promise("P36")
def test_each_agency_says_when_it_was_last_confirmed(policy: Policy) -> None:
    html = _contact(policy, "ko")
    assert html.count("연락처를 마지막으로 확인한 날: 기록 없음") == len(policy.agencies) == 3
    confirmed = policy.agencies[0].model_copy(update={"last_confirmed": date(2026, 11, 1)})
    changed = policy.model_copy(update={"agencies": (confirmed, *policy.agencies[1:])})
    html = _contact(changed, "ko")
    assert html.count("연락처를 마지막으로 확인한 날: 기록 없음") == 2
    assert "연락처를 마지막으로 확인한 날: 2026. 11. 1." in html


def test_the_officer_is_called_what_the_version_calls_them(policy: Policy) -> None:
    pages = (
        _contact(policy, "ko"),
        _rendered("policy_sections.html", page=policies.page(policy, "ko")),
    )
    assert all("개인정보 관리책임자" in html and "보호책임자" not in html for html in pages)


def test_officer_and_agencies_are_a_tap_away(policy: Policy) -> None:
    links = Outline(_contact(policy, "ko")).links
    assert links == [
        "tel:02-2135-1124",
        "mailto:codxa@codxa.com",
        "tel:118",
        "https://privacy.kisa.or.kr",
        "tel:1301",
        "https://www.spo.go.kr",
        "tel:1566-0112",
        "https://www.netan.go.kr",
    ]


def test_notices_say_that_nothing_is_planned_or_what_is(policy: Policy) -> None:
    assert "예정된 변경이 없어요" in _notices(date(2026, 11, 23), (policy,))
    later = policy.model_copy(
        update={"in_force_from": date(2027, 1, 1), "announced": date(2026, 12, 20)}
    )
    html = _notices(date(2026, 12, 24), (policy, later))
    assert "2027. 1. 1.부터 새 방침" in html
    assert "예정된 변경이 없어요" not in html
    assert "2021. 3. 15. 방침" in _notices(date(2027, 1, 1), (policy, later))


def _version(policy: Policy, day: date) -> Policy:
    return policy.model_copy(
        update={"version": day.isoformat(), "in_force_from": day, "announced": date(2026, 1, 1)}
    )


def test_notices_link_to_the_text_of_every_version(policy: Policy) -> None:
    versions = (policy, _version(policy, date(2026, 2, 1)), _version(policy, date(2027, 1, 1)))
    assert Outline(_notices(date(2026, 11, 23), versions)).links == [
        f"/policy?version={day}" for day in ("2027-01-01", "2026-02-01", "2021-03-15")
    ]


def test_a_version_says_when_it_is_not_the_one_in_force(policy: Policy) -> None:
    versions = (policy, _version(policy, date(2026, 2, 1)), _version(policy, date(2027, 1, 1)))
    notices = policies.notices(date(2026, 11, 23), versions)

    def said(wanted: str) -> str:
        return _rendered(
            "policy_version.html", chosen=notices.version(wanted), notices=notices
        ).strip()

    assert "지금은 시행하지 않는 이전 버전" in said("2021-03-15")
    assert "<p" not in said("2026-02-01")
    assert "2027. 1. 1." in said("2027-01-01")
    assert "그런 버전은 없어요" in said("1999-01-01")


@pytest.mark.parametrize(
    ("wanted", "unknown"), [(None, False), ("2021-03-15", False), ("1999-01-01", True)]
)
def test_the_policy_page_shows_the_version_asked_for(
    portal: Portal, wanted: str | None, *, unknown: bool
) -> None:
    tab = portal.open("public/policy.py")
    if wanted:
        tab.query_params["version"] = wanted
        tab.run()
    shown = text_of(tab)
    assert "2021-03-15" in shown
    assert ("그런 버전은 없어요" in shown) == unknown


def test_values_are_escaped_and_none_may_be_missing(policy: Policy) -> None:
    officer = policies.officer(
        policy.model_copy(
            update={"officer": policy.officer.model_copy(update={"name": "<b>정</b>"})}
        ),
        "ko",
    )
    html = _rendered("contact.html", officer=officer, agencies=())
    assert "&lt;b&gt;정" in html
    with pytest.raises(UndefinedError):
        fragment.render("contact.html", officer=officer)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("mode", "page"), [(0, "#ffffff"), (1, "#0e1117")])
@pytest.mark.parametrize("ink", ["ink", "soft", "brand"])
@pytest.mark.parametrize("ground", ["page", "tint", "note"])
def test_text_stands_out(mode: int, page: str, ink: str, ground: str) -> None:
    sheet = (fragment.TEMPLATES / "style.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--jk-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    colours = {name: both[mode] for name, *both in pairs} | {"page": page}
    assert _contrast(colours[ink], colours[ground]) >= 4.5


def test_a_date_its_time_and_its_ending_stay_on_one_line() -> None:
    html = fragment.render("problem.html", text="2026. 11. 22. 09:05부터 2026. 12. 1.까지. 끝")
    assert "2026.&nbsp;11.&nbsp;22.&nbsp;09:05부터 2026.&nbsp;12.&nbsp;1.&#8288;까지. 끝" in html


def test_the_page_to_ask_on_has_one_name_wherever_it_is_linked(
    policy: Policy, language: Language
) -> None:
    name = translate(language, next(line[2] for line in frame.PUBLIC if line[0] == "contact"))
    assert name == {"ko": "문의하기", "en": "Contact"}[language]
    assert f"<h1>{name}</h1>" in _contact(policy, language)
    address = r"(?:/contact|\{\{ to\('/contact'\) \}\})"
    bare = re.compile(rf'<a [^>]*href="{address}"[^>]*>\{{\{{ _\("([^"]{{1,20}})"\) \}}\}}</a>')
    folders = (fragment.TEMPLATES, drawing.TEMPLATES)
    pages = [page.read_text() for folder in folders for page in folder.glob("*.html")]
    linked = [found for page in pages for found in bare.findall(page)]
    assert len(linked) > 5
    assert {translate(language, found) for found in linked} == {name}
