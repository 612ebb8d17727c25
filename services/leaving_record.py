"""What a withdrawal leaves behind: a certificate with its lines, and a line in the day's record.

Digests, counts, rules and days; no value and no name (P13, P34).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import insert

from db.law import law
from db.tables.moves import withdrawal, withdrawal_line
from db.words import DestructionMethod, Source
from services import certificate, destruction, retaining
from services.destroying_rows import LEAVING, Batch, day_run, record
from services.leaving_plan import RECORDS, VALUES, Fate, Line, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from db.seal_keys import Signer
    from services.journal_rows import Row as Carried
    from services.leaver import Leaver
    from services.retaining import Taken

_RUNS: Final = UUID("6f1c2b0e-8f0b-4d53-9a51-0d7a5a1a4f10")
"""Names the run of a day: all who leave on it are in one record."""


def lines_of(
    rules: retaining.Rules, taken: Taken, kept: dict[str, list[retaining.Row]]
) -> tuple[Line, ...]:
    """Return what the certificate says: the plan, less what could not be kept."""
    stays: dict[str, int] = {}
    for name, rows in kept.items():
        for row in rows:
            kind = row["item"] if name == VALUES else row["kind"] if name == RECORDS else name
            stays[kind] = stays.get(kind, 0) + 1
    if taken.reports:
        reported = law().reports.rule.value
        stays[reported] = stays.get(reported, 0) + len(taken.reports)
    planned = plan(rules.policy, taken.held(rules.today), rules.holds, rules.today)
    return tuple(line for one in planned for line in _truthful(one, stays))


def _truthful(planned: Line, stays: dict[str, int]) -> Iterator[Line]:
    if planned.fate is Fate.DESTROYED:
        yield planned
        return
    here = min(planned.count, stays.get(planned.kind, 0))
    stays[planned.kind] = stays.get(planned.kind, 0) - here
    if here:
        yield Line(planned.kind, here, planned.rule, planned.kept_until)
    if planned.count > here:
        yield Line(planned.kind, planned.count - here)


def certify(
    data: Connection, signer: Signer, who: Leaver, said: tuple[str, tuple[Line, ...]]
) -> list[Carried]:
    """Write the certificate: digests, times and a signature; no value, no name (P34)."""
    version, lines = said
    number = bytes(who.asked.number_digest)
    signature = signer.sign(certificate.statement(number, who.now, version, lines))
    withdrawal_id = uuid4()
    row = {
        "withdrawal_id": withdrawal_id, "member_id": who.member_id, "number_digest": number,
        "secret_digest": bytes(who.asked.secret_digest), "left_at": who.now,
        "policy_version": version, "key_id": signer.verifier.key_id, "signature": signature,
    }  # fmt: skip
    data.execute(insert(withdrawal).values(row))
    rows = [
        {
            "withdrawal_id": withdrawal_id, "line": number, "kind": line.kind,
            "count": line.count, "rule": line.rule, "kept_until": line.kept_until,
            "destroyed_at": None if line.rule else who.now,
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip
    if rows:
        data.execute(insert(withdrawal_line), rows)
    return [(withdrawal, row), *((withdrawal_line, one) for one in rows)]


def add_to_day(
    data: Connection, who: Leaver, taken: Taken, kept: dict[str, list[retaining.Row]]
) -> list[Carried]:
    """Add to the day's destruction record; the hourly run vacuums, asks again and closes it."""
    gone = 1 + sum(len(rows) - len(kept[name]) for name, rows in taken.rows.items())
    # A form of which anything is kept is not due yet; it is when that goes.
    paper = len(_forms(taken.rows) - _forms(kept))
    run_id = day_run(data, _RUNS, who.now)
    what = (who.store, LEAVING, "")
    method = DestructionMethod.ROWS_AND_KEY
    record(data, Batch(run_id, who.now, 0), what, gone, paper=paper, method=method)
    return destruction.record_of(data, run_id)


def _forms(rows: dict[str, list[retaining.Row]]) -> set[object]:
    """Return the forms of paper that rows of one member came on: what was given on one day."""
    each = (row for some in rows.values() for row in some)
    return {row.get("obtained_on") for row in each if row.get("source") == Source.PAPER}
