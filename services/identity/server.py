"""The OpenID Connect provider on Authlib: authorization code flow with PKCE S256, nothing else."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from authlib.oauth2 import rfc6749, rfc7636
from authlib.oauth2.rfc6749 import InvalidRequestError, grants
from authlib.oidc.core import OpenIDCode, UserInfo
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest

from services.identity import browser, codes
from services.identity.clients import ACR, Client, clients, issuer
from services.identity.exchange import Answer, Exchange
from services.identity.signing import ALGORITHM, public_keys, signing_key

if TYPE_CHECKING:
    from authlib.oauth2 import OAuth2Error
    from joserfc.jwk import RSAKey

    from db.settings import Settings
    from services.identity.people import Person

TOKEN_LASTS = timedelta(minutes=10)
METHODS = ("client_secret_basic", "client_secret_post")


class CodeGrant(grants.AuthorizationCodeGrant):
    """The code flow, with codes in our table."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Exchange

    def save_authorization_code(self, code: str, request: Any) -> None:  # noqa: ANN401
        """Store a code for the person who signed in with this browser."""
        payload, session = request.payload, request.session
        stands_for = codes.Code(
            session.person,
            payload.redirect_uri,
            request.scope,
            payload.data.get("nonce"),
            payload.data["code_challenge"],
            session.auth_time,
            ACR,
        )
        codes.keep(request.connection, code, request.client.client_id, stands_for, request.now)

    def query_authorization_code(self, code: str, client: Any) -> codes.Code | None:  # noqa: ANN401
        """Spend the code. A wrong verifier afterwards does not bring it back."""
        return codes.take(self.request.connection, code, client.client_id, self.request.now)

    def delete_authorization_code(self, authorization_code: codes.Code) -> None:
        """Do nothing: it was spent when it was looked up."""

    def authenticate_user(self, authorization_code: codes.Code) -> Person:
        """Return the person the code stands for."""
        return authorization_code.person


class Pkce(rfc7636.CodeChallenge):
    """PKCE that can't be left out or done with `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 (Authlib's own attribute)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401
        """Raise `InvalidRequestError` unless a S256 challenge is there."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with S256 is required.")  # noqa: EM101, TRY003 (never shown)
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):
    """Who signed in, when and how. No e-mail, no name: the portal has those behind its gate."""

    def __init__(self, settings: Settings, key: RSAKey) -> None:
        """Take the issuer's address and its key."""
        super().__init__(require_nonce=True)
        self._issuer = issuer(settings)
        self._key = key

    def exists_nonce(self, nonce: str, request: Any) -> bool:  # noqa: ANN401, ARG002
        """Say no: a code is spent at its first exchange, so a nonce can't be replayed with it."""
        return False

    def resolve_client_private_key(self, client: Client) -> RSAKey:  # noqa: ARG002
        """Return the signing key."""
        return self._key

    def get_client_algorithm(self, client: Client) -> str:  # noqa: ARG002
        """Return the signing algorithm."""
        return ALGORITHM

    def get_encode_header(self, client: Client) -> dict[str, Any]:  # noqa: ARG002
        """Return the token's header, which names the key."""
        return {"alg": ALGORITHM, "kid": self._key.kid}

    def get_compatible_claims(self, request: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the claims that are the same for everybody."""
        issued = int(request.now.timestamp())
        return {
            "iss": self._issuer,
            "aud": request.client.client_id,
            "iat": issued,
            "exp": issued + int(TOKEN_LASTS.total_seconds()),
        }

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:  # noqa: ARG002
        """Return the subject alone."""
        return UserInfo(sub=user.subject)


class EndSession(EndSessionEndpoint):
    """Sign-out asked for by the portal (OpenID Connect RP-initiated logout)."""

    def __init__(self, key: RSAKey) -> None:
        """Take the key tokens are checked with."""
        super().__init__()
        self._keys = public_keys(key)

    def get_server_jwks(self) -> dict[str, Any]:
        """Return our own public keys."""
        return self._keys

    def get_algorithms(self) -> list[str]:
        """Return the one algorithm we sign with."""
        return [ALGORITHM]

    def end_session(self, end_session_request: EndSessionRequest) -> None:
        """Forget the browser that asks."""
        exchange: Any = end_session_request.request
        browser.end(exchange.connection, exchange.browser)


class SignInServer(rfc6749.AuthorizationServer):
    """The three portal clients' provider. Holds no state: everything is in the request."""

    def __init__(self, settings: Settings) -> None:
        """Read or make the key and the clients' secrets under `settings.var`."""
        super().__init__(scopes_supported=None)
        self.key = signing_key(settings.var)
        self.clients = clients(settings)
        self.register_token_generator("default", _access_token)  # type: ignore[arg-type]
        extensions: list[Any] = [Pkce(required=True), IdToken(settings, self.key)]
        self.register_grant(CodeGrant, extensions)
        self.register_endpoint(EndSession(self.key))

    def query_client(self, client_id: str) -> Client | None:  # type: ignore[override]
        """Return a registered client."""
        return self.clients.get(client_id)

    def exchange_code(self, exchange: Exchange) -> Answer:
        """Return the answer of the token endpoint."""
        return cast("Answer", self.create_token_response(exchange))

    def redirect_error(self, exchange: Exchange, error: OAuth2Error) -> str:
        """Return where an error of a good client is sent, with the error in the address."""
        return str(cast("Answer", self.handle_error_response(exchange, error)).location)

    def leaving(self, exchange: Exchange) -> EndSessionRequest:
        """Return a checked sign-out request. Raise `OAuth2Error` for a damaged one."""
        return cast("EndSessionRequest", self.validate_endpoint_request("end_session", exchange))

    def leave(self, request: EndSessionRequest) -> str:
        """End the browser's session; return where to go, or nothing."""
        answer: Answer | None = self.create_endpoint_response("end_session", request)  # type: ignore[no-untyped-call]
        return (answer.location if answer else None) or ""

    def save_token(self, token: dict[str, Any], request: Any) -> None:  # noqa: ANN401
        """Do nothing: the access token opens nothing, so nobody needs to know it."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: nobody listens."""

    def create_oauth2_request(self, request: Any) -> Exchange:  # noqa: ANN401
        """Return the request as it is: the edge made an `Exchange` of it."""
        if not isinstance(request, Exchange):
            msg = "requests reach the sign-in server as Exchange"
            raise TypeError(msg)
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:  # noqa: ANN401
        """Return what goes back."""
        return Answer(status, body, tuple(headers))


def _access_token(**_: object) -> dict[str, Any]:
    """Return an access token, which the protocol wants; no endpoint of ours accepts one."""
    return {
        "token_type": "Bearer",
        "access_token": secrets.token_urlsafe(24),
        "expires_in": int(TOKEN_LASTS.total_seconds()),
        "scope": "openid",
    }
