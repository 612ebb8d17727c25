"""What a company or the desk calls a member: a name that says nothing outside.

Each company has one of its own: two can't tell by it that they mean the same person. Nobody can
find the member by it without the key that lies apart from all data.
"""

from __future__ import annotations

from base64 import b32encode
from typing import TYPE_CHECKING

from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

_DIGITS = 32
_LETTERS = 8


def for_company(company_id: str, member_id: UUID) -> str:
    """Return the member's name at a company: 32 hex digits, always the same ones."""
    return house().keyring.blind(f"company:{company_id}", str(member_id)).hex()[:_DIGITS]


def for_desk(member_id: UUID) -> str:
    """Return what the desk's lists call a member: two groups of four letters, always the same."""
    digest = house().keyring.blind("desk", str(member_id))
    letters = b32encode(digest).decode()[:_LETTERS]
    return f"{letters[:4]}-{letters[4:]}"
