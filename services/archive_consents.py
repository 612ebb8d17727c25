"""The files of what the member agreed to and stopped (PIPA art. 22, 37)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from db.tables.ops import company
from db.words import N_, Channel, ConsentKind, ExportGroup, RestrictionWhy
from services.archive_columns import Column, File, Form
from services.consent_receipts import BY
from services.profile_words import SOURCES

if TYPE_CHECKING:
    from services.archive_source import Source

_GROUP: Final = ExportGroup.CONSENTS
KINDS: Final = {
    ConsentKind.COLLECTION: N_("Holding data"),
    ConsentKind.MARKETING: N_("Marketing"),
    ConsentKind.ADVERTISING: N_("Advertising messages"),
    ConsentKind.ADVERTISING_NIGHT: N_("Advertising messages by night"),
    ConsentKind.PERSONALISATION: N_("Personalised service"),
    ConsentKind.THIRD_PARTY: N_("Giving data to a company"),
    ConsentKind.SENSITIVE: N_("Use of sensitive data"),
    ConsentKind.DEVICE: N_("Device ID"),
}
CHANNELS: Final = {
    Channel.EMAIL: N_("E-mail"),
    Channel.SMS: N_("Text message"),
    Channel.PUSH: N_("App notification"),
}
WHYS: Final = {
    RestrictionWhy.DISPUTED: N_("Until a correction is decided"),
    RestrictionWhy.STOPPED: N_("Stopped by the member"),
}
LANGUAGES: Final = {"ko": N_("Korean"), "en": N_("English")}


def _consents(source: Source) -> Select[Any]:
    table = source.tables.consent
    return (
        select(table, company.c.name.label("recipient_name"))
        .select_from(table.outerjoin(company, company.c.company_id == table.c.recipient))
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.decided_at.desc().nulls_last(), table.c.consent_id)
    )


CONSENTS: Final = File(
    "consents", N_("Consent records"), _GROUP, "consent",
    (
        Column("consent_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("decided_at", N_("Decided on"), Form.MOMENT),
        Column("kind", N_("Which consent"), Form.WORD, KINDS),
        Column("channel", N_("Channel"), Form.WORD, CHANNELS),
        Column("item", N_("Item"), Form.ITEM),
        Column("recipient", N_("Company (short name)"), shown=False),
        Column("recipient_name", N_("Company"), holds=()),
        Column("granted", N_("Agreed"), Form.YES_NO),
        Column("ends_on", N_("Last day"), Form.DAY),
        Column("decided_by", N_("Decided by"), Form.WORD, BY),
        Column("wording", N_("The words shown")),
        Column("shown", N_("The words were shown"), Form.YES_NO, shown=False),
        Column("language", N_("Language"), Form.WORD, LANGUAGES, shown=False),
        Column("policy_version", N_("Policy version then")),
        Column("source", N_("From"), Form.WORD, SOURCES, shown=False),
    ),
    _consents,
)  # fmt: skip


def _restrictions(source: Source) -> Select[Any]:
    table = source.tables.restriction
    return (
        select(table)
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.started_at.desc(), table.c.restriction_id)
    )


RESTRICTIONS: Final = File(
    "restrictions", N_("Records of stops"), _GROUP, "restriction",
    (
        Column("restriction_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("item", N_("Item"), Form.ITEM),
        Column("purpose", N_("Use that is stopped"), Form.PURPOSE),
        Column("why", N_("Why"), Form.WORD, WHYS),
        Column("asked_by", N_("Asked by"), Form.WORD, BY),
        Column("started_at", N_("Since"), Form.MOMENT),
        Column("ended_at", N_("Ended on"), Form.MOMENT),
        Column("blocked", N_("Uses refused"), Form.NUMBER),
        Column("last_blocked_at", N_("Last refused"), Form.MOMENT),
        Column("request_id", N_("Number of the request"), Form.ID, shown=False),
    ),
    _restrictions,
)  # fmt: skip

FILES: Final = (CONSENTS, RESTRICTIONS)
