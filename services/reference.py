"""What a company calls a member: a name of its own for each company, that says nothing outside.

Two companies can't tell by it that they mean the same person, and nobody can find the member by it
without the key that lies apart from all data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

_DIGITS = 32


def for_company(company_id: str, member_id: UUID) -> str:
    """Return the member's name at a company: 32 hex digits, always the same ones."""
    return house().keyring.blind(f"company:{company_id}", str(member_id)).hex()[:_DIGITS]
