"""The files of what the member asked, gave as proof and was told (clause 9)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from db import places
from db.settings import settings
from db.tables.ops import outbox
from db.words import N_, ExportGroup
from services import inbox, messages, request_words
from services.archive_columns import UNOPENED, Column, File, Form
from services.archive_common_columns import opened, unopened
from services.archive_consents import CHANNELS, LANGUAGES
from services.consent_receipts import BY
from services.files import MediaType

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.archive_columns import Reading, Value
    from services.archive_source import Source

_GROUP: Final = ExportGroup.MESSAGES
ENDINGS: Final = {MediaType.PDF: "pdf", MediaType.JPEG: "jpg", MediaType.PNG: "png"}


def _asked(source: Source) -> Select[Any]:
    table = source.tables.request
    return (
        select(table)
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.received_at.desc(), table.c.request_id)
    )


def _proposed(part: str) -> Callable[[Reading], Callable[[Any], Value]]:
    """Return what reads a part of what a request proposes: `value`, or `note`."""

    def made(reading: Reading) -> Callable[[Any], Value]:
        def read(row: Any) -> Value:  # noqa: ANN401
            text = reading.source.open(row.sealed, places.request(row.request_id))
            found = json.loads(text) if text else {}
            return str(found[part]) if part in found else None

        return read

    return made


_, _ASKED_SHUT = opened("sealed", lambda row: places.request(row.request_id))
_ANSWER, _ANSWER_SHUT = opened("answer", lambda row: places.answer(row.request_id))


def _shut(reading: Reading) -> Callable[[Any], Value]:
    asked, answered = _ASKED_SHUT(reading), _ANSWER_SHUT(reading)
    return lambda row: asked(row) or answered(row)


REQUESTS: Final = File(
    "requests", N_("Requests"), _GROUP, "request",
    (
        Column("request_id", N_("Number of the request"), Form.ID, shown=False),
        Column("received_at", N_("Asked on"), Form.MOMENT),
        Column("asked_by", N_("Asked by"), Form.WORD, BY),
        Column("kind", N_("Request"), Form.WORD, request_words.KINDS),
        Column("item", N_("Item"), Form.ITEM),
        Column("seq", N_("Number"), Form.NUMBER, shown=False),
        Column("purpose", N_("Used for"), Form.PURPOSE),
        Column("proposed", N_("Value asked for"), holds=("request.sealed",),
               read=_proposed("value")),
        Column("note", N_("In my words"), holds=("request.sealed",), read=_proposed("note")),
        Column("state", N_("State"), Form.WORD, request_words.STATES),
        Column("due_on", N_("Answer due on"), Form.DAY),
        Column("decided_at", N_("Decided on"), Form.MOMENT),
        Column("reason", N_("Reason"), Form.REASON),
        Column("answer", N_("Answer"), holds=("request.answer",), read=_ANSWER),
        Column("objects_to", N_("Objects to request"), Form.ID, shown=False),
        unopened(_shut),
    ),
    _asked,
)  # fmt: skip


def evidence_file(row: Any) -> str:  # noqa: ANN401
    """Return the name of a file given as proof: ours, whatever the member called it."""
    ending = ENDINGS.get(row.media_type, "bin")
    return f"files/proof-{row.evidence_id}.{ending}"


def evidence_rows(source: Source) -> Select[Any]:
    """Return the files given as proof, the newest first."""
    table = source.tables.evidence
    return (
        select(table)
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.received_at.desc(), table.c.evidence_id)
    )


def _file(reading: Reading) -> Callable[[Any], Value]:
    shut = _evidence_shut(reading)
    return lambda row: None if row.sealed is None or shut(row) else evidence_file(row)


_, _evidence_shut = opened("sealed", lambda row: places.evidence(row.evidence_id))
EVIDENCE: Final = File(
    "proofs_given", N_("Files given as proof"), _GROUP, "evidence",
    (
        Column("evidence_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("request_id", N_("Number of the request"), Form.ID, shown=False),
        Column("received_at", N_("Given on"), Form.MOMENT),
        Column("media_type", N_("Kind of file")),
        Column("size", N_("Bytes"), Form.NUMBER),
        Column("file", N_("File"), Form.FILE, holds=("evidence.sealed",), read=_file),
        Column("destroyed_at", N_("Destroyed on"), Form.MOMENT),
        unopened(_evidence_shut),
    ),
    evidence_rows,
)  # fmt: skip


def _letters(source: Source) -> Select[Any]:
    table = source.tables.inbox
    return (
        select(table)
        .where(table.c.member_id == source.member_id)
        .order_by(table.c.created_at.desc(), table.c.message_id)
    )


def _subject(reading: Reading) -> Callable[[Any], Value]:
    def read(row: Any) -> Value:  # noqa: ANN401
        known = row.template in messages.SUBJECTS
        return messages.subject(row.template, reading.language) if known else None

    return read


def _body(reading: Reading) -> Callable[[Any], Value]:
    """Return what fills a message in the reader's language, as the portal's inbox does."""
    address = settings().address

    def read(row: Any) -> Value:  # noqa: ANN401
        if row.template not in messages.SUBJECTS:
            return None
        found = inbox.blocks_of(reading.source, row._asdict(), reading.language, address)
        told = ("\n".join("".join(p.text for p in line) for line in one.lines) for one in found)
        return "\n\n".join(told) or None

    return read


def _unfilled(reading: Reading) -> Callable[[Any], Value]:
    body = _body(reading)
    return lambda row: None if body(row) else UNOPENED


LETTERS: Final = File(
    "messages", N_("Messages to you"), _GROUP, "inbox",
    (
        Column("message_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("created_at", N_("Told on"), Form.MOMENT),
        Column("template", N_("Kind of message"), shown=False),
        Column("subject", N_("Subject"), holds=(), read=_subject),
        Column("text", N_("Text"), holds=("inbox.sealed",), read=_body),
        Column("read_at", N_("Read on"), Form.MOMENT),
        Column("ends_on", N_("Kept until"), Form.DAY),
        unopened(_unfilled),
    ),
    _letters, keeping=N_("A year from the day on which you were told"),
)  # fmt: skip


def _sent(source: Source) -> Select[Any]:
    return (
        select(outbox)
        .where(outbox.c.member_id == source.member_id)
        .order_by(outbox.c.created_at.desc(), outbox.c.message_id)
    )


SENT: Final = File(
    "messages_sent", N_("Mails and text messages to you"), _GROUP, "outbox",
    (
        Column("message_id", N_("Number of the entry"), Form.ID, shown=False),
        Column("created_at", N_("Written on"), Form.MOMENT),
        Column("channel", N_("Channel"), Form.WORD, CHANNELS),
        Column("template", N_("Kind of message"), shown=False),
        Column("subject", N_("Subject"), holds=(), read=_subject),
        Column("language", N_("Language"), Form.WORD, LANGUAGES),
        Column("sent_at", N_("Sent on"), Form.MOMENT),
        Column("failed_at", N_("Could not be sent"), Form.MOMENT),
        Column("bounced_at", N_("Came back"), Form.MOMENT),
    ),
    _sent,
)  # fmt: skip

FILES: Final = (REQUESTS, EVIDENCE, LETTERS, SENT)
