"""What is told and looked for between a child and its guardians."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from db import clock
from services import (
    custody_asleep,
    dispute_notices,
    fourteen,
    jobs,
    lift_notices,
    linking_search,
    outbox,
)
from services import house as houses
from services.worker_app import APP, PATIENT

if TYPE_CHECKING:
    from procrastinate import JobContext


@APP.task(name=jobs.FOURTEEN, pass_context=True, retry=PATIENT)
def tell_of_fourteen(context: JobContext, member_id: str) -> None:  # noqa: ARG001 (the queue's)
    """Tell a child and its guardians of the 14th birthday; told once, however often it runs."""
    house, now = houses.house(), clock.now()
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        fourteen.tell(
            data, UUID(member_id), lambda m: outbox.sealer_of(keys, house.keyring, m), now
        )


@APP.task(name=jobs.DISPUTE, pass_context=True, retry=PATIENT)
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


@APP.task(name=jobs.LIFTED, pass_context=True, retry=PATIENT)
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
        lift_notices.tell(data, UUID(member_id), map(UUID, guardians), opened, lifted, clock.now())


@APP.task(name=jobs.LINK, pass_context=True, retry=PATIENT)
def look_for_child(context: JobContext, member_id: str, linking_id: str) -> None:  # noqa: ARG001
    """Look for the child of a guardian's wish and send the code; twice changes nothing."""
    linking_search.look(houses.house(), UUID(member_id), UUID(linking_id), clock.now())
