"""One HTTP request as Authlib reads it, with the transaction and the instant it is answered in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import OAuth2Payload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from services.identity.browser import BrowserSession

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Incoming:
    """What came over HTTP: plain values, so that it can be handed to a thread."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(repr=False)
    query: Pairs = field(default=(), repr=False)
    form: Pairs = field(default=(), repr=False)


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP; `body` is JSON when it is a mapping."""

    status: int
    body: str | dict[str, object]
    headers: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str | None:
        """Return where a redirect leads."""
        return next((v for k, v in self.headers if k.lower() == "location"), None)


class Payload(OAuth2Payload):
    """The parameters of a request: those of the address on GET, of the form on POST."""

    def __init__(self, pairs: Pairs) -> None:
        """Keep every value of every name; what is sent twice can be refused."""
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        """Return the first value of each name."""
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> dict[str, list[str]]:
        """Return all values of each name."""
        return self._lists


class Exchange(OAuth2Request):
    """A request under way. Authlib's hooks find the transaction here."""

    def __init__(
        self, incoming: Incoming, data: Connection, now: datetime, browser: str | None = None
    ) -> None:
        """Take what came in, the caller's transaction, and the browser's cookie."""
        super().__init__(incoming.method, incoming.uri, headers=incoming.headers)
        self.incoming = incoming
        self.payload = Payload(incoming.query + incoming.form)
        self.connection = data
        self.now = now
        self.browser = browser
        self.session: BrowserSession | None = None

    @property
    def args(self) -> dict[str, str | None]:
        """Return the parameters of the address."""
        return dict(self.incoming.query)

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters of the body."""
        return dict(self.incoming.form)
