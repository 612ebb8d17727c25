"""Files that people give are read by a library before anything is kept (P42)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from services import files
from services.files import FileRefused, MediaType

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.promise("P42")


def picture(form: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "orange").save(made, form)
    return made.getvalue()


def pdf(change: Callable[[PdfWriter], object] | None = None) -> bytes:
    writer, made = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    if change:
        change(writer)
    writer.write(made)
    return made.getvalue()


def zipped(inside: bytes = b"0" * 4_000_000) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", inside)
    return made.getvalue()


def bomb() -> bytes:
    """Return a PNG whose few bytes claim to be 60,000 by 60,000 pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        whole = name + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def hidden(writer: PdfWriter) -> None:
    """Put a program where no page leads to it."""
    action = {"/S": "/JavaScript"}
    writer._add_object(DictionaryObject({NameObject(k): NameObject(v) for k, v in action.items()}))


def scripted(writer: PdfWriter) -> None:
    action = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")}
    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject(k): v for k, v in action.items()}
    )


def launches(writer: PdfWriter) -> None:
    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("x.exe")}
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [(picture(), MediaType.PNG), (picture("JPEG"), MediaType.JPEG), (pdf(), MediaType.PDF)],
)
def test_harmless_files_are_taken(content: bytes, kind: MediaType) -> None:
    assert files.check(content) is kind


HARMFUL = {
    "nothing": (b"", "empty"),
    "large": (b"%PDF-" + b"0" * files.LARGEST, "5 MB"),
    "zip bomb": (zipped(), "only take"),
    "windows program": (b"MZ" + b"\0" * 500, "only take"),
    "linux program": (b"\x7fELF" + b"\0" * 500, "only take"),
    "script": (b"#!/bin/sh\nrm -rf /\n", "only take"),
    "page": (b"<html><script>alert(1)</script></html>", "only take"),
    "drawing": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "only take"),
    "picture and archive": (picture() + zipped(b"x"), "only take"),
    "pdf and archive": (pdf() + zipped(b"x"), "only take"),
    "gif": (picture("GIF"), "only take"),
    "cut picture": (picture("JPEG", (500, 500))[:-400], "can't read"),
    "picture in name only": (b"\xff\xd8\xff" + b"MZ" * 500, "can't read"),
    "picture bomb": (bomb(), "too many pixels"),
    "cut pdf": (pdf()[:200], "can't read"),
    "pdf in name only": (b"%PDF-1.7\nhello\n%%EOF", "can't read"),
    "locked pdf": (pdf(lambda w: w.encrypt("secret", algorithm="AES-256")), "locked"),
    "pdf with a program": (pdf(scripted), "runs a program"),
    "pdf with a hidden program": (pdf(hidden), "runs a program"),
    "pdf that starts one": (pdf(launches), "runs a program"),
    "pdf with a file": (pdf(lambda w: w.add_attachment("a.exe", b"MZ")), "runs a program"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_files_are_refused_with_a_sentence(name: str) -> None:
    content, sentence = HARMFUL[name]
    with pytest.raises(FileRefused, match=sentence):
        files.check(content)


@given(st.sampled_from([b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]), st.binary())
def test_whatever_comes_is_taken_or_refused(begin: bytes, rest: bytes) -> None:
    with suppress(FileRefused):
        assert files.check(begin + rest) in MediaType


def test_a_portrait_keeps_only_small_pixels() -> None:
    made = io.BytesIO()
    image = Image.new("RGB", (3000, 1000), "orange")
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    image.save(made, "JPEG", exif=exif)
    kept = files.portrait(made.getvalue())
    assert b"Camera of somebody" not in kept
    with Image.open(io.BytesIO(kept)) as again:
        assert (again.format, again.size) == ("PNG", (512, 171))
    with pytest.raises(FileRefused):
        files.portrait(pdf())
