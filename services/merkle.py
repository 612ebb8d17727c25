"""Merkle trees over SHA-256 (RFC 6962): a leaf is hashed after the byte 0, a node after the byte 1.

A root binds every leaf and their order; a path of about log2(n) hashes proves that a leaf is in it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
EMPTY = sha256(b"").digest()
"""The root over nothing."""
_PAIR = 2 * HASH_BYTES


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + content).digest()


def _level(hashes: bytes) -> bytes:
    """Return the nodes above; a hash without a partner moves up as it is."""
    whole = len(hashes) - len(hashes) % _PAIR
    nodes = [sha256(b"\1" + hashes[i : i + _PAIR]).digest() for i in range(0, whole, _PAIR)]
    return b"".join(nodes) + hashes[whole:]


def root(hashes: bytes) -> bytes:
    """Return the root over hashes that stand one after the other, 32 bytes each."""
    while len(hashes) > HASH_BYTES:
        hashes = _level(hashes)
    return hashes or EMPTY


def path(hashes: bytes, index: int) -> list[bytes]:
    """Return the hashes that lead from the one at `index` (from 0) up to the root."""
    found = []
    while len(hashes) > HASH_BYTES:
        start = (index ^ 1) * HASH_BYTES
        if start < len(hashes):
            found.append(hashes[start : start + HASH_BYTES])
        hashes, index = _level(hashes), index // 2
    return found


def climb(start: bytes, index: int, size: int, steps: Sequence[bytes]) -> bytes | None:
    """Return the root that `steps` lead to from the hash `start`; None when they can't fit.

    `size` is how many hashes the tree stands on.
    """
    if not 0 <= index < size:
        return None
    left, found = list(steps), start
    while size > 1:
        if index ^ 1 < size:
            if not left:
                return None
            other = left.pop(0)
            found = sha256(b"\1" + (other + found if index % 2 else found + other)).digest()
        index, size = index // 2, (size + 1) // 2
    return None if left else found
