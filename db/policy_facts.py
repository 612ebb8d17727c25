"""The shape of a policy file: what each key is called, its type, and its clause.

The facts are those of the policy of 2021-03-15. What that text leaves open is optional here, and
absent from its file.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from db.declarations import ITEMS, Group
from db.period import Period
from db.words import Channel, Purpose, RecordKind, Source

AFTER_WITHDRAWAL = "after_withdrawal"


class Part(BaseModel):
    """A frozen piece of a policy; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Words(Part):
    """The same in both languages."""

    ko: str = Field(min_length=1)
    en: str = Field(min_length=1)


def _item(name: str) -> str:
    if name not in ITEMS:
        msg = f"“{name}” is no declared item"
        raise ValueError(msg)
    return name


Clause = Annotated[str, Field(pattern=r"^\d{1,2}(\.\d)?$")]
ItemName = Annotated[str, Field(min_length=1)]
PurposeName = Annotated[Purpose, Field(strict=False)]
SourceName = Annotated[Source, Field(strict=False)]
KindName = Annotated[RecordKind, Field(strict=False)]
ChannelName = Annotated[Channel, Field(strict=False)]


class Items(Part):
    """Names of declared items."""

    items: tuple[ItemName, ...] = ()

    @field_validator("items")
    @classmethod
    def _declared(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_item(name) for name in names)


class Controller(Part):
    """A company that the text names as its author; `written` is the name to the letter."""

    name: str
    written: str
    clause: Clause


class Use(Part):
    """A sub-purpose (clause 1)."""

    id: PurposeName
    name: Words


class PurposeGroup(Part):
    """One of the three purposes (clause 1)."""

    id: str
    clause: Clause
    name: Words
    uses: tuple[Use, ...] = Field(min_length=1)


class ItemGroup(Items):
    """One of the four groups of items (clause 2.1)."""

    id: Annotated[Group, Field(strict=False)]
    clause: Clause
    required: bool
    name: Words


class Collection(Part):
    """A way in which data comes (clause 2.2); `joining` where the text means it for sign-up."""

    id: SourceName
    clause: Clause
    joining: bool
    name: Words


class Keeping(Part):
    """The rule without a period: what has served its purpose goes (clause 3)."""

    clause: Clause
    after_purpose: Literal["destroyed_without_delay"]
    only_for_its_reason: bool
    statutes_named: tuple[Words, ...]


class Reason(Part):
    """A reason for which data is retained (clause 3.1)."""

    id: str
    name: Words


class Rule(Items):
    """A retention rule with a period (clauses 3.1 and 3.2)."""

    id: str
    clause: Clause
    name: Words
    period: Period
    starts: Literal["withdrawal", "event"]
    starts_stated: bool
    reasons: tuple[Reason, ...] = ()
    statute: Words | None = None

    @model_validator(mode="after")
    def _justified(self) -> Self:
        if not self.reasons and self.statute is None:
            msg = "a rule needs reasons or a statute"
            raise ValueError(msg)
        if (self.id == AFTER_WITHDRAWAL) != bool(self.items):
            msg = f"{AFTER_WITHDRAWAL} lists the items that it keeps, and no other rule does"
            raise ValueError(msg)
        return self

    def ends_on(self, event_date: date) -> date:
        """Return the last day of keeping; see `Period.ends_on`."""
        return self.period.ends_on(event_date)


class Dormancy(Part):
    """When an unused membership is separated (clause 3.3); no `end`: the text has none."""

    clause: Clause
    period: Period
    services_counted: tuple[str, ...] = Field(min_length=1)
    stay_by_app: str
    notice_days: int = Field(ge=1)
    notice_channel: ChannelName
    reactivation: Literal["on_request"]
    end: Period | None = None


class Destruction(Part):
    """How data is destroyed (clause 4)."""

    clause: Clause
    when: Literal["without_delay"]
    paper: tuple[Literal["shredding", "incineration"], ...]
    electronic: Literal["unrecoverable"]


class Company(Items):
    """A recipient or processor, what it gets and why; `kept` is its own retention."""

    name: str
    purpose: Words
    kept: Words | None = None


class ThirdParties(Part):
    """To whom data may be given (clause 5)."""

    clause: Clause
    needs_consent: bool
    statute: Words
    exceptions: tuple[Literal["prior_consent", "purchase"], ...]
    partners_with_consent: bool
    recipients: tuple[Company, ...]


class Processors(Part):
    """Who processes data for the company, and when that ends (clause 6)."""

    clause: Clause
    ends_with: tuple[Literal["withdrawal", "contract_end"], ...]
    processors: tuple[Company, ...]


class Device(Part):
    """The device id (clause 7)."""

    clause: Clause
    identifiers: tuple[Literal["device_id", "imei"], ...]
    collected_by: str
    used_for: Literal["account_creation"]
    refusing_stops: str


class Safeguard(Part):
    """A measure that protects data (clause 8)."""

    id: str
    clause: Clause
    name: Words


class Rights(Part):
    """What members and guardians may ask (clause 9); no `days`: the text says "without delay"."""

    clause: Clause
    view: bool
    correct: bool
    leave: bool
    identity_check: bool
    guardian_below_age: int = Field(ge=1)
    edit_label: str
    leave_label: str
    channels: tuple[Literal["written", "phone", "email"], ...]
    days: int | None = Field(None, ge=1)
    frozen_until_corrected: bool
    recipients_told_of_correction: bool


class Officer(Part):
    """The person responsible for privacy (clause 10); `title` is what this version calls them."""

    clause: Clause
    title: Words
    name: str
    affiliation: Words
    email: str = Field(pattern=r"^\S+@\S+$")
    phone: str = Field(pattern=r"^[\d-]+$")


class Agency(Part):
    """An outside agency that takes reports (clause 10); `last_confirmed` only if someone did."""

    id: str
    clause: Clause
    name: Words
    run_by: Words
    phone: str = Field(pattern=r"^[\d-]+$")
    site: str = Field(pattern=r"^[\w.-]+$")
    last_confirmed: date | None = None


class Changes(Part):
    """How changes are announced (clause 11)."""

    clause: Clause
    notice_days: int = Field(ge=0)
    channel: Literal["site_notices"]


class Silence(Part):
    """Something that the text does not state."""

    id: str
    clause: Clause
    says: Words


class Operator(Part):
    """Settings of the operator where the text is silent; shown as such."""

    identifiers: dict[KindName, tuple[ItemName, ...]]

    @field_validator("identifiers")
    @classmethod
    def _complete(
        cls, kinds: dict[RecordKind, tuple[str, ...]]
    ) -> dict[RecordKind, tuple[str, ...]]:
        if missing := [kind.value for kind in RecordKind if kind not in kinds]:
            msg = f"identifiers are missing for {', '.join(missing)}"
            raise ValueError(msg)
        return {kind: tuple(_item(name) for name in names) for kind, names in kinds.items()}


class Facts(Part):
    """What a policy file holds."""

    version: str
    in_force_from: date
    announced: date | None = None
    controllers: tuple[Controller, ...] = Field(min_length=1)
    purposes: tuple[PurposeGroup, ...] = Field(min_length=1)
    items: tuple[ItemGroup, ...] = Field(min_length=1)
    sources: tuple[Collection, ...] = Field(min_length=1)
    keeping: Keeping
    retention: tuple[Rule, ...]
    dormancy: Dormancy
    destruction: Destruction
    third_parties: ThirdParties
    processors: Processors
    device: Device
    safeguards: tuple[Safeguard, ...] = Field(min_length=1)
    rights: Rights
    officer: Officer
    agencies: tuple[Agency, ...] = Field(min_length=1)
    changes: Changes
    not_stated: tuple[Silence, ...]
    operator: Operator

    @field_validator("version")
    @classmethod
    def _dated(cls, version: str) -> str:
        return date.fromisoformat(version).isoformat()

    @field_validator("retention")
    @classmethod
    def _every_rule(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        wanted = [AFTER_WITHDRAWAL, *(kind.value for kind in RecordKind)]
        if sorted(rule.id for rule in rules) != sorted(wanted):
            msg = f"there must be one rule for each of {', '.join(wanted)}"
            raise ValueError(msg)
        return rules

    @model_validator(mode="after")
    def _named_by_its_day(self) -> Self:
        if self.version != self.in_force_from.isoformat():
            msg = "version must be the day of in_force_from"
            raise ValueError(msg)
        return self
