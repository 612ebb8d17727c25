"""Files that people give: what they are, and whether they are harmless (P42).

A name or a browser's word for a type proves nothing: size and content are checked before anything
is stored.
"""

from __future__ import annotations

import base64
import io
import warnings
import zipfile
from enum import StrEnum

from PIL import Image, ImageOps

from db.errors import PortalError
from db.words import N_
from services import pdf_check

LARGEST = 5 * 1024 * 1024
"""Bytes of the largest file that is taken."""
MOST_PIXELS = 40_000_000
"""More than a telephone's photograph below `LARGEST` has; decoded it stays below 160 MB."""
PORTRAIT_PIXELS = 512
"""The longer side of a profile image as it is kept."""


class MediaType(StrEnum):
    """The kinds of file that are taken."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


class FileRefused(PortalError):  # noqa: N818 (the person chooses another file)
    """The file isn't taken; the sentence says why and what to do."""


_BEGINS = {
    b"%PDF-": MediaType.PDF,
    b"\xff\xd8\xff": MediaType.JPEG,
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
}
_FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG"}
_DRAWN = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""What browsers draw of the pictures that older systems may have kept."""
_DAMAGED = N_("We can't read this file. It may be damaged. Please choose another one.")


def check(content: bytes) -> MediaType:
    """Return what a file is. Raise `FileRefused` unless it is a harmless PDF, JPEG or PNG.

    The first bytes say the kind, then a library made for that kind has to read all of it. Refused
    are files that are an archive at the same time, pictures of too many pixels, and PDFs that are
    locked, that run something or carry files.
    """
    kind = _kind(content)
    if kind is MediaType.PDF:
        if harm := pdf_check.harm(content):
            raise FileRefused(harm)
    else:
        _picture(content, kind)
    return kind


def portrait(content: bytes) -> bytes:
    """Return a profile image as a small PNG with nothing but its pixels (no place, no camera).

    Raise `FileRefused` for what is no harmless JPEG or PNG.
    """
    kind = _kind(content)
    if kind is MediaType.PDF:
        raise FileRefused(N_("Please choose a picture: JPEG or PNG."))
    turned = ImageOps.exif_transpose(_picture(content, kind))
    turned.thumbnail((PORTRAIT_PIXELS, PORTRAIT_PIXELS))
    made = io.BytesIO()
    plain = Image.new("RGBA", turned.size)
    plain.paste(turned.convert("RGBA"))
    plain.save(made, "PNG", optimize=True)
    return made.getvalue()


def drawable(text: str) -> bool:
    """Return whether a held profile image, in base64, is a picture that a browser can draw."""
    try:
        content = io.BytesIO(base64.b64decode(text, validate=True))
        with Image.open(content, formats=_DRAWN) as opened:
            opened.verify()
    except Exception:  # noqa: BLE001 (whatever a decoder stumbles over, it is no picture)
        return False
    return True


def _kind(content: bytes) -> MediaType:
    if not content:
        raise FileRefused(N_("The file is empty. Please choose another one."))
    if len(content) > LARGEST:
        raise FileRefused(N_("The file is larger than 5 MB. Please make it smaller and try again."))
    kind = next((kind for begin, kind in _BEGINS.items() if content.startswith(begin)), None)
    if kind is None or zipfile.is_zipfile(io.BytesIO(content)):
        raise FileRefused(N_("We only take PDF, JPEG or PNG files. Please choose another one."))
    return kind


def _picture(content: bytes, kind: MediaType) -> Image.Image:
    """Return the picture, decoded; its size is known from the header, before anything is."""
    image = None
    try:
        with warnings.catch_warnings():
            # Ours is the stricter limit; theirs warns before it refuses.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=(_FORMATS[kind],))
        if opened.width * opened.height <= MOST_PIXELS:
            opened.load()
            image = opened
    except Image.DecompressionBombError:
        pass  # theirs, for far more pixels than ours
    except Exception:  # noqa: BLE001 (whatever a decoder stumbles over, the file is at fault)
        raise FileRefused(_DAMAGED) from None
    if image is None:
        raise FileRefused(
            N_("The picture has too many pixels. Please make it smaller and try again.")
        )
    return image
