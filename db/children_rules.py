"""What happens around a child's 14th birthday, and who may guard: `db/policies/children-*.toml`.

The policy is silent here, so these are the operator's settings, marked as such in the file.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from db.policy import POLICIES
from db.policy_facts import Part, Words
from db.words import ConsentKind  # noqa: TC001 (pydantic reads it at run time)

if TYPE_CHECKING:
    from pathlib import Path

FILE = POLICIES / "children-2026-11.toml"
Basis = Literal["operator"]


class ComingOfAge(Part):
    """The days around the birthday; `paused` are kinds whose yes by a guardian counts no more."""

    notice_days: int = Field(ge=1)
    answer_days: int = Field(ge=1)
    basis: Basis
    paused: tuple[Annotated[ConsentKind, Field(strict=False)], ...]
    why: Words


class Guardian(Part):
    """From which age on somebody may act for a child."""

    age: int = Field(ge=14)
    basis: Basis


class Dispute(Part):
    """How much may be said of a dispute, in characters."""

    basis: Basis
    longest: int = Field(ge=1)


class Rules(Part):
    """What the file holds."""

    version: str
    coming_of_age: ComingOfAge
    guardian: Guardian
    dispute: Dispute


@lru_cache(maxsize=2)
def rules(path: Path = FILE) -> Rules:
    """Return the rules. Raise pydantic's `ValidationError` for a wrong file."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    found["coming_of_age"]["paused"] = tuple(found["coming_of_age"]["paused"])
    return Rules.model_validate(found)
