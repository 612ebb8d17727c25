"""A browser tab without a browser: speaks Streamlit's websocket protocol, and measures a rerun."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

PATIENCE = 30.0
_ANOTHER = (b'role="alert"', b'class="jk-hello" role="status"')
"""What stands in a page's place when it can't be, or when it wants a verification first."""


@dataclass(frozen=True)
class Place:
    """A page of a server: its path (`my-data`; empty: the first), seen with which cookie."""

    server: str
    path: str = ""
    cookie: str = ""

    @property
    def socket(self) -> str:
        """Return where the page's websocket is."""
        return f"ws://{urlsplit(self.server).netloc}/_stcore/stream"

    @property
    def headers(self) -> dict[str, str]:
        """Return what a browser would send along."""
        return {"Cookie": self.cookie} if self.cookie else {}

    @property
    def rerun(self) -> bytes:
        """Return the message that asks for a run of the page."""
        message = BackMsg()
        message.rerun_script.page_script_hash = calc_hash(self.path) if self.path else ""
        message.rerun_script.context_info.timezone = "Asia/Seoul"
        return bytes(message.SerializeToString())


def ended(raw: bytes) -> bool:
    """Return whether a run ended with this message.

    Raise `RuntimeError` when it ended badly, or shows anything but the page that was asked for.
    """
    if any(sign in raw for sign in _ANOTHER):
        msg = f"the page could not be shown, so its time means nothing: {raw!r}"
        raise RuntimeError(msg)
    if len(raw) > 200:  # noqa: PLR2004 (the end is a short message; reading the others costs time)
        return False
    message = ForwardMsg.FromString(raw)
    if message.WhichOneof("type") != "script_finished":
        return False
    how = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
    if how == "FINISHED_SUCCESSFULLY":
        return True
    msg = f"the run ended as {how}"
    raise RuntimeError(msg)


@dataclass
class Tab:
    """One open page."""

    place: Place
    raw: list[bytes] = field(default_factory=list)
    socket: ClientConnection = field(init=False)

    def __enter__(self) -> Self:
        """Open the websocket as a browser does."""
        self.socket = connect(
            self.place.socket,
            origin=Origin(self.place.server),
            additional_headers=self.place.headers,
            subprotocols=[Subprotocol("streamlit")],
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.socket.close()

    def rerun(self, asked: bytes | None = None) -> float:
        """Return how long a run takes until its end is heard, in milliseconds.

        `asked`: another message than that which asks for the page as it is.
        """
        self.raw = []
        asked, started = asked or self.place.rerun, time.perf_counter()
        self.socket.send(asked)
        while True:
            raw = self.socket.recv(timeout=PATIENCE)
            self.raw.append(raw if isinstance(raw, bytes) else raw.encode())
            if ended(self.raw[-1]):
                return (time.perf_counter() - started) * 1000

    def messages(self) -> list[ForwardMsg]:
        """Return what the last run sent."""
        return [ForwardMsg.FromString(raw) for raw in self.raw]
