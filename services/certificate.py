"""The certificate of leaving: found by a number and a secret of which we keep only the digests.

It lists each kind: destroyed when, or kept until when under which rule, and how many; no value, no
name. Its statement is signed (Ed25519) with the ledger's key, so that it can be checked without us
(clause 9; P34).
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from db.errors import PortalError
from db.sealing import digest
from db.words import N_
from services.leaving_plan import Line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Connection

    from db.seal_keys import Verifier

FORMAT: Final = 1
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: none of them is taken for another."""
_NUMBER, _SECRET, _GROUP = 10, 20, 5
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


class CertificateError(PortalError):
    """A certificate is unknown, or proves nothing."""


@dataclass(frozen=True)
class Certificate:
    """A number (50 bits) and a secret (100 bits), as they are shown: in groups of five."""

    number: str
    secret: str

    @property
    def digests(self) -> tuple[bytes, bytes]:
        """Return by what the portal knows it: number and secret, each on its own."""
        return digest(f"number:{self.number}"), digest(f"secret:{self.secret}")


@dataclass(frozen=True)
class StatusLine:
    """A kind, its fate on leaving, and when it was destroyed; None while it is kept."""

    line: Line
    destroyed_at: datetime | None


@dataclass(frozen=True)
class Told:
    """A company that was asked to delete, and when it confirmed."""

    name: str
    answered_at: datetime | None


@dataclass(frozen=True)
class Status:
    """What became of the data of somebody who left. `erased_at`: when it left the files, too."""

    left_at: datetime
    erased_at: datetime | None
    policy_version: str
    key_id: str
    signature: bytes
    lines: tuple[StatusLine, ...]
    told: tuple[Told, ...]

    @property
    def kept_until(self) -> date | None:
        """Return the last day of what is still kept, None when nothing is."""
        ends = [one.line.kept_until for one in self.lines if not one.destroyed_at]
        return max((end for end in ends if end), default=None)


def _random(length: int) -> str:
    return _grouped("".join(secrets.choice(_LETTERS) for _ in range(length)))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def new() -> Certificate:
    """Return a fresh number and secret."""
    return Certificate(_random(_NUMBER), _random(_SECRET))


def made_of(number: bytes, secret: bytes) -> Certificate:
    """Return the certificate that two digests of 32 bytes always give: for the demo."""
    return Certificate(
        *(
            _grouped("".join(_LETTERS[byte % len(_LETTERS)] for byte in given[:length]))
            for given, length in ((number, _NUMBER), (secret, _SECRET))
        )
    )


def typed(number: str, secret: str) -> Certificate:
    """Return what somebody typed, whatever the case and the marks between."""
    return Certificate(*(_grouped(_read(text)) for text in (number, secret)))


def _read(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper()).translate(_ALIKE)


def statement(
    number_digest: bytes, left_at: datetime, policy_version: str, lines: Iterable[Line]
) -> bytes:
    """Return the bytes that are signed: JSON with sorted keys, without white space."""
    content = {
        "jikim_certificate": FORMAT,
        "number_sha256": number_digest.hex(),
        "left_at": moment(left_at),
        "policy_version": policy_version,
        "lines": [as_json(line) for line in lines],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def moment(at: datetime) -> str:
    """Return an instant as the file has it: ISO 8601, UTC."""
    return at.astimezone(UTC).isoformat()


def as_json(line: Line) -> dict[str, Any]:
    """Return a line as the certificate's file has it."""
    until = line.kept_until.isoformat() if line.kept_until else None
    return {"kind": line.kind, "count": line.count, "rule": line.rule, "kept_until": until}


def status(connection: Connection, given: Certificate) -> Status | None:
    """Return what became of it, None for a number and secret that don't belong together.

    Two queries, as either role; the database looks by the digests alone.
    """
    columns = (
        "left_at", "erased_at", "policy_version", "key_id", "signature", "line", "kind", "count",
        "rule", "kept_until", "destroyed_at",
    )  # fmt: skip
    found = func.ops.withdrawal_status(*given.digests).table_valued(*columns)
    rows = connection.execute(select(found)).mappings().all()
    if not rows:
        return None
    first = rows[0]
    lines = tuple(
        StatusLine(
            Line(row["kind"], row["count"], row["rule"], row["kept_until"]), row["destroyed_at"]
        )
        for row in rows
        if row["line"] is not None
    )
    return Status(
        first["left_at"], first["erased_at"], first["policy_version"], first["key_id"],
        bytes(first["signature"]), lines, _told(connection, given),
    )  # fmt: skip


def _told(connection: Connection, given: Certificate) -> tuple[Told, ...]:
    found = func.ops.withdrawal_told(*given.digests).table_valued("name", "answered_at")
    return tuple(Told(*row) for row in connection.execute(select(found)))


def file(given: Certificate, found: Status, verifier: Verifier) -> dict[str, Any]:
    """Return the certificate's file: what was signed, the signature, and the key that checks it."""
    return {
        "jikim_certificate": FORMAT,
        "number": given.number,
        "number_sha256": given.digests[0].hex(),
        "left_at": moment(found.left_at),
        "policy_version": found.policy_version,
        "lines": [as_json(one.line) for one in found.lines],
        "signature": found.signature.hex(),
        "key_id": found.key_id,
        "public_key": verifier.public.hex(),
    }


def load(path: Path) -> dict[str, Any] | None:
    """Return the certificate of a file, None when the file is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_one = isinstance(found, dict) and found.get("jikim_certificate") == FORMAT
    return found if is_one else None


def check(given: dict[str, Any], verifier: Verifier) -> None:
    """Check a certificate's file under a key that one trusts. Raise `CertificateError`."""
    signed = ("jikim_certificate", "number_sha256", "left_at", "policy_version", "lines")
    try:
        content = {name: given[name] for name in signed}
        signature = bytes.fromhex(given["signature"])
        number = digest(f"number:{given['number']}").hex()
    except (KeyError, TypeError, ValueError):
        raise CertificateError(N_("Something is missing in this certificate.")) from None
    said = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    if number != content["number_sha256"] or not verifier.signed(said, signature):
        raise CertificateError(N_("This certificate was changed, or signed with another key."))
