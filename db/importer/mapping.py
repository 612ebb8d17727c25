"""The map of an import: which table and column of a source becomes what. A TOML file, no code.

A cell is a column's name, or a table with one of `column`, `columns` (joined) and `constant`:

    nickname = "Alias"
    sex = { column = "Gender", map = { M = "male", F = "female" } }
    name = { columns = ["FirstName", "LastName"], join = " " }
    source = { constant = "paper" }
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from db.declarations import ITEMS, KINDS
from db.words import RecordKind


def _named(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Piece(BaseModel):
    """A part of a map; a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Lookup(Piece):
    """Another table's column, found by the value at hand: of a track's number, its name."""

    table: str
    key: str
    column: str


class Cell(Piece):
    """One value of a row.

    `map` gives other words for the source's, and any word it lacks is refused; `decimals` writes a
    number with that many places; `formats` are more ways (strptime) in which a date may be written.
    """

    column: str | None = None
    columns: list[Annotated[Cell, BeforeValidator(_named)]] = []
    constant: str | None = None
    join: str = " "
    words: dict[str, str] | None = Field(None, alias="map")
    lookup: Lookup | None = None
    decimals: int | None = Field(None, ge=0, le=6)
    formats: list[str] = []

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = (self.column is not None, bool(self.columns), self.constant is not None)
        if sum(given) != 1:
            msg = "give one of column, columns and constant"
            raise ValueError(msg)
        if self.lookup and self.column is None:
            msg = "a lookup needs column, whose value it looks up"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """Return how the row calls the value: the column, or the column looked up by it."""
        found = f"{self.lookup.table}.{self.lookup.column} by " if self.lookup else ""
        return f"{found}{self.column}"

    def leaves(self) -> list[Cell]:
        """Return the cells that are columns, this one or those it joins."""
        if self.column is not None:
            return [self]
        return [leaf for cell in self.columns for leaf in cell.leaves()]

    def label(self) -> str:
        """Return the columns' names, for a report."""
        return ", ".join(leaf.name for leaf in self.leaves()) or "constant"


Value = Annotated[Cell, BeforeValidator(_named)]


class OriginCells(Piece):
    """How values came to the source (clause 2.2). What is not said stays unsaid."""

    source: Value | None = None
    obtained_on: Value | None = None
    service: Value | None = None
    partner: Value | None = None
    policy_version: Value | None = None


def _cells(piece: OriginCells) -> dict[str, Cell]:
    found = {name: getattr(piece, name) for name in type(piece).model_fields}
    return {name: cell for name, cell in found.items() if isinstance(cell, Cell)}


class Part(OriginCells):
    """A table whose rows belong to members. `member` is the column with the member's key."""

    table: str
    member: str

    def cells(self) -> dict[str, Cell]:
        """Return every cell by its key."""
        return _cells(self)

    def plain_columns(self) -> list[str]:
        """Return the columns that are named without being a cell."""
        key = getattr(self, "key", None)
        return [self.member, *([key] if isinstance(key, str) else [])]

    @property
    def what(self) -> str:
        """Return what the rows become, for a report."""
        return type(self).__name__.lower()


class ItemCells(Cell, OriginCells):
    """An item of the member's own row. `required` refuses members who lack it."""

    required: bool = False


ItemValue = Annotated[ItemCells, BeforeValidator(_named)]


def importable(name: str) -> str:
    """Return the name of an item that an import may bring. Raise `ValueError` for others."""
    if name not in ITEMS:
        msg = f"“{name}” is no declared item; choose one of {', '.join(_profile_items())}"
        raise ValueError(msg)
    if name not in _profile_items():
        msg = "a device belongs in [[devices]]" if name == "device_id" else (
            "passwords are not imported: members set their own when they first sign in"
        )  # fmt: skip
        raise ValueError(msg)
    return name


def _profile_items() -> list[str]:
    return [i.name for i in ITEMS.values() if (i.shown or i.others) and i.name != "device_id"]


class Member(OriginCells):
    """The table with one row a member; `key` is the column that tells them apart."""

    table: str
    key: str
    joined_on: Value | None = None
    items: dict[str, ItemValue] = Field(min_length=1)

    @field_validator("items")
    @classmethod
    def _declared(cls, items: dict[str, ItemCells]) -> dict[str, ItemCells]:
        for name in items:
            importable(name)
        return items

    def cells(self) -> dict[str, Cell]:
        """Return every cell by its key."""
        return {**_cells(self), **self.items}


class Values(Part):
    """Values of one item in a table of their own, several a member, in the order of `key`."""

    key: str
    item: str
    value: Value

    @field_validator("item")
    @classmethod
    def _declared(cls, name: str) -> str:
        return importable(name)

    @property
    def what(self) -> str:
        """Return the item."""
        return self.item


class Lines(Piece):
    """A record's lines in a table of their own, written into its field, one under the other.

    `record` is the column with the record's key; lines stand in the order of `key`.
    """

    table: str
    record: str
    key: str
    field: str = "lines"
    text: Value

    def cells(self) -> dict[str, Cell]:
        """Return every cell by its key."""
        return {"text": self.text}


class Records(Part):
    """Records of one kind (clause 3.2). The event's date decides until when each is kept."""

    key: str
    kind: Annotated[RecordKind, Field(strict=False)]
    event_date: Value
    fields: dict[str, Value] = Field(min_length=1)
    lines: Lines | None = None

    @model_validator(mode="after")
    def _declared(self) -> Self:
        known = [field.name for field in KINDS[self.kind].fields]
        for name in [*self.fields, *([self.lines.field] if self.lines else [])]:
            if name not in known:
                msg = (
                    f"a {self.kind} record has no field “{name}”; choose one of {', '.join(known)}"
                )
                raise ValueError(msg)
        return self

    def cells(self) -> dict[str, Cell]:
        """Return every cell by its key."""
        return {**super().cells(), **{f"fields.{n}": c for n, c in self.fields.items()}}

    @property
    def what(self) -> str:
        """Return the kind."""
        return self.kind.value


class Consents(Part):
    """Consent records. A row that says neither yes nor no is no record: nothing is assumed."""

    key: str
    kind: Value
    granted: Value
    decided_at: Value | None = None
    channel: Value | None = None
    recipient: Value | None = None
    item: Value | None = None
    ends_on: Value | None = None
    wording: Value | None = None
    language: Value | None = None
    decided_by: Value | None = None


class Devices(Part):
    """Devices and their identifiers (clause 7)."""

    key: str
    identifier: Value
    last_used_on: Value | None = None


class Disclosures(Part):
    """What was given to whom (clause 5). `items` holds names of items, with commas between."""

    key: str
    recipient: Value
    items: Value
    disclosed_on: Value
    purpose: Value | None = None
    ground: Value | None = None
    kept_until: Value | None = None


class Uses(Part):
    """Which of the family's services a member uses: since when, last when."""

    service: Value
    since: Value | None = None
    last_used_on: Value | None = None


class Guardians(Part):
    """Links from a child, in `member`, to the guardian: both are keys of members (clause 1.2)."""

    guardian: str
    started_on: Value
    ended_on: Value | None = None
    means: Value | None = None
    proof: Value | None = None

    def plain_columns(self) -> list[str]:
        """Return the columns that are named without being a cell."""
        return [self.member, self.guardian]


class Map(Piece):
    """A whole map. `name` tells this source from others: it must stay the same for every run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    phone_country: str = Field("KR", pattern=r"^[A-Z]{2}$")
    date_formats: list[str] = []
    origin: OriginCells = OriginCells()
    member: Member
    values: list[Values] = []
    records: list[Records] = []
    consents: list[Consents] = []
    devices: list[Devices] = []
    disclosures: list[Disclosures] = []
    uses: list[Uses] = []
    guardians: list[Guardians] = []

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        if name == "demo":
            msg = "“demo” is the demo family's own; choose another name"
            raise ValueError(msg)
        return name

    @field_validator("origin")
    @classmethod
    def _constant(cls, origin: OriginCells) -> OriginCells:
        if any(cell.leaves() for cell in _cells(origin).values()):
            msg = (
                "what holds for every table must be constant; name columns in the table's own part"
            )
            raise ValueError(msg)
        return origin

    @model_validator(mode="after")
    def _items_once(self) -> Self:
        names = [*self.member.items, *(part.item for part in self.values)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            msg = f"the item “{twice}” comes from two places; keep one"
            raise ValueError(msg)
        return self

    @property
    def parts(self) -> list[Part]:
        """Return what comes with each member, in the order of import; guardians come last."""
        return [*self.values, *self.records, *self.consents, *self.devices, *self.disclosures,
                *self.uses]  # fmt: skip
