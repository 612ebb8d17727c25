"""Posts a signed notice to a company's webhook; docs/webhooks.md tells the company's side of it."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx2

from db.settings import LOOPBACK
from services.company_address import public

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

TIMEOUT: Final = 10.0  # seconds for all of it: one that drips bytes must not keep the worker
_MOST: Final = 65_536  # bytes of an answer that are read


class NotTaken(Exception):  # noqa: N818 (tried again later)
    """The receiver did not take a notice. Says which error or status, nothing it was sent."""


@dataclass(frozen=True)
class Call:
    """One notice: where to, under which id (the same at every attempt), signed with what."""

    address: str
    notice_id: UUID
    secret: str = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    at: datetime


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of timestamp, a full stop and the body, in hex."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def post(call: Call, *, here: bool, timeout: float = TIMEOUT) -> bool:
    """Return whether the receiver acknowledged at once; raise `NotTaken` unless it said 2xx.

    `here`: the portal is reached from this computer only, so that a receiver may be on it, too.
    """
    try:
        return asyncio.run(_within(call, timeout, here=here))
    except NotTaken:
        raise
    except Exception as error:  # noqa: BLE001 (whichever it is may hold the request)
        raise NotTaken(type(error).__name__) from None


async def _within(call: Call, timeout: float, *, here: bool) -> bool:  # noqa: ASYNC109 (of it all)
    async with asyncio.timeout(timeout):
        url, host = await _resolved(call.address, here=here)
        # No proxy and no netrc from the environment: what is signed goes straight there.
        async with httpx2.AsyncClient(trust_env=False, timeout=timeout) as client:
            request = client.build_request("POST", url, content=_body(call), headers=_headers(call))
            request.headers["Host"] = urlsplit(call.address).netloc
            request.extensions["sni_hostname"] = host
            answer = await client.send(request, stream=True, follow_redirects=False)
            if not answer.is_success:
                raise NotTaken(str(answer.status_code))
            return _acknowledged(await _start_of(answer))


async def _resolved(address: str, *, here: bool) -> tuple[httpx2.URL, str]:
    """Return the address with a number for its name, so that what was checked is what is called.

    Raise `NotTaken` for one inside a private network (`company_address.check` says why), unless it
    is this computer and `here`.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    number = str(found[0][4][0])
    ours = here and host in LOOPBACK
    if not ours and (parts.scheme != "https" or not public(number)):
        msg = "PrivateAddress"
        raise NotTaken(msg)
    return httpx2.URL(address).copy_with(host=number), host


def _body(call: Call) -> bytes:
    return json.dumps(call.body, ensure_ascii=False, sort_keys=True).encode()


def _headers(call: Call) -> dict[str, str]:
    timestamp = str(int(call.at.timestamp()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "jikim",
        "Jikim-Id": str(call.notice_id),
        "Jikim-Timestamp": timestamp,
        "Jikim-Signature": signature(call.secret, timestamp, _body(call)),
    }


async def _start_of(answer: httpx2.Response) -> bytes:
    read = b""
    async for piece in answer.aiter_bytes():
        read += piece
        if len(read) > _MOST:
            return b""
    return read


def _acknowledged(content: bytes) -> bool:
    try:
        said = json.loads(content)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("acknowledged") is True
