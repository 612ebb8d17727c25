"""The key that signs ID tokens, in a file of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from joserfc.jwk import KeySet, RSAKey

from db.keyring import private_file

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHM = "RS256"
"""The one algorithm every OpenID Connect client must understand."""


def signing_key(var: Path) -> RSAKey:
    """Return the key in `var/keys/signin.jwk`, made when absent (two starters agree on one)."""
    path = var / "keys" / "signin.jwk"
    fresh = b"" if path.exists() else _fresh()
    return RSAKey.import_key(json.loads(private_file(path, fresh)))


def _fresh() -> bytes:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, private=True)
    key.ensure_kid()
    return json.dumps(key.as_dict(private=True)).encode()


def public_keys(key: RSAKey) -> dict[str, Any]:
    """Return the JWKS document: what a client needs to check a token, and nothing that signs."""
    return dict(KeySet([key]).as_dict(private=False))
