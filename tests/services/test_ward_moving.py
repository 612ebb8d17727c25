"""What a parent's own record says of a baby moves to the child's account, in one step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from db import places
from db.drafts import Origin, ValueDraft
from db.tables.keeping import journal
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import Purpose, Source
from services import access, clearing, held_values, ward_moving
from services.actor import AccessDenied, StepUpRequired
from tests.families import LOOK, a_child, as_guardian, verified
from tests.people import NOW, acting, member, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.subject import Subject
    from services.ward_moving import Match
    from tests.database import PortalDb

BORN, OTHER = "2026-09-01", "2023-05-05"
CLINIC = Origin(Source.PARTNER, NOW.date() - timedelta(days=60), "2021-03-15", "엄마와", "산부인과")


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    return portal_db


def parent(db: PortalDb, *babies: tuple[str, str], **more: str) -> UUID:
    """Write a parent whose own record tells of babies: name and date of each."""
    values = [
        value
        for seq, (name, born) in enumerate(babies)
        for value in (
            ValueDraft("baby_name", name, CLINIC, seq), ValueDraft("baby_date", born, CLINIC, seq),
        )
    ]  # fmt: skip
    values += [ValueDraft(item, text, CLINIC) for item, text in more.items()]
    return member(db, values=tuple(values), records=(), devices=())


def held(db: PortalDb, who: UUID) -> dict[tuple[str, int], Any]:
    with db.work.data.connect() as data:
        table = LIVE.profile_value
        rows = data.execute(select(table).where(table.c.member_id == who)).all()
    return {(row.item, row.seq): row for row in rows}


def text_of(who: UUID, item: str) -> str | None:
    def read(subject: Subject) -> str | None:
        return held_values.text_of(subject, item, 0)

    with access.open(acting(who), who, Purpose.SHOW, look=LOOK) as subject:
        return read(subject)


def names(db: PortalDb, who: UUID) -> list[tuple[str, tuple[str, ...]]]:
    with db.owner_data.connect() as data:
        rows = data.execute(
            select(event.c.name, event.c["items"])
            .where(event.c.member_id == who)
            .order_by(event.c.event_id)
        )
        return [(row.name, tuple(row.items or ())) for row in rows]


def moved(guardian: UUID, child: UUID) -> Match:
    found: Match = as_guardian(verified(guardian), lambda s: ward_moving.move(s, child))
    return found


def test_it_leaves_the_parent_and_comes_to_the_child_as_it_came(db: PortalDb) -> None:
    mother = parent(
        db, ("첫째", OTHER), ("콩이", BORN), mother_category="엄마", pregnancy="pregnant"
    )
    child = a_child(db, mother, born=BORN, nickname=None)
    match = as_guardian(acting(mother), lambda s: ward_moving.find(s, child), Purpose.SHOW)
    assert (match.seq, match.items, match.sets) == (1, ("baby_name", "baby_date"), ("nickname",))
    # The elder one's date is still there, so that nothing derived from it goes.
    assert match.follows == ()
    assert held(db, mother)["baby_name", 1].sealed is not None
    assert moved(mother, child) == match
    mine, theirs = held(db, mother), held(db, child)
    for item in ("baby_name", "baby_date"):
        assert (mine[item, 1].sealed, mine[item, 1].cleared_at) == (None, NOW)
        assert mine[item, 0].sealed is not None
    assert mine["mother_category", 0].sealed is not None
    assert text_of(child, "nickname") == "콩이"
    row = theirs["nickname", 0]
    assert (row.source, row.obtained_on, row.service, row.partner) == (
        CLINIC.source, CLINIC.obtained_on, CLINIC.service, CLINIC.partner,
    )  # fmt: skip
    assert text_of(child, "birth_date") == BORN
    assert ("ward_moved", ("birth_date", "name", "nickname")) in names(db, child)
    assert ("value_corrected", ("nickname",)) in names(db, child)
    assert ("ward_moved", ("baby_name", "baby_date")) in names(db, mother)
    assert ("value_cleared", ("baby_name", "baby_date")) in names(db, mother)
    with db.owner_data.connect() as data:
        kept = data.execute(select(journal.c.kind, journal.c.member_id)).all()
    assert {("corrected", child), ("cleared", mother)} <= {tuple(one) for one in kept}
    # Nothing of it can be moved twice.
    with pytest.raises(ward_moving.NothingToMove):
        moved(mother, child)


def test_the_last_one_takes_along_what_was_derived_from_it(db: PortalDb) -> None:
    mother = parent(db, ("콩이", BORN), mother_category="엄마")
    child = a_child(db, mother, born=BORN)
    match = moved(mother, child)
    assert (match.sets, match.follows) == ((), ("mother_category",))
    assert all(row.sealed is None for row in held(db, mother).values())
    assert text_of(child, "nickname") == "꼬마"


@pytest.mark.parametrize(
    ("babies", "found"),
    [
        ((("콩이", "2026-09-02"),), None),
        ((), None),
        ((("콩이", BORN), ("팥이", BORN)), 1),
        ((("콩이", BORN), ("보리", BORN)), None),
    ],
    ids=["another day", "nothing held", "twins by name", "twins, neither by name"],
)
def test_what_matches_is_the_day_and_of_twins_the_name(
    db: PortalDb, babies: tuple[tuple[str, str], ...], found: int | None
) -> None:
    mother = parent(db, *babies)
    child = a_child(db, mother, born=BORN, nickname="팥이")
    match = as_guardian(acting(mother), lambda s: ward_moving.find(s, child), Purpose.SHOW)
    assert (match.seq if match else None) == found


def test_only_a_guardian_who_just_confirmed_moves_anything(db: PortalDb) -> None:
    mother = parent(db, ("콩이", BORN))
    child = a_child(db, mother, born=BORN, nickname=None)
    stranger = parent(db, ("콩이", BORN))
    tries: list[tuple[Any, UUID, Callable[[], object]]] = [
        (StepUpRequired, mother,
         lambda: as_guardian(acting(mother), lambda s: ward_moving.move(s, child))),
        (AccessDenied, stranger, lambda: moved(stranger, child)),
        (AccessDenied, stranger,
         lambda: as_guardian(acting(stranger), lambda s: ward_moving.find(s, child))),
    ]  # fmt: skip
    for error, who, do in tries:
        with pytest.raises(error):
            do()
        assert held(db, who)["baby_name", 0].sealed is not None
    assert ("nickname", 0) not in held(db, child)
    # A denial stands in the child's ledger although the parent's transaction was undone.
    with db.owner_data.connect() as data:
        denied = data.scalars(
            select(event.c.actor_id).where(event.c.member_id == child, ~event.c.allowed)
        ).all()
    assert denied == [stranger, stranger]


def test_both_sides_change_or_neither(db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    mother = parent(db, ("콩이", BORN))
    child = a_child(db, mother, born=BORN, nickname=None)

    def fail(*_given: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(clearing, "clear", fail)
        with pytest.raises(ConnectionError):
            moved(mother, child)
    assert ("nickname", 0) not in held(db, child)
    assert held(db, mother)["baby_name", 0].sealed is not None
    moved(mother, child)
    # Where the value stands now it opens; under the parent's key or in another place it doesn't.
    row = held(db, child)["nickname", 0]
    with access.open(acting(mother), mother, Purpose.SHOW, look=LOOK) as subject:
        assert subject.open(row.sealed, places.profile("nickname", 0)) is None


def test_a_link_that_ended_moves_nothing(db: PortalDb) -> None:
    mother = parent(db, ("콩이", BORN))
    child = a_child(db, mother, born=BORN, nickname=None)
    with db.owner_data.begin() as data:
        data.execute(update(LIVE.guardianship).values(ended_on=NOW.date()))
    with pytest.raises(AccessDenied):
        moved(mother, child)
    assert held(db, mother)["baby_name", 0].sealed is not None
