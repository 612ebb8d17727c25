"""JSON Schema of each data file, with labels, purposes and how long: for a program in ten years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from db.declarations import ITEMS, KINDS, Sensitivity
from db.policy import in_force
from db.words import N_, RIGHTS, RecordKind
from services import archive_words
from services.archive_columns import LISTS, Form
from services.policy_sections import Voice
from services.profile_words import BASES
from services.retention import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.policy import Policy
    from services.archive_columns import Column, File, Reading

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final = {Form.NUMBER: "integer", Form.YES_NO: "boolean", Form.MARK: "boolean"}
_FORMATS: Final = {Form.DAY: "date", Form.MOMENT: "date-time", Form.ID: "uuid"}
WHILE_MEMBER: Final = N_("While you are a member; destroyed at once when you leave")


def schema(file: File, reading: Reading) -> dict[str, Any]:
    """Return the schema of `data/NAME.json`; the columns of the CSV are the same, in this order."""
    policy = in_force(reading.source.today)
    return {
        "$schema": DIALECT,
        "title": reading.say(file.title),
        "description": kept(file, reading, policy),
        "type": "array",
        "items": {
            "type": "object",
            "properties": {one.name: _property(one, reading) for one in file.columns},
            "required": list(file.names),
            "additionalProperties": False,
        },
        "x-policy-version": policy.version,
        **_told(file, reading, policy),
    }


def kept(file: File, reading: Reading, policy: Policy) -> str:
    """Return how long the rows of a file are kept, in a sentence."""
    if file.rule is None:
        said = WHILE_MEMBER if file.keeping is None else file.keeping
        return reading.say(said) if said else ""
    rule, voice = policy.rule(file.rule), Voice(reading.language)
    message = N_("{length} after leaving: {items}; all else is destroyed at once")
    if not rule.items:
        message = N_("{length} from the day of the event")
    return reading.say(
        message, length=voice.length(rule.period), items=", ".join(voice.names(rule.items))
    )


def _property(column: Column, reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {"title": reading.say(column.label)}
    if column.form in LISTS:
        found |= {"type": ["array", "null"], "items": {"type": "string"}}
    else:
        found["type"] = [_TYPES.get(column.form, "string"), "null"]
    if column.form in _FORMATS:
        found["format"] = _FORMATS[column.form]
    if column.words:
        # An import may hold a word that is none of ours, so they explain and don't forbid.
        found["x-words"] = {str(word): reading.say(said) for word, said in column.words.items()}
    return found


def _told(file: File, reading: Reading, policy: Policy) -> dict[str, Any]:
    if file.name == "profile":
        return {"x-items": {name: _item(name, reading, policy) for name in ITEMS}}
    if file.table != "record":
        return {}
    kind = KINDS[RecordKind(file.name.removeprefix("records_"))]
    return {
        "x-purposes": _purposes(kind.purposes, reading),
        "x-legal-basis": reading.say(BASES[kind.basis]),
    }


def _item(name: str, reading: Reading, policy: Policy) -> dict[str, Any]:
    item = ITEMS[name]
    ends = until(policy, name, reading.source.today).if_left_today
    return {
        "label": reading.say(item.label),
        "purposes": _purposes(item.purposes, reading),
        "legal_basis": reading.say(BASES[item.basis]),
        "exported": item.exportable,
        "sensitive": item.sensitivity is Sensitivity.SENSITIVE,
        "kept_if_left_until": ends.isoformat() if ends else None,
    }


def _purposes(names: Iterable[str], reading: Reading) -> dict[str, str]:
    listed = sorted(set(names) - RIGHTS)
    return {str(one): archive_words.purpose(reading.language, one) for one in listed}
