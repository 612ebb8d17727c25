"""A sign-in provider on loopback that says what a test makes it say, true or not."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joserfc.jwk import Key
    from starlette.requests import Request

_KEY = RSAKey.generate_key(2048, {"kid": "one"})
CLIENT, SECRET = "client-of-ours", "the secret of our client at the other one"


@dataclass
class Hostile:
    """The provider. `lies` replaces claims (None leaves one out), `describes` its description."""

    address: str
    lies: dict[str, object] = field(default_factory=dict)
    describes: dict[str, object] = field(default_factory=dict)
    alg: str = "RS256"
    key: Key = field(default_factory=lambda: _KEY)
    silent: bool = False
    grumble: str = ""
    spent: set[str] = field(default_factory=set)
    nonce: str = ""
    now: float = field(default_factory=time.time)

    @property
    def settings(self) -> dict[str, Any]:
        """What the portal is told."""
        return {
            "member_metadata_url": f"{self.address}/.well-known/openid-configuration",
            "member_client_id": CLIENT,
            "member_client_secret": SECRET,
        }

    def description(self) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.describes

    def id_token(self) -> str:
        claims: dict[str, object] = {
            "iss": self.address,
            "sub": "somebody",
            "aud": CLIENT,
            "iat": int(self.now),
            "exp": int(self.now) + 600,
            "auth_time": int(self.now),
            "nonce": self.nonce,
        } | self.lies
        said = {name: value for name, value in claims.items() if value is not None}
        if self.alg == "none":
            return f"{_part({'alg': 'none'})}.{_part(said)}."
        header = {"alg": self.alg, "kid": "one"}
        return jwt.encode(header, said, self.key, algorithms=[self.alg])

    async def token(self, request: Request) -> JSONResponse:
        code = str((await request.form()).get("code"))
        if self.grumble or code in self.spent:
            words = {"error": "invalid_grant", "error_description": self.grumble}
            return JSONResponse(words, 400)
        self.spent.add(code)
        found = {"access_token": "access", "token_type": "Bearer", "expires_in": 60}
        return JSONResponse(found if self.silent else found | {"id_token": self.id_token()})

    @property
    def app(self) -> Starlette:
        async def described(_request: Request) -> JSONResponse:
            return JSONResponse(self.description())

        async def keys(_request: Request) -> JSONResponse:
            return JSONResponse({"keys": [_KEY.as_dict(private=False)]})

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", described),
                Route("/jwks", keys),
                Route("/token", self.token, methods=["POST"]),
            ]
        )


def symmetric(secret: str = SECRET) -> OctKey:
    """The key of whoever knows the client's secret."""
    return OctKey.import_key(secret)


def _part(values: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@contextmanager
def provider() -> Iterator[Hostile]:
    """Serve it on a loopback port of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        hostile = Hostile(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(hostile.app, log_level="critical", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        listening.listen()
        thread.start()
        try:
            yield hostile
        finally:
            server.should_exit = True
            thread.join(10)
