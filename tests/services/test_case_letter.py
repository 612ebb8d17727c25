"""To whom the answer in a case goes: a guardian's to the guardian, naming the child (P29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from db import clock
from db.drafts import ValueDraft
from db.tables.cases import case as cases
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import AnsweredBy, CallWish, CaseOutcome, DisputeWhy, Purpose, RefusalReason
from pages.http import case_letter as route
from services import access, case_ending, case_telling, disputes, history, inbox
from services.actor import AccessDenied, Permission
from services.case_ending import Answer
from services.cases import CaseRefused
from services.house import House, house
from services.ledger import EventName
from services.request_words import refusal
from tests.calling import guardians_case, opened, read, staff_actor, verified_case
from tests.families import a_child, work
from tests.pages.http.test_case_routes import cookie, get
from tests.people import NOW, acting, agent, member, portal_house
from tests.signing_in import Letters

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.cases import Case
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

CHILD, MOTHER, FATHER = "김하늘", "김엄마", "김아빠"
HERS, HIS, ITS = "서울시 강남구 1", "부산시 해운대구 2", "제주시 애월읍 3"
LOOK = access.Look(
    EventName.VALUES_UNMASKED, Permission.CALLER_WRITE, "/desk-cases", ("name", "address"),
    folds=False, reason="letter",
)  # fmt: skip


@pytest.fixture
def one(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """One of the staff, at a portal whose clock stands."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    portal_house(portal_db)
    return staff_actor(agent(portal_db))


@pytest.fixture
def family(portal_db: PortalDb) -> tuple[UUID, UUID, UUID]:
    """A child, its mother and its father, each at another address."""
    mother, father = parent(portal_db, MOTHER, HERS), parent(portal_db, FATHER, HIS)
    child = a_child(portal_db, mother, father, name=CHILD, nickname="하늘이", address=ITS)
    return child, mother, father


def parent(db: PortalDb, name: str, address: str) -> UUID:
    held = {"name": name, "nickname": f"{name} 별명", "address": address,
            "email": f"{'mama' if name == MOTHER else 'papa'}@example.com"}  # fmt: skip
    values = tuple(ValueDraft(item, text) for item, text in held.items())
    return member(db, values=values, records=(), devices=())


def written(one: Actor, case: Case, by: AnsweredBy = AnsweredBy.LETTER) -> Answer:
    answer = Answer(CaseOutcome.REFUSED, RefusalReason.LAW_NAMES_IT, by, "법으로 정해 두어서요.")
    with house().databases.data.begin() as connection:
        case_ending.write(connection, one, case, answer)
    return answer


def letter(db: PortalDb, one: Actor, case: Case) -> tuple[int, str]:
    found = get(f"{route.PATH}/{case.case_id}", cookie(db, one))
    return found.status, found.body.decode()


def ended(db: PortalDb, guardian: UUID) -> None:
    with db.owner_data.begin() as data:
        link = LIVE.guardianship
        mine = link.c.guardian_id == guardian
        data.execute(update(link).where(mine).values(ended_on=NOW.date()))


def test_the_letter_goes_to_the_guardian_who_asked_and_names_the_child(
    portal_db: PortalDb, one: Actor, family: tuple[UUID, UUID, UUID]
) -> None:
    child, mother, _father = family
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    written(one, case)
    status, page = letter(portal_db, one, case)
    assert status == 200
    for said in (MOTHER, HERS, f"{CHILD}의 보호자로서", case.no, "법으로 정해 두어서요."):
        assert said in page, said
    # Where the child lives, and that there is another guardian, may be news to this one.
    for other in (ITS, FATHER, HIS):
        assert other not in page
    with portal_db.work.data.connect() as data:
        c = event.c
        told = select(c.member_id, c["items"], c.case_id, c.allowed).where(c.reason == "letter")
        seen = {(row.member_id, *sorted(row[1]), row.case_id) for row in data.execute(told)}
    assert seen == {(mother, "address", "name", case.case_id), (child, "name", case.case_id)}
    # The mother reads in her own record who saw her address; the case is the child's to stop.
    look = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, "/history", folds=False)
    for who, whose in ((mother, None), (child, case.no)):
        with access.open(acting(mother), who, Purpose.SHOW, look=look) as subject:
            lines = history.read(subject, 1, only_others=True).lines
        line = next(line for line in lines if line.name == EventName.VALUES_UNMASKED)
        assert (line.case.no if line.case else None) == whose


def test_in_a_members_own_case_it_goes_to_the_member_and_names_no_child(
    portal_db: PortalDb, one: Actor
) -> None:
    case = verified_case(one, member(portal_db), CallWish.SEE)
    written(one, case)
    status, page = letter(portal_db, one, case)
    assert status == 200
    assert "보호자로서" not in page


def test_while_there_is_a_dispute_it_goes_to_the_guardians_own_address(
    portal_db: PortalDb, one: Actor, family: tuple[UUID, UUID, UUID]
) -> None:
    child, mother, _father = family
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    written(one, case)
    look = access.Look(EventName.DISPUTE_OPENED, Permission.DISPUTE_OPEN, "/", folds=False)
    with access.open(acting(child), child, Purpose.CORRECT, look=look) as subject:
        disputes.open_dispute(subject, DisputeWhy.OTHER, "")
    status, page = letter(portal_db, one, case)
    assert status == 200
    assert HERS in page
    assert ITS not in page


def test_to_who_may_not_act_any_more_nothing_is_written(
    portal_db: PortalDb, one: Actor, family: tuple[UUID, UUID, UUID]
) -> None:
    child, mother, _father = family
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    answer = written(one, case)
    ended(portal_db, mother)
    status, page = letter(portal_db, one, case)
    assert status == 403
    assert "직접 알려 주시고" in page
    for word in (CHILD, MOTHER, HERS, ITS):
        assert word not in page
    with portal_db.work.data.connect() as data:
        assert data.scalar(select(event.c.event_id).where(event.c.reason == "letter")) is None
    with (
        pytest.raises(AccessDenied),
        access.open(one, mother, Purpose.SHOW, case.case_id, look=LOOK),
    ):
        pass
    with house().databases.data.begin() as connection, pytest.raises(CaseRefused, match="act for"):
        case_ending.end(connection, one, case, answer, ())
    spoken = replace(answer, by=AnsweredBy.SPOKEN)
    with house().databases.data.begin() as connection:
        case_ending.end(connection, one, read(case.case_id), spoken, ())


@pytest.mark.promise("P25", "P26")
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"closed_at": NOW},
        {"suspended_at": NOW},
        {"granted_until": NOW},
        {"opened_at": NOW + timedelta(days=1)},
        {"verified_at": None, "verified_by": None, "permissions": ["case_handle"]},
        {"permissions": []},
    ],
    ids=["as it is", "closed", "suspended", "over", "from tomorrow", "not verified", "no right"],
)
def test_a_guardians_address_opens_in_ones_own_open_case_of_theirs_alone(
    portal_db: PortalDb,
    one: Actor,
    family: tuple[UUID, UUID, UUID],
    changed: dict[str, Any],
) -> None:
    child, mother, father = family
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    with portal_db.owner_data.begin() as data:
        if changed:
            data.execute(update(cases).where(cases.c.case_id == case.case_id).values(changed))
    stranger, colleague = parent(portal_db, "남", "남의 집"), staff_actor(agent(portal_db))

    def opens(actor: Actor, who: UUID, **other: Any) -> bool:  # noqa: ANN401
        look = replace(LOOK, **other)
        try:
            with access.open(actor, who, Purpose.SHOW, case.case_id, look=look):
                return True
        except AccessDenied:
            return False

    assert opens(one, mother) is (not changed)
    for who in (father, child, stranger):
        assert not opens(one, who)
    assert not opens(colleague, mother)
    for permission in (Permission.CASE_HANDLE, Permission.PROFILE_READ, Permission.PROFILE_UNMASK):
        assert not opens(one, mother, permission=permission)
    assert not opens(acting(father), mother)
    other = opened(one, stranger, CallWish.SEE)
    with (
        pytest.raises(AccessDenied),
        access.open(one, mother, Purpose.SHOW, other.case_id, look=LOOK),
    ):
        pass


@pytest.mark.promise("P27")
@pytest.mark.parametrize("kin", ["herself", "her other child"])
def test_nobody_of_the_guardians_own_family_opens_it(
    portal_db: PortalDb, one: Actor, family: tuple[UUID, UUID, UUID], kin: str
) -> None:
    child, mother, _father = family
    own = mother if kin == "herself" else a_child(portal_db, mother)
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    theirs = staff_actor(agent(portal_db, own_membership=own))
    with portal_db.owner_data.begin() as data:
        mine = cases.c.case_id == case.case_id
        data.execute(update(cases).where(mine).values(staff_id=theirs.person))
    with (
        pytest.raises(AccessDenied),
        access.open(theirs, mother, Purpose.SHOW, case.case_id, look=LOOK),
    ):
        pass


@pytest.mark.promise("P31")
@pytest.mark.parametrize("nickname", ["하늘이", None], ids=["named", "nameless"])
def test_the_mail_greets_the_guardian_and_says_of_which_child(
    portal_db: PortalDb, one: Actor, nickname: str | None
) -> None:
    mother, father = parent(portal_db, MOTHER, HERS), parent(portal_db, FATHER, HIS)
    child = a_child(portal_db, mother, father, nickname=nickname, email="kid@example.com")
    case = guardians_case(one, child, CallWish.SEE, guardian_id=mother)
    answer = written(one, case, AnsweredBy.EMAIL)
    with house().databases.data.begin() as connection:
        case_ending.end(connection, one, case, answer, ())
    worker = House(portal_db.work, portal_db.keyring)
    assert case_telling.answer(worker, case.case_id, "case_answer", "ko", NOW)
    letters = Letters()
    work(portal_db, letters)
    (mail,) = [mail for mail in letters.mails if case.no in mail.text and "결과" in mail.text]
    assert mail.to == "mama@example.com"
    assert f"{MOTHER} 별명 님, 안녕하세요" in mail.text
    named = "돌보시는 아이(하늘이)에 관한" if nickname else "돌보시는 아이에 관한"
    for text in (mail.text, mail.html or ""):
        assert named in text
        assert "아이에 관해 문의하셔서" in text
        assert refusal("ko", RefusalReason.LAW_NAMES_IT) in text
    for other in ("주소가 없는", FATHER, ITS):
        assert other not in mail.text
    # Her inbox says that it is about a child, and keeps no name of the child's.
    portal_house(portal_db)
    look = access.Look(EventName.INBOX_VIEWED, Permission.INBOX_READ, "/messages")
    with access.open(acting(mother), mother, Purpose.SHOW, look=look) as subject:
        page = inbox.read(subject, 1, "ko", "http://x")
    said = next(repr(one.blocks) for one in page.letters if case.no in repr(one.blocks))
    assert "돌보시는 아이에 관한" in said
    assert "하늘이" not in said
