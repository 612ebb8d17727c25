"""Nobody sleeps untold: notice, last look, separation and the way back (clause 3.3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from db.asleep import NOTICE
from db.drafts import UseDraft
from db.policy import policies
from db.settings import settings
from db.tables import keeping, ops
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.moves import move, separation
from db.words import Purpose, Store
from services import access, bounces, dormancy, messages, moving, unreached, waking
from services.actor import Permission, StepUpRequired
from services.house import House
from services.ledger import EventName
from tests.people import NOW, acting, child_of, member, portal_house
from tests.services.test_moving import email, held, key_of, stores_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.database import PortalDb

RULE = policies()[0].dormancy
MAIN, APP = "클래스파트라", "엄마와"
TODAY = date(2026, 11, 22)
IDLE = TODAY - timedelta(days=340)


def house_of(db: PortalDb) -> House:
    return House(db.work, db.keyring)


def unused(db: PortalDb, last: date = IDLE, service: str = MAIN, **more: Any) -> UUID:  # noqa: ANN401
    return member(db, uses=(UseDraft(service, date(2020, 1, 1), last),), **more)


def notices(db: PortalDb) -> list[Any]:
    with db.owner_data.connect() as data:
        return list(data.execute(select(ops.outbox).where(ops.outbox.c.template == NOTICE)))


def accept(db: PortalDb, at: datetime = NOW, **changes: Any) -> None:  # noqa: ANN401
    """Let the mail server take every notice."""
    with db.work.data.begin() as data:
        data.execute(update(ops.outbox).values({"sent_at": at, "sealed": None} | changes))


def told(db: PortalDb, **more: Any) -> UUID:  # noqa: ANN401
    who = unused(db, **more)
    assert dormancy.run(house_of(db), NOW).told == 1
    accept(db)
    return who


def later(days: int) -> datetime:
    return NOW + timedelta(days=days)


@pytest.mark.promise("P08")
@pytest.mark.parametrize(
    ("last", "service", "due"),
    [
        (TODAY - timedelta(days=364 - 29), MAIN, True),
        (TODAY - timedelta(days=200), MAIN, False),
        (TODAY - timedelta(days=340), APP, True),
        (TODAY - timedelta(days=10), APP, False),
        (TODAY - timedelta(days=10), "[가상] 맘마레시피", True),
    ],
)
def test_who_is_told_is_the_policys(
    portal_db: PortalDb, last: date, service: str, *, due: bool
) -> None:
    """A service that does not count keeps nobody awake: joining in 2024 is then the last use."""
    unused(portal_db, last, service)
    assert dormancy.run(house_of(portal_db), NOW).told == due
    assert len(notices(portal_db)) == due
    assert dormancy.run(house_of(portal_db), NOW).told == 0


@pytest.mark.promise("P08")
@pytest.mark.parametrize(("service", "anew"), [(APP, 1), ("[가상] 맘마레시피", 0)])
def test_who_was_told_and_came_since_is_told_anew_a_year_from_then(
    portal_db: PortalDb, service: str, anew: int
) -> None:
    """The notice came back, so nothing but this looks at them again."""
    who = told(portal_db)
    accept(portal_db, bounced_at=NOW)
    came, year = TODAY + timedelta(days=2), later(340)
    with portal_db.work.data.begin() as data:
        data.execute(insert(LIVE.service_use).values(
            member_id=who, service=service, last_used_on=came
        ))  # fmt: skip
    assert [dormancy.run(house_of(portal_db), later(n)).told for n in (3, 4)] == [0, 0]
    assert dormancy.run(house_of(portal_db), year).told == anew
    assert looked_at(portal_db, year) == 0


def looked_at(db: PortalDb, now: datetime) -> int:
    """Return how many the daily run would look at to tell them."""
    with db.work.data.connect() as data:
        return len(dormancy.to_tell(data, dormancy.given(now) | dormancy.START))


def test_who_was_told_is_not_looked_at_until_the_notice_is_withdrawn(portal_db: PortalDb) -> None:
    unused(portal_db)
    dormancy.begin(house_of(portal_db), dormancy.given(NOW))
    assert looked_at(portal_db, NOW) == 1
    assert dormancy.run(house_of(portal_db), NOW).told == 1
    assert looked_at(portal_db, NOW) == 0
    with portal_db.work.data.begin() as data:
        data.execute(update(ops.outbox).values(key=None))
    assert looked_at(portal_db, NOW) == 1


@pytest.mark.promise("P10")
def test_the_notice_names_day_and_app_and_sells_nothing(portal_db: PortalDb) -> None:
    told(portal_db)
    (notice,) = notices(portal_db)
    assert notice.channel == "email"
    assert notice.key == f"{NOTICE}:{IDLE}"
    values: dict[str, object] = {
        "day": "2026-12-23", "last": str(IDLE), "app": APP, "nickname": "", "address": "http://x",
    }  # fmt: skip
    korean = messages.fill(NOTICE, "ko", values)
    assert "2026. 12. 23.에 휴면" in korean.text.replace("\xa0", " ")
    assert "엄마와" in korean.text
    for language in ("ko", "en"):
        said = messages.fill(NOTICE, language, values).text
        assert not any(
            word in said for word in ("할인", "쿠폰", "이벤트", "혜택", "sale", "coupon")
        )


@pytest.mark.promise("P08", "P10")
@given(st.dates(date(2015, 1, 1), date(2040, 1, 1)), st.integers(0, 900))
def test_the_day_named_is_never_early(last: date, after: int) -> None:
    today = last + timedelta(days=after)
    day = dormancy.sleeps_on(RULE, last, today)
    assert day > RULE.period.ends_on(last)
    assert day - today > timedelta(days=RULE.notice_days)
    latest = dormancy.idle_by(RULE, today)
    assert RULE.period.ends_on(latest) < today <= RULE.period.ends_on(latest + timedelta(days=1))


@pytest.mark.promise("P09", "P10")
def test_a_month_after_the_notice_and_not_before_the_member_is_separated(
    portal_db: PortalDb,
) -> None:
    who = told(portal_db)
    before = held(portal_db, Store.LIVE, who)
    for days in (1, 29, 30):
        assert dormancy.run(house_of(portal_db), later(days)).separated == 0
    assert dormancy.run(house_of(portal_db), later(31)).separated == 1
    assert stores_of(portal_db, who) == [Store.DORMANT]
    assert held(portal_db, Store.DORMANT, who) == before | {
        "member": held(portal_db, Store.DORMANT, who)["member"]
    }
    assert key_of(portal_db, who).store == "dormant"
    assert email(portal_db, who) == "haneul@example.com"
    with portal_db.owner_data.connect() as data:
        names = data.scalars(select(event.c.name).where(event.c.member_id == who)).all()
        assert EventName.SEPARATED in names
        assert data.scalar(select(keeping.journal.c.kind)) == "separated"
    assert dormancy.run(house_of(portal_db), later(60)) == dormancy.Done()


@pytest.mark.promise("P11")
def test_a_use_in_the_last_minute_keeps_the_account(portal_db: PortalDb) -> None:
    who = told(portal_db)
    with portal_db.work.data.begin() as data:
        used = LIVE.service_use
        data.execute(insert(used).values(member_id=who, service=APP, last_used_on=TODAY))
    assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    assert stores_of(portal_db, who) == [Store.LIVE]


def restricted(db: PortalDb, who: UUID) -> None:
    with db.work.data.begin() as data:
        data.execute(insert(LIVE.restriction).values(
            member_id=who, restriction_id=uuid4(), started_at=NOW))  # fmt: skip


def asked(db: PortalDb, who: UUID) -> None:
    with db.work.data.begin() as data:
        data.execute(insert(LIVE.request).values(
            member_id=who, request_id=uuid4(), kind="correction", state="open",
            received_at=NOW, due_on=TODAY))  # fmt: skip


def kept(db: PortalDb, who: UUID) -> None:
    with db.owner_data.begin() as data:
        data.execute(insert(keeping.hold).values(
            hold_id=uuid4(), member_id=who, why="lawsuit", ends_on=date(2030, 1, 1),
            placed_at=NOW))  # fmt: skip


def guards(db: PortalDb, who: UUID) -> None:
    child_of(db, who, "2020-05-05")


def said_something_is_wrong(db: PortalDb, who: UUID) -> None:
    """A guardian's word about a child: asleep, the officer's list would not show it any more."""
    with db.work.data.begin() as data:
        data.execute(insert(LIVE.dispute).values(
            member_id=who, dispute_id=uuid4(), why="other", opened_by=uuid4(),
            opened_at=NOW))  # fmt: skip


@pytest.mark.promise("P10")
@pytest.mark.parametrize("spare", [restricted, asked, kept, guards, said_something_is_wrong])
@pytest.mark.parametrize("when", ["before the notice", "after it"])
def test_whose_data_is_under_dispute_or_guards_a_child_is_spared(
    portal_db: PortalDb,
    spare: Callable[[PortalDb, UUID], None],
    when: str,
) -> None:
    who = unused(portal_db) if when == "before the notice" else told(portal_db)
    spare(portal_db, who)
    dormancy.run(house_of(portal_db), NOW)
    assert len(notices(portal_db)) == (when == "after it")
    accept(portal_db)
    assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    assert Store.LIVE in stores_of(portal_db, who)


@pytest.mark.promise("P10")
@pytest.mark.parametrize("column", ["bounced_at", "failed_at"])
def test_who_was_not_reached_stays_and_is_counted_for_the_desk(
    portal_db: PortalDb, column: str
) -> None:
    told(portal_db)
    accept(portal_db, **{column: NOW})
    assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    with portal_db.work.data.connect() as data:
        assert unreached.count(data) == 1


def by_hand(db: PortalDb, **changes: Any) -> None:  # noqa: ANN401
    """Separate against the rule, past all of our code."""
    (notice,) = notices(db)
    row = {
        "member_id": notice.member_id, "notice_id": notice.message_id, "noticed_at": NOW,
        "notice_days": 30, "last_counted_on": IDLE, "policy_version": "2021-03-15",
        "separated_at": later(31), "sleeps_on": notice.sleeps_on,
    }  # fmt: skip
    with db.owner_data.begin() as data:
        data.execute(insert(separation).values(row | changes))
        moving.rows(data, [notice.member_id], Store.LIVE, Store.DORMANT)


@pytest.mark.promise("P10")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"separated_at": later(29), "sleeps_on": TODAY}, "ck_separation_old_enough"),
        ({"notice_days": 7}, "ck_separation_old_enough"),
        ({"separated_at": later(30)}, "ck_separation_not_before_told"),
        ({"sleeps_on": TODAY}, "fk_separation_notice"),
        ({"noticed_at": later(-60)}, "fk_separation_notice"),
        ({"notice_id": uuid4()}, "fk_separation_notice"),
        ({"accepted": False}, "ck_separation_accepted"),
        ({"template": "usage"}, "ck_separation_by_email"),
    ],
)
def test_the_database_itself_refuses_a_separation_without_its_notice(
    portal_db: PortalDb, changes: dict[str, Any], name: str
) -> None:
    told(portal_db)
    with pytest.raises(IntegrityError, match=name):
        by_hand(portal_db, **changes)
    by_hand(portal_db)


@pytest.mark.promise("P10")
def test_a_notice_that_was_never_taken_or_bounced_carries_nothing(portal_db: PortalDb) -> None:
    told(portal_db)
    for changes in ({"sent_at": None}, {"bounced_at": NOW}, {"failed_at": NOW}):
        accept(portal_db, **({"bounced_at": None, "failed_at": None} | changes))
        with pytest.raises(IntegrityError, match="fk_separation_notice"):
            by_hand(portal_db)


@pytest.mark.promise("P10")
def test_a_bounce_that_is_learnt_of_later_brings_the_member_back(portal_db: PortalDb) -> None:
    who = told(portal_db)
    dormancy.run(house_of(portal_db), later(31))
    (notice,) = notices(portal_db)
    with (
        pytest.raises(IntegrityError, match="fk_separation_notice"),
        portal_db.work.data.begin() as data,
    ):
        bounces.record(data, notice.message_id, later(32))
    assert waking.undo(house_of(portal_db), notice.message_id, later(32))
    with portal_db.work.data.begin() as data:
        assert bounces.record(data, notice.message_id, later(32))
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert email(portal_db, who) == "haneul@example.com"


def test_the_rule_can_be_switched_off(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    unused(portal_db)
    off = settings().model_copy(update={"dormancy": False})
    monkeypatch.setattr(dormancy, "settings", lambda: off)
    assert dormancy.run(house_of(portal_db), NOW) == dormancy.Done()
    assert notices(portal_db) == []


def wish(db: PortalDb, who: UUID, **changes: Any) -> bool:  # noqa: ANN401
    portal_house(db)
    actor = acting(who, **({"verified_at": NOW} | changes))
    look = access.Look(EventName.WAKING_ASKED, Permission.ACCOUNT_WAKE)
    with access.open(actor, who, Purpose.SHOW, look=look) as subject:
        assert waking.asleep(subject).since
        return waking.ask(subject)


@pytest.mark.promise("P12")
def test_who_asks_comes_back_with_everything_as_it_was(portal_db: PortalDb) -> None:
    who = member(portal_db, Store.DORMANT)
    before = held(portal_db, Store.DORMANT, who)
    assert wish(portal_db, who)
    assert not wish(portal_db, who)
    assert waking.wake(house_of(portal_db), who, NOW)
    after = held(portal_db, Store.LIVE, who)
    told_them = after.pop("inbox")
    assert len(told_them) == 1
    before.pop("inbox")
    assert {k: v for k, v in after.items() if k != "member"} == {
        k: v for k, v in before.items() if k != "member"
    }
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert email(portal_db, who) == "haneul@example.com"
    with portal_db.owner_data.connect() as data:
        assert data.scalar(select(separation.c.member_id)) is None
        assert data.scalar(select(move.c.member_id)) is None
        names = data.scalars(select(event.c.name).where(event.c.member_id == who)).all()
        assert EventName.WOKEN in names
        mails = data.scalars(select(ops.outbox.c.template)).all()
        assert sorted(mails) == [NOTICE, "woken"]
    assert not waking.wake(house_of(portal_db), who, NOW)
    assert dormancy.run(house_of(portal_db), later(31)) == dormancy.Done()


@pytest.mark.promise("P12")
def test_it_takes_a_fresh_verification(portal_db: PortalDb) -> None:
    who = member(portal_db, Store.DORMANT)
    with pytest.raises(StepUpRequired):
        wish(portal_db, who, verified_at=NOW - timedelta(minutes=16))
    assert waking.wake_all(house_of(portal_db), NOW) == 0
    assert stores_of(portal_db, who) == [Store.DORMANT]


@pytest.mark.promise("P12")
def test_a_worker_that_died_is_made_up_for(portal_db: PortalDb) -> None:
    who = member(portal_db, Store.DORMANT)
    wish(portal_db, who)
    assert waking.wake_all(house_of(portal_db), NOW) == 1
    assert stores_of(portal_db, who) == [Store.LIVE]
    with portal_db.owner_data.connect() as data:
        jobs = data.scalars(text("select task_name from jobs.procrastinate_jobs")).all()
    assert "wake" in jobs
