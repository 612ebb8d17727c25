"""Takes a message's text apart into what a mail in HTML and the portal's inbox draw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

_ADDRESS: Final = re.compile(r"(https?://[^\s<>\"']+?)(?=[.,)]?(?:\s|$))")


@dataclass(frozen=True)
class Piece:
    """A run of text; `link` when it is an address of the portal's own."""

    text: str
    link: bool = False


@dataclass(frozen=True)
class Block:
    """A paragraph, a list or a button; each line is its pieces."""

    kind: Literal["paragraph", "list", "button"]
    lines: tuple[tuple[Piece, ...], ...]


def blocks(text: str, ours: str) -> tuple[Block, ...]:
    """Return the blocks of `text`. Only addresses that begin with `ours` become links.

    A nickname or a company's name may hold an address of somebody else's.
    """
    found = re.split(r"\n\s*\n", text.strip())
    return tuple(_block([line.strip() for line in one.splitlines()], ours) for one in found if one)


def _block(lines: list[str], ours: str) -> Block:
    if all(line.startswith("- ") for line in lines):
        return Block("list", tuple(_pieces(line[2:], ours) for line in lines))
    pieces = tuple(_pieces(line, ours) for line in lines)
    alone = len(pieces) == 1 and len(pieces[0]) == 1 and pieces[0][0].link
    return Block("button" if alone else "paragraph", pieces)


def _pieces(line: str, ours: str) -> tuple[Piece, ...]:
    parts = (part for part in _ADDRESS.split(line) if part)
    return tuple(Piece(part, part.startswith(ours)) for part in parts)
