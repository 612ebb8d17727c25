"""Decisions about consents, by any door: what is withdrawn or over is never used (P16, P18)."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from db import consent_terms, places
from db.drafts import ConsentDraft, DisclosureDraft
from db.tables import ops
from db.tables.member import LIVE
from db.words import ActorKind, Channel, CompanyRole, ConsentKind, NoticeMeans, Purpose, StaffRole
from services import (
    access,
    consent_list,
    consent_receipts,
    consents,
    item_consents,
    language,
    messages,
    use,
)
from services.actor import Permission, StepUpRequired
from services.audience import audience
from services.consents import ConsentRefused, Decision
from services.ledger import EventName
from tests.people import NOW, acting, agent, granted, member, open_case, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from services.subject import Subject
    from tests.database import PortalDb

LOOK = access.Look(EventName.CONSENT_GRANTED, Permission.CONSENT_CHANGE, "/consents", folds=False)
C = ConsentKind
UNKNOWN = Decision("third_party", granted=True, recipient="x", item="email")


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    return portal_db


def company(db: PortalDb, company_id: str, role: CompanyRole, **changes: Any) -> None:  # noqa: ANN401
    row = {
        "company_id": company_id, "role": role, "name": company_id, "items": ["email", "pregnancy"],
        "purpose": Purpose.EVENTS, "kept": {"months": 6}, "means": NoticeMeans.NONE,
        "terms_from": NOW - timedelta(days=900), "added_at": NOW - timedelta(days=900),
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(ops.company).values(row | changes))


def as_member(who: UUID, do: Callable[[Subject], Any], at: datetime = NOW) -> Any:  # noqa: ANN401
    with access.open(
        acting(who, at=at, verified_at=at), who, Purpose.CORRECT, look=LOOK
    ) as subject:
        return do(subject)


def told(db: PortalDb) -> list[tuple[str, str]]:
    with db.owner_data.connect() as connection:
        rows = connection.execute(select(ops.dispatch.c.company_id, ops.dispatch.c.change))
        return sorted((r.company_id, r.change) for r in rows)


def test_a_purpose_the_terms_do_not_know_is_refused_in_words(db: PortalDb) -> None:
    who = member(db)
    with pytest.raises(ConsentRefused, match="not asked for"):
        as_member(who, lambda s: consents.record(s, Decision("horoscopes", granted=True)))
    assert as_member(who, lambda s: consent_list.current(s).find("horoscopes")) is None
    with pytest.raises(ConsentRefused, match="another consent first"):
        as_member(who, lambda s: consents.record(s, Decision("night.sms", granted=True)))


@pytest.mark.promise("P16")
def test_a_yes_to_a_company_wants_a_verification_and_a_no_does_not(db: PortalDb) -> None:
    company(db, "insurer", CompanyRole.RECIPIENT)
    who = member(db)
    yes, no = (Decision("third_party", g, "insurer", "email") for g in (True, False))
    with access.open(acting(who), who, Purpose.CORRECT, look=LOOK) as subject:
        with pytest.raises(StepUpRequired):
            consents.record(subject, yes)
        consents.record(subject, no)
    as_member(who, lambda s: consents.record(s, yes), NOW + timedelta(minutes=1))
    with db.work.data.connect() as connection:
        standing = use.standing(connection, LIVE, who, NOW.date())
        assert standing.shared == {("insurer", "email")}
        later = use.standing(connection, LIVE, who, NOW.date() + timedelta(days=366))
        assert later.shared == frozenset()
    with pytest.raises(ConsentRefused, match="not asked for"):
        as_member(who, lambda s: consents.record(s, UNKNOWN))


@pytest.mark.promise("P18")
def test_health_data_needs_its_own_yes_before_a_company_may_have_it(db: PortalDb) -> None:
    company(db, "clinic", CompanyRole.RECIPIENT)
    who = member(db)
    give = Decision("third_party", granted=True, recipient="clinic", item="pregnancy")
    health = Decision("sensitive", granted=True, item="pregnancy")
    with pytest.raises(ConsentRefused):
        as_member(who, lambda s: consents.record(s, give))
    for n, one in enumerate((health, give)):
        as_member(who, partial(consents.record, decision=one), NOW + timedelta(seconds=n))
    assert as_member(who, lambda s: s.standing.shared) == {("clinic", "pregnancy")}
    no = Decision("sensitive", granted=False, item="pregnancy")
    as_member(who, lambda s: consents.record(s, no), NOW + timedelta(minutes=1))
    assert as_member(who, lambda s: s.standing.shared, NOW + timedelta(minutes=2)) == frozenset()


def test_who_is_concerned_is_told_and_nobody_else(db: PortalDb) -> None:
    company(db, "insurer", CompanyRole.RECIPIENT)
    company(db, "other", CompanyRole.RECIPIENT)
    company(db, "app", CompanyRole.SOURCE_SYSTEM, service="엄마와")
    gave = tuple(
        DisclosureDraft(uuid4(), to, ("email",), NOW.date(), "events")
        for to in ("insurer", "other")
    )
    yes = ConsentDraft(
        uuid4(), C.THIRD_PARTY, granted=True, decided_at=NOW, recipient="insurer", item="email"
    )
    who = member(db, disclosures=gave, consents=(yes,))
    no = Decision("third_party", granted=False, recipient="insurer", item="email")
    as_member(who, lambda s: consents.record(s, no))
    assert told(db) == [("insurer", "consent_withdrawn")]
    as_member(who, lambda s: consents.record(s, Decision("marketing", granted=True)))
    assert told(db) == [("app", "consent_granted"), ("insurer", "consent_withdrawn")]


def test_clearing_ends_every_consent_to_the_item_and_entering_it_again_is_a_new_yes(
    db: PortalDb,
) -> None:
    before = NOW - timedelta(days=5)
    shared = ConsentDraft(
        uuid4(), C.THIRD_PARTY, granted=True, decided_at=before, recipient="x", item="pregnancy"
    )
    health = ConsentDraft(uuid4(), C.SENSITIVE, granted=True, decided_at=before, item="pregnancy")
    who = member(db, consents=(shared, health))
    assert as_member(who, lambda s: use.decide("pregnancy", Purpose.CONTENT, s.standing).allowed)
    assert len(as_member(who, lambda s: item_consents.end_for_item(s, "pregnancy"))) == 3
    after = as_member(who, lambda s: s.standing)
    assert after.ended_items == {"pregnancy"}
    assert after.shared == frozenset()
    assert not use.decide("pregnancy", Purpose.CONTENT, after).allowed
    later = NOW + timedelta(hours=1)
    assert as_member(who, lambda s: item_consents.agree_for_item(s, "pregnancy"), later)
    assert as_member(who, lambda s: item_consents.agree_for_item(s, "pregnancy"), later) is None
    again = as_member(who, lambda s: s.standing, later)
    assert again.ended_items == frozenset()
    # Health data wants its own yes anew; holding it is not using it.
    assert not use.decide("pregnancy", Purpose.CONTENT, again).allowed


def test_staff_decide_in_a_case_and_the_record_says_so(db: PortalDb) -> None:
    who, staff = member(db), agent(db)
    case = open_case(db, staff, who, permissions=[Permission.CONSENT_CHANGE.value])
    actor = acting(staff, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    with access.open(actor, who, Purpose.CORRECT, case, look=LOOK) as subject:
        consents.record(subject, Decision("marketing", granted=False))
    with db.owner_data.connect() as connection:
        row = connection.execute(select(LIVE.consent)).one()
    assert (row.decided_by, row.actor_id, row.case_id) == ("staff", staff, case)


def test_a_receipt_says_sender_fact_date_result_and_the_words(db: PortalDb) -> None:
    who, other = member(db), member(db)
    written = as_member(who, lambda s: consents.record(s, Decision("marketing", granted=True)))
    (consent_id,) = written.consent_ids

    def made(subject: Subject, tongue: language.Language = "ko") -> str:
        found = consent_receipts.lines(subject, consent_id, tongue)
        return consent_receipts.html(subject, found, tongue)

    page = as_member(who, made)
    for fact in (
        "클래스파트라",
        "마케팅에 활용하기",
        "2026. 11. 22. 12:00",
        "동의를 기록했고",
        "통계에 쓰는 데",
    ):
        assert fact in page
    assert "Use for marketing" in as_member(who, lambda s: made(s, "en"))
    with pytest.raises(consent_receipts.NoReceipt):
        as_member(other, made)
    with db.work.data.connect() as connection, db.work.keys.connect() as keys:
        from services import outbox  # noqa: PLC0415

        row = connection.execute(select(ops.outbox)).one()
        _store, sealer = outbox.sealer_of(keys, db.keyring, who)
        params = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    for tongue, said in (("ko", "마케팅에 활용하기"), ("en", "Use for marketing")):
        values = {**params, "nickname": "", "address": "http://localhost"}
        filled = messages.fill("consent_receipt", tongue, values)  # type: ignore[arg-type]
        assert said in filled.text
        assert "2026. 11. 22. 12:00" in filled.text


STEPS = st.lists(
    st.sampled_from(
        [
            ("marketing", True), ("marketing", False), ("advertising.email", True),
            ("advertising.email", False), ("advertising.sms", True), ("night.sms", True),
            ("night.sms", False), ("off", False), ("clear", False), ("stop", True),
            ("stop", False), ("years", True),
        ]
    ),
    min_size=4, max_size=12,
)  # fmt: skip


@pytest.mark.promise("P18")
@settings(
    max_examples=40, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(STEPS)
def test_what_is_withdrawn_stopped_cleared_or_over_is_never_used(
    db: PortalDb, steps: list[tuple[str, bool]]
) -> None:
    """A negative machine: after any steps nobody is reached whose last word forbids it."""
    who, at = member(db, records=(), devices=(), uses=()), NOW
    last: dict[str, datetime | None] = {}
    stopped = cleared = False
    for what, yes in steps:
        at += timedelta(minutes=1)
        if what == "years":
            at += timedelta(days=800)
        elif what == "stop":
            _stop(db, who, at, start=yes)
            stopped = yes
        elif what == "clear":
            as_member(who, lambda s: item_consents.end_for_item(s, "mobile"), at)
            cleared = True
        elif what == "off":
            as_member(who, consents.advertising_off, at)
            last |= dict.fromkeys(("advertising.email", "advertising.sms", "night.sms"))
        else:
            try:
                as_member(who, partial(consents.record, decision=Decision(what, yes)), at)
                last[what] = at if yes else None
            except ConsentRefused:
                assert yes
        night = at.replace(hour=13)  # 22:00 in Seoul
        for channel in (Channel.EMAIL, Channel.SMS):
            needs = ["marketing", f"advertising.{channel}"]
            needs += ["night.sms"] if channel is Channel.SMS else []
            fresh = [last.get(n) for n in needs]
            two_years = [f for f in fresh[1:] if f and night - f > timedelta(days=731)]
            forbidden = not all(fresh) or two_years or stopped
            forbidden = forbidden or (cleared and channel is Channel.SMS)
            with db.work.data.connect() as connection:
                found = set(connection.scalars(audience(Purpose.EVENTS, channel, night)))
                standing = use.standing(connection, LIVE, who, night.date())
            reached = use.decide_contact(channel, Purpose.EVENTS, standing, night).allowed
            assert (who in found) == reached == (not forbidden)


def _stop(db: PortalDb, who: UUID, at: datetime, *, start: bool) -> None:
    table = LIVE.restriction
    with db.work.data.begin() as connection:
        if start:
            row = {"member_id": who, "restriction_id": uuid4(), "purpose": "events"}
            connection.execute(insert(table).values(row | {"started_at": at}))
        else:
            connection.execute(table.update().where(table.c.member_id == who).values(ended_at=at))


def test_the_terms_in_force_are_sound_and_a_later_file_replaces_them(db: PortalDb) -> None:
    del db
    day = consent_terms.versions()[0].in_force_from
    assert consent_terms.in_force(day).consents
    assert consent_terms.in_force(day - timedelta(days=1)).consents == ()
    later = consent_terms.Terms(version="2027-01", in_force_from=NOW.date(), consents=())
    known = (*consent_terms.versions(), later)
    assert consent_terms.in_force(NOW.date(), known) is later


def test_old_members_need_no_record_of_joining(db: PortalDb) -> None:
    who = member(db)
    assert as_member(who, lambda s: s.standing.ended_items) == frozenset()
    gone = member(db, consents=granted(C.COLLECTION, yes=False))
    assert "mobile" in as_member(gone, lambda s: s.standing.ended_items)
    assert "email" not in as_member(gone, lambda s: s.standing.ended_items)
