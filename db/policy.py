"""The privacy policy's facts, read from `db/policies/YYYY-MM-DD.toml`, one file a version.

The page that explains the policy and the engine that deletes data read the same values. Every part
says in which clause the text has it; where the text is silent, `not_stated` says so.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from db.errors import PortalError
from db.policy_facts import Facts, Rule, Silence
from db.toml_lines import line_of
from db.words import N_

if TYPE_CHECKING:
    from datetime import date

POLICIES = Path(__file__).parent / "policies"


class PolicyError(PortalError):
    """A policy file is wrong or missing, or a version in force was changed."""


class Policy(Facts):
    """A version of the policy with the SHA-256 of its file, in hex."""

    sha256: str

    def rule(self, rule_id: str) -> Rule:
        """Return the retention rule; its ids are `after_withdrawal` and those of `RecordKind`."""
        return next(rule for rule in self.retention if rule.id == rule_id)

    def silent(self, clause: str) -> tuple[Silence, ...]:
        """Return what the text does not state in a main clause (`"3"`)."""
        return tuple(silence for silence in self.not_stated if silence.clause == clause)


def load(path: Path) -> Policy:
    """Read one version.

    :raises PolicyError: naming the file, the line and what is wrong there.
    """
    raw = _read(path)
    text = _decoded(path, raw)
    values = _parsed(path, text)
    try:
        facts = Facts.model_validate(values)
    except ValidationError as error:
        raise _invalid(path, text, error) from None
    if facts.version != path.stem:
        raise _wrong(path, line_of(text, ("version",)), "version must be the file's name")
    return Policy.model_validate({**values, "sha256": sha256(raw).hexdigest()})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise PolicyError(N_("The policy file {file} can't be read."), file=path.name) from None


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _wrong(path, line, "the text is not UTF-8") from None


def _parsed(path: Path, text: str) -> dict[str, object]:
    try:
        return {key: _frozen(value) for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise _wrong(path, line, str(error)) from None


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _invalid(path: Path, text: str, error: ValidationError) -> PolicyError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return _wrong(path, line_of(text, first["loc"]), f"{name}: {first['msg']}".removeprefix(": "))


def _wrong(path: Path, line: int, reason: str) -> PolicyError:
    return PolicyError(
        N_("The policy file {file} is wrong in line {line}: {reason}"),
        file=path.name,
        line=line,
        reason=reason,
    )


@lru_cache(maxsize=8)
def policies(folder: Path = POLICIES) -> tuple[Policy, ...]:
    """Return every version in the folder, the oldest first.

    :raises PolicyError: a file is wrong, or there is none.
    """
    found = tuple(load(path) for path in sorted(folder.glob("????-??-??.toml")))
    if not found:
        raise PolicyError(N_("There is no policy in {folder}."), folder=folder.name)
    return found


def in_force(day: date, folder: Path = POLICIES) -> Policy:
    """Return the version in force on `day` (a Seoul day).

    :raises PolicyError: none is yet.
    """
    versions = [policy for policy in policies(folder) if policy.in_force_from <= day]
    if not versions:
        raise PolicyError(N_("No policy is in force on {day}."), day=day.isoformat())
    return versions[-1]
