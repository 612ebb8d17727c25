"""Checks an archive without the portal: all is there as it was signed, and nothing more."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from db.errors import PortalError
from db.words import N_
from services import archive_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.seal_keys import Verifier

_PIECE: Final = 1 << 20
_LARGEST: Final = 64 << 20
"""Bytes of a manifest; one of a million records has some kilobytes."""


class ArchiveError(PortalError):
    """A file is no archive of ours, or not as it was made."""


@dataclass(frozen=True)
class Checked:
    """What a good archive says of itself, and how many files were compared."""

    manifest: dict[str, Any]
    files: int


def check(path: Path, verifier: Verifier) -> Checked:
    """Return what the archive says. Raise `ArchiveError` naming all that is not as it was made."""
    try:
        with zipfile.ZipFile(path) as opened:
            manifest = _manifest(opened, path.name)
            if not archive_manifest.signed(manifest, verifier):
                raise ArchiveError(
                    N_("The list of {file} was changed, or signed with another key than {key}."),
                    file=path.name, key=verifier.key_id,
                )  # fmt: skip
            wrong = list(_wrong(opened, manifest))
    except (OSError, zipfile.BadZipFile):
        raise ArchiveError(N_("The file {file} is no archive."), file=path.name) from None
    if wrong:
        raise ArchiveError(
            N_("{file} is not as it was made: {list}"), file=path.name, list="; ".join(wrong)
        )
    return Checked(manifest, len(manifest["files"]))


def _manifest(opened: zipfile.ZipFile, name: str) -> dict[str, Any]:
    try:
        with opened.open(archive_manifest.NAME) as file:
            found = json.loads(file.read(_LARGEST))
    except (KeyError, ValueError, zlib.error, RuntimeError, zipfile.BadZipFile):
        found = None
    if not isinstance(found, dict) or found.get("jikim_export") != archive_manifest.FORMAT:
        raise ArchiveError(N_("The file {file} is no archive."), file=name)
    return found


def _wrong(opened: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[str]:
    """Give what was changed, is missing, was added or stands there twice."""
    there = Counter(opened.namelist())
    listed = {line["name"]: line for line in manifest["files"]}
    for name, line in listed.items():
        if name not in there:
            yield f"missing: {name}"
        elif _digest(opened, name, line["size"]) != line["sha256"]:
            yield f"changed: {name}"
    for name, times in there.items():
        if name not in listed and name != archive_manifest.NAME:
            yield f"added: {name}"
        if times > 1:
            yield f"twice: {name}"


def _digest(opened: zipfile.ZipFile, name: str, size: int) -> str | None:
    """Return the SHA-256; None for what can't be read, or is longer than it was."""
    digest, read = sha256(), 0
    try:
        with opened.open(name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                read += len(piece)
                if read > size:
                    return None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError):
        return None
    return digest.hexdigest()
