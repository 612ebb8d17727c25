"""Every message is there in both languages and every form, and says nothing it was not given."""

from __future__ import annotations

import re

import pytest
from jinja2 import meta

from db.words import N_, Purpose
from services import consent_words, messages
from services.message_blocks import Piece, blocks

FILES = {path.name for path in messages.TEMPLATES.glob("*.txt")}
BODIES = {name for name in FILES if not name.startswith("layout.")}
SAMPLE = {
    "item": "email", "items": "email,name", "purpose": Purpose.NOTICES.value, "date": "2026-11-22",
    "moment": "2026-11-22T12:00:00+09:00", "said": N_("Jikim"),
    "consents": consent_words.packed([("advertising_email", None, None)]),
    "asked": "correction", "scope": "marketing", "refusal": "proof_missing",
    "barred": "deceit", "kept": "happened_again", "suspended": "desk", "step": "leave",
    "outcome": "done", "postponed": "proof_awaited",
}  # fmt: skip
"""A value for each filter."""


def variables(name: str) -> set[str]:
    environment = messages._environment()
    source = (messages.TEMPLATES / name).read_text(encoding="utf-8")
    return set(meta.find_undeclared_variables(environment.parse(source)))


def sample(template: str) -> dict[str, object]:
    """A value for each param, as the filter behind it takes it."""
    text = (messages.TEMPLATES / f"{template}.ko.txt").read_text(encoding="utf-8")
    text += (messages.TEMPLATES / f"{template}.en.txt").read_text(encoding="utf-8")
    values: dict[str, object] = {"nickname": "<b>하늘</b>", "address": "https://x.kr"}
    for name in messages.names(template):
        used = re.search(rf"\b{name}\s*\|\s*(\w+)", text)
        values[name] = SAMPLE.get(used[1], "3") if used else "3"
    return values


def test_each_file_is_a_message_and_each_message_has_its_files() -> None:
    assert {f"{name}.{lang}.txt" for name in messages.SUBJECTS for lang in ("ko", "en")} == BODIES
    assert messages.SUBJECTS.keys() == messages.PURPOSES.keys()
    assert messages.SUBJECTS.keys() >= messages.SECRET


@pytest.mark.parametrize("template", sorted(messages.SUBJECTS))
def test_both_languages_take_the_same_params(template: str) -> None:
    always = {"nickname", "address", "language"}
    assert variables(f"{template}.ko.txt") - always == variables(f"{template}.en.txt") - always


@pytest.mark.parametrize("template", sorted(messages.SUBJECTS))
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_form_of_every_message_can_be_made(template: str, language: str) -> None:
    filled = messages.fill(template, language, sample(template), "코덱사")  # type: ignore[arg-type]
    for form in (filled.text, filled.html):
        assert "코덱사" in form
        assert "https://x.kr/contact" in form
    assert filled.sms.startswith("[지킴] " if language == "ko" else "[Jikim] ")
    assert "&lt;b&gt;하늘" in filled.html
    assert "<b>" not in filled.html
    assert ("https://x.kr/messages" in filled.text) == (
        template not in messages.SECRET | messages.NO_INBOX
    )
    # Korean in an English mail would be a sentence that nobody translated, and the other way round.
    spoken = filled.body.replace("하늘", "")
    hangul = re.search("[가-힣]", spoken)
    assert bool(hangul) == (language == "ko")


@pytest.mark.parametrize("params", [{}, {"token": "t", "use": "first", "more": "x"}])
def test_params_that_do_not_fit_are_refused_before_anything_is_written(
    params: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="needs"):
        messages.check("password_link", params)


def test_only_our_own_addresses_become_links() -> None:
    found = blocks(
        "See https://x.kr/a. Not https://x.kr.evil.com/b\nor http://evil.com\n\n"
        "- one\n- https://x.kr/c\n\nhttps://x.kr/d\n",
        "https://x.kr/",
    )
    assert [block.kind for block in found] == ["paragraph", "list", "button"]
    links = [p.text for block in found for line in block.lines for p in line if p.link]
    assert links == ["https://x.kr/a", "https://x.kr/c", "https://x.kr/d"]
    assert found[0].lines[0][1] == Piece("https://x.kr/a", link=True)
