"""A guardian is linked to a child by a code or a document; who guesses learns nothing (P41)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event as hook
from sqlalchemy import select, update

from db.drafts import ValueDraft
from db.tables.ledger import event
from db.tables.linking import linking as wishes
from db.tables.member import LIVE
from db.words import LinkReason, Purpose, RefusalReason, RequestState, Store
from services import (
    access,
    consents,
    deciding,
    family,
    linking,
    linking_deciding,
    linking_search,
    requests,
    use,
)
from services.actor import AccessDenied, Permission, StepUpRequired, WardLost
from services.consent_list import current
from services.contact_values import ValueRefused
from services.identity.attempts import WaitFirst
from services.linking import Outcome
from services.linking_search import MOST_A_DAY
from services.relations import as_subject
from tests.families import (
    BORN,
    CONTACT,
    LOOK,
    NAME,
    a_child,
    as_guardian,
    ask,
    confirm,
    jobs,
    verified,
    work,
)
from tests.people import NOW, acting, agent, member, portal_house
from tests.services.test_requests import PNG, WORDS, in_case, take
from tests.signing_in import Letters

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.subject import Subject
    from tests.database import PortalDb


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    return portal_db


@pytest.fixture
def letters() -> Letters:
    return Letters()


def code_in(letters: Letters) -> str:
    """Return the code of the last mail."""
    found = re.search(r"\b(\d{6})\b", letters.mails[-1].text)
    assert found
    return found[1]


def links(db: PortalDb, child: UUID) -> list[Any]:
    with db.owner_data.connect() as data:
        table = LIVE.guardianship
        return list(data.execute(select(table).where(table.c.member_id == child)))


def tries(db: PortalDb, who: UUID) -> list[tuple[str, bool, str | None, tuple[str, ...]]]:
    with db.owner_data.connect() as data:
        rows = data.execute(
            select(event).where(event.c.member_id == who).order_by(event.c.event_id)
        )
        return [
            (r.name, r.allowed, r.reason, tuple(r.items or ()))
            for r in rows
            if r.name.startswith(("link", "guardian"))
        ]


def standing(db: PortalDb, child: UUID) -> use.Standing:
    with db.work.data.connect() as data:
        return use.standing(data, LIVE, child, NOW.date())


@pytest.mark.promise("P41")
def test_a_code_to_the_contact_from_joining_links_with_consent(
    db: PortalDb, letters: Letters
) -> None:
    guardian = member(db)
    child = a_child(db)
    actor = verified(guardian)
    assert standing(db, child).store_only
    with pytest.raises(AccessDenied), access.open(actor, child, Purpose.SHOW, look=LOOK):
        pass
    assert ask(actor).tries_left == linking.TRIES
    work(db, letters)
    (mail,) = letters.mails
    assert mail.to == CONTACT
    assert "보호자로 적혀" in mail.text
    assert "꼬마" not in mail.text
    assert NAME not in mail.text
    assert confirm(actor, "000000" if code_in(letters) != "000000" else "1")[0] is Outcome.WRONG
    # A Korean keyboard may type full-width digits.
    wide = code_in(letters).translate({ord(str(n)): ord("０") + n for n in range(10)})  # noqa: RUF001
    assert confirm(actor, wide) == (Outcome.LINKED, child)
    (link,) = links(db, child)
    assert (link.guardian_id, link.started_on, link.ended_on) == (
        guardian,
        date(2026, 11, 22),
        None,
    )
    assert (link.means, link.proof, link.reason) == ("code", True, "parent")
    with db.owner_data.connect() as data:
        table = LIVE.consent
        consent = data.execute(select(table).where(table.c.member_id == child)).one()
    assert consent.consent_id == link.consent_id
    assert (consent.kind, consent.granted, consent.item) == ("collection", True, None)
    assert (consent.decided_by, consent.actor_id, consent.decided_at) == ("guardian", guardian, NOW)
    assert "부모이거나" in consent.wording
    assert not standing(db, child).store_only
    look = replace(LOOK, permission=Permission.PROFILE_READ)
    with access.open(actor, child, Purpose.SHOW, look=look) as subject:
        assert family.nickname(subject) == "꼬마"
    assert tries(db, guardian) == [
        ("link_asked", True, "code", ("name", "birth_date")),
        ("link_refused", False, "code", ()),
        ("guardian_linked", True, None, ()),
    ]
    assert [one[0] for one in tries(db, child)] == ["link_code_sent", "guardian_linked"]
    # A code counts once.
    assert confirm(actor, wide) == (Outcome.OVER, None)


def nobody(_db: PortalDb, _guardian: UUID) -> None:
    """There is no such child."""


def without_contact(db: PortalDb, _guardian: UUID) -> None:
    a_child(db, contact=None)


def fourteen(db: PortalDb, _guardian: UUID) -> None:
    """A child typed with another birth date than its own, which was 14 years ago."""
    a_child(db, born="2012-03-04")


def another_name(db: PortalDb, _guardian: UUID) -> None:
    a_child(db, name="강바다")


def asleep(db: PortalDb, _guardian: UUID) -> None:
    values = (ValueDraft("name", NAME), ValueDraft("birth_date", BORN),
              ValueDraft("guardian_contact", CONTACT))  # fmt: skip
    member(db, Store.DORMANT, values=values, records=(), devices=())


def ended_before(db: PortalDb, guardian: UUID) -> None:
    child = a_child(db, guardian)
    with db.owner_data.begin() as data:
        data.execute(
            update(LIVE.guardianship)
            .where(LIVE.guardianship.c.member_id == child)
            .values(ended_on=NOW.date() - timedelta(days=9))
        )


def two_of_them(db: PortalDb, _guardian: UUID) -> None:
    a_child(db)
    a_child(db, contact="other@example.com")


NOT_LINKED = (nobody, without_contact, fourteen, another_name, asleep, ended_before, two_of_them)


@pytest.mark.promise("P41")
@pytest.mark.parametrize("who", NOT_LINKED, ids=[one.__name__ for one in NOT_LINKED])
def test_who_guesses_sees_and_gets_the_same_whoever_is_here(
    db: PortalDb,
    letters: Letters,
    who: Any,  # noqa: ANN401
) -> None:
    guardian = member(db)
    who(db, guardian)
    actor = verified(guardian)
    sent: list[str] = []

    def note(*args: Any) -> None:  # noqa: ANN401
        sent.append(str(args[2]))

    hook.listen(db.web.data, "before_cursor_execute", note)
    waiting = ask(actor)
    hook.remove(db.web.data, "before_cursor_execute", note)
    assert (waiting.until, waiting.tries_left) == (NOW + linking.LASTS, linking.TRIES)
    # Whoever is here is looked for elsewhere: no statement of the portal's asks for a child.
    assert not any("keys.find" in one or "blind_index" in one for one in sent)
    assert [task for task, _ in jobs(db)] == ["link"]
    assert all(NAME not in str(given) for _, given in jobs(db))
    work(db, letters)
    assert letters.mails == []
    assert letters.texts == []
    with db.owner_data.connect() as data:
        row = data.execute(select(wishes)).one()
    assert (row.child_id, row.sealed) == (None, None)
    right = linking.code_of(db.keyring, row.linking_id)
    # Even the code that would have been sent opens nothing; and each try is one.
    assert [confirm(actor, right)[0] for _ in range(6)] == [Outcome.WRONG] * 5 + [Outcome.OVER]
    assert [one[0] for one in tries(db, guardian)] == ["link_asked", *["link_refused"] * 5]


def test_the_statements_are_the_same_whether_or_not_there_is_a_child(db: PortalDb) -> None:
    a_child(db)
    seen = []
    for name in (NAME, "아무개"):
        sent: list[str] = []

        def note(*args: Any, sent: list[str] = sent) -> None:  # noqa: ANN401
            sent.append(str(args[2]))

        engines = (db.web.data, db.web.keys, *db.web.look)
        for engine in engines:
            hook.listen(engine, "before_cursor_execute", note)
        ask(verified(member(db)), name)
        for engine in engines:
            hook.remove(engine, "before_cursor_execute", note)
        seen.append(sent)
    assert seen[0] == seen[1]


def test_a_login_id_given_must_be_the_childs(db: PortalDb, letters: Letters) -> None:
    a_child(db, login_id="haneul8")
    for login, mails in (("someone", 0), (" Haneul8 ", 1)):
        ask(verified(member(db)), login=login)
        work(db, letters)
        assert len(letters.mails) == mails
    # A telephone gets it as a text message.
    a_child(db, name="강바다", contact="010-2345-0000")
    ask(verified(member(db)), "강바다")
    work(db, letters)
    assert letters.texts[-1].to == "010-2345-0000"


@pytest.mark.promise("P41")
def test_guesses_are_slowed_down_and_each_is_in_the_ledger(db: PortalDb, letters: Letters) -> None:
    guardian = member(db)
    a_child(db)
    actor = verified(guardian)
    for _ in range(3):
        ask(actor)
    with pytest.raises(WaitFirst):
        ask(actor)
    # Another session of the same person has two more, and then their own pace counts.
    other = verified(guardian)
    for _ in range(2):
        ask(other)
    with pytest.raises(WaitFirst):
        ask(verified(guardian))
    assert [one[1:3] for one in tries(db, guardian)] == [
        (True, "code"), (True, "code"), (True, "code"), (False, "too_many"),
        (True, "code"), (True, "code"), (False, "too_many"),
    ]  # fmt: skip
    # Of several wishes only the last counts; and nobody's telephone rings all day.
    work(db, letters)
    assert len(letters.mails) == 1
    for _ in range(3):
        ask(verified(member(db)))
        work(db, letters)
    assert len(letters.mails) == MOST_A_DAY


def test_a_code_ends_after_ten_minutes_and_with_the_childs_link(
    db: PortalDb, letters: Letters
) -> None:
    guardian = member(db)
    a_child(db)
    ask(verified(guardian))
    work(db, letters)
    late = verified(guardian, NOW + linking.LASTS)
    assert confirm(late, code_in(letters)) == (Outcome.OVER, None)
    with db.work.data.begin() as data:
        linking_search.forget(data, NOW + timedelta(days=2))
        assert data.execute(select(wishes)).all() == []


def test_who_may_not_ask_is_told_about_themselves_alone(db: PortalDb) -> None:
    young = member(db, values=(ValueDraft("birth_date", "2008-01-01"),))
    with pytest.raises(linking.LinkRefused) as refused:
        ask(verified(young))
    assert refused.value.params == {"age": 19}
    # 19 years to the day, in Seoul; of who has no birth date on record nobody knows.
    grown = member(db, values=(ValueDraft("birth_date", "2007-11-22"),))
    ask(verified(grown))
    with pytest.raises(linking.LinkRefused) as missing:
        ask(verified(member(db, values=(ValueDraft("nickname", "봄"),))))
    assert missing.value.message != refused.value.message
    with pytest.raises(StepUpRequired):
        ask(acting(member(db)))
    with pytest.raises(linking.LinkRefused):
        ask(verified(member(db)), born="2012-11-22")
    with pytest.raises(ValueRefused):
        ask(verified(member(db)), name="   ")
    assert tries(db, young) == []


def asked_by_document(actor: Actor, name: str = NAME) -> UUID:
    found: UUID = as_guardian(
        actor,
        lambda s: linking.ask_document(
            s, linking.wish(name, BORN, "", s.today), LinkReason.APPOINTED, PNG
        ),
    )
    return found


@pytest.mark.promise("P41")
def test_staff_link_by_a_document_and_destroy_it(db: PortalDb, letters: Letters) -> None:
    guardian, staff = member(db), agent(db)
    child = a_child(db)
    made = asked_by_document(verified(guardian))
    with pytest.raises(requests.RequestRefused):
        asked_by_document(verified(guardian))
    case = take(db, staff, guardian, made)
    seen = in_case(staff, case, lambda s: deciding.read(s, plain=True))
    assert {k: seen.proposed[k] for k in linking_deciding.SHOWN} == {
        "name": NAME, "birth_date": BORN, "login_id": "",
    }  # fmt: skip
    in_case(staff, case, deciding.grant)
    (link,) = links(db, child)
    assert (link.guardian_id, link.means, link.proof, link.reason) == (
        guardian, "document", True, "appointed",
    )  # fmt: skip
    assert not standing(db, child).store_only
    with db.owner_data.connect() as data:
        assert data.scalars(select(LIVE.evidence.c.sealed)).all() == [None]
        consent = data.execute(select(LIVE.consent).where(LIVE.consent.c.member_id == child)).one()
    # The guardian consents, whoever decides; the ledger of the child names the staff.
    assert (consent.decided_by, consent.actor_id) == ("guardian", guardian)
    with db.owner_data.connect() as data:
        who = data.execute(
            select(event.c.actor_kind, event.c.actor_id).where(
                event.c.member_id == child, event.c.name == "guardian_linked"
            )
        ).one()
    assert tuple(who) == ("staff", staff)
    work(db, letters)
    assert any("아이와 연결됐어요" in one.text for one in letters.mails)


def test_a_document_for_no_child_is_refused_like_one_that_shows_too_little(db: PortalDb) -> None:
    said = []
    for is_here in (True, False):
        guardian, staff = member(db), agent(db)
        name = NAME if is_here else "아무개"
        if is_here:
            a_child(db)
        case = take(db, staff, guardian, asked_by_document(verified(guardian), name))
        if not is_here:
            with pytest.raises(linking_deciding.NoSuchChild):
                in_case(staff, case, deciding.grant)
        in_case(staff, case, lambda s: deciding.refuse(s, RefusalReason.NOT_LINKED, WORDS))
        (found,) = as_guardian(verified(guardian), requests.mine)
        said.append((found.state, found.reason, found.answer, found.files))
    assert said[0] == said[1]
    assert said[0][0] is RequestState.REFUSED
    with db.owner_data.connect() as data:
        assert data.scalars(select(LIVE.guardianship.c.means)).all() == []


@pytest.mark.promise("P29")
def test_staff_link_nobody_whose_age_is_not_known(db: PortalDb) -> None:
    guardian, staff = member(db), agent(db)
    child = a_child(db)
    case = take(db, staff, guardian, asked_by_document(verified(guardian)))
    value, own = LIVE.profile_value, LIVE.member
    with db.owner_data.begin() as data:
        born = (value.c.member_id == guardian, value.c.item == "birth_date")
        sealed = data.scalar(select(value.c.sealed).where(*born))
        data.execute(update(value).where(*born).values(sealed=None, cleared_at=NOW))
        data.execute(update(own).where(own.c.member_id == guardian).values(age_known=None))
    with pytest.raises(linking_deciding.NoSuchChild, match="19 or older"):
        in_case(staff, case, deciding.grant)
    assert links(db, child) == []
    with db.owner_data.begin() as data:
        data.execute(update(value).where(*born).values(sealed=sealed, cleared_at=None))
    in_case(staff, case, deciding.grant)  # nobody had looked yet: it is looked at
    assert len(links(db, child)) == 1


@pytest.mark.promise("P41")
def test_a_link_without_proof_is_proved_anew_and_keeps_its_beginning(
    db: PortalDb, letters: Letters
) -> None:
    guardian = member(db)
    child = a_child(db, guardian, proof=False)
    actor = verified(guardian)
    assert standing(db, child).store_only

    def agree(subject: Subject) -> object:
        asked = next(one for one in current(subject).asked if one.term.id == "marketing")
        return consents.record_by_key(subject, asked.key, granted=True)

    look = replace(LOOK, permission=Permission.CONSENT_CHANGE)
    with (
        pytest.raises(consents.ConsentRefused),
        access.open(actor, child, Purpose.CORRECT, look=look) as subject,
    ):
        agree(subject)
    ask(actor)
    work(db, letters)
    assert confirm(actor, code_in(letters)) == (Outcome.LINKED, child)
    (link,) = links(db, child)
    assert (link.started_on, link.proof, link.means) == (date(2024, 1, 1), True, "code")
    with access.open(actor, child, Purpose.CORRECT, look=look) as subject:
        agree(subject)
    # The child can't say yes by itself, but always no.
    own = acting(child, verified_at=NOW)
    with access.open(own, child, Purpose.CORRECT, look=look) as subject:
        asked = next(one for one in current(subject).asked if one.term.id == "marketing")
        consents.record_by_key(subject, asked.key, granted=False)
    with (
        pytest.raises(consents.ConsentRefused),
        access.open(own, child, Purpose.CORRECT, look=look) as subject,
    ):
        agree(subject)


def test_a_guardian_removed_meanwhile_is_told_so(db: PortalDb) -> None:
    guardian = member(db)
    child = a_child(db, guardian)
    look = replace(LOOK, permission=Permission.PROFILE_CORRECT)
    actor = acting(guardian, acting_for=child)
    with access.open(actor, child, Purpose.CORRECT, look=look):
        pass
    with db.owner_data.begin() as data:
        data.execute(update(LIVE.guardianship).values(ended_on=NOW.date()))
    with pytest.raises(WardLost), access.open(actor, child, Purpose.CORRECT, look=look):
        pass
    # Who never said to act for them is refused like anybody.
    with (
        pytest.raises(AccessDenied) as denied,
        access.open(acting(guardian), child, Purpose.CORRECT, look=look),
    ):
        pass
    assert not isinstance(denied.value, WardLost)


def test_nobody_reads_another_ones_wish(db: PortalDb) -> None:
    guardian, other = member(db), member(db)
    ask(verified(guardian))
    with db.web.data.begin() as data:
        as_subject(data, other)
        assert data.execute(select(wishes)).all() == []
