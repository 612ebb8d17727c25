"""What leaves the house: messages to members and others, notices to companies, ways back in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from db import clock
from services import delivery, dispatching, guardian_mail, jobs, outbox, report_mail
from services import house as houses
from services.identity import recovery
from services.worker_app import APP, PATIENT

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from db import keyring
    from db.sealing import Sealer
    from db.words import Store


@APP.task(name=jobs.DELIVER, pass_context=True, retry=PATIENT)
def deliver(context: JobContext, member_id: str, message_id: str) -> None:
    """Send one message. A failure is counted apart, since sending rolls back with it."""
    house, key, now = houses.house(), (UUID(member_id), UUID(message_id)), clock.now()
    try:
        # Each look at the keys by itself: nobody waits for them while a mail server is slow.
        with house.databases.look[1].connect() as keys, house.databases.data.begin() as data:
            opened = outbox.sealer_of(keys, house.keyring, key[0])
            sending = context.additional_context["senders"]
            others = guardian_mail.Guardians(keys, house.keyring)
            delivery.deliver(data, opened, key, sending, now, others)
    except Exception:
        with house.databases.data.begin() as data:
            delivery.failed(data, key, now)
        raise


@APP.task(name=jobs.DISPATCH, pass_context=True, retry=PATIENT)
def tell_company(context: JobContext, member_id: str, dispatch_id: str) -> None:
    """Tell one company of one change. A failure is counted apart, as for `deliver`."""
    house, key, now = houses.house(), (UUID(member_id), UUID(dispatch_id)), clock.now()
    courier = context.additional_context["courier"]
    try:
        with house.databases.keys.connect() as keys:
            opened = _opened(keys, house.keyring, key[0])
        with house.databases.data.begin() as data:
            dispatching.dispatch_one(data, opened, key, courier, now)
    except Exception:
        with house.databases.data.begin() as data:
            dispatching.failed(data, key, now)
        raise


def _opened(
    keys: Connection, ring: keyring.Keyring, member_id: UUID
) -> tuple[Store, Sealer] | None:
    try:
        return outbox.sealer_of(keys, ring, member_id)
    except outbox.NoKeyError:
        return None  # they have left, or everybody is meant: companies are told all the same


@APP.task(name=jobs.RECOVER, pass_context=True, retry=RetryStrategy(max_attempts=3, wait=5))
def recover(
    context: JobContext,  # noqa: ARG001 (the queue gives it first)
    people: list[str],
    base: str | None,
    use: recovery.Use,
    language: str,
) -> None:
    """Send links or codes to the people found, perhaps to none."""
    house, now = houses.house(), clock.now()
    order = recovery.Order(
        tuple(UUID(p) for p in people), base, use, "en" if language == "en" else "ko"
    )
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        recovery.send(
            data, house.keyring, lambda m: outbox.sealer_of(keys, house.keyring, m), order, now
        )


@APP.task(name=jobs.REPORT_ANSWERED, pass_context=True, retry=PATIENT)
def tell_reporter(context: JobContext, report_id: str, language: str) -> None:
    """Write to somebody who is no member that their report was answered."""
    with houses.house().databases.data.begin() as data:
        report_mail.tell(
            data, context.additional_context["senders"], UUID(report_id),
            "en" if language == "en" else "ko", clock.now(),
        )  # fmt: skip
