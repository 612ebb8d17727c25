"""May this item be used for this purpose? The decision against a simple model (P01)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from db.consent_terms import ADVERTISING
from db.declarations import ITEMS, Sensitivity
from db.drafts import ConsentDraft
from db.tables.member import LIVE
from db.words import MARKETING, RIGHTS, Channel, ConsentKind, Purpose
from services import access, profile, use
from services.ledger import EventName
from services.use import Standing, Why
from tests.people import NOW, acting, child_of, granted, member, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb


TODAY = NOW.date()
ITEM = st.sampled_from(sorted(ITEMS))
PURPOSE = st.sampled_from(sorted(Purpose))
STANDING = st.builds(
    Standing,
    st.frozensets(st.sampled_from(sorted(ConsentKind))),
    st.frozensets(st.tuples(st.none() | ITEM, st.none() | PURPOSE), max_size=3),
    st.booleans(),
    st.frozensets(st.tuples(st.sampled_from(sorted(ADVERTISING)), st.sampled_from(Channel))),
    ended_items=st.frozensets(ITEM),
    sensitive=st.frozensets(ITEM),
)


@pytest.mark.promise("P01")
@given(ITEM, PURPOSE, STANDING)
def test_a_purpose_the_item_does_not_declare_is_always_refused(
    item: str, purpose: Purpose, standing: Standing
) -> None:
    if purpose not in ITEMS[item].purposes:
        assert use.decide(item, purpose, standing).why is Why.UNDECLARED_PURPOSE


@given(ITEM, PURPOSE, STANDING)
def test_the_decision_agrees_with_a_simple_model(
    item: str, purpose: Purpose, standing: Standing
) -> None:
    declared = purpose in ITEMS[item].purposes
    blocked = any(i in (None, item) and p in (None, purpose) for i, p in standing.restricted)
    consents = ConsentKind.MARKETING in standing.granted or purpose not in MARKETING
    consents &= purpose != "personalisation" or ConsentKind.PERSONALISATION in standing.granted
    sensitive = ITEMS[item].sensitivity is Sensitivity.SENSITIVE
    consents &= not sensitive or item in standing.sensitive
    consents &= item not in standing.ended_items
    free = (
        declared
        and consents
        and not blocked
        and not (standing.store_only and not ITEMS[item].others)
    )
    expected = free or (declared and purpose in RIGHTS)
    assert use.decide(item, purpose, standing).allowed == expected


@given(ITEM, STANDING)
def test_a_members_own_rights_know_no_restriction(item: str, standing: Standing) -> None:
    for right in RIGHTS & ITEMS[item].purposes:
        assert use.decide(item, right, standing).allowed


@pytest.mark.promise("P01")
def test_an_item_nobody_declared_serves_nothing() -> None:
    decision = use.decide("shoe_size", Purpose.SHOW, use.NOTHING)
    assert (decision.why, decision.allowed) == (Why.UNDECLARED_ITEM, False)


@pytest.mark.promise("P01")
def test_data_opened_for_a_purpose_gives_only_what_serves_it(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    plain = member(portal_db)
    willing = member(portal_db, consents=granted(ConsentKind.MARKETING))
    look = access.Look(EventName.PROFILE_VIEWED)
    found = {}
    for one in (plain, willing):
        with access.open(acting(one), one, Purpose.EVENTS, look=look) as subject:
            held = profile.held(subject, plain=False)
        found[one] = {i.item.name for items in held.groups.values() for i in items if i.values}
        assert held.kinds == ()
    assert found[plain] == set()
    assert found[willing] == {n for n, i in ITEMS.items() if Purpose.EVENTS in i.purposes} - {
        n for n, i in ITEMS.items() if i.sensitivity is Sensitivity.SENSITIVE
    }


def _standing(db: PortalDb, member_id: UUID, today: date = TODAY) -> Standing:
    with db.work.data.connect() as connection:
        return use.standing(connection, LIVE, member_id, today)


def test_the_latest_record_of_a_consent_decides(portal_db: PortalDb) -> None:
    kind = ConsentKind.MARKETING
    history = (*granted(kind, at=NOW), *granted(kind, at=NOW - timedelta(days=1), yes=False))
    assert _standing(portal_db, member(portal_db, consents=history)).granted == {kind}
    history = (*granted(kind, at=NOW - timedelta(days=1)), *granted(kind, at=NOW, yes=False))
    assert _standing(portal_db, member(portal_db, consents=history)).granted == frozenset()


def test_of_two_records_at_one_instant_the_refusal_counts(portal_db: PortalDb) -> None:
    kind = ConsentKind.MARKETING
    history = (*granted(kind), *granted(kind, yes=False))
    assert _standing(portal_db, member(portal_db, consents=history)).granted == frozenset()


def test_a_consent_without_evidence_counts_as_no(portal_db: PortalDb) -> None:
    history = (ConsentDraft(uuid4(), ConsentKind.MARKETING, granted=True),)
    assert _standing(portal_db, member(portal_db, consents=history)).granted == frozenset()


def test_a_consent_ends_with_its_last_day(portal_db: PortalDb) -> None:
    until = date(2026, 11, 22)
    history = (
        ConsentDraft(uuid4(), ConsentKind.MARKETING, granted=True, decided_at=NOW, ends_on=until),
    )
    one = member(portal_db, consents=history)
    assert _standing(portal_db, one, until).granted == {ConsentKind.MARKETING}
    assert _standing(portal_db, one, until + timedelta(days=1)).granted == frozenset()


def test_restrictions_count_until_they_end(portal_db: PortalDb) -> None:
    one = member(portal_db)
    rows = [
        {
            "restriction_id": uuid4(),
            "member_id": one,
            "item": "email",
            "started_at": NOW,
            "ended_at": None,
        },
        {
            "restriction_id": uuid4(),
            "member_id": one,
            "item": "mobile",
            "started_at": NOW,
            "ended_at": NOW,
        },
    ]
    with portal_db.work.data.begin() as connection:
        connection.execute(insert(LIVE.restriction), rows)
    assert _standing(portal_db, one).restricted == {("email", None)}


def test_a_child_without_a_recorded_guardians_consent_is_store_only(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    assert _standing(portal_db, child_of(portal_db, guardian, "2016-01-01", proof=False)).store_only
    assert not _standing(portal_db, child_of(portal_db, guardian, "2016-01-01")).store_only
    assert not _standing(portal_db, guardian).store_only
