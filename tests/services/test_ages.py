"""Who is 19 is known, or nobody newly becomes a guardian; links that there are go on (P29)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, event, select, update

from db.drafts import ValueDraft
from db.tables import keys as keys_tables
from db.tables.member import LIVE
from db.words import LinkMeans, LinkReason, Purpose
from services import access, ages, found_by, held_values, link_rows, outbox
from services.actor import AccessDenied, Permission
from services.house import House
from services.ledger import EventName
from tests.people import NOW, acting, child_of, member, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/", folds=False)
GROWN, YOUNG, TURNS = "1987-05-06", "2009-01-02", date(2028, 1, 2)


def born(db: PortalDb, day: str | None) -> UUID:
    values = [ValueDraft("nickname", "하늘")]
    if day:
        values.append(ValueDraft("birth_date", day))
    return member(db, values=tuple(values), records=(), devices=())


def before(db: PortalDb) -> None:
    """Let everybody's row be as it was before anybody's age was worked out."""
    with db.work.data.begin() as data:
        data.execute(update(LIVE.member).values(age_known=None, turns_19_on=None))


def known(db: PortalDb, who: UUID) -> tuple[bool | None, date | None]:
    table = LIVE.member.c
    with db.work.data.connect() as data:
        row = data.execute(
            select(table.age_known, table.turns_19_on).where(table.member_id == who)
        ).one()
    return row.age_known, row.turns_19_on


def house_of_worker(db: PortalDb) -> House:
    return House(db.work, db.keyring)


def test_the_run_works_out_every_age_in_batches_and_once(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ages, "BATCH", 2)
    grown, young, none = (born(portal_db, day) for day in (GROWN, YOUNG, None))
    lost, more = born(portal_db, YOUNG), born(portal_db, YOUNG)
    before(portal_db)
    with portal_db.work.keys.begin() as keys:
        keys.execute(
            delete(keys_tables.member_key).where(keys_tables.member_key.c.member_id == lost)
        )
    house = house_of_worker(portal_db)
    assert ages.run(house, NOW, most=3) == 3, "the next run goes on"
    assert ages.run(house, NOW) == 2
    assert ages.run(house, NOW) == 0
    assert known(portal_db, grown) == (True, None)
    assert known(portal_db, young) == known(portal_db, more) == (True, TURNS)
    assert known(portal_db, none) == known(portal_db, lost) == (False, None)


def test_a_run_that_dies_keeps_what_it_did(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ages, "BATCH", 1)
    people = [born(portal_db, YOUNG) for _ in range(3)]
    before(portal_db)
    settled, settle = [], ages._settle

    def dies(*given: Any) -> None:  # noqa: ANN401
        settle(*given)
        settled.append(1)
        if len(settled) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ages, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            ages.run(house_of_worker(portal_db), NOW)
    assert [known(portal_db, who)[0] for who in people].count(True) == 1
    assert ages.run(house_of_worker(portal_db), NOW) == 2
    assert {known(portal_db, who) for who in people} == {(True, TURNS)}


def test_a_batch_of_any_size_is_a_few_statements(portal_db: PortalDb) -> None:
    for _ in range(6):
        born(portal_db, GROWN)
    before(portal_db)
    seen: list[str] = []
    for engine in (portal_db.work.data, portal_db.work.keys):
        event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    ages.run(house_of_worker(portal_db), NOW)
    ours = [one for one in seen if "member" in one]
    # Whom, their birth dates and keys, who is known, who is not, and that nobody is left.
    assert len(ours) == 6, ours


def test_whoever_opens_a_birth_date_next_works_it_out(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    young, other = born(portal_db, YOUNG), born(portal_db, YOUNG)
    before(portal_db)
    actor = acting(young, verified_at=NOW)
    with access.open(actor, young, Purpose.CORRECT, look=LOOK) as subject:
        assert held_values.text_of(subject, "birth_date", 0) == YOUNG
    assert known(portal_db, young) == (True, TURNS)
    with portal_db.work.data.begin() as data, portal_db.work.keys.begin() as keys:
        _store, sealer = outbox.sealer_of(keys, portal_db.keyring, other)
        found_by.refresh(data, keys, portal_db.keyring, (other, sealer), NOW)
    assert known(portal_db, other) == (True, TURNS)


def test_a_birth_date_that_comes_or_goes_changes_what_is_known(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    who = born(portal_db, None)
    assert known(portal_db, who) == (False, None)
    actor = acting(who, verified_at=NOW)
    for do, now in (
        (lambda s: held_values.put(s, "birth_date", 0, YOUNG), (True, TURNS)),
        (lambda s: held_values.clear(s, ("birth_date",)), (False, None)),
    ):
        with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
            do(subject)
        assert known(portal_db, who) == now


@pytest.mark.parametrize(
    ("day", "state"),
    [(None, False), (None, None), (GROWN, None), (YOUNG, True), (GROWN, True)],
    ids=["no birth date", "not looked yet, none", "not looked yet", "young", "grown"],
)
def test_nobody_becomes_a_guardian_whose_age_is_not_known(
    portal_db: PortalDb, day: str | None, *, state: bool | None
) -> None:
    portal_house(portal_db)
    who, child = born(portal_db, day), child_of(portal_db, born(portal_db, GROWN), "2018-03-04")
    if state is None:
        before(portal_db)
    new = link_rows.New(LinkMeans.CODE, LinkReason.PARENT, NOW)
    actor = acting(who, verified_at=NOW)
    with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
        assert link_rows.write(subject, child, new) is (day == GROWN and state is True)


def test_links_that_there_are_go_on_until_it_is_known(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    young = born(portal_db, YOUNG)
    child = child_of(portal_db, young, "2018-03-04")
    before(portal_db)
    actor = acting(young, acting_for=child)
    with access.open(actor, child, Purpose.SHOW, look=LOOK):
        pass
    ages.run(house_of_worker(portal_db), NOW)
    with (
        pytest.raises(AccessDenied),
        access.open(actor, child, Purpose.SHOW, look=LOOK),
    ):
        pass
