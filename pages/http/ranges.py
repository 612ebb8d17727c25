"""Reads which bytes of a file a browser asks for (RFC 9110, 14): one range, or all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


class UnsatisfiableError(ValueError):
    """The range begins after the file's end."""


@dataclass(frozen=True)
class Range:
    """From `start` to before `end`; `whole`: all was asked for, with no range or a bad one."""

    start: int
    end: int
    whole: bool = False


def wanted(headers: Mapping[str, str], size: int, etag: str) -> Range:
    """Return what is asked for. What is not understood, or of an older file, asks for all of it.

    Raise `UnsatisfiableError` for a range of which the file has nothing.
    """
    everything = Range(0, size, whole=True)
    found = _ONE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return everything
    first, last, suffix = found.groups()
    if suffix is not None:
        if int(suffix) == 0:
            raise UnsatisfiableError
        return Range(max(0, size - int(suffix)), size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return everything
    if start >= size:
        raise UnsatisfiableError
    return Range(start, end)
