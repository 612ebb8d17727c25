"""The worker: runs what the portal enqueued, with the other role and every key."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy

from db import clock, company_keys, engines, keyring, policy, seal_keys
from db.words import Store
from services import (
    account_recovery,
    ages,
    barring,
    case_lives,
    case_telling,
    custody_asleep,
    daily,
    delivery,
    destruction,
    dispatching,
    dispute_notices,
    dormancy,
    export_ending,
    export_order,
    export_place,
    exporting,
    found_by,
    fourteen,
    guardian_mail,
    jobs,
    journal,
    journal_file,
    lift_notices,
    linking_search,
    mailbox,
    outbox,
    reconfirming,
    report_ending,
    report_mail,
    stalled,
    waiting_values,
    waking,
    withdrawing,
    worker_lanes,
)
from services import house as houses
from services.identity import recovery
from services.mail import mailer
from services.patience import Patience
from services.sms import texter

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

    from db.engines import Addresses
    from db.sealing import Sealer
    from db.settings import Settings
    from services.language import Language

APP = App(connector=PsycopgConnector())
_PATIENT = Patience()


def senders(settings: Settings) -> delivery.Senders:
    """Return how messages leave this installation."""
    disk = mailbox.Mailbox(mailbox.folder(settings), clock.now)
    controllers = policy.in_force(clock.seoul_day(clock.now())).controllers
    return delivery.Senders(
        mailer(settings, disk),
        texter(settings, disk),
        settings.address,
        " · ".join(one.name for one in controllers),
    )


@APP.task(name=jobs.DELIVER, pass_context=True, retry=_PATIENT)
def deliver(context: JobContext, member_id: str, message_id: str) -> None:
    """Send one message. A failure is counted apart, since sending rolls back with it."""
    house, key, now = houses.house(), (UUID(member_id), UUID(message_id)), clock.now()
    try:
        with house.databases.keys.connect() as keys, house.databases.data.begin() as data:
            opened = outbox.sealer_of(keys, house.keyring, key[0])
            sending = context.additional_context["senders"]
            others = guardian_mail.Guardians(keys, house.keyring)
            delivery.deliver(data, opened, key, sending, now, others)
    except Exception:
        with house.databases.data.begin() as data:
            delivery.failed(data, key, now)
        raise


@APP.task(name=jobs.DISPATCH, pass_context=True, retry=_PATIENT)
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


@APP.task(name=jobs.FOUND_BY, pass_context=True, retry=_PATIENT)
def follow_values(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue gives it)
    """Let a member be found by what is stored of them now; twice changes nothing."""
    house, who, now = houses.house(), UUID(member_id), clock.now()
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        try:
            store, sealer = outbox.sealer_of(keys, house.keyring, who)
        except outbox.NoKeyError:
            return  # they have left
        if store is Store.LIVE:
            found_by.refresh(data, keys, house.keyring, (who, sealer), now)
            barring.follow(house, data, keys, who, now)


@APP.task(name=jobs.BAR, pass_context=True, retry=_PATIENT)
def settle_bar(context: JobContext, bar_id: str) -> None:  # noqa: ARG001 (the queue gives it first)
    """Let a bar that was placed, kept or lifted have its effect, and tell its member."""
    barring.settle(houses.house(), UUID(bar_id), clock.now())


@APP.task(name=jobs.RECONFIRM, pass_context=True, retry=_PATIENT)
def reconfirm(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue gives it)
    """Ask a member whether advertising goes on; told once, however often it runs."""
    house, who, now = houses.house(), UUID(member_id), clock.now()
    with house.databases.keys.connect() as keys:
        try:
            store, sealer = outbox.sealer_of(keys, house.keyring, who)
        except outbox.NoKeyError:
            return  # they have left
    if store is Store.LIVE:
        with house.databases.data.begin() as data:
            reconfirming.remind(data, (who, sealer), now)


@APP.task(name=jobs.FOURTEEN, pass_context=True, retry=_PATIENT)
def tell_of_fourteen(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue's)
    """Tell a child and its guardians of the 14th birthday; told once, however often it runs."""
    house, now = houses.house(), clock.now()
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        fourteen.tell(
            data, UUID(member_id), lambda m: outbox.sealer_of(keys, house.keyring, m), now
        )


@APP.task(name=jobs.DISPUTE, pass_context=True, retry=_PATIENT)
def tell_of_dispute(
    context: JobContext,  # noqa: ARG001 (the queue gives it first)
    member_id: str,
    dispute_id: str,
    case_id: str | None = None,
) -> None:
    """Tell everybody whom it concerns what was decided of a dispute; told once.

    `case_id`: the case whose key seals the words about a sleeping child.
    """
    house, now = houses.house(), clock.now()
    which = (UUID(member_id), UUID(dispute_id))
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        opened = partial(outbox.sealer_of, keys, house.keyring)
        if case_id is not None:
            custody_asleep.seal_anew(data, which, UUID(case_id), opened, now)
        dispute_notices.tell(data, which, opened, now)


@APP.task(name=jobs.LIFTED, pass_context=True, retry=_PATIENT)
def tell_of_lifting(
    context: JobContext,  # noqa: ARG001 (the queue gives it first)
    member_id: str,
    guardians: list[str],
    at: str,
) -> None:
    """Tell guardians of a child that they may act again; told once, however often it runs."""
    house = houses.house()
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        opened = partial(outbox.sealer_of, keys, house.keyring)
        lifted = datetime.fromisoformat(at)
        lift_notices.tell(data, UUID(member_id), map(UUID, guardians), opened, lifted)


@APP.task(name=jobs.REPORT_ANSWERED, pass_context=True, retry=_PATIENT)
def tell_reporter(context: JobContext, report_id: str, language: str) -> None:
    """Write to somebody who is no member that their report was answered."""
    with houses.house().databases.data.begin() as data:
        report_mail.tell(
            data, context.additional_context["senders"], UUID(report_id),
            "en" if language == "en" else "ko", clock.now(),
        )  # fmt: skip


@APP.task(name=jobs.WAKE, pass_context=True, retry=_PATIENT)
def wake(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue gives it first)
    """Bring a sleeping member back who asked for it; twice changes nothing."""
    waking.wake(houses.house(), UUID(member_id), clock.now())


@APP.task(name=jobs.WITHDRAW, pass_context=True, retry=_PATIENT)
def withdraw(context: JobContext, member_id: str) -> None:
    """End a membership that somebody asked to end; twice changes nothing."""
    signer = seal_keys.signer(context.additional_context["var"] / "keys")
    withdrawing.withdraw(houses.house(), signer, UUID(member_id), clock.now())
    _end_exports(context)


@APP.task(name=jobs.CASE_CODE, pass_context=True, retry=RetryStrategy(max_attempts=3, wait=5))
def send_case_code(
    context: JobContext,  # noqa: ARG001 (the queue gives it first)
    key: str,
    case_id: str,
    channel: str,
    language: str,
) -> None:
    """Send a code to who may be the caller of a case."""
    channel_: outbox.Way = "sms" if channel == "sms" else "email"
    case_telling.code(
        houses.house(), key, UUID(case_id), (channel_, _language(language)), clock.now()
    )


@APP.task(name=jobs.CASE_LINK, pass_context=True, retry=_PATIENT)
def send_case_link(context: JobContext, case_id: str, step_id: str) -> None:  # noqa: ARG001
    """Send the link by which a member says yes or no to what a case asks for; once."""
    case_telling.link(houses.house(), UUID(case_id), UUID(step_id), clock.now())


@APP.task(name=jobs.CASE_ANSWER, pass_context=True, retry=_PATIENT)
def answer_case(
    context: JobContext,  # noqa: ARG001 (the queue gives it first)
    case_id: str,
    template: str,
    language: str,
) -> None:
    """Tell a caller what came of their case; once, however often it runs."""
    case_telling.answer(houses.house(), UUID(case_id), template, _language(language), clock.now())


def _language(chosen: str) -> Language:
    return "en" if chosen == "en" else "ko"


def _workshop(context: JobContext) -> export_order.Workshop:
    var = context.additional_context["var"]
    return export_order.Workshop(
        houses.house(), export_place.folder(var), seal_keys.signer(var / "keys"),
        context.should_abort,
    )  # fmt: skip


@APP.task(name=jobs.EXPORT, pass_context=True, retry=_PATIENT)
def make_export(context: JobContext, member_id: str, export_id: str) -> None:
    """Make a copy that somebody asked for, or put off a large one; twice changes nothing."""
    small = replace(_workshop(context), most=exporting.SMALL)
    exporting.make(small, (UUID(member_id), UUID(export_id)), clock.now())


@APP.task(name=jobs.LARGE_EXPORT, pass_context=True, retry=_PATIENT)
def make_large_export(context: JobContext, member_id: str, export_id: str) -> None:
    """Make a copy of any size; twice changes nothing."""
    exporting.make(_workshop(context), (UUID(member_id), UUID(export_id)), clock.now())


@APP.task(name=jobs.END_EXPORTS, pass_context=True, retry=_PATIENT)
def end_exports(context: JobContext) -> None:
    """Destroy the copies that have ended; twice changes nothing."""
    _end_exports(context)


def _end_exports(context: JobContext) -> None:
    there = export_place.folder(context.additional_context["var"])
    export_ending.destroy(houses.house(), there, clock.now())


@APP.periodic(cron="* * * * *")
@APP.task(name=jobs.AGAIN, queueing_lock=jobs.AGAIN)
def take_up_again(timestamp: int) -> None:  # noqa: ARG001 (the queue gives it)
    """Put back into the queue what a worker had in hand that died."""
    with houses.house().databases.data.begin() as data:
        stalled.take_up_again(data)


@APP.periodic(cron="* * * * *")
@APP.task(name=jobs.LAPSED, queueing_lock=jobs.LAPSED)
def forget_lapsed(timestamp: int) -> None:  # noqa: ARG001 (the queue gives it)
    """Forget new values that nobody confirmed in time: what is held counts again."""
    with houses.house().databases.data.begin() as data:
        waiting_values.expire(data, clock.now())


@APP.task(name=jobs.LINK, pass_context=True, retry=_PATIENT)
def look_for_child(context: JobContext, member_id: str, linking_id: str) -> None:  # noqa: ARG001
    """Look for the child of a guardian's wish and send the code; twice changes nothing."""
    linking_search.look(houses.house(), UUID(member_id), UUID(linking_id), clock.now())


# Every hour, first shortly after midnight in Seoul; a worker that was off then makes it up.
@APP.periodic(cron="7 * * * *")
@APP.task(name=jobs.DAILY, queueing_lock=jobs.DAILY, pass_context=True)
def run_daily(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 (the queue gives it)
    """Do what falls due by itself; twice, or by two workers at once, changes nothing."""
    now = clock.now()
    databases = houses.house().databases
    daily.run(databases.data, context.additional_context["var"], now, now)
    waking.wake_all(houses.house(), now)
    signer = seal_keys.signer(context.additional_context["var"] / "keys")
    withdrawing.withdraw_all(houses.house(), signer, now)
    account_recovery.run(houses.house(), now)
    ages.run(houses.house(), now)
    case_lives.run(houses.house(), now)
    dormancy.run(houses.house(), now)
    barring.run(houses.house(), now)
    exporting.run(_workshop(context), now)
    report_ending.run(houses.house(), now)
    destruction.run(databases, now)
    with databases.data.begin() as data:
        journal.settle(data, now)


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def connector(addresses: Addresses) -> PsycopgConnector:
    """Return the queues' own connections, as the worker's role: each lane also listens."""
    options = {"options": "-c search_path=public,jobs"}
    conninfo = _conninfo(addresses.roles["portal_work"][0])
    return PsycopgConnector(conninfo=conninfo, kwargs=options, min_size=1, max_size=6)


def run_worker(addresses: Addresses, settings: Settings, *, wait: bool = True) -> None:
    """Run jobs until told to stop (SIGTERM, Ctrl-C); with `wait=False` until the queue is empty."""
    databases = engines.connect(addresses.roles["portal_work"])
    keys = keyring.load(settings.var / "keys", tuple(Store))
    signing = company_keys.load(settings.var / "keys")
    houses.open_house(houses.House(databases, keys, signing))
    sending = senders(settings)
    courier = dispatching.Courier(sending, signing, here=settings.on_this_computer)
    journal_file.open_in(settings.var)
    with databases.data.begin() as data:
        exporting.start_over(data, clock.now())  # what a worker that died had in hand
        stalled.take_up_again(data)
    try:
        with APP.replace_connector(connector(addresses)) as app:
            worker_lanes.run(
                app,
                wait=wait,
                delete_jobs="always",
                additional_context={
                    "senders": sending,
                    "courier": courier,
                    "var": settings.var,
                },
                shutdown_graceful_timeout=3,  # then long work is told to stop, and is begun anew
                fetch_job_polling_interval=timedelta(seconds=5).total_seconds(),
            )
    finally:
        databases.dispose()
