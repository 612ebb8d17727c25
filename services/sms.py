"""Sends text messages through one small interface: an HTTP service, or the mailbox on disk.

The HTTP service is asked with one request:

    POST {PORTAL_SMS_URL}
    Authorization: Bearer {PORTAL_SMS_TOKEN}
    Content-Type: application/json

    {"to": "01012345678", "text": "지킴 인증번호 123456", "id": "0b6f…"}

Any 2xx answer means that it was accepted; `id` is the same when a message is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httpx2

if TYPE_CHECKING:
    from db.settings import Settings

_TIMEOUT = 20.0  # seconds


@dataclass(frozen=True)
class Sms:
    """One text message."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str = ""


class Texter(Protocol):
    """Whoever can send a text message. Raises when it was not accepted."""

    def text(self, message: Sms) -> None:
        """Send one text message, or raise."""


class NotAccepted(Exception):  # noqa: N818 (a refusal of the service, tried again later)
    """The service did not answer, or not with 2xx; what it was sent or said is not repeated."""


class HttpTexter:
    """The HTTP service described above."""

    def __init__(self, url: str, token: str, client: httpx2.Client | None = None) -> None:
        """Take the service's address and bearer token."""
        self._url, self._token = url, token
        self._client = client or httpx2.Client(timeout=_TIMEOUT)

    def text(self, message: Sms) -> None:
        """Ask the service to send; raise `NotAccepted` when it does not."""
        try:
            answer = self._post(message)
        except Exception as error:  # noqa: BLE001 (whichever it is may hold the request)
            raise NotAccepted(type(error).__name__) from None
        if not answer.is_success:
            raise NotAccepted(answer.status_code)

    def _post(self, message: Sms) -> httpx2.Response:
        digits = "".join(c for c in message.to if c.isdigit() or c == "+")
        return self._client.post(
            self._url,
            headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
            json={"to": digits, "text": message.text, "id": message.message_id},
        )


def texter(settings: Settings, otherwise: Texter) -> Texter:
    """Return the HTTP service when it is set, else `otherwise` (the mailbox on disk)."""
    return HttpTexter(settings.sms_url, settings.sms_token) if settings.sms_url else otherwise
