"""Whether somebody may join: no for standing bars only, and never for anybody else (P40)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from db.clock import seoul_day
from db.drafts import ValueDraft
from db.tables import keys as keys_tables
from db.tables.bars import bar, joining_check
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import BarWhy, Purpose, StaffRole
from services import barring, joining
from services.house import House
from services.identity.attempts import WaitFirst
from services.joining import BadQuestion
from tests.companies import company
from tests.database import empty
from tests.leaving import leave
from tests.people import NOW, PLAIN, agent, join, member
from tests.people import draft as new

if TYPE_CHECKING:
    from datetime import datetime

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P40")

TODAY = seoul_day(NOW)
LAST = TODAY + timedelta(days=30)
OWN = {name: PLAIN[name] for name in joining.ITEMS}


def house_of(db: PortalDb) -> House:
    return House(db.work, db.keyring)


def bar_on(db: PortalDb, who: UUID, *, settled: bool = True, **changes: Any) -> UUID:  # noqa: ANN401
    """Write a standing bar, and let the worker see to it."""
    officer = agent(db, StaffRole.OFFICER)
    row = {
        "bar_id": uuid4(), "member_id": who, "why": BarWhy.DECEIT, "placed_by": officer,
        "placed_at": NOW, "ends_on": LAST,
    }  # fmt: skip
    with db.work.data.begin() as data:
        data.execute(insert(bar).values(row | changes))
    if settled:
        barring.settle(house_of(db), row["bar_id"], NOW)  # type: ignore[arg-type]
    return row["bar_id"]  # type: ignore[return-value]


def asker(db: PortalDb) -> str:
    return company(db, role="source_system", purpose=None, items=[], kept=None)


def may(db: PortalDb, values: dict[str, str], at: datetime = NOW, who: str | None = None) -> bool:
    """Ask as the portal does."""
    system = who or asker(db)
    with db.web.data.begin() as data, db.web.keys.connect() as keys:
        return joining.may_join(data, keys, db.keyring, values, system, at)


def rows(db: PortalDb, what: Any) -> list[Any]:  # noqa: ANN401
    with db.owner_data.connect() as data:
        return list(data.execute(select(what)).all())


def events(db: PortalDb) -> list[tuple[str, UUID | None]]:
    return [(row.name, row.member_id) for row in rows(db, event)]


def test_a_bar_says_no_until_its_day_is_over_and_outlives_the_membership(
    portal_db: PortalDb,
) -> None:
    who = member(portal_db)
    assert may(portal_db, OWN)
    bar_on(portal_db, who)
    assert not may(portal_db, OWN)
    leave(portal_db, who)
    barring.run(house_of(portal_db), NOW)
    last_moment = NOW + timedelta(days=30, hours=11, minutes=59)  # before midnight in Seoul
    assert not may(portal_db, OWN, last_moment)
    assert may(portal_db, OWN, last_moment + timedelta(minutes=1))
    assert barring.run(house_of(portal_db), last_moment) == 0
    assert barring.run(house_of(portal_db), last_moment + timedelta(minutes=1)) == 4
    assert rows(portal_db, bar) == []
    assert may(portal_db, OWN)


def test_lifting_counts_at_once_and_the_digests_go(portal_db: PortalDb) -> None:
    who = member(portal_db)
    bar_id = bar_on(portal_db, who)
    with portal_db.work.data.begin() as data:
        officer = agent(portal_db, StaffRole.OFFICER)
        data.execute(update(bar).values(lifted_at=NOW, lifted_by=officer))
    assert may(portal_db, OWN)
    barring.settle(house_of(portal_db), bar_id, NOW)
    with portal_db.owner_keys.connect() as keys:
        assert keys.execute(select(keys_tables.barred)).all() == []


def test_a_yes_and_a_no_are_noted_and_only_the_no_names_somebody(portal_db: PortalDb) -> None:
    who, system = member(portal_db), asker(portal_db)
    bar_on(portal_db, who)
    assert not may(portal_db, OWN, who=system)
    assert may(portal_db, {"email": "nobody@example.com"}, who=system)
    assert events(portal_db) == [("joining_refused", who), ("joining_checked", None)]
    no, yes = rows(portal_db, event)
    assert (no.purpose, no.reason, no.page) == (Purpose.JOINING_LIMIT, system, joining.PATH)
    assert no.items == list(joining.ITEMS)
    assert yes.items == ["email"]
    (counts,) = rows(portal_db, joining_check)
    assert (counts.company_id, counts.day, counts.asked, counts.refused) == (system, TODAY, 2, 1)
    with portal_db.web.data.connect() as data:
        assert joining.counted(data, TODAY) == (2, 1)
        assert joining.counted(data, TODAY + timedelta(days=1)) == (0, 0)


@pytest.mark.parametrize(
    ("names", "no"),
    [
        (("email",), True),
        (("mobile",), False),
        (("login_id",), False),
        (("name", "birth_date"), False),
        (("name",), False),
        (("mobile", "login_id"), True),
        (("mobile", "name", "birth_date"), True),
        (("mobile", "name"), False),
    ],
)
def test_what_many_may_share_refuses_nobody_alone(
    portal_db: PortalDb, names: tuple[str, ...], *, no: bool
) -> None:
    bar_on(portal_db, member(portal_db))
    assert may(portal_db, {name: PLAIN[name] for name in names}) is not no


def test_it_is_recognised_however_it_is_written(portal_db: PortalDb) -> None:
    bar_on(portal_db, member(portal_db))
    assert not may(portal_db, {"email": "  HANEUL@Example.com"})
    assert not may(portal_db, {"mobile": "+82 10 2345 6789", "login_id": "HANEUL87"})


def test_what_is_disputed_or_stopped_is_not_used_until_it_is_decided(portal_db: PortalDb) -> None:
    who = member(portal_db)
    bar_on(portal_db, who)
    stopped = {
        "member_id": who, "restriction_id": uuid4(), "started_at": NOW, "why": "disputed",
    }  # fmt: skip
    for scope, no in (
        ({"item": "email"}, True),  # telephone and login ID still tell
        ({"item": "name"}, True),
        ({"purpose": "joining_limit"}, False),
        ({"purpose": "events"}, True),
        ({}, False),
    ):
        with portal_db.work.data.begin() as data:
            data.execute(LIVE.restriction.delete())
            data.execute(insert(LIVE.restriction).values(stopped | scope))
        assert may(portal_db, OWN) is not no, scope
        assert may(portal_db, {"email": PLAIN["email"]}) is (not no or scope == {"item": "email"})


def test_a_stop_before_the_bar_keeps_the_values_out_of_it(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as data:
        data.execute(insert(LIVE.restriction).values(
            member_id=who, restriction_id=uuid4(), started_at=NOW, item="email", why="disputed"
        ))  # fmt: skip
    bar_on(portal_db, who)
    assert rows(portal_db, bar)[0].known_by == ["login_id", "mobile", "name_birth"]
    with portal_db.work.data.begin() as data:
        data.execute(update(LIVE.restriction).values(ended_at=NOW))
    barring.run(house_of(portal_db), NOW)
    assert not may(portal_db, {"email": PLAIN["email"]})


def test_changing_ones_values_does_not_shake_a_bar_off(portal_db: PortalDb) -> None:
    who = member(portal_db)
    bar_on(portal_db, who)
    fresh = portal_db.keyring.blind("email", "fresh@example.com")
    index = keys_tables.blind_index
    with portal_db.work.keys.begin() as keys:
        keys.execute(index.delete().where(index.c.member_id == who, index.c.kind == "email"))
        keys.execute(insert(index).values(kind="email", digest=fresh, member_id=who))
    house = house_of(portal_db)
    with portal_db.work.data.begin() as data, portal_db.work.keys.begin() as keys:
        barring.follow(house, data, keys, who, NOW)
    leave(portal_db, who)
    assert not may(portal_db, {"email": "fresh@example.com"})
    assert not may(portal_db, {"email": PLAIN["email"]})


def test_somebody_who_shares_an_address_and_leaves_is_not_taken_for_the_other(
    portal_db: PortalDb,
) -> None:
    barred, other = member(portal_db), member(portal_db)  # all values alike
    bar_on(portal_db, barred)
    assert may(portal_db, OWN)
    leave(portal_db, other)
    barring.run(house_of(portal_db), NOW)
    assert may(portal_db, OWN)
    assert rows(portal_db, bar)[0].known_by == []


def test_who_comes_to_share_one_later_is_not_either(portal_db: PortalDb) -> None:
    barred = member(portal_db)
    bar_on(portal_db, barred)
    other = member(portal_db, values=(ValueDraft("email", PLAIN["email"]),))
    assert may(portal_db, {"email": PLAIN["email"]})
    house = house_of(portal_db)
    with portal_db.work.data.begin() as data, portal_db.work.keys.begin() as keys:
        barring.follow(house, data, keys, other, NOW)
    leave(portal_db, other)
    assert may(portal_db, {"email": PLAIN["email"]})


def test_the_portal_can_neither_read_nor_write_who_is_barred(portal_db: PortalDb) -> None:
    from sqlalchemy.exc import ProgrammingError  # noqa: PLC0415

    bar_on(portal_db, member(portal_db))
    for statement in (select(keys_tables.barred), keys_tables.barred.delete()):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            portal_db.web.keys.connect() as keys,
        ):
            keys.execute(statement)
    with portal_db.web.data.connect() as data:
        assert data.execute(select(bar)).all() == []  # no subject, no bar


EMAIL = st.sampled_from([None, "a@example.com", "b@example.com", "c@example.com"])
MOBILE = st.sampled_from([None, "010-1111-1111", "010-2222-2222"])
LOGIN = st.sampled_from([None, "one", "two"])
PERSON = st.sampled_from([None, ("김가나", "1990-01-02"), ("이다라", "1991-03-04")])


def _values(found: tuple[Any, ...]) -> dict[str, str]:
    email, mobile, login_id, person = found
    plain = {"email": email, "mobile": mobile, "login_id": login_id}
    held = {name: value for name, value in plain.items() if value}
    return held | ({"name": person[0], "birth_date": person[1]} if person else {})


VALUES = st.tuples(EMAIL, MOBILE, LOGIN, PERSON).map(_values)


@dataclass(frozen=True)
class Somebody:
    """A made-up member. `ends_in`: their bar's last day from today, None without a bar."""

    values: dict[str, str]
    ends_in: int | None
    lifted: bool
    leaves: bool


SOMEBODY = st.builds(
    Somebody, VALUES, st.sampled_from([None, None, 1, 30]), st.booleans(), st.booleans()
)


def kinds_of(values: dict[str, str]) -> set[tuple[str, str]]:
    found = {(kind, values[kind]) for kind in ("email", "mobile", "login_id") if kind in values}
    return found | ({("name_birth", values["name"])} if "name" in values else set())


@dataclass
class Town:
    """A simple model: what each bar knows, and what it must not count any more."""

    people: tuple[Somebody, ...]
    here: set[int] = field(default_factory=set)

    def standing(self, day: int) -> set[int]:
        return {
            n for n, one in enumerate(self.people)
            if one.ends_in is not None and not one.lifted and day <= one.ends_in
        }  # fmt: skip

    def refuses(self, values: dict[str, str], day: int) -> bool:
        """Return whether a bar that stands agrees with enough that is nobody else's."""
        asked = kinds_of(values)
        ordinary = [kinds_of(one.values) for n, one in enumerate(self.people)
                    if n not in self.standing(0)]  # fmt: skip
        theirs = set().union(*ordinary) if ordinary else set()
        return any(
            sum(2 if kind == "email" else 1
                for kind, _ in (asked & kinds_of(self.people[n].values)) - theirs) >= 2
            for n in self.standing(day)
        )  # fmt: skip


def settle_town(db: PortalDb, people: tuple[Somebody, ...]) -> list[UUID]:
    """Let all join, the bars be placed, some lifted, and then some leave."""
    drafts = [
        new(values=tuple(ValueDraft(n, v) for n, v in one.values.items()), records=(), devices=())
        for one in people
    ]
    join(db, *drafts)
    house, officer = house_of(db), agent(db, StaffRole.OFFICER)
    made = {}
    for one, draft in zip(people, drafts, strict=True):
        if one.ends_in is not None:
            lifted = {"lifted_at": NOW, "lifted_by": officer} if one.lifted else {}
            last = TODAY + timedelta(days=one.ends_in)
            made[draft.member_id] = bar_on(
                db, draft.member_id, settled=False, ends_on=last, **lifted
            )
    for bar_id in made.values():
        barring.settle(house, bar_id, NOW)
    for one, draft in zip(people, drafts, strict=True):
        if one.leaves:
            leave(db, draft.member_id)
    barring.run(house, NOW)
    return [draft.member_id for draft in drafts]


TWINS = Somebody({"email": "a@example.com"}, 30, lifted=False, leaves=True)
ORDINARY = Somebody({"email": "a@example.com"}, None, lifted=False, leaves=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(SOMEBODY, min_size=1, max_size=4).map(tuple), VALUES.filter(bool),
    st.sampled_from([0, 1, 2, 30, 31]),
)  # fmt: skip
@example((TWINS, TWINS), {"email": "a@example.com"}, 30)
@example((TWINS, ORDINARY), {"email": "a@example.com"}, 0)
def test_only_standing_bars_say_no_and_only_until_their_end(
    portal_db: PortalDb, people: tuple[Somebody, ...], asked: dict[str, str], day: int
) -> None:
    try:
        members, town, system = settle_town(portal_db, people), Town(people), asker(portal_db)
        at = NOW + timedelta(days=day)
        assert may(portal_db, asked, at, system) is not town.refuses(asked, day)
        for one, who in zip(people, members, strict=True):
            # Who has no bar is never refused, whether they stayed or left, whatever they share.
            if who not in {members[n] for n in town.standing(day)} and one.values:
                twin = one.ends_in is not None and town.refuses(one.values, day)
                assert twin or may(portal_db, one.values, NOW + timedelta(days=day), system)
    finally:
        empty(portal_db.owner_data)
        empty(portal_db.owner_keys)


def question(**values: object) -> bytes:
    # Always the same one: two processes must come to the same names of tests.
    return json.dumps({"id": str(UUID(int=1))} | values).encode()


def test_a_question_is_read() -> None:
    assert joining.question(question(email=" a@example.com ", birth_date="19870506")) == {
        "email": "a@example.com", "birth_date": "1987-05-06",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"text"', b"\xff", b"{}", b"[" * 4_000, b'{"id": 5, "email": "a"}',
        b'{"email": "a@example.com"}', b'{"id": "x", "email": "a"}', question(),
        question(email=""), question(email=" "), question(email=5), question(email=None),
        question(email=["a"]), question(email="a" * 301), question(email="a\0b"),
        question(email="\ud800"), question(nickname="a"), question(birth_date="yesterday"),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(body: bytes) -> None:
    with pytest.raises(BadQuestion):
        joining.question(body)


def asked(db: PortalDb, system: str, at: datetime) -> bool:
    try:
        with db.web.keys.begin() as keys:
            joining.pace(keys, db.keyring, system, at)
    except WaitFirst:
        return False
    return True


def test_a_list_is_not_tried_through(portal_db: PortalDb) -> None:
    minute = [NOW + timedelta(milliseconds=60 * n) for n in range(1000)]
    assert sum(asked(portal_db, "one", at) for at in minute) <= 60 + 60
    # One that asks too much leaves the others their turn, all of them together have a limit, too.
    assert asked(portal_db, "two", minute[-1])
    later = NOW + timedelta(days=1)
    many = [f"system {n}" for n in range(400)]
    assert sum(asked(portal_db, system, later) for system in many) == joining.ALL_ASKERS.at_once


def test_the_longest_bar_is_what_the_policy_keeps_after_leaving() -> None:
    from services import bars  # noqa: PLC0415

    assert bars.longest(date(2028, 2, 29)) == date(2029, 2, 28)
