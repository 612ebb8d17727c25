"""The catalogue says everything the code says, in plain Korean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services import catalogue
from services.language import forms

if TYPE_CHECKING:
    from pathlib import Path

STIFF = ("하십시오", "귀하", "당사", "바랍니다", "습니까", "을(를)", "이(가)", "은(는)", "(으)로")
"""Words of letters from an authority, and endings left for the reader to choose."""


def _spoken() -> dict[str, tuple[str, ...]]:
    return {
        forms(message.id)[0]: forms(message.string) for message in catalogue.load() if message.id
    }


def _written() -> dict[str, tuple[str, ...]]:
    return {forms(message)[0]: files for message, files in catalogue.extract().items()}


def test_every_message_has_korean() -> None:
    spoken = _spoken()
    missing = {
        message: files for message, files in _written().items() if not any(spoken.get(message, ()))
    }
    assert not missing, "run `python -m services catalogue` and translate these"


def test_no_sentence_is_left_from_code_that_is_gone() -> None:
    assert _spoken().keys() <= _written().keys(), "run `python -m services catalogue`"


def test_korean_names_the_same_params() -> None:
    wrong = {
        message: strings
        for message, strings in _spoken().items()
        if any(strings) and any(catalogue.params(s) != catalogue.params(message) for s in strings)
    }
    assert not wrong


def test_korean_is_plain() -> None:
    stiff = [s for strings in _spoken().values() for s in strings if any(w in s for w in STIFF)]
    assert not stiff


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for folder in ("db", "pages/templates", "services"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "services/one.py").write_text(
        'N_("Marked"); translate(language, "Said {x}", x=1)\n'
        'plural(language, "{n} day", "{n} days", n)\n'
    )
    (tmp_path / "pages/templates/two.html").write_text('<p>{{ _("Drawn", x=1) }}</p>')
    return tmp_path


def test_update_adds_drops_and_keeps(house: Path) -> None:
    path = house / "portal.po"
    first = catalogue.update(house, path)
    assert first.added == ("Drawn", "Marked", "Said {x}", "{n} day")
    assert first.untranslated == first.added

    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Marked"\nmsgstr ""', 'msgid "Marked"\nmsgstr "표시"'))
    (house / "pages/templates/two.html").write_text('<p>{{ _("Redrawn") }}</p>')
    second = catalogue.update(house, path)
    assert (second.added, second.dropped) == (("Redrawn",), ("Drawn",))
    assert "Marked" not in second.untranslated

    before = path.read_bytes()
    third = catalogue.update(house, path)
    assert (third.added, third.dropped) == ((), ())
    assert path.read_bytes() == before


def test_a_template_that_does_not_parse_is_an_error(house: Path) -> None:
    (house / "pages/templates/three.html").write_text("{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        catalogue.extract(house)
