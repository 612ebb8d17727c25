"""A member's whole life, in any order of events, beside a model as simple as the policy's words.

Joining, using, correcting, clearing, consenting, being told, sleeping, coming back, leaving, and
days on which the daily run destroys what is due (clauses 3 and 4; P04 to P06, P08 to P14).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from db import places
from db.asleep import NOTICE
from db.clock import seoul_day
from db.drafts import RecordDraft, UseDraft
from db.policy import policies
from db.tables import ops
from db.tables.member import LIVE, STORES
from db.words import ConsentKind, Purpose, RecordKind, Store
from services import (
    access,
    clearing,
    consents,
    destruction,
    dormancy,
    due,
    held_values,
    use,
    waking,
    withdrawing,
)
from services.actor import Permission
from services.ledger import EventName
from services.outbox import sealer_of
from tests.database import empty
from tests.leaving import signer, status, wish_to_leave, worker_house
from tests.people import FIELDS, NOW, ORIGIN, PLAIN, acting, member, portal_house
from tests.services.test_dormancy import MAIN, wish

if TYPE_CHECKING:
    from uuid import UUID

    from services.certificate import Certificate
    from services.house import House
    from tests.database import PortalDb

pytestmark = pytest.mark.promise(
    "P04", "P05", "P06", "P08", "P09", "P10", "P11", "P12", "P13", "P14"
)

POLICY = policies()[0]
KEPT_A_YEAR = frozenset(POLICY.rule("after_withdrawal").items)
BEFORE = timedelta(days=POLICY.dormancy.notice_days + 1)
LOOK = access.Look(EventName.VALUE_CORRECTED, Permission.PROFILE_CORRECT, "/edit", folds=False)


@dataclass
class Person:
    """What the policy says must be true of one member."""

    who: UUID
    last_used: date
    records: dict[RecordKind, date]
    store: Store | None = Store.LIVE
    values: dict[str, str] = field(default_factory=lambda: dict(PLAIN))
    ends: dict[str, date] = field(default_factory=dict)
    told: dict[date, date | None] = field(default_factory=dict)
    """By last use: when a notice was accepted, None when it bounced."""
    marketing: bool = False
    woken: date | None = None
    certificate: Certificate | None = None

    def leave(self, today: date) -> None:
        """Nine items stay a year, records their time, and with them who they are about."""
        self.records = {kind: end for kind, end in self.records.items() if end >= today}
        ends = dict.fromkeys(KEPT_A_YEAR, today.replace(year=today.year + 1)
                             if (today.month, today.day) != (2, 29)
                             else date(today.year + 1, 2, 28))  # fmt: skip
        for kind, end in self.records.items():
            for item in POLICY.operator.identifiers[kind]:
                ends[item] = max(end, ends.get(item, end))
        self.values = {item: text for item, text in self.values.items() if item in ends}
        self.ends = {item: ends[item] for item in self.values}
        self.store = Store.RETAINED if self.values or self.records else None

    def day(self, today: date, *, bounces: bool) -> None:
        """Be told, be separated, lose what is due: the daily run."""
        over = POLICY.dormancy.period.ends_on(self.last_used)
        if self.store is Store.LIVE and over < today + BEFORE and self.last_used not in self.told:
            self.told[self.last_used] = None if bounces else today
        elif self.store is Store.LIVE and over < today:
            told = self.told[self.last_used]
            if told is not None and told <= today - BEFORE:
                self.store = Store.DORMANT
        self.records = {kind: end for kind, end in self.records.items() if end >= today}
        if self.store is Store.RETAINED:
            gone = {item for item, end in self.ends.items() if end < today}
            self.values = {item: text for item, text in self.values.items() if item not in gone}
            self.ends = {item: self.ends[item] for item in self.values}
            if not self.values and not self.records:
                self.store = None


class Life(RuleBasedStateMachine):
    """Every member of one installation, and the model beside it."""

    def __init__(self, db: PortalDb) -> None:
        super().__init__()
        self.db, self.now = db, NOW
        self.people: list[Person] = []
        self.signs = signer(db)

    @property
    def today(self) -> date:
        return seoul_day(self.now)

    def some(self, data: st.DataObject, *stores: Store) -> Person | None:
        """Choose a member who is in one of these stores."""
        found = [one for one in self.people if one.store in stores]
        return data.draw(st.sampled_from(found)) if found else None

    def any(self, *stores: Store) -> bool:
        return any(one.store in stores for one in self.people)

    def as_member(self, who: UUID, do: Any) -> None:  # noqa: ANN401
        portal_house(self.db)
        actor = acting(who, at=self.now, verified_at=self.now)
        with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
            do(subject)

    @property
    def house(self) -> House:
        return worker_house(self.db)

    @initialize()
    def two_join(self) -> None:
        self.join(pays=True, visits=True)
        self.join(pays=False, visits=False)

    @precondition(lambda self: len(self.people) < 5)
    @rule(pays=st.booleans(), visits=st.booleans())
    def join(self, pays: bool, visits: bool) -> None:  # noqa: FBT001
        kinds = [k for k, on in ((RecordKind.PAYMENT, pays), (RecordKind.VISIT, visits)) if on]
        records = tuple(
            RecordDraft(uuid4(), kind, self.today, POLICY.rule(kind).ends_on(self.today),
                        FIELDS[kind], ORIGIN)
            for kind in kinds
        )  # fmt: skip
        who = member(self.db, records=records, uses=(UseDraft(MAIN, date(2020, 1, 1), self.today),))
        self.people.append(Person(who, self.today, {r.kind: r.ends_on for r in records}))

    @rule(days=st.sampled_from([(1,), (31,), (93,), (340, 32), (366,), (1900,)]),
          bounces=st.sampled_from([False, False, True]))  # fmt: skip
    def time_passes(self, days: tuple[int, ...], bounces: bool) -> None:  # noqa: FBT001
        for some in days:
            self.now += timedelta(days=some)
            self.daily_run(bounces=bounces)

    @rule(data=st.data())
    def used(self, data: st.DataObject) -> None:
        if one := self.some(data, Store.LIVE):
            table = LIVE.service_use
            with self.db.work.data.begin() as connection:
                connection.execute(
                    update(table).where(table.c.member_id == one.who)
                    .values(last_used_on=self.today)
                )  # fmt: skip
            one.last_used = self.today

    @rule(data=st.data(), text=st.sampled_from(["봄", "여름날", "가을"]))
    def correct(self, data: st.DataObject, text: str) -> None:
        if one := self.some(data, Store.LIVE):
            self.as_member(one.who, lambda s: held_values.put(s, "nickname", 0, text))
            one.values["nickname"] = text

    @rule(data=st.data(), item=st.sampled_from(["profile_image", "phone", "baby_name"]))
    def clear(self, data: st.DataObject, item: str) -> None:
        if one := self.some(data, Store.LIVE):
            self.as_member(one.who, lambda s: clearing.clear(s, (item,)))
            one.values.pop(item, None)

    @rule(data=st.data(), yes=st.booleans())
    def consent(self, data: st.DataObject, yes: bool) -> None:  # noqa: FBT001
        self.now += timedelta(minutes=1)  # of two at one instant the stricter one counts
        if one := self.some(data, Store.LIVE):
            self.as_member(one.who, lambda s: consents.record_by_key(s, "marketing", granted=yes))
            one.marketing = yes

    def daily_run(self, *, bounces: bool) -> None:
        dormancy.run(self.house, self.now)
        took = {"bounced_at": self.now} if bounces else {"sent_at": self.now}
        with self.db.work.data.begin() as connection:
            waiting = (ops.outbox.c.template == NOTICE, ops.outbox.c.sent_at.is_(None),
                       ops.outbox.c.bounced_at.is_(None))  # fmt: skip
            connection.execute(update(ops.outbox).where(*waiting).values(took | {"sealed": None}))
        destruction.run(self.db.work, self.now)
        for one in self.people:
            one.day(self.today, bounces=bounces)
        with self.db.work.data.connect() as connection:
            assert due.count(connection, self.now) == ()

    @precondition(lambda self: self.any(Store.DORMANT))
    @rule(data=st.data())
    def wake(self, data: st.DataObject) -> None:
        if one := self.some(data, Store.DORMANT):
            wish(self.db, one.who)
            assert waking.wake(self.house, one.who, self.now)
            one.store, one.last_used, one.woken = Store.LIVE, self.today, self.today

    @precondition(lambda self: self.any(Store.LIVE, Store.DORMANT))
    @rule(data=st.data(), store=st.sampled_from([Store.LIVE, Store.DORMANT]))
    def leave(self, data: st.DataObject, store: Store) -> None:
        if one := self.some(data, store):
            one.certificate = wish_to_leave(self.db, one.who, self.now)
            assert withdrawing.withdraw(self.house, self.signs, one.who, self.now)
            one.leave(self.today)

    @invariant()
    def everybody_is_where_and_as_the_policy_says(self) -> None:
        for one in self.people:
            stores = {store: self.held(one.who, store) for store in Store}
            here = [store for store, found in stores.items() if found is not None]
            assert here == ([one.store] if one.store else [])
            if one.store:
                assert stores[one.store] == (one.values, one.records)
            assert self.ends(one.who) == one.ends
            if one.store in (Store.LIVE, Store.DORMANT):
                assert self.marketing(one) == one.marketing
            if one.certificate:
                still = {
                    line.line.kind for line in status(self.db, one.certificate).lines
                    if line.destroyed_at is None
                }  # fmt: skip
                assert still == one.values.keys() | {kind.value for kind in one.records}

    def held(self, who: UUID, store: Store) -> tuple[dict[str, str], dict[RecordKind, date]] | None:
        """Return values, opened, and the records' last days; None where no row is at all."""
        tables = STORES[store]
        with self.db.work.data.connect() as data, self.db.work.keys.connect() as secret:
            rows = [
                data.execute(select(table).where(table.c.member_id == who)).all()
                for table in tables.all
            ]
            if not any(rows):
                return None
            _store, sealer = sealer_of(secret, self.db.keyring, who)
        values = {
            row.item: sealer.open(row.sealed, places.profile(row.item, row.seq)).decode()
            for row in rows[1]
            if row.sealed is not None
        }
        return values, {RecordKind(row.kind): row.ends_on for row in rows[2]}

    def ends(self, who: UUID) -> dict[str, date]:
        """Return until when each value of somebody who left is kept."""
        value = STORES[Store.RETAINED].profile_value.c
        with self.db.work.data.connect() as data:
            rows = data.execute(select(value["item"], value.ends_on).where(value.member_id == who))
            return {row.item: row.ends_on for row in rows}

    def marketing(self, one: Person) -> bool:
        assert one.store is not None
        with self.db.work.data.connect() as data:
            found = use.standing(data, STORES[one.store], one.who, self.today)
        return ConsentKind.MARKETING in found.granted

    def teardown(self) -> None:
        empty(self.db.owner_data)
        empty(self.db.owner_keys)


def test_whatever_happens_in_whatever_order(portal_db: PortalDb) -> None:
    class Here(Life):
        def __init__(self) -> None:
            super().__init__(portal_db)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=10, stateful_step_count=20, derandomize=True, deadline=None,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
