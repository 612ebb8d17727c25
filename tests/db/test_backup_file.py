"""A backup's file: what went in comes out, or a clear sentence does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import backup_file, backup_keys
from db.backup_file import CHUNK, BackupError, Header, What

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.backup_keys import BackupKey

SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5)
SEALED = CHUNK + 16
FAILED = "pg_dump failed"


@pytest.fixture
def key(tmp_path: Path) -> BackupKey:
    backup_keys.create(tmp_path / "keys")
    return backup_keys.load(tmp_path / "keys")


def header(key: BackupKey) -> Header:
    return Header(What.DATA, uuid4(), datetime.now(UTC), None, key.key_id, 18, "0001")


def content(size: int) -> bytes:
    return bytes(n % 251 for n in range(size))


def written(path: Path, key: BackupKey, size: int = 3 * CHUNK + 5) -> bytes:
    """Write a backup and return the bytes of its file."""
    backup_file.write(path, header(key), key, [content(size)])
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.sampled_from(SIZES), st.integers(1, 3 * CHUNK))
def test_what_went_in_comes_out(tmp_path: Path, key: BackupKey, size: int, piece: int) -> None:
    whole, path = content(size), tmp_path / "x"
    one = header(key)
    backup_file.write(path, one, key, (whole[n : n + piece] for n in range(0, size, piece)))
    assert b"".join(backup_file.read(path, key)) == whole
    assert backup_file.check(path, key) == one == backup_file.header_of(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_more_than_two_chunks_are_held(tmp_path: Path, key: BackupKey) -> None:
    """Whoever gives the next piece sees that the one before it is gone."""
    given_, seen = 0, []

    def pieces() -> Iterator[bytes]:
        nonlocal given_
        for _ in range(20):
            given_ += CHUNK
            yield content(CHUNK)
            seen.append(given_ - (tmp_path / ".x.new").stat().st_size)

    backup_file.write(tmp_path / "x", header(key), key, pieces())
    assert max(seen) <= 2 * CHUNK


def test_nothing_plain_stands_in_it(tmp_path: Path, key: BackupKey) -> None:
    assert content(200) not in written(tmp_path / "x", key)


def changed(whole: bytes) -> dict[str, bytes]:
    """Return the file with one thing wrong, by what it is."""
    start = len(whole) - len(content(3 * CHUNK + 5)) - 4 * 16
    first, second = whole[start : start + SEALED], whole[start + SEALED : start + 2 * SEALED]
    rest = whole[start + 2 * SEALED :]
    flipped = bytearray(whole)
    flipped[start + 100] ^= 1
    return {
        "cut in a chunk": whole[:-1],
        "cut between chunks": whole[: start + 2 * SEALED],
        "cut before the chunks": whole[:start],
        "cut in the header": whole[:30],
        "a byte changed": bytes(flipped),
        "chunks exchanged": whole[:start] + second + first + rest,
        "a chunk twice": whole[:start] + first + first + second + rest,
        "a chunk missing": whole[:start] + second + rest,
        "something added": whole + b"x",
        "another salt": whole[: start - 1] + bytes([whole[start - 1] ^ 1]) + whole[start:],
        "another header": whole.replace(b'"postgres": 18', b'"postgres": 17'),
    }


@pytest.mark.parametrize("how", changed(b"x" * 4 * SEALED))
def test_what_was_changed_is_refused(tmp_path: Path, key: BackupKey, how: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(changed(written(path, key))[how])
    with pytest.raises(BackupError, match=r"x is incomplete, damaged or was changed\."):
        backup_file.check(path, key)


def test_another_key_another_version_and_another_file_are_named(
    tmp_path: Path, key: BackupKey
) -> None:
    path = tmp_path / "x"
    whole = written(path, key)
    with pytest.raises(BackupError, match="another key"):
        backup_file.check(path, backup_keys.BackupKey(b"k" * 32))
    path.write_bytes(whole.replace(b"jikim backup 1", b"jikim backup 2", 1))
    with pytest.raises(BackupError, match="another version of the portal"):
        backup_file.check(path, key)
    path.write_bytes(b"PGDMP" + whole)
    with pytest.raises(BackupError, match="no backup of this portal"):
        backup_file.check(path, key)
    with pytest.raises(BackupError, match="can't be read: No such file"):
        backup_file.check(tmp_path / "y", key)


def test_one_that_fails_half_way_leaves_the_one_before(tmp_path: Path, key: BackupKey) -> None:
    path = tmp_path / "x"
    before = written(path, key)

    def broken() -> Iterator[bytes]:
        yield content(2 * CHUNK)
        raise BackupError(FAILED)

    with pytest.raises(BackupError, match=FAILED):
        backup_file.write(path, header(key), key, broken())
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.glob("*x*")] == ["x"]
    with pytest.raises(BackupError, match=r"can't be written: No such file"):
        backup_file.write(tmp_path / "none" / "x", header(key), key, [b""])
