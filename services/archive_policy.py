"""The policy as an archive holds it: the file of its facts, and the same in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.policy import POLICIES, policies
from db.words import N_
from services.policy_sections import sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.policy import Policy
    from services.archive_columns import Reading


def files(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Give the versions that are or were in force: a value names the one of its day."""
    for policy in policies():
        if policy.in_force_from <= reading.source.today:
            facts = POLICIES / f"{policy.version}.toml"
            yield f"policy/{policy.version}.toml", facts.read_bytes()
            yield f"policy/{policy.version}.txt", text(policy, reading).encode()


def text(policy: Policy, reading: Reading) -> str:
    """Return a version in plain sentences of ours."""
    return "\n".join(_lines(policy, reading)) + "\n"


def _lines(policy: Policy, reading: Reading) -> Iterator[str]:
    yield reading.say(N_("Privacy policy of {version}"), version=policy.version)
    yield f"SHA-256 {policy.sha256}"
    for section in sections(policy, reading.language):
        yield f"\n{section.clause}. {section.title}\n{section.gist}"
        for block in section.blocks:
            if block.title:
                yield f"\n{block.title}"
            if block.kind == "points":
                yield from (f"- {point}" for point in block.items)
            else:
                yield from (f"- {name}: {', '.join(said)}" for name, said in block.rows)
        yield from (f"* {silent}" for silent in section.silent)
