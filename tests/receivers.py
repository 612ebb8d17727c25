"""A mail server and a company's webhook receiver, real ones, on this computer."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from services.webhook import signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


@dataclass
class PostOffice:
    """What a mail server took. It knows no mailbox that begins with `gone`."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    busy: bool = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 (the server's name for it)
        self,
        _server: object,
        _session: object,
        envelope: Any,  # noqa: ANN401 (the server has no type for it)
        address: str,
        _options: object,
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        if self.busy:
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """Serve until the block ends."""
    office, loop = PostOffice(), asyncio.new_event_loop()
    made = loop.create_server(lambda: SMTP(office, loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(made)
    office.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield office
    finally:

        async def close() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@dataclass
class Receiver:
    """A company's receiver. `says` is its answer; `hangs`, it never gives one."""

    port: int = 0
    secret: str = ""
    status: int = 200
    says: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    got: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.got]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            expected = signature(receiver.secret, self.headers["Jikim-Timestamp"], body)
            receiver.forged += expected != self.headers["Jikim-Signature"]
            receiver.got.append(json.loads(body) | {"header_id": self.headers["Jikim-Id"]})
            if receiver.hangs:
                receiver.done.wait(20)
                return
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.says)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve until the block ends."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.done.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
