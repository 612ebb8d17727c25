"""Putting right and clearing: what is stored, found, restricted, told and written down."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from db import places
from db.drafts import ValueDraft
from db.tables import keys
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import company, dispatch, outbox
from db.words import Purpose, RequestKind, Store
from services import (
    access,
    clearing,
    correction,
    email_change,
    evidence,
    requests,
    use,
    waiting_values,
)
from services.actor import Permission, StepUpRequired
from services.clearing import NotClearable
from services.contact_values import ValueRefused
from services.correction import NotCorrectable, Outcome
from services.email_change import LinkOver
from services.files import FileRefused
from services.identity import recovery
from services.ledger import EventName
from services.requests import RequestRefused
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from services.subject import Subject
    from tests.database import PortalDb

LOOK = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
NEW = "neu@example.org"


@pytest.fixture(autouse=True)
def _house(portal_db: PortalDb) -> None:
    portal_house(portal_db)


@contextmanager
def opened(who: UUID, whose: UUID | None = None, **more: object) -> Iterator[Subject]:
    actor = acting(who, **({"verified_at": NOW} | more))
    with access.open(actor, whose or who, Purpose.CORRECT, look=LOOK) as subject:
        yield subject


def held(db: PortalDb, who: UUID, item: str, seq: int = 0) -> Any:  # noqa: ANN401
    table = LIVE.profile_value.c
    with db.work.data.connect() as data:
        return data.execute(
            select(LIVE.profile_value).where(
                table.member_id == who, table.item == item, table.seq == seq
            )
        ).one_or_none()


def text(db: PortalDb, who: UUID, item: str, seq: int = 0) -> str | None:
    row = held(db, who, item, seq)
    if row is None or row.sealed is None:
        return None
    with db.work.keys.connect() as secret:
        found = secret.execute(
            select(keys.member_key.c.wrapped).where(keys.member_key.c.member_id == who)
        ).scalar_one()
    sealer = db.keyring.sealer(Store.LIVE, who, found)
    return sealer.open(row.sealed, places.profile(item, seq)).decode()


def found(db: PortalDb, kind: str, value: str) -> set[UUID]:
    index = keys.blind_index
    with db.work.keys.connect() as secret:
        digest = db.keyring.blind(kind, value)
        return set(
            secret.scalars(
                select(index.c.member_id).where(index.c.kind == kind, index.c.digest == digest)
            )
        )


def events(db: PortalDb, name: EventName) -> list[list[str]]:
    with db.work.data.connect() as data:
        return list(data.scalars(select(event.c["items"]).where(event.c.name == name)))


def messages(db: PortalDb) -> list[str]:
    with db.work.data.connect() as data:
        return sorted(data.scalars(select(outbox.c.template)))


def standing(db: PortalDb, who: UUID) -> use.Standing:
    with db.work.data.connect() as data:
        return use.standing(data, LIVE, who, NOW.date())


def token_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []

    def make(_size: int) -> str:
        made.append(f"token-{len(made)}")
        return made[-1]

    monkeypatch.setattr("secrets.token_urlsafe", make)
    return made


# ---- at once --------------------------------------------------------------------------------


@pytest.mark.promise("P30")
def test_a_value_changes_at_once_with_where_it_came_from(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        assert correction.correct(subject, "nickname", 0, " 바다맘 ") is Outcome.CHANGED
    row = held(portal_db, one, "nickname")
    assert text(portal_db, one, "nickname") == "바다맘"
    assert (row.source, row.service, row.partner) == ("portal", None, None)
    assert (row.obtained_on, row.policy_version, row.changed_at) == (NOW.date(), "2021-03-15", NOW)
    assert events(portal_db, EventName.VALUE_CORRECTED) == [["nickname"]]


@pytest.mark.promise("P30")
def test_nothing_changes_without_a_fresh_verification(portal_db: PortalDb) -> None:
    one = member(portal_db)
    for verified in (None, NOW - timedelta(minutes=15)):
        for act in (
            lambda s: correction.correct(s, "nickname", 0, "바다맘"),
            lambda s: correction.ask(s, "name", "김길순"),
            lambda s: clearing.clear(s, ("pregnancy",)),
            lambda s: clearing.ask(s, "address"),
            lambda s: correction.correct_picture(s, b""),
            lambda subject: waiting_values.take_back(subject, "email"),
        ):
            with pytest.raises(StepUpRequired), opened(one, verified_at=verified) as subject:
                act(subject)
    assert text(portal_db, one, "nickname") == PLAIN["nickname"]


def test_the_same_value_changes_nothing(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        assert correction.correct(subject, "mobile", 0, "01023456789") is Outcome.SAME
    assert events(portal_db, EventName.VALUE_CORRECTED) == []


def test_an_old_number_finds_nobody_and_the_new_one_does(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        correction.correct(subject, "mobile", 0, "010-9876-5432")
        assert found(portal_db, "mobile", PLAIN["mobile"]) == {one}, "not before it is done"
    assert found(portal_db, "mobile", PLAIN["mobile"]) == set()
    assert found(portal_db, "mobile", "010-9876-5432") == {one}
    assert found(portal_db, "email", PLAIN["email"]) == {one}, "the others stay"
    assert found(portal_db, "login_id", PLAIN["login_id"]) == {one}
    assert messages(portal_db) == ["mobile_changed"]


def test_a_change_that_fails_leaves_the_old_number_to_be_found(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with pytest.raises(LookupError), opened(one) as subject:
        correction.correct(subject, "mobile", 0, "010-9876-5432")
        raise LookupError
    assert found(portal_db, "mobile", PLAIN["mobile"]) == {one}
    assert found(portal_db, "mobile", "010-9876-5432") == set()


def test_repeated_items_are_added_changed_and_keep_their_numbers(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        correction.correct(subject, "children", None, "아들 하나")
        correction.correct(subject, "children", 0, "딸 둘")
    assert [text(portal_db, one, "children", n) for n in (0, 1)] == ["딸 둘", "아들 하나"]
    with opened(one) as subject:
        clearing.clear(subject, ("children",), 1)
        correction.correct(subject, "children", None, "막내")
    assert [text(portal_db, one, "children", n) for n in (0, 1, 2)] == ["딸 둘", None, "막내"]


def test_what_cannot_be_typed_is_refused_and_nothing_is_written(portal_db: PortalDb) -> None:
    one = member(portal_db)
    for item, typed in (("mobile", "1"), ("nickname", "x" * 10_000), ("baby_date", "2027-02-30")):
        with pytest.raises(ValueRefused), opened(one) as subject:
            correction.correct(subject, item, 0, typed)
    for item in ("login_id", "device_id", "name", "nonsense"):
        with pytest.raises(NotCorrectable), opened(one) as subject:
            correction.correct(subject, item, 0, "x")
    assert events(portal_db, EventName.VALUE_CORRECTED) == []


@pytest.mark.promise("P33")
def test_who_received_a_value_is_told_that_it_changed_or_went(portal_db: PortalDb) -> None:
    one = member(portal_db)
    shop = {
        "company_id": "shop", "role": "recipient", "name": "[가상] 가게", "items": ["mobile"],
        "means": "none", "terms_from": NOW, "added_at": NOW,
    }  # fmt: skip
    given = {
        "member_id": one, "disclosure_id": uuid4(), "recipient": "shop", "items": ["mobile"],
        "purpose": "delivery", "ground": "purchase", "disclosed_on": NOW.date(),
    }  # fmt: skip
    with portal_db.work.data.begin() as data:
        data.execute(insert(company).values(shop))
        data.execute(insert(LIVE.disclosure).values(given))
    with opened(one) as subject:
        correction.correct(subject, "nickname", 0, "바다맘")
        correction.correct(subject, "mobile", 0, "010-9876-5432")
        clearing.clear(subject, ("mobile",))
    with portal_db.work.data.connect() as data:
        told = data.execute(select(dispatch.c.company_id, dispatch.c.change, dispatch.c["items"]))
        assert sorted(map(tuple, told)) == [
            ("shop", "cleared", ["mobile"]),
            ("shop", "corrected", ["mobile"]),
        ]


# ---- e-mail ---------------------------------------------------------------------------------


def test_an_address_counts_after_its_link_and_only_then(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, made = member(portal_db), token_of(monkeypatch)
    with opened(one) as subject:
        assert correction.correct(subject, "email", 0, NEW) is Outcome.LINK_SENT
    assert text(portal_db, one, "email") == PLAIN["email"]
    assert found(portal_db, "email", NEW) == set()
    assert messages(portal_db) == ["email_asked", "email_link"]
    for purpose in (Purpose.NOTICES, Purpose.EVENTS, Purpose.IDENTITY_CHECK):
        assert not use.decide("email", purpose, standing(portal_db, one)).allowed
    email_change.confirm(made[0], "ko", NOW + timedelta(hours=23))
    assert text(portal_db, one, "email") == NEW
    assert found(portal_db, "email", NEW) == {one}
    assert found(portal_db, "email", PLAIN["email"]) == set()
    assert use.decide("email", Purpose.NOTICES, standing(portal_db, one)).allowed
    assert messages(portal_db).count("email_changed") == 2
    with pytest.raises(LinkOver):
        email_change.confirm(made[0], "ko", NOW + timedelta(hours=23))


def test_a_link_runs_out_is_replaced_and_taken_back(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, made = member(portal_db), token_of(monkeypatch)
    for address in (NEW, "third@example.org"):
        with opened(one) as subject:
            correction.correct(subject, "email", 0, address)
    with pytest.raises(LinkOver):
        email_change.confirm(made[0], "ko", NOW)
    with pytest.raises(LinkOver):
        email_change.confirm(made[1], "ko", NOW + timedelta(hours=24))
    with opened(one) as subject:
        waiting_values.take_back(subject, "email")
    assert use.decide("email", Purpose.NOTICES, standing(portal_db, one)).allowed
    with pytest.raises(LinkOver):
        email_change.confirm(made[1], "ko", NOW)


def test_a_wish_nobody_confirmed_ends_by_itself(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        correction.correct(subject, "email", 0, NEW)
    for hours, gone in ((23, 0), (24, 1), (25, 0)):
        with portal_db.work.data.begin() as data:
            assert waiting_values.expire(data, NOW + timedelta(hours=hours)) == gone
    assert use.decide("email", Purpose.NOTICES, standing(portal_db, one)).allowed


def test_the_link_of_an_address_sets_no_password(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, made = member(portal_db), token_of(monkeypatch)
    with opened(one) as subject:
        correction.correct(subject, "email", 0, NEW)
    with portal_db.web.data.begin() as data:
        for try_it in (recovery.holder, recovery.consume):
            with pytest.raises(recovery.OneTimeRefused):
                try_it(data, made[0], NOW)


# ---- with proof -----------------------------------------------------------------------------


@pytest.mark.promise("P32")
def test_a_disputed_item_serves_nothing_but_its_member(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        request_id = correction.ask(subject, "name", "김길순")
    for purpose in Purpose:
        allowed = use.decide("name", purpose, standing(portal_db, one)).allowed
        assert allowed == (purpose in {Purpose.SHOW, Purpose.CORRECT, Purpose.EXPORT}), purpose
    assert text(portal_db, one, "name") == PLAIN["name"]
    with pytest.raises(RequestRefused), opened(one) as subject:
        correction.ask(subject, "name", "박길순")
    with opened(one) as subject:
        requests.take_back(subject, request_id)
    assert use.decide("name", Purpose.DELIVERY, standing(portal_db, one)).allowed


@pytest.mark.promise("P42")
def test_proof_is_checked_sealed_and_destroyed(portal_db: PortalDb) -> None:
    from tests.services.test_files import pdf, zipped  # noqa: PLC0415

    one, proof = member(portal_db), pdf()
    for bad in (zipped(), b"MZ" + b"\0" * 99):
        with pytest.raises(FileRefused), opened(one) as subject:
            correction.ask(subject, "sex", "male", bad)
    with opened(one) as subject:
        request_id = correction.ask(subject, "sex", "male", proof)
        (seen,) = evidence.look(subject, request_id)
    assert seen.content == proof
    with portal_db.work.data.connect() as data:
        stored = data.execute(select(LIVE.evidence)).one()
    assert b"%PDF" not in stored.sealed
    with opened(one) as subject:
        requests.take_back(subject, request_id)
        assert evidence.look(subject, request_id) == ()
    with portal_db.work.data.connect() as data:
        stored = data.execute(select(LIVE.evidence)).one()
    assert (stored.sealed, stored.destroyed_at) == (None, NOW)


class Granted:
    def __init__(self, item: str, **proposed: str) -> None:
        self.item, self.proposed = item, proposed


def test_a_granted_correction_moves_all_that_hangs_on_it(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2018-03-04")
    with opened(guardian, child) as subject:
        correction.apply(subject, Granted("birth_date", value="2019-05-06"))
        correction.apply(subject, Granted("name", value="김하나"))
    with portal_db.work.data.connect() as data:
        row = data.execute(select(LIVE.member).where(LIVE.member.c.member_id == child)).one()
    assert row.turns_14_on.isoformat() == "2033-05-06"
    assert found(portal_db, "name_birth", "김하나\x002019-05-06") == {child}


# ---- clearing -------------------------------------------------------------------------------


@pytest.mark.promise("P30")
def test_optional_items_are_cleared_at_once_with_what_tells_of_them(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        assert clearing.clear(subject, ("pregnancy",)) == ("pregnancy", "mother_category")
    for item in ("pregnancy", "mother_category"):
        row = held(portal_db, one, item)
        assert (row.sealed, row.cleared_at) == (None, NOW)
        for purpose in Purpose:
            if purpose not in {Purpose.SHOW, Purpose.CORRECT, Purpose.EXPORT}:
                assert not use.decide(item, purpose, standing(portal_db, one)).allowed
    assert text(portal_db, one, "baby_name") == PLAIN["baby_name"]
    assert [set(i) for i in events(portal_db, EventName.VALUE_CLEARED)] == [
        {"pregnancy"}, {"mother_category"},
    ]  # fmt: skip
    with opened(one) as subject:
        clearing.clear(subject, clearing.BABY)
    assert all(text(portal_db, one, item) is None for item in clearing.BABY)


def test_a_cleared_number_finds_nobody(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        clearing.clear(subject, ("mobile", "login_id", "name"))
    assert found(portal_db, "mobile", PLAIN["mobile"]) == set()
    assert found(portal_db, "login_id", PLAIN["login_id"]) == set()
    assert found(portal_db, "name_birth", f"{PLAIN['name']}\0{PLAIN['birth_date']}") == set()
    assert found(portal_db, "email", PLAIN["email"]) == {one}


def test_clearing_ends_a_request_to_put_it_right(portal_db: PortalDb) -> None:
    one = member(portal_db)
    with opened(one) as subject:
        correction.ask(subject, "name", "김길순")
    with opened(one) as subject:
        clearing.clear(subject, ("name",))
        assert [r.state for r in requests.mine(subject)] == ["taken_back"]


def test_required_items_become_a_request_and_are_never_refused_by_themselves(
    portal_db: PortalDb,
) -> None:
    one = member(portal_db)
    with pytest.raises(NotClearable), opened(one) as subject:
        clearing.clear(subject, ("address",))
    with opened(one) as subject:
        clearing.ask(subject, "address")
        (request,) = requests.mine(subject)
    assert (request.kind, request.state) == (RequestKind.CLEARING, "open")
    assert text(portal_db, one, "address") == PLAIN["address"]
    with opened(one) as subject:
        clearing.apply(subject, Granted("address"))
    assert text(portal_db, one, "address") is None


def test_a_childs_birth_date_is_decided(portal_db: PortalDb) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2018-03-04")
    with opened(guardian, child) as subject:
        assert not clearing.at_once(subject, "birth_date")
        clearing.ask(subject, "birth_date")
    with opened(guardian) as subject:
        assert clearing.at_once(subject, "birth_date")


def test_a_value_given_again_is_held_again(portal_db: PortalDb) -> None:
    one = member(portal_db, values=(ValueDraft("pregnancy", "pregnant"),))
    with opened(one) as subject:
        clearing.clear(subject, ("pregnancy",))
    with opened(one) as subject:
        correction.correct(subject, "pregnancy", 0, "not_pregnant")
    row = held(portal_db, one, "pregnancy")
    assert row.cleared_at is None
    assert text(portal_db, one, "pregnancy") == "not_pregnant"


def test_the_worker_makes_up_for_a_portal_that_died(portal_db: PortalDb) -> None:
    from services import found_by  # noqa: PLC0415

    one = member(portal_db)
    with portal_db.owner_keys.begin() as secret:
        secret.execute(
            update(keys.blind_index)
            .where(keys.blind_index.c.kind == "mobile")
            .values(digest=b"an old one")
        )
        wrapped = secret.execute(select(keys.member_key.c.wrapped)).scalar_one()
    sealer = portal_db.keyring.sealer(Store.LIVE, one, wrapped)
    with portal_db.work.data.begin() as data, portal_db.work.keys.begin() as secret:
        found_by.refresh(data, secret, portal_db.keyring, (one, sealer), NOW)
    assert found(portal_db, "mobile", PLAIN["mobile"]) == {one}
    with portal_db.work.keys.connect() as secret:
        rows = secret.execute(select(keys.blind_index).where(keys.blind_index.c.member_id == one))
        assert len(rows.all()) == 4
