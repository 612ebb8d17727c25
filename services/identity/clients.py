"""The portal's three registrations at the built-in sign-in service."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import ClientMixin, scope_to_list

from db import keyring

if TYPE_CHECKING:
    from db.settings import Settings
    from services.identity.people import Kind

MEMBER, VERIFY, STAFF = "portal-member", "portal-verify", "portal-staff"
PATH = "/signin"
ACR = "urn:jikim:password"
"""How the built-in service identifies somebody: by their password."""
_METHODS = frozenset({"client_secret_basic", "client_secret_post"})


def issuer(settings: Settings) -> str:
    """Return the built-in service's issuer; a token's `iss` equals it exactly."""
    return f"{settings.address}{PATH}"


@dataclass(frozen=True)
class Client(ClientMixin):
    """One registration: whose accounts it may sign in, and the one address it returns to."""

    client_id: str
    kind: Kind
    redirect_uri: str
    client_secret: str = field(repr=False)

    @property
    def client_metadata(self) -> dict[str, list[str]]:
        """Return what the end-session endpoint asks for."""
        return {"post_logout_redirect_uris": [self.redirect_uri]}

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """Return nothing: a request must name its address."""
        return ""

    def get_allowed_scope(self, scope: Any) -> str:  # noqa: ANN401
        """Return `openid` when asked for; whatever else is asked is not given."""
        return "openid" if "openid" in scope_to_list(scope or "") else ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether this is the registered address, letter by letter."""
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether the secret is right, in the same time either way."""
        return hmac.compare_digest(client_secret.encode(), self.client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """Return whether the client may show its secret this way."""
        return method in _METHODS

    def check_response_type(self, response_type: str) -> bool:
        """Return whether this is the code flow."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether this is the code grant."""
        return grant_type == "authorization_code"


def clients(settings: Settings) -> dict[str, Client]:
    """Return the three registrations by id; their secrets are made when first asked for."""
    kinds: dict[str, Kind] = {MEMBER: "member", VERIFY: "member", STAFF: "staff"}
    back = f"{settings.address}/oauth2callback"
    return {
        name: Client(name, kind, back, keyring.secret_text(settings.var / "secrets" / name))
        for name, kind in kinds.items()
    }
