"""Where a company is told: an e-mail address, or a webhook on the public internet."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_address
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from db.errors import PortalError
from db.settings import LOOPBACK
from db.words import N_, NoticeMeans

_INNER = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa")
"""Endings of names that only a network of one's own knows."""
_WRAPS = tuple(map(IPv6Network, ("::/96", "64:ff9b::/96", "2001::/32", "2002::/16")))
"""IPv6 addresses that stand for an IPv4 address, perhaps one of a private network."""
_LONGEST = 300


class AddressRefused(PortalError):  # noqa: N818 (the officer writes another one)
    """The address can't be used; the sentence says what it has to look like."""


def check(means: NoticeMeans, address: str, *, here: bool) -> str | None:
    """Return the address in its one form, None for `NoticeMeans.NONE`.

    `here`: the portal itself is reached from this computer only, so that a webhook may be on it,
    too. Raise `AddressRefused`. A name is not looked up: who sends has to refuse private addresses
    once more, when it connects.
    """
    typed = address.strip()
    if means is NoticeMeans.NONE:
        return None
    if len(typed) > _LONGEST:
        raise AddressRefused(N_("The address is too long."))
    return _email(typed) if means is NoticeMeans.EMAIL else _webhook(typed, here=here)


def _email(typed: str) -> str:
    try:
        return validate_email(typed, check_deliverability=False).normalized
    except EmailNotValidError:
        raise AddressRefused(
            N_("This is no e-mail address. It looks like privacy@example.com.")
        ) from None


def _webhook(typed: str, *, here: bool) -> str:
    try:
        parts = urlsplit(typed)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    plain = bool(host) and typed.isprintable() and " " not in typed
    if not plain or parts.username or parts.password or parts.fragment:
        raise AddressRefused(
            N_("This is no web address. It looks like https://example.com/notice.")
        )
    if here and host in LOOPBACK and parts.scheme in {"http", "https"}:
        return typed
    if parts.scheme != "https":
        raise AddressRefused(N_("A web address must begin with https://."))
    if not public(host):
        raise AddressRefused(
            N_("This address is inside a private network. Use one that is open to the internet.")
        )
    return typed


def public(host: str) -> bool:
    """Return whether a host name or address may be one on the public internet."""
    name = host.rstrip(".").lower()
    try:
        found = ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        wraps = any(found in network for network in _WRAPS)
        return found.is_global and not found.is_multicast and not wraps
    # 2130706433 and 0x7f.1 are numbers to some, and mean 127.0.0.1.
    last = name.rpartition(".")[2]
    numeric = last.isdigit() or last.startswith("0x")
    return "." in name and not numeric and not name.endswith(_INNER)
