"""A changed archive is found out without the portal, and what was changed is named."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from db import seal_keys
from services import archive_check, archive_manifest
from services.__main__ import main
from services.archive_check import ArchiveError
from tests.archives import everywhere, source, take
from tests.people import member

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.archives import Taken
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P30")

Files = list[tuple[str, bytes]]
ROWS = "data/records_payment.json"


@pytest.fixture
def taken(portal_db: PortalDb, tmp_path: Path) -> Taken:
    one = member(portal_db)
    everywhere(portal_db, one)
    with source(portal_db, tmp_path / "keys", one) as given:
        return take(given)


def files(taken: Taken) -> Files:
    return [(name, taken.read(name)) for name in taken.zip.namelist()]


def packed(path: Path, content: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in content:
            opened.writestr(name, data)
    return path


def check(path: Path, keys: Path) -> archive_check.Checked:
    return archive_check.check(path, seal_keys.verifier(keys / seal_keys.PUBLIC))


def test_a_whole_archive_is_good(taken: Taken, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(taken.content)
    assert check(path, tmp_path / "keys").files == taken.made.files - 1
    # Packed anew by any program it says the same.
    check(packed(tmp_path / "again.zip", files(taken)[::-1]), tmp_path / "keys")


def replace(name: str, new: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda content: [(n, new(data) if n == name else data) for n, data in content]


WAYS: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a changed value": (replace(ROWS, lambda d: d.replace(b"39,000", b"99,000")),
                        f"changed: {ROWS}"),
    "a longer file": (replace(ROWS, lambda d: d + b" " * 3_000_000), f"changed: {ROWS}"),
    "a shorter file": (replace(ROWS, lambda d: d[:-1]), f"changed: {ROWS}"),
    "the page": (replace("index.html", lambda d: d + b" "), "changed: index.html"),
    "a missing file": (lambda c: [one for one in c if one[0] != ROWS], f"missing: {ROWS}"),
    "a file more": (lambda c: [*c, ("data/more.json", b"[]")], "added: data/more.json"),
    "one file for another": (replace("data/devices.csv", lambda _: b""),
                             "changed: data/devices.csv"),
}  # fmt: skip


@pytest.mark.parametrize("how", WAYS)
def test_what_was_changed_is_named(taken: Taken, tmp_path: Path, how: str) -> None:
    change, named = WAYS[how]
    path = packed(tmp_path / "changed.zip", change(files(taken)))
    with pytest.raises(ArchiveError) as error:
        check(path, tmp_path / "keys")
    assert str(error.value) == f"changed.zip is not as it was made: {named}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_file_of_one_name_is_named(taken: Taken, tmp_path: Path) -> None:
    path = packed(tmp_path / "twice.zip", [(ROWS, b"[]"), *files(taken)])
    with pytest.raises(ArchiveError, match=f"twice: {ROWS}"):
        check(path, tmp_path / "keys")


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], Files]:
    def changed(content: bytes) -> bytes:
        found = json.loads(content)
        change(found)
        return json.dumps(found).encode()

    return replace(archive_manifest.NAME, changed)


LISTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a digest": lambda m: m["files"][3].update(sha256="0" * 64),
    "a count": lambda m: m.update(rows=m["rows"] - 1),
    "a file less": lambda m: m["files"].pop(),
    "another day": lambda m: m.update(made_at="2020-01-01T00:00:00+00:00"),
    "what is not given": lambda m: m.update(not_given=[{}]),
    "no signature": lambda m: m.pop("signature"),
    "a signature of letters": lambda m: m.update(signature="x"),
    "something more": lambda m: m.update(more=1),
}


@pytest.mark.parametrize("how", LISTS)
def test_a_changed_list_is_found_out(taken: Taken, tmp_path: Path, how: str) -> None:
    path = packed(tmp_path / "list.zip", _manifest(LISTS[how])(files(taken)))
    with pytest.raises(ArchiveError, match=r"The list of list\.zip was changed"):
        check(path, tmp_path / "keys")


def test_its_own_key_proves_nothing(taken: Taken, tmp_path: Path) -> None:
    """Whoever signs anew with a key of theirs is found out by the key that one trusts."""
    seal_keys.create(tmp_path / "theirs")
    signer = seal_keys.signer(tmp_path / "theirs")

    def sign(found: dict[str, Any]) -> None:
        found["public_key"] = signer.verifier.public.hex()
        found["key_id"] = signer.verifier.key_id
        found["signature"] = signer.sign(archive_manifest.statement(found)).hex()

    path = packed(tmp_path / "theirs.zip", _manifest(sign)(files(taken)))
    check(path, tmp_path / "theirs")
    with pytest.raises(ArchiveError, match="another key"):
        check(path, tmp_path / "keys")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04", None])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes | None) -> None:
    seal_keys.create(tmp_path / "keys")
    path = tmp_path / "no.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"no\.zip is no archive"):
        check(path, tmp_path / "keys")
    packed(path, [("manifest.json", b"[]")])
    with pytest.raises(ArchiveError, match="is no archive"):
        check(path, tmp_path / "keys")


def test_damage_anywhere_is_found(taken: Taken, tmp_path: Path) -> None:
    """One byte in sixteen places: it does not open, or what does not is named."""
    for at in range(60, len(taken.content), len(taken.content) // 16):
        broken = bytearray(taken.content)
        broken[at] ^= 0xFF
        path = tmp_path / "broken.zip"
        path.write_bytes(bytes(broken))
        if files_differ(taken, bytes(broken)):
            with pytest.raises(ArchiveError):
                check(path, tmp_path / "keys")


def files_differ(taken: Taken, broken: bytes) -> bool:
    """Return whether the damage reaches a file, and not only what lies between them."""
    try:
        with zipfile.ZipFile(io.BytesIO(broken)) as opened:
            return any(opened.read(name) != taken.read(name) for name in opened.namelist())
    except Exception:  # noqa: BLE001 (whatever a damaged ZIP raises)
        return True


def test_the_list_names_nobody(taken: Taken) -> None:
    text = taken.read("manifest.json").decode()
    assert "haneul" not in text
    assert "하늘맘" not in text
    for row in taken.rows("messages_sent"):
        assert row["message_id"] not in text


def test_the_command_says_what_it_found(
    taken: Taken, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "mine.zip", tmp_path / "keys" / seal_keys.PUBLIC
    path.write_bytes(taken.content)
    assert main(["verify-export", str(path), "--key", str(key)]) == 0
    said = capsys.readouterr().out
    assert "Everything is as it was signed." in said
    assert f"{taken.made.rows} rows" in said
    packed(path, WAYS["a changed value"][0](files(taken)))
    assert main(["verify-export", str(path), "--key", str(key)]) == 1
    assert f"changed: {ROWS}" in capsys.readouterr().err
    assert main(["verify-export", str(path), "--key", str(tmp_path / "none")]) == 1
