"""For any history of consents, restrictions, clearings and terms: the decision, the audience and a
simple model agree (P16, P18, P32; network act art. 50)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from db import consent_terms
from db.clock import SEOUL
from db.declarations import ITEMS, Basis, Sensitivity
from db.tables.member import DORMANT, LIVE
from db.words import MARKETING, RIGHTS, Channel, Purpose
from services import use
from services.audience import audience

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from db.consent_terms import Terms
    from tests.database import PortalDb

DAY = date(2026, 11, 23)
CARRIED = {"email": "email", "sms": "mobile", "push": "device_id"}
TERMS = consent_terms.in_force(DAY)


def changed(*, without: str = "", again: str = "") -> Terms:
    """Other versions: one that knows a consent no more, one that asks for one anew."""
    kept = [t for t in TERMS.consents if t.id != without and without not in t.needs]
    since = DAY - timedelta(days=100)
    asked = [t.model_copy(update={"asked_since": since}) if t.id == again else t for t in kept]
    return consent_terms.Terms(version="2026-11", in_force_from=DAY, consents=tuple(asked))


VERSIONS = {
    "asked": TERMS,
    "night unknown": changed(without="night.sms"),
    "personalisation unknown": changed(without="personalisation"),
    "marketing asked anew": changed(again="marketing"),
    "e-mail asked anew": changed(again="advertising.email"),
    "sensitive asked anew": changed(again="sensitive"),
}


@dataclass(frozen=True)
class Record:
    kind: str
    channel: str | None
    item: str | None
    granted: bool
    days_ago: int | None
    ends_in: int | None
    by_guardian: bool = False


@dataclass(frozen=True)
class History:
    records: tuple[Record, ...]
    restricted: tuple[tuple[str | None, str | None, bool, str], ...]
    held: frozenset[str]
    child: bool
    proved: bool
    came: str | None = None
    """How somebody stands who came of age: today, or long ago and never reached."""


KEYS: list[tuple[str, str | None, str | None]] = [
    ("marketing", None, None), ("marketing", "email", None), ("personalisation", None, None),
    *(("advertising", c, None) for c in Channel),
    ("advertising_night", "sms", None), ("advertising_night", "push", None),
    ("collection", None, None), ("collection", None, "mobile"), ("collection", None, "email"),
    ("sensitive", None, None), ("sensitive", None, "pregnancy"),
    ("device", None, None), ("device", None, "device_id"),
]  # fmt: skip
# Days on which something turns: today, a change of the terms, two years ago.
AGO = st.sampled_from([0, 1, 1, 2, 100, 101, 730, 731])
RECORD = st.builds(
    lambda key, granted, ago, ends, guardian: Record(
        key[0], key[1], key[2], granted, ago, ends, guardian
    ),
    st.sampled_from(KEYS), st.booleans(), AGO | AGO | st.none(),
    st.sampled_from([None, None, -1, 0]), st.sampled_from([False, False, True]),
)  # fmt: skip
# Mostly yes, so that much is allowed and each single no is seen to matter.
ALL_YES = tuple(
    Record(kind, way, item, granted=True, days_ago=1, ends_in=None) for kind, way, item in KEYS
)
MIDNIGHT, JUST = datetime.combine(DAY, time(), SEOUL), timedelta(microseconds=1)
# When a restriction begins: a stop waits for a running purchase, until its day in Seoul.
STARTS = {
    "a year ago": MIDNIGHT - timedelta(days=365),
    "first of today": MIDNIGHT,
    "last of today": MIDNIGHT + timedelta(days=1) - JUST,
    "first of tomorrow": MIDNIGHT + timedelta(days=1),
    "in a month": MIDNIGHT + timedelta(days=30),
}
BEGUN = {"a year ago", "first of today", "last of today"}
START = st.sampled_from(sorted(STARTS))
RESTRICTED = st.tuples(
    st.none() | st.sampled_from(sorted(CARRIED.values())),
    st.none() | st.sampled_from(["events", "notices", "content"]),
    st.booleans(),
    START,
)
USES = sorted(set(Purpose) - RIGHTS)
# A stop of everything is a row for each use, some of which go on until their day.
STOP_OF_ALL = st.tuples(
    st.sampled_from(["a year ago", "first of today"]), START, st.frozensets(st.sampled_from(USES))
).map(lambda t: tuple((None, use, False, t[1] if use in t[2] else t[0]) for use in USES))
HELD = frozenset(CARRIED.values())
HISTORY = st.builds(
    History,
    st.lists(RECORD, min_size=1, max_size=6).map(tuple)
    | st.lists(RECORD, min_size=1, max_size=2).map(lambda more: (*ALL_YES, *more)),
    st.just(()) | st.lists(RESTRICTED, min_size=1, max_size=2).map(tuple) | STOP_OF_ALL,
    st.just(HELD) | st.frozensets(st.sampled_from(sorted(HELD)), min_size=1),
    st.sampled_from([False, False, True]),
    st.booleans(),
    st.sampled_from([None, None, "today", "unclaimed"]),
)
PAUSED = {"marketing", "advertising", "advertising_night", "personalisation", "sensitive"}
"""What a guardian's yes lets no more be used when the child is 14."""


# ---- the model: a member's papers read by a careful person ----------------------------------


def latest(history: History, key: tuple[str, str | None, str | None]) -> Record | None:
    mine = [r for r in history.records if (r.kind, r.channel, r.item) == key]
    dated = [r for r in mine if r.days_ago is not None]
    if dated:
        newest = min(r.days_ago or 0 for r in dated)
        mine = [r for r in dated if (r.days_ago or 0) == newest]
    refused = [r for r in mine if not r.granted]
    waits = [r for r in mine if r.by_guardian and r.kind in PAUSED and not history.child]
    strict = refused or [r for r in mine if over(r)] or waits or mine
    if not strict:
        return None
    # What waits for an answer is neither a yes nor a no: as if nobody had recorded when.
    waiting = strict[0] in waits and not over(strict[0])
    return replace(strict[0], days_ago=None) if waiting else strict[0]


def over(record: Record) -> bool:
    past = record.ends_in is not None and record.ends_in < 0 and record.days_ago is not None
    return not record.granted or past


def is_yes(record: Record | None, terms: Terms) -> bool:
    if record is None or record.days_ago is None or over(record):
        return False
    known = [t for t in terms.consents if (t.kind, t.channel) == (record.kind, record.channel)]
    if not known:
        return False
    decided = DAY - timedelta(days=record.days_ago)
    if known[0].asked_since and decided < known[0].asked_since:
        return False
    if record.kind.startswith("advertising"):
        return date(decided.year + 2, decided.month, decided.day) >= DAY
    return True


def ended(history: History, kind: str, item: str) -> bool:
    own, every = latest(history, (kind, None, item)), latest(history, (kind, None, None))
    if own and over(own):
        return True
    if own and own.days_ago is not None:
        return bool(
            every and not every.granted and every.days_ago is not None
            and every.days_ago < own.days_ago
        )  # fmt: skip
    return every is not None and over(every)


def agreed_to_health(history: History, item: str, terms: Terms) -> bool:
    own = latest(history, ("sensitive", None, item))
    every = latest(history, ("sensitive", None, None))
    if own and over(own):
        return False
    if own and is_yes(own, terms):
        later_no = every and not every.granted and every.days_ago is not None
        return not (later_no and every and (every.days_ago or 0) < (own.days_ago or 0))
    return is_yes(every, terms)


def kept_only(history: History) -> bool:
    if history.child:
        return not history.proved
    return history.came is not None and not {"email", "mobile"} & history.held


def may(  # noqa: PLR0911 (read from top to bottom)
    history: History, item: str, purpose: Purpose, terms: Terms, declared: Iterable[Purpose]
) -> bool:
    if purpose not in declared:
        return False
    if purpose in RIGHTS:
        return True
    if kept_only(history) and not ITEMS[item].others:
        return False
    for one, what, is_ended, begins in history.restricted:
        if not is_ended and begins in BEGUN and one in (None, item) and what in (None, purpose):
            return False
    if ITEMS[item].basis is Basis.CONSENT and ended(history, "collection", item):
        return False
    if item == "device_id" and ended(history, "device", item):
        return False
    marketing = is_yes(latest(history, ("marketing", None, None)), terms)
    if purpose in MARKETING and not marketing:
        return False
    fits = is_yes(latest(history, ("personalisation", None, None)), terms)
    if purpose is Purpose.PERSONALISATION and not fits:
        return False
    sensitive = ITEMS[item].sensitivity is Sensitivity.SENSITIVE
    return not sensitive or agreed_to_health(history, item, terms)


def may_contact(
    history: History, channel: Channel, purpose: Purpose, terms: Terms, hour: int
) -> bool:
    item = CARRIED[channel]
    if item not in history.held:
        return False
    push = {Purpose.NOTICES, Purpose.EVENTS, Purpose.NEW_SERVICES}
    declared = push if channel is Channel.PUSH else ITEMS[item].purposes
    if not may(history, item, purpose, terms, declared):
        return False
    if purpose not in MARKETING:
        return True
    by_day = is_yes(latest(history, ("advertising", channel, None)), terms)
    if channel is Channel.EMAIL or 8 <= hour < 21:
        return by_day
    return by_day and is_yes(latest(history, ("advertising_night", channel, None)), terms)


# ---- the same in the database ---------------------------------------------------------------


def write(connection: Connection, history: History) -> UUID:
    who, now = uuid4(), datetime(2026, 11, 1, tzinfo=UTC)
    turns = DAY + timedelta(days=300) if history.child else None
    born = DAY if history.came == "today" and not history.child else turns
    unclaimed = DAY if history.came == "unclaimed" and not history.child else None
    connection.execute(
        insert(LIVE.member).values(
            member_id=who, created_at=now, turns_14_on=born, unclaimed_on=unclaimed
        )
    )
    if history.child:
        connection.execute(
            insert(LIVE.guardianship).values(
                member_id=who, guardian_id=uuid4(), started_on=date(2024, 1, 1),
                proof=history.proved,
            )
        )  # fmt: skip
    for item in ("email", "mobile"):
        held = item in history.held
        connection.execute(
            insert(LIVE.profile_value).values(
                member_id=who, item=item, seq=0, sealed=b"x" if held else None,
                cleared_at=None if held else now,
            )
        )  # fmt: skip
    held = "device_id" in history.held
    connection.execute(
        insert(LIVE.device).values(
            member_id=who, device_row_id=uuid4(), sealed=b"x" if held else None,
            refused_at=None if held else now,
        )
    )  # fmt: skip
    for one, what, is_ended, begins in history.restricted:
        connection.execute(
            insert(LIVE.restriction).values(
                member_id=who, restriction_id=uuid4(), item=one, purpose=what,
                started_at=STARTS[begins], ended_at=now if is_ended else None,
            )
        )  # fmt: skip
    rows = [
        {
            "member_id": who, "consent_id": uuid4(), "kind": r.kind, "channel": r.channel,
            "item": r.item, "granted": r.granted, "decided_at": moment(r.days_ago),
            "ends_on": None if r.ends_in is None else DAY + timedelta(days=r.ends_in),
            "decided_by": "guardian" if r.by_guardian else None,
        }
        for r in history.records
    ]  # fmt: skip
    if rows:
        connection.execute(insert(LIVE.consent), rows)
    return who


def moment(days_ago: int | None) -> datetime | None:
    if days_ago is None:
        return None
    day = DAY - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, 0, 30, tzinfo=SEOUL)


def at(hour: int) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, tzinfo=SEOUL)


CONTACTS = [
    *((p, c, hour) for p in (Purpose.EVENTS, Purpose.NOTICES) for c in Channel for hour in (8, 21)),
    (Purpose.COMPLAINTS, Channel.SMS, 7), (Purpose.STATISTICS, Channel.EMAIL, 12),
    (Purpose.SHOW, Channel.SMS, 12),
]  # fmt: skip


@pytest.mark.promise("P16")
@pytest.mark.promise("P18")
@pytest.mark.promise("P32")
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # shrinking so many members takes minutes
)
@given(st.lists(HISTORY, min_size=8, max_size=12), st.sampled_from(sorted(VERSIONS)))
def test_decision_audience_and_model_agree(
    portal_db: PortalDb, histories: list[History], version: str
) -> None:
    terms = VERSIONS[version]
    with portal_db.work.data.connect() as connection:
        people = {write(connection, history): history for history in histories}
        stands = {who: use.standing(connection, LIVE, who, DAY, terms) for who in people}
        for who, history in people.items():
            for item in ITEMS:
                for purpose in sorted(ITEMS[item].purposes):
                    expected = may(history, item, purpose, terms, ITEMS[item].purposes)
                    assert use.decide(item, purpose, stands[who]).allowed == expected, (
                        item,
                        purpose,
                    )
        for purpose, channel, hour in CONTACTS:
            expected_ones = {
                who for who, h in people.items() if may_contact(h, channel, purpose, terms, hour)
            }
            found = set(connection.scalars(audience(purpose, channel, at(hour), terms)))
            assert found == expected_ones, (purpose, channel, hour)
            for who, history in people.items():
                alone = use.decide_contact(channel, purpose, stands[who], at(hour)).allowed
                assert (alone and CARRIED[channel] in history.held) == (who in found)
        connection.rollback()


def reached_of(db: PortalDb, *records: Record, channel: Channel = Channel.SMS, hour: int = 12,
               **changes: Any) -> bool:  # noqa: ANN401  # fmt: skip
    values: dict[str, Any] = {
        "restricted": (), "held": frozenset(CARRIED.values()), "child": False, "proved": False,
    }  # fmt: skip
    with db.work.data.connect() as connection:
        who = write(connection, History(records, **(values | changes)))
        return who in set(connection.scalars(audience(Purpose.EVENTS, channel, at(hour))))


def yes(*keys: tuple[str, str | None], ago: int = 1) -> Iterable[Record]:
    return tuple(
        Record(kind, channel, None, granted=True, days_ago=ago, ends_in=None)
        for kind, channel in keys
    )


BY_DAY = (("marketing", None), ("advertising", "sms"))
NIGHT = ("advertising_night", "sms")


@pytest.mark.parametrize(("hour", "night"), [(20, False), (21, True), (7, True), (8, False)])
def test_the_night_needs_a_consent_of_its_own(portal_db: PortalDb, hour: int, night: bool) -> None:  # noqa: FBT001
    assert reached_of(portal_db, *yes(*BY_DAY), hour=hour) is not night
    assert reached_of(portal_db, *yes(*BY_DAY, NIGHT), hour=hour)
    # Without the day's there is no night.
    assert not reached_of(portal_db, *yes(("marketing", None), NIGHT), hour=hour)
    mail = yes(("marketing", None), ("advertising", "email"))
    assert reached_of(portal_db, *mail, channel=Channel.EMAIL, hour=hour)


def test_advertising_ends_two_years_after_its_yes(portal_db: PortalDb) -> None:
    assert reached_of(portal_db, *yes(*BY_DAY, ago=730))  # 2024-11-23, the same day
    assert not reached_of(portal_db, *yes(*BY_DAY, ago=731))


def sms(granted: bool, ago: int, ends_in: int | None = None) -> Record:  # noqa: FBT001
    return Record("advertising", "sms", None, granted, ago, ends_in)


def held(granted: bool, ago: int | None, item: str | None = None) -> Record:  # noqa: FBT001
    return Record("collection", None, item, granted, ago, None)


@pytest.mark.promise("P32")
@pytest.mark.parametrize("begins", STARTS)
def test_a_stop_counts_from_its_day_in_seoul(portal_db: PortalDb, begins: str) -> None:
    stop = tuple((None, use, False, begins) for use in USES)
    assert reached_of(portal_db, *yes(*BY_DAY), restricted=stop) is (begins not in BEGUN)


YES, NO = True, False
TURNS: dict[str, tuple[bool, tuple[Record, ...]]] = {
    "no, then yes": (True, (sms(NO, 5), sms(YES, 1))),
    "yes, then no": (False, (sms(YES, 5), sms(NO, 1))),
    "no, yes, no": (False, (sms(NO, 5), sms(YES, 3), sms(NO, 1))),
    "both at once": (False, (sms(YES, 1), sms(NO, 1))),
    "ends today": (True, (sms(YES, 1, 0),)),
    "ended yesterday": (False, (sms(YES, 5), sms(YES, 1, -1))),
    "all withdrawn after the item": (False, (sms(YES, 1), held(YES, 5, "mobile"), held(NO, 2))),
    "all agreed to again": (
        True, (sms(YES, 1), held(YES, 5, "mobile"), held(NO, 3), held(YES, 2)),
    ),
    "item withdrawn, all agreed": (False, (sms(YES, 1), held(NO, 5, "mobile"), held(YES, 2))),
    "an undated no": (False, (sms(YES, 1), held(NO, None, "mobile"))),
}  # fmt: skip


@pytest.mark.promise("P18")
@pytest.mark.parametrize("turn", TURNS)
def test_the_last_word_counts(portal_db: PortalDb, turn: str) -> None:
    expected, records = TURNS[turn]
    assert reached_of(portal_db, *yes(("marketing", None)), *records) is expected


def test_nobody_is_contacted_who_sleeps(portal_db: PortalDb) -> None:
    with portal_db.work.data.connect() as connection:
        connection.execute(insert(DORMANT.member).values(member_id=uuid4(), created_at=moment(1)))
        assert not list(connection.scalars(audience(Purpose.NOTICES, Channel.EMAIL, at(12))))
