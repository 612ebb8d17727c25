"""The archive's page: one file that opens on a telephone without a network, and can be searched.

It shows the newest rows of each kind and names the files that hold the rest. A policy in its head
forbids it to fetch anything or to run any script but its own.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from db import places
from db.declarations import KINDS, Group
from db.policy import in_force
from db.words import N_, ExportGroup, RecordKind
from services import (
    archive_schema,
    archive_words,
    profile_queries,
    retention,
    sharing,
    timeline,
)
from services.archive_columns import Form
from services.archive_profile import IMAGE, PROFILE, image_file
from services.flows import picture
from services.language import format_date, format_datetime, plural, translate
from services.profile_words import DATES, GROUPS, VALUES, as_date
from services.records import KindSummary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.archive_columns import File, Reading, Value, Values

NEWEST: Final = 200
"""Rows of each kind that the page shows; the files hold all of them."""
_TEMPLATES: Final = Path(__file__).parent / "templates"
_LARGEST_IMAGE: Final = 1 << 20
_PICTURES: Final = {".png": "image/png", ".jpg": "image/jpeg"}
TIMES: Final = frozenset({Form.DAY, Form.MOMENT})
_NOTES: Final = (
    "source", "partner", "service", "obtained_on", "policy_version", "changed_at", "purposes",
    "legal_basis", "kept_if_left_until",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One file as the page shows it; `count` of rows there are, `more` where it shows fewer.

    Cells are label, whether it is a time, and text.
    """

    name: str
    title: str
    kept: str
    count: int
    more: bool
    labels: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[tuple[str, bool, str], ...], ...]


@dataclass(frozen=True)
class Card:
    """One value of the profile. `notes` are labels with what is known of it."""

    label: str
    text: str
    image: str
    tags: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    problem: str


@dataclass(frozen=True)
class Part:
    """One group of files; those without a row are named in `empty`.

    `more`: the profile holds more values than `cards` shows.
    """

    id: str
    title: str
    count: int
    cards: tuple[tuple[str, tuple[Card, ...]], ...]
    more: bool
    tables: tuple[Table, ...]
    empty: tuple[str, ...]


def html(
    reading: Reading,
    files: Sequence[File],
    counts: dict[str, int],
    rows: dict[str, list[Values]],
) -> str:
    """Return the page. `rows` are the newest of each file, by its name."""
    source, language = reading.source, reading.language
    policy = in_force(source.today)
    drawn = _sharing(reading) if any(f.group is ExportGroup.SHARING for f in files) else None
    lines, end = _timeline(reading, counts) if _has_records(files) else ((), source.today)
    return _environment().get_template("archive.html").render(
        _=lambda message, **params: translate(language, message, **params),
        _n=lambda one, many, n, **params: plural(language, one, many, n, **params),
        language=language, made_at=source.now, version=policy.version,
        sender=" · ".join(one.name for one in policy.controllers),
        parts=_parts(reading, files, counts, rows), total=sum(counts.values()),
        lines=lines, end=end, today=source.today, flows=drawn, script=_script(),
        script_hash=_hash(_script()), key=source.signer.verifier.key_id, newest=NEWEST,
        receipts=counts.get("consents", 0) > 0, proofs=counts.get("who_looked", 0) > 0,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(date=format_date, moment=format_datetime)
    return made


@cache
def _script() -> str:
    return (_TEMPLATES / "archive.js").read_text(encoding="utf-8").strip()


@cache
def _hash(script: str) -> str:
    return base64.b64encode(sha256(script.encode()).digest()).decode()


def _parts(
    reading: Reading,
    files: Sequence[File],
    counts: dict[str, int],
    rows: dict[str, list[Values]],
) -> tuple[Part, ...]:
    by_group = {group: [one for one in files if one.group is group] for group in ExportGroup}
    return tuple(
        _part(reading, group, mine, counts, rows) for group, mine in by_group.items() if mine
    )


def _part(
    reading: Reading,
    group: ExportGroup,
    mine: list[File],
    counts: dict[str, int],
    rows: dict[str, list[Values]],
) -> Part:
    listed = [one for one in mine if counts[one.name] and one is not PROFILE]
    drawn = PROFILE in mine
    return Part(
        group.value, reading.say(archive_words.GROUPS[group]),
        sum(counts[one.name] for one in mine),
        _cards(reading, PROFILE, rows[PROFILE.name]) if drawn else (),
        drawn and counts[PROFILE.name] > NEWEST,
        tuple(_table(reading, one, counts[one.name], rows[one.name]) for one in listed),
        tuple(reading.say(one.title) for one in mine if not counts[one.name]),
    )  # fmt: skip


def _table(reading: Reading, file: File, count: int, rows: list[Values]) -> Table:
    """Return the newest rows in words, without columns in which none of them says anything."""
    columns = [(at, one) for at, one in enumerate(file.columns) if one.shown]
    said = [
        [archive_words.say(reading.language, one, row[at]) for at, one in columns] for row in rows
    ]
    used = [n for n in range(len(columns)) if any(row[n] for row in said)]
    labels = tuple((reading.say(columns[n][1].label), columns[n][1].form in TIMES) for n in used)
    told = tuple(tuple((*labels[at], row[n]) for at, n in enumerate(used)) for row in said)
    kept = archive_schema.kept(file, reading, in_force(reading.source.today))
    return Table(file.name, reading.say(file.title), kept, count, count > len(rows), labels, told)


def _cards(
    reading: Reading, file: File, rows: list[Values]
) -> tuple[tuple[str, tuple[Card, ...]], ...]:
    """Return the profile by the groups of clause 2.1."""
    by_group: dict[str, list[Card]] = {}
    for row in rows:
        held = dict(zip(file.names, row, strict=True))
        by_group.setdefault(str(held["group"] or ""), []).append(_card(reading, file, held))
    order = [*(str(group) for group in Group), ""]
    return tuple(
        (reading.say(GROUPS[Group(name)][0]) if name else "", tuple(by_group[name]))
        for name in order if name in by_group
    )  # fmt: skip


def _card(reading: Reading, file: File, held: dict[str, Value]) -> Card:
    columns = {column.name: column for column in file.columns}
    pairs = (
        (
            reading.say(columns[name].label),
            archive_words.say(reading.language, columns[name], held[name]),
        )
        for name in _NOTES
    )
    marks = {
        "sensitive": reading.say(N_("Sensitive")),
        "restricted": reading.say(N_("A use of it is stopped")),
    }
    return Card(
        str(held["label"]), _text(reading, held), _image(reading, held),
        tuple(text for name, text in marks.items() if held[name]),
        tuple((label, text) for label, text in pairs if text),
        archive_words.say(reading.language, columns["problem"], held["problem"]),
    )  # fmt: skip


def _text(reading: Reading, held: dict[str, Value]) -> str:
    if held["cleared_at"]:
        return reading.say(
            N_("Cleared on {day}"), day=format_date(datetime.fromisoformat(str(held["cleared_at"])))
        )
    item, value = str(held["item"]), str(held["value"] or "")
    known, day = VALUES.get(item, {}).get(value), as_date(value) if item in DATES else None
    return reading.say(known) if known else format_date(day) if day else value


def _image(reading: Reading, held: dict[str, Value]) -> str:
    """Return the profile image as a `data:` address, nothing for what is no picture."""
    if held["item"] != IMAGE or not held["value"]:
        return ""
    source, table = reading.source, reading.source.tables.profile_value
    sealed = source.data.scalar(
        table.select().with_only_columns(table.c.sealed).where(
            table.c.member_id == source.member_id, table.c.item == IMAGE,
            table.c.seq == held["seq"],
        )
    )  # fmt: skip
    name, content = image_file(
        source.open(sealed, places.profile(IMAGE, int(str(held["seq"])))) or ""
    )
    kind = _PICTURES.get(Path(name).suffix)
    if kind is None or len(content) > _LARGEST_IMAGE:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _has_records(files: Sequence[File]) -> bool:
    return any(one.group is ExportGroup.RECORDS for one in files)


def _timeline(reading: Reading, counts: dict[str, int]) -> tuple[tuple[timeline.Line, ...], date]:
    source = reading.source
    rows = source.data.execute(
        profile_queries.counts(source.tables.store), {"member": source.member_id}
    ).mappings()
    kinds = tuple(
        KindSummary(**{**row, "kind": KINDS[RecordKind(row["kind"])]})
        for row in rows
        if counts.get(f"records_{row['kind']}")
    )
    policy = in_force(source.today)
    return timeline.lines(reading.language, retention.bars(kinds), policy, source.today)


def _sharing(reading: Reading) -> dict[str, Any] | None:
    found = sharing.read(reading.source)
    if not found.flows:
        return None
    today = reading.source.today
    drawn = picture(found.flows, today)
    return {
        "items": [archive_words.item(reading.language, name) for name in drawn.items],
        "recipients": drawn.recipients,
        "rows": drawn.rows,
        "image": drawn.image,
        "past": any(not flow.kept(today) for flow in found.flows),
    }
