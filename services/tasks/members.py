"""What changes for one member, or is asked of one: values, bars, advertising, waking, leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from db import clock, seal_keys
from db.words import Store
from services import barring, found_by, jobs, outbox, reconfirming, waking, withdrawing
from services import house as houses
from services.tasks.exports import destroy_ended
from services.worker_app import APP, PATIENT

if TYPE_CHECKING:
    from procrastinate import JobContext


@APP.task(name=jobs.FOUND_BY, pass_context=True, retry=PATIENT)
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


@APP.task(name=jobs.BAR, pass_context=True, retry=PATIENT)
def settle_bar(context: JobContext, bar_id: str) -> None:  # noqa: ARG001 (the queue gives it first)
    """Let a bar that was placed, kept or lifted have its effect, and tell its member."""
    barring.settle(houses.house(), UUID(bar_id), clock.now())


@APP.task(name=jobs.RECONFIRM, pass_context=True, retry=PATIENT)
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


@APP.task(name=jobs.WAKE, pass_context=True, retry=PATIENT)
def wake(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue gives it first)
    """Bring a sleeping member back who asked for it; twice changes nothing."""
    waking.wake(houses.house(), UUID(member_id), clock.now())


@APP.task(name=jobs.WITHDRAW, pass_context=True, retry=PATIENT)
def withdraw(context: JobContext, member_id: str) -> None:
    """End a membership that somebody asked to end; twice changes nothing."""
    signer = seal_keys.signer(context.additional_context["var"] / "keys")
    withdrawing.withdraw(houses.house(), signer, UUID(member_id), clock.now())
    destroy_ended(context)
