"""Whether a PDF may be taken: it can be read, isn't locked, and neither runs nor carries anything.

Every object is looked at, not only those that pages lead to: what is hidden is what is sought.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OBJECTS = 20_000
MOST_PAGES = 100
_END = 1024
"""A reader looks for the end mark in so many last bytes; what comes after it isn't the document."""
_RUNS = frozenset({"/JavaScript", "/JS", "/AA", "/Launch", "/XFA", "/RichMedia", "/SubmitForm"})
_CARRIES = frozenset({"/EmbeddedFiles", "/EmbeddedFile", "/EF", "/FileAttachment", "/AF"})
_HARMFUL = _RUNS | _CARRIES

UNREADABLE = N_("We can't read this file. It may be damaged. Please choose another one.")
LOCKED = N_("This PDF is locked with a password. Please take the lock off and try again.")
ACTIVE = N_(
    "This PDF runs a program or carries other files. Please print it to a new PDF and try again."
)
LONG = N_("This PDF has too many pages. Please send only the page that proves it.")

# The reader tells a log what it mends, with pieces of the file in it.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def harm(content: bytes) -> str | None:
    """Return why this PDF isn't taken, as a message id, or None when it is."""
    if b"%%EOF" not in content[-_END:]:
        return UNREADABLE
    try:
        return _harm(PdfReader(io.BytesIO(content), strict=False))
    except RecursionError:
        return UNREADABLE
    except Exception:  # noqa: BLE001 (whatever the reader stumbles over, the file is at fault)
        return UNREADABLE


def _harm(reader: PdfReader) -> str | None:
    if reader.is_encrypted:
        return LOCKED
    numbers = [n for table in reader.xref.values() for n in table if n]
    numbers += list(reader.xref_objStm)
    if len(numbers) > MOST_OBJECTS:
        return LONG
    for number in (0, *numbers):
        found = reader.trailer if number == 0 else reader.get_object(number)
        if any(name in _HARMFUL for name in _names(found)):
            return ACTIVE
    pages = len(reader.pages)
    if pages > MOST_PAGES:
        return LONG
    return None if pages else UNREADABLE


def _names(value: object) -> Iterator[str]:
    """Return the keys and the name values inside an object, without following references."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            continue
        if isinstance(one, DictionaryObject):
            yield from (str(key) for key in one)
            waiting += [one.raw_get(key) for key in one]
        elif isinstance(one, ArrayObject):
            waiting += list(one)
        elif isinstance(one, str):
            yield one
