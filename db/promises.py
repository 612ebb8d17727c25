"""What the policy promises, read from `db/policies/promises.toml`."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from db.policy import POLICIES
from db.policy_facts import Clause, Part, Words

if TYPE_CHECKING:
    from pathlib import Path

PROMISES = POLICIES / "promises.toml"

PromiseId = Annotated[str, Field(pattern=r"^P\d\d$")]


class Promise(Part):
    """One promise: its clause, our short words for it, and the page where it is seen kept."""

    id: PromiseId
    clause: Clause
    title: Words
    screen: Annotated[str, Field(pattern=r"^/[a-z-]*$")] | None = None


class _File(Part):
    promises: Annotated[tuple[Promise, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [promise.id for promise in self.promises]
        if ids != sorted(set(ids)):
            msg = "each id once, in order"
            raise ValueError(msg)
        return self


@lru_cache(maxsize=2)
def promises(path: Path = PROMISES) -> tuple[Promise, ...]:
    """Return every promise by its number. Raise pydantic's `ValidationError` for a wrong file."""
    return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).promises
