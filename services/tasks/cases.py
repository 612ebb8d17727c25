"""What is sent in a case: a code to the caller, a link to the member, the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from db import clock
from services import case_telling, jobs, outbox
from services import house as houses
from services.worker_app import APP, PATIENT

if TYPE_CHECKING:
    from services.language import Language


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


@APP.task(name=jobs.CASE_LINK, pass_context=True, retry=PATIENT)
def send_case_link(context: JobContext, case_id: str, step_id: str) -> None:  # noqa: ARG001
    """Send the link by which a member says yes or no to what a case asks for; once."""
    case_telling.link(houses.house(), UUID(case_id), UUID(step_id), clock.now())


@APP.task(name=jobs.CASE_ANSWER, pass_context=True, retry=PATIENT)
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
