"""Ends a membership that somebody asked to end: one transaction of the worker (clauses 3, 4, 6, 9).

Rows and keys are in two databases, and the rows' store is the truth, as in `services.moving`. While
the member's own row is locked, their key's row first gets the wrap of a fresh key (committed); then
what stays moves under that key and all else goes (committed); then the fresh key takes the place of
the old one, which is what destroys the rest in every copy. A crash in between leaves a member whole
in one store, and the next run goes on (P05, P13, P15, P34).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError

from db import places, policy
from db.clock import seoul_day
from db.law import law
from db.sealing import SealError
from db.tables import ops
from db.tables.keeping import key_due
from db.tables.keys import case_key, export_key
from db.tables.member import STORES
from db.tables.moves import move, separation, withdrawal, withdrawal_line
from db.words import ActorKind, DestructionMethod, MoveKind, Noted, Purpose, Source, Store
from services import (
    case_lives,
    certificate,
    destruction,
    export_ending,
    guarding,
    holding_back,
    journal,
    leaving_facts,
    ledger,
    moving,
    outbox,
    retaining,
    telling,
    use,
)
from services.access import as_subject
from services.actor import Actor
from services.destroying_rows import LEAVING, SIGN_IN, Batch, day_run, record
from services.leaving_plan import RECORDS, VALUES, Fate, Line, plan
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from db.seal_keys import Signer
    from db.sealing import Sealer
    from services.house import House
    from services.journal_rows import Row as Carried
    from services.language import Language
    from services.retaining import Taken

_RUNS: Final = UUID("6f1c2b0e-8f0b-4d53-9a51-0d7a5a1a4f10")
"""Names the run of a day: all who leave on it are in one record."""


@dataclass(frozen=True)
class _Leaver:
    """Who leaves, from where, when, as who asked it; their old key (None: lost) and the new one."""

    member_id: UUID
    store: Store
    asked: Row[Any] = field(repr=False)
    now: datetime
    old: Sealer | None = field(repr=False)
    new: Sealer = field(repr=False)

    @property
    def today(self) -> date:
        """Return the Seoul day of leaving."""
        return seoul_day(self.now)

    @property
    def language(self) -> Language:
        """Return the language of the screen on which it was asked for."""
        return "en" if self.asked.language == "en" else "ko"

    @property
    def actor(self) -> Actor:
        """Return who asked, as the ledger names them."""
        kind = ActorKind(self.asked.actor_kind)
        return Actor(kind, self.asked.actor_id, self.asked.session_id, self.now)


def withdraw_all(house: House, signer: Signer, now: datetime) -> int:
    """End the memberships that still wait, should a worker have died; return how many."""
    moving.finish(house, now)
    with house.databases.data.connect() as data:
        waiting = data.scalars(select(move.c.member_id).where(move.c.kind == MoveKind.WITHDRAW))
        members = list(waiting)
    return sum(withdraw(house, signer, member_id, now) for member_id in members)


def withdraw(house: House, signer: Signer, member_id: UUID, now: datetime) -> bool:
    """Do what was asked for; return whether the member left now. Twice changes nothing."""
    with house.databases.data.begin() as data:
        asked = _asked(data, member_id)
        if asked is None or holding_back.is_open(data, member_id, seoul_day(now)):
            return False  # it waits until it is decided who acts for the child
        data.execute(delete(move).where(move.c.member_id == member_id))
        store = _locked(data, member_id)
        moving.give_way(data)
        if store is not None and not _may_still(data, store, asked, now):
            _let_fall(data, member_id, now)
            return False
        if store is not None:
            old, new = _keys(house, member_id)
            _leave(data, signer, _Leaver(member_id, store, asked, now, old, new))
    if store is not None:
        _settle(house, member_id, now)
    return store is not None


def _asked(data: Connection, member_id: UUID) -> Row[Any] | None:
    wish = select(move).where(move.c.member_id == member_id, move.c.kind == MoveKind.WITHDRAW)
    return data.execute(wish.with_for_update()).one_or_none()


def _locked(data: Connection, member_id: UUID) -> Store | None:
    """Lock the member's own row, waiting for whoever writes about them; None: they left before."""
    for store in (Store.LIVE, Store.DORMANT, Store.LIVE):  # who was being moved is found after all
        own = STORES[store].member.c.member_id
        if data.scalar(select(own).where(own == member_id).with_for_update()) is not None:
            return store
    return None


def _may_still(data: Connection, store: Store, asked: Row[Any], now: datetime) -> bool:
    """Return whether a guardian's wish counts at this moment; the member's own always does.

    A guardian who leaves on the same day may be gone by now, which takes nothing from the wish.
    """
    if asked.actor_kind != ActorKind.GUARDIAN:
        return True
    tables, today = STORES[store], seoul_day(now)
    link, member = tables.guardianship.c, tables.member.c
    stopped = select(link.member_id).where(
        link.member_id == asked.member_id,
        link.guardian_id == asked.actor_id,
        guarding.suspended(link, today),
    )
    child = select(member.member_id).where(
        member.member_id == asked.member_id, member.turns_14_on > today, ~stopped.exists()
    )
    return data.scalar(child) is not None


def _let_fall(data: Connection, member_id: UUID, now: datetime) -> None:
    """Forget a wish whose guardian may not have it any more: the child decides by now."""
    ledger.note(data, ledger.Entry(EventName.WISH_FELL_AWAY, member_id), now)
    gone = [(move, {"member_id": member_id})]
    journal.note(data, Noted.REQUESTED, member_id, now, gone=gone)


def _keys(house: House, member_id: UUID) -> tuple[Sealer | None, Sealer]:
    """Return the old key, and a fresh one whose wrap is committed beside the old one's."""
    new, wrapped = house.keyring.new_sealer(Store.RETAINED, member_id)
    with house.databases.keys.begin() as keys:
        try:
            _store, old = outbox.sealer_of(keys, house.keyring, member_id)
        except outbox.NoKeyError:
            return None, new
        moving.announce(keys, {member_id: wrapped}, Store.RETAINED)
    return old, new


def _leave(data: Connection, signer: Signer, who: _Leaver) -> None:
    """Do it all, in the caller's transaction; what asks about the member comes before it goes."""
    as_subject(data, who.member_id)
    tables = STORES[who.store]
    telling.tell_of_leaving(data, tables, who.member_id, who.now)
    standing = use.standing(data, tables, who.member_id, who.today)
    may_write = use.decide("email", Purpose.NOTICES, standing).allowed
    rules = retaining.Rules(
        policy.in_force(who.today), leaving_facts.holds(data, who.member_id, who.today), who.today
    )
    _end_sign_ins(data, who)
    export_ending.leave(data, who.member_id)
    taken = retaining.take(data, who.store, who.member_id)
    kept = _keep(data, who, rules, taken)
    lines = _lines(rules, taken, kept)
    left = [
        *_as_put(taken, kept),
        *_certify(data, signer, who, (rules.policy.version, lines)),
        *_record(data, who, taken, kept),
        *_end_guardianships(data, who),
    ]
    ledger.write(data, who.actor, ledger.Entry(EventName.LEFT, who.member_id))
    if may_write:
        _say_goodbye(data, who, taken, lines)
    journal.note(data, Noted.WITHDRAWN, who.member_id, who.now, rows=left)


def _end_sign_ins(data: Connection, who: _Leaver) -> None:
    """End sessions and sign-ins, drop what was not sent yet, close the staff's cases."""
    mine = separation.c.member_id == who.member_id
    data.execute(delete(separation).where(mine))
    for table in SIGN_IN:
        data.execute(delete(table).where(table.c.member_id == who.member_id))
    case_lives.left(data, who.member_id, who.now)
    cases = ops.case.c
    still = (cases.member_id == who.member_id, cases.closed_at.is_(None))
    data.execute(update(ops.case).where(*still).values(closed_at=who.now))


def _keep(
    data: Connection, who: _Leaver, rules: retaining.Rules, taken: Taken
) -> dict[str, list[retaining.Row]]:
    """Put what stays into the retained store; where nothing does, its key is due at once."""
    chosen = rules.kept(taken) if who.old else {name: [] for name in taken.rows}
    kept = {name: retaining.resealed(name, rows, who.old, who.new) for name, rows in chosen.items()}
    if any(kept[name] for name in (VALUES, RECORDS)):
        retaining.put(data, taken.member, kept)
        return kept
    due = upsert(key_due).values(member_id=who.member_id, at=who.now)
    data.execute(due.on_conflict_do_nothing())
    return {name: [] for name in kept}


def _as_put(taken: Taken, kept: dict[str, list[retaining.Row]]) -> Iterator[Carried]:
    """Give the rows that `_keep` put in, with their tables: a restore puts them in again."""
    retained = STORES[Store.RETAINED]
    if any(kept.values()):
        yield retained.member, retaining.bare(taken.member)
    for table in retained.all[1:]:
        yield from ((table, row) for row in kept[table.name])


def _lines(
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


def _certify(
    data: Connection, signer: Signer, who: _Leaver, said: tuple[str, tuple[Line, ...]]
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


def _record(
    data: Connection, who: _Leaver, taken: Taken, kept: dict[str, list[retaining.Row]]
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


def _end_guardianships(data: Connection, who: _Leaver) -> Iterator[Carried]:
    """End the links to the leaver's children; one without another guardian is store-only (P41)."""
    for store in (Store.LIVE, Store.DORMANT):
        link = STORES[store].guardianship
        ended = (
            update(link)
            .where(
                link.c.guardian_id == who.member_id,
                or_(link.c.ended_on.is_(None), link.c.ended_on > who.today),
            )
            .values(ended_on=who.today)
            .returning(link)
        )
        for row in data.execute(ended).mappings().all():
            ledger.note(data, ledger.Entry(EventName.GUARDIAN_LEFT, row["member_id"]), who.now)
            yield link, row


def _say_goodbye(data: Connection, who: _Leaver, taken: Taken, lines: tuple[Line, ...]) -> None:
    """Tell by mail that the membership has ended: whoever did not ask for it must know."""
    address = _email(who, taken)
    if address is None:
        return
    last = max((line.kept_until for line in lines if line.kept_until), default=None)
    params = {"until": last.isoformat() if last else ""}
    message = outbox.Message("left", "email", who.language, params, key="left", to=address)
    outbox.enqueue_once(data, who.new, who.member_id, message, who.now)


def _email(who: _Leaver, taken: Taken) -> str | None:
    row = next(
        (r for r in taken.rows[VALUES] if (r["item"], r["seq"]) == ("email", 0) and r["sealed"]),
        None,
    )
    if row is None or who.old is None:
        return None
    try:
        return who.old.open(row["sealed"], places.profile("email", 0)).decode()
    except SealError:
        return None


def _settle(house: House, member_id: UUID, now: datetime) -> None:
    """Let the fresh key take the old one's place, and take all by which they were found.

    What the keys' files still have of the old one is overwritten now, or with the next hourly run.
    """
    with house.databases.keys.begin() as keys:
        moving.settle(keys, [member_id], Store.RETAINED, now)
        moving.forget(keys, [member_id], now)
        for table in (export_key, case_key):
            keys.execute(delete(table).where(table.c.member_id == member_id))
    try:
        destruction.destroy_keys(house.databases, now)
        destruction.erase_keys(house.databases)
    except DBAPIError:
        return  # somebody has the table in hand; the hourly run does it
