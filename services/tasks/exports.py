"""Copies of a member's data: made, in a lane of their own where large, and destroyed in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from db import clock, seal_keys
from services import export_ending, export_order, export_place, exporting, jobs
from services import house as houses
from services.worker_app import APP, PATIENT

if TYPE_CHECKING:
    from procrastinate import JobContext


def workshop(context: JobContext) -> export_order.Workshop:
    """Return what copies are made with; it stops long work when the worker is told to end."""
    var = context.additional_context["var"]
    return export_order.Workshop(
        houses.house(), export_place.folder(var), seal_keys.signer(var / "keys"),
        context.should_abort,
    )  # fmt: skip


@APP.task(name=jobs.EXPORT, pass_context=True, retry=PATIENT)
def make_export(context: JobContext, member_id: str, export_id: str) -> None:
    """Make a copy that somebody asked for, or put off a large one; twice changes nothing."""
    small = replace(workshop(context), most=exporting.SMALL)
    exporting.make(small, (UUID(member_id), UUID(export_id)), clock.now())


@APP.task(name=jobs.LARGE_EXPORT, pass_context=True, retry=PATIENT)
def make_large_export(context: JobContext, member_id: str, export_id: str) -> None:
    """Make a copy of any size; twice changes nothing."""
    exporting.make(workshop(context), (UUID(member_id), UUID(export_id)), clock.now())


@APP.task(name=jobs.END_EXPORTS, pass_context=True, retry=PATIENT)
def end_exports(context: JobContext) -> None:
    """Destroy the copies that have ended; twice changes nothing."""
    destroy_ended(context)


def destroy_ended(context: JobContext) -> None:
    """Destroy the copies that have ended, where this worker's lie."""
    there = export_place.folder(context.additional_context["var"])
    export_ending.destroy(houses.house(), there, clock.now())
