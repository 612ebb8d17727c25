"""What a child without a contact is told goes to its guardians, each by themselves (P29)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from db.drafts import ValueDraft
from db.tables import ops
from db.tables.member import LIVE
from db.words import Purpose
from services import access, notify
from services.actor import Permission
from services.ledger import EventName
from tests.families import a_child, work
from tests.people import NOW, acting, member, portal_house
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

LOOK = access.Look(EventName.REQUESTS_VIEWED, Permission.PROCESSING_STOP)
PARAMS = {"kind": "clearing", "item": "email", "scope": "", "received_on": "2026-11-22",
          "due_on": "2026-12-02"}  # fmt: skip


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    return portal_db


def parent(db: PortalDb, name: str, **more: str) -> UUID:
    held = {"email": f"{name}@example.com", "nickname": name} | more
    values = tuple(ValueDraft(item, text) for item, text in held.items() if text)
    return member(db, values=values, records=(), devices=())


def tell(child: UUID, template: str = "request_received", **more: Any) -> None:  # noqa: ANN401
    params = more.pop("params", PARAMS)
    with access.open(acting(child), child, Purpose.SHOW, look=LOOK) as subject:
        notify.notify(subject, template, params, key="fact", **more)


def rows(db: PortalDb) -> list[tuple[UUID, bool, bool]]:
    with db.owner_data.connect() as data:
        found = data.execute(select(ops.outbox).order_by(ops.outbox.c.created_at))
        return [(row.member_id, row.sent_at is not None, row.sealed is None) for row in found]


@pytest.mark.promise("P29")
def test_each_guardian_gets_it_alone_and_it_says_of_which_child(db: PortalDb) -> None:
    letters = Letters()
    mother, father = parent(db, "mama"), parent(db, "papa")
    child = a_child(db, mother, father, nickname="하늘이")
    tell(child)
    work(db, letters)
    assert sorted(mail.to for mail in letters.mails) == ["mama@example.com", "papa@example.com"]
    for mail in letters.mails:
        other = "papa" if mail.to.startswith("mama") else "mama"
        assert other not in mail.text
        assert "돌보시는 아이(하늘이)에 관한 알림이에요" in mail.text
        assert "보호자께 보내 드려요" in mail.text
        assert f"{HOME}/requests" in mail.text
        assert "하늘이" in (mail.html or "")
    # Nothing that filled it is left, and the child reads it in its own inbox, nobody else.
    assert all(sent and forgotten for _, sent, forgotten in rows(db))
    with db.owner_data.connect() as data:
        assert data.scalars(select(LIVE.inbox.c.member_id)).all() == [child]
    work(db, letters)
    assert len(letters.mails) == 2


def test_a_child_with_a_contact_gets_its_own(db: PortalDb) -> None:
    letters = Letters()
    child = a_child(db, parent(db, "mama"), email="kid@example.com")
    tell(child)
    work(db, letters)
    assert [mail.to for mail in letters.mails] == ["kid@example.com"]


@pytest.mark.promise("P41")
@pytest.mark.parametrize("why", ["store only", "ended", "14 by now", "nobody"])
def test_without_a_guardian_who_consented_nothing_goes_out(db: PortalDb, why: str) -> None:
    letters = Letters()
    guardians = () if why == "nobody" else (parent(db, "mama"),)
    child = a_child(db, *guardians, proof=why != "store only")
    with db.owner_data.begin() as data:
        if why == "ended":
            data.execute(update(LIVE.guardianship).values(ended_on=NOW.date()))
        if why == "14 by now":
            data.execute(update(LIVE.member).values(turns_14_on=NOW.date()))
    tell(child)
    work(db, letters)
    assert letters.mails == []
    assert rows(db) == [(child, False, True)]


def test_what_proves_a_mailbox_or_rests_on_its_arrival_is_the_childs_alone(db: PortalDb) -> None:
    letters = Letters()
    child = a_child(db, parent(db, "mama"))
    until = (NOW.date() + timedelta(days=40)).isoformat()
    tell(child, "dormancy_notice", params={"day": until, "last": until, "app": "엄마와"})
    work(db, letters)
    assert letters.mails == []


def test_that_a_guardian_may_act_again_is_told_to_guardians_in_words_of_their_own(
    db: PortalDb,
) -> None:
    letters, child = Letters(), a_child(db, parent(db, "mama"))
    tell(child, "guardian_again_child", params={})
    work(db, letters)
    assert letters.mails == []


def test_a_guardian_without_a_mail_address_gets_a_text_message(db: PortalDb) -> None:
    letters = Letters()
    mother = parent(db, "mama", email="", mobile="010-2345-6789")
    tell(a_child(db, mother, nickname="하늘이"))
    work(db, letters)
    assert "하늘이" in letters.texts[0].text
