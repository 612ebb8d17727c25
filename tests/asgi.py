"""One request to an ASGI application, told in plain values."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Answer:
    """What came back; `reached` is what the application inside was given, if it was reached."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    reached: Scope | None = None

    @property
    def scope(self) -> Scope:
        """What the application inside was given; it must have been reached."""
        assert self.reached is not None, "nothing came through"
        return self.reached


def ask(  # noqa: PLR0913 (what a request consists of)
    wrap: Callable[[ASGIApp], ASGIApp],
    path: str = "/",
    *,
    kind: str = "http",
    client: str | None = "127.0.0.1",
    headers: dict[str, str] | None = None,
    answer: dict[str, str] | list[tuple[str, str]] | None = None,
    body: bytes = b"inside",
    method: str = "GET",
    status: int = 200,
    query: bytes = b"",
) -> Answer:
    """Ask `wrap(inner)`, whose inner application answers with `answer` headers and `body`."""
    got = Answer()
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    sent = [(k.lower().encode(), v.encode("latin-1")) for k, v in pairs]

    async def inner(scope: Scope, _receive: Receive, send: Send) -> None:
        got.reached = scope
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept", "headers": sent})
            return
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    async def send(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            got.status = message.get("status", 101)
            got.headers = Headers(raw=list(message.get("headers", ())))
        elif message["type"] == "websocket.close":
            got.status = message["code"]
        else:
            got.body += message.get("body", b"")

    asked: list[Message] = [{"type": "http.request"}]

    async def receive() -> Message:
        if not asked:
            await asyncio.Event().wait()  # the browser stays
        return asked.pop()

    given = {"host": "my.example.kr"} | (headers or {})
    scope: Scope = {
        "type": kind, "path": path, "method": method, "query_string": query,
        "scheme": "ws" if kind == "websocket" else "http", "client": client and (client, 5),
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in given.items() if v],
    }  # fmt: skip
    app: ASGIApp = wrap(inner)

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    return got
