"""What comes by itself, each minute and each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import clock, seal_keys
from services import (
    account_recovery,
    ages,
    barring,
    case_lives,
    daily,
    destruction,
    dormancy,
    exporting,
    jobs,
    journal,
    report_ending,
    stalled,
    waiting_values,
    waking,
    withdrawing,
)
from services import house as houses
from services.tasks.exports import workshop
from services.worker_app import APP

if TYPE_CHECKING:
    from procrastinate import JobContext


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
    exporting.run(workshop(context), now)
    report_ending.run(houses.house(), now)
    destruction.run(databases, now)
    with databases.data.begin() as data:
        journal.settle(data, now)
