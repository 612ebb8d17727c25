"""The manifest: what an archive holds, each file's SHA-256, and a signature over all of it.

What is signed is JSON with sorted keys, without white space, of all but the signature. It names no
person: whose archive it is says a digest that only the portal can compare.
"""

from __future__ import annotations

import json
from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from db.policy import in_force

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.seal_keys import Verifier
    from services.archive_source import Order, Source
    from services.archive_zip import Entry

NAME: Final = "manifest.json"
FORMAT: Final = 1
SIGNATURE: Final = "signature"


def make(
    source: Source, order: Order, entries: Iterable[Entry], not_given: Iterable[dict[str, Any]]
) -> bytes:
    """Return the signed manifest. `not_given`: what can't be opened or proved, and why."""
    listed = [_line(one) for one in entries]
    content = {
        "jikim_export": FORMAT,
        "made_at": source.now.astimezone(UTC).isoformat(),
        "for_sha256": sha256(b"jikim export for " + source.member_id.bytes).hexdigest(),
        "store": source.tables.store.value,
        "groups": sorted(order.groups),
        "language": order.language,
        "policy_version": in_force(source.today).version,
        "files": listed,
        "rows": sum(line.get("rows", 0) for line in listed if line["name"].endswith(".json")),
        "not_given": list(not_given),
        "key_id": source.signer.verifier.key_id,
        "public_key": source.signer.verifier.public.hex(),
    }
    signed = content | {SIGNATURE: source.signer.sign(statement(content)).hex()}
    return json.dumps(signed, ensure_ascii=False, indent=1).encode() + b"\n"


def _line(one: Entry) -> dict[str, Any]:
    line: dict[str, Any] = {"name": one.name, "size": one.size, "sha256": one.sha256}
    return line if one.rows is None else line | {"rows": one.rows}


def statement(content: dict[str, Any]) -> bytes:
    """Return the bytes that are signed."""
    bare = {name: value for name, value in content.items() if name != SIGNATURE}
    return json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()


def signed(content: dict[str, Any], verifier: Verifier) -> bool:
    """Return whether `verifier`'s key signed this manifest."""
    try:
        signature = bytes.fromhex(content[SIGNATURE])
    except (KeyError, TypeError, ValueError):
        return False
    return verifier.signed(statement(content), signature)
