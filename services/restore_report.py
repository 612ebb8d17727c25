"""Says in plain words what a restore did, and what nobody can bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.clock import SEOUL
from db.words import Noted
from services import restored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from services.restore import Report

AGAIN: Final[dict[Noted, str]] = {
    Noted.CLEARED: "values cleared",
    Noted.CORRECTED: "values put right",
    Noted.CONSENT: "decisions about consents and devices",
    Noted.RESTRICTED: "stops of uses, begun or ended",
    Noted.REQUESTED: "steps of requests",
    Noted.DISCLOSED: "disclosures written down",
    Noted.TOLD: "rounds of notices to companies, which are sent again",
    Noted.PASSWORD_SET: "passwords removed that were changed since (their members set new ones)",
    Noted.WITHDRAWN: "members who left",
    Noted.SEPARATED: "accounts put to sleep",
    Noted.REACTIVATED: "accounts woken",
    Noted.HELD: "holds placed",
    Noted.HOLD_LIFTED: "holds lifted",
    Noted.BARRED: "bars on joining again placed",
    Noted.BAR_OBJECTED: "objections to bars",
    Noted.BAR_KEPT: "bars kept",
    Noted.BAR_LIFTED: "bars lifted",
    Noted.IMPORT_CONFIRMED: "imports confirmed",
    Noted.DESTROYED: "runs of the destruction",
    Noted.STAFF_CHANGED: "changes of staff accounts",
    Noted.REPORTED: "steps of reports",
}


def lines(report: Report) -> Iterator[str]:
    """Give the report, line by line."""
    yield f"Restored: the data of {_at(report.made_at)}, {report.members:,} members."
    if report.keys_of is not None:
        yield f"The keys came from their backup of {_at(report.keys_of)}."
    yield from _again(report)
    yield from _differences(report)
    if report.waiting:
        yield f"{report.waiting:,} messages that waited then go out now, most for a second time."
    yield from _lost(report)
    yield "Everybody signs in anew. You can start the portal and the workers."


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(SEOUL):%Y-%m-%d %H:%M} (Seoul)"


def _again(report: Report) -> Iterator[str]:
    if not report.replayed:
        yield "Nothing was done again: what members cleared, corrected or refused since is undone."
        return
    counts = [(report.done.again[kind], words) for kind, words in AGAIN.items()]
    yield "Done again since then:" if any(n for n, _ in counts) else "Nothing was to be done again."
    yield from (f"  {n:,} {words}" for n, words in counts if n)
    gone = report.destroyed
    if gone.rows or gone.members or gone.keys:
        yield f"  destroyed: {gone.rows:,} rows, {gone.members:,} members, {gone.keys:,} keys"


def _differences(report: Report) -> Iterator[str]:
    found = report.differences
    said = (
        (found.gone, "members whose key was destroyed: their rows are destroyed, too"),
        (found.woken, "members whose account is awake, as their key says"),
        (found.keys_moved, "members whose key was wrapped again for where their rows are"),
    )
    yield from (f"  {n:,} {words}" for n, words in said if n)


def _lost(report: Report) -> Iterator[str]:
    done, found = report.done, report.differences
    said = (
        (
            found.rows_lost,
            "members who joined after the backup (run imports again: it brings them)",
        ),
        (done.unknown, "things done about members who are not in the backup"),
        (done.unsure, "things that were under way and may never have happened: left as they were"),
        (done.lost, "things that could not be done again"),
        (done.kept_lost + found.left, "members who left: what was to be kept of them is gone"),
    )
    yield "Lost:"
    yield from (f"  {n:,} {words}" for n, words in said if n)
    yield "  records, uses, messages, answers of companies, staff and companies entered since"
    yield f"  the ledger since {_at(report.made_at)}; the restore stands in it as an event"
    if days := report.seals_lost:
        yield f"  the seals of {len(days)} days ({days[0]} to {days[-1]}): they stand in"
        yield f"    {restored.LOST}, and verify-ledger --against that file names what is gone"
