"""Where a company may be told: a mail address, or a webhook that is open to the internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.words import NoticeMeans
from services.company_address import AddressRefused, check, public

PRIVATE = ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")


def webhook(address: str, *, here: bool = False) -> str | None:
    return check(NoticeMeans.WEBHOOK, address, here=here)


def test_told_by_hand_needs_no_address() -> None:
    assert check(NoticeMeans.NONE, "whatever", here=False) is None


def test_a_mail_address_is_brought_to_its_one_form() -> None:
    assert check(NoticeMeans.EMAIL, " privacy@EXAMPLE.com ", here=False) == "privacy@example.com"
    for wrong in ("", "privacy", "privacy@", "a@b@c.com", "a" * 400 + "@example.com"):
        with pytest.raises(AddressRefused):
            check(NoticeMeans.EMAIL, wrong, here=False)


def test_a_webhook_is_https_on_the_internet() -> None:
    assert webhook(" https://example.com/notice?a=b ") == "https://example.com/notice?a=b"
    assert webhook("https://8.8.8.8:8443/") == "https://8.8.8.8:8443/"


@pytest.mark.parametrize(
    "wrong",
    [
        "", "example.com", "http://example.com", "ftp://example.com", "https://",
        "https://a b.com/", "https://me:secret@example.com/", "https://example.com/#part",
        "https://example.com:port/",
        "https://localhost/", "https://shop.internal/", "https://shop.local./", "https://shop/",
        "https://2130706433/", "https://127.1/", "https://0x7f.0x1/", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/",
        "https://[::127.0.0.1]/", "https://224.0.0.1/", "https://exa\0mple.com/",
        "https://example.com/" + "a" * 300,
    ],
)  # fmt: skip
def test_no_webhook_is_anywhere_else(wrong: str) -> None:
    with pytest.raises(AddressRefused):
        webhook(wrong)


def test_only_a_portal_on_this_computer_may_tell_this_computer() -> None:
    assert webhook("http://localhost:9000/x", here=True) == "http://localhost:9000/x"
    for wrong in ("http://10.0.0.1/", "http://example.com/", "file://localhost/x"):
        with pytest.raises(AddressRefused):
            webhook(wrong, here=True)


@given(st.sampled_from(PRIVATE).flatmap(lambda net: st.ip_addresses(network=net)))
def test_no_private_address_is_public_in_any_wrapping(one: IPv4Address) -> None:
    assert not public(str(one))
    for wrapped in ("::", "::ffff:0:0", "64:ff9b::"):
        assert not public(f"[{IPv6Address(int(IPv6Address(wrapped)) + int(one))}]")
    assert not public(str(IPv6Address((0x2002 << 112) + (int(one) << 80))))
