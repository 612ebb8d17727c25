"""What the sign-in service says about itself (OpenID Connect discovery)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.identity.clients import ACR, issuer
from services.identity.server import METHODS
from services.identity.signing import ALGORITHM

if TYPE_CHECKING:
    from db.settings import Settings


def metadata(settings: Settings) -> dict[str, Any]:
    """Return the discovery document."""
    base = issuer(settings)
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "end_session_endpoint": f"{base}/logout",
        "jwks_uri": f"{base}/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr"],
        "acr_values_supported": [ACR],
        "prompt_values_supported": ["none", "login", "select_account"],
        "ui_locales_supported": ["ko", "en"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }
