"""Trees: every change of a leaf or of the order changes the root; only true paths lead to it."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services import merkle

contents = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def hashed(leaves: list[bytes]) -> bytes:
    return b"".join(map(merkle.leaf, leaves))


def by_definition(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962, word for word: split at the largest power of two."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = by_definition(hashes[:split]), by_definition(hashes[split:])
    return sha256(b"\1" + left + right).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_defined_one(leaves: list[bytes]) -> None:
    assert merkle.root(hashed(leaves)) == by_definition([merkle.leaf(x) for x in leaves])


@given(contents)
def test_roots_of_parts_are_nodes_of_the_whole(leaves: list[bytes]) -> None:
    hashes = hashed(leaves)
    size = 4 * merkle.HASH_BYTES
    parts = b"".join(merkle.root(hashes[i : i + size]) for i in range(0, len(hashes), size))
    assert merkle.root(parts) == merkle.root(hashes)


@given(contents, st.data())
def test_every_leaf_has_a_path_and_no_other_place_has_it(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    hashes, start = hashed(leaves), merkle.leaf(leaves[index])
    path, root, size = merkle.path(hashes, index), merkle.root(hashes), len(leaves)
    assert merkle.climb(start, index, size, path) == root
    for other in (*range(index), *range(index + 1, size + 2), -1):
        same = other < size and other >= 0 and leaves[other] == leaves[index]
        assert same or merkle.climb(start, other, size, path) != root


@given(contents, st.data())
def test_a_forged_leaf_or_path_leads_elsewhere(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    hashes, start = hashed(leaves), merkle.leaf(leaves[index])
    path, root, size = merkle.path(hashes, index), merkle.root(hashes), len(leaves)
    assert merkle.climb(merkle.leaf(leaves[index] + b"!"), index, size, path) != root
    assert merkle.climb(start, index, size, [*path, start]) is None
    if path:
        assert merkle.climb(start, index, size, path[1:]) != root
        step = data.draw(st.integers(0, len(path) - 1))
        bent = [*path[:step], bytes(32), *path[step + 1 :]]
        assert merkle.climb(start, index, size, bent) != root


@given(contents, st.data())
def test_every_edit_deletion_insertion_and_reorder_changes_the_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    root = merkle.root(hashed(leaves))
    at = data.draw(st.integers(0, len(leaves) - 1))
    new = data.draw(st.binary(max_size=40))
    changed = [
        [*leaves[:at], new, *leaves[at + 1 :]],
        [*leaves[:at], new, *leaves[at:]],
        leaves[:at] + leaves[at + 1 :],
        data.draw(st.permutations(leaves)),
    ]
    for other in changed:
        assert (merkle.root(hashed(other)) == root) == (other == leaves)


def test_a_leaf_is_never_a_node() -> None:
    """Without the prefixes a node's two halves would pass for a leaf's content."""
    two = hashed([b"a", b"b"])
    assert merkle.leaf(two) != merkle.root(two)
