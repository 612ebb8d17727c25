"""Keep the Korean catalogue in step with the messages in the code."""

import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.language import CATALOGUE, forms

ROOT: Final = Path(__file__).parents[1]
MAPPING: Final = ROOT / "locale/babel.cfg"
SCANNED: Final = ("db", "pages", "services")
# A number is the place of the message among the arguments; the first one where none is given.
KEYWORDS: Final[Mapping[str, tuple[int, ...] | None]] = {
    "_": None,
    "N_": None,
    "translate": (2,),
    "_n": (1, 2),
    "plural": (2, 3),
}
HEADER: Final = """\
# Korean sentences of the portal.
# `python -m services catalogue` adds new messages and drops dead ones.
msgid ""
msgstr ""
"Language: ko\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""

Message: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True)
class Update:
    """What an update changed: message ids that came and went, and those still without Korean."""

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    untranslated: tuple[str, ...]


def extract(root: Path = ROOT) -> dict[Message, tuple[str, ...]]:
    """Return every message with the files it is in; a plural message is a pair."""
    found: dict[Message, set[str]] = {}
    for file, message in _messages(root):
        found.setdefault(message, set()).add(file)
    return {message: tuple(sorted(files)) for message, files in found.items()}


def _messages(root: Path) -> Iterator[tuple[str, Message]]:
    methods, options = _mapping()
    for folder in SCANNED:
        for name, _line, message, _comments, _context in extract_from_dir(
            root / folder, methods, options, keywords=KEYWORDS, strip_comment_tags=True
        ):
            yield f"{folder}/{name}", message


def _mapping() -> tuple[list[tuple[str, str]], dict[str, dict[str, str]]]:
    parser = ConfigParser()
    parser.read(MAPPING, encoding="utf-8")
    methods: list[tuple[str, str]] = []
    options: dict[str, dict[str, str]] = {}
    for section in parser.sections():
        method, pattern = section.split(": ")
        methods.append((pattern, method))
        options[pattern] = dict(parser[section])
    return methods, options


def load(path: Path = CATALOGUE) -> Catalog:
    """Read the catalogue; one that isn't there is empty."""
    if not path.exists():
        return Catalog(locale="ko")
    with path.open(encoding="utf-8") as file:
        return read_po(file, locale="ko", ignore_obsolete=True, abort_invalid=True)


def update(root: Path = ROOT, path: Path = CATALOGUE) -> Update:
    """Rewrite the catalogue: new messages come in untranslated, dead ones go, the rest stay."""
    old = {forms(message.id)[0]: message for message in load(path) if message.id}
    new = Catalog(locale="ko")
    for found in extract(root):
        known = old.get(forms(found)[0])
        same_form = known is not None and known.pluralizable == isinstance(found, tuple)
        new.add(found, known.string if known and same_form else None)
    _write(new, path)
    wanted = {forms(message.id)[0]: message.string for message in new if message.id}
    return Update(
        added=tuple(sorted(wanted.keys() - old.keys())),
        dropped=tuple(sorted(old.keys() - wanted.keys())),
        untranslated=tuple(sorted(key for key, string in wanted.items() if not any(forms(string)))),
    )


def _write(catalogue: Catalog, path: Path) -> None:
    """Sorted and without places or dates, so that two people's additions seldom meet in a merge."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalogue, width=110, no_location=True, omit_header=True, sort_output=True)


def params(sentence: str) -> frozenset[str]:
    """Return the names of the `{named}` params in a sentence."""
    return frozenset(re.findall(r"\{(\w+)[^{}]*\}", sentence))
