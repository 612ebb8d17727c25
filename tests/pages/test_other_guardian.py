"""A guardian never sees another guardian's contact or name: on no page, in no copy (P29)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.drafts import ValueDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import ConsentKind, Purpose
from pages.components import frame
from services import (
    access,
    clearing,
    consent_list,
    consents,
    correction,
    notify,
    requests,
    restriction,
)
from services.actor import Permission
from services.ledger import EventName
from tests.families import a_child, ask, confirm, verified, work
from tests.people import NOW, ORIGIN, member, portal_house
from tests.portal import portal, text_of
from tests.services.test_archive import archive_of
from tests.services.test_linking import code_in
from tests.signing_in import Letters

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from services.subject import Subject
    from tests.portal import Portal

__all__ = ["portal"]

PAGES = ("member/overview.py", *(file for lines in frame.MEMBER.values() for _, file, _ in lines))
SECRETS = {
    "nickname": "바다아빠별명", "name": "독고바다", "email": "bada@other-parent.example",
    "mobile": "010-8765-4321", "phone": "051-987-6543", "login_id": "badapapa77",
    "address": "부산광역시 해운대구 비밀로 77",
}  # fmt: skip
GIVEN = "wave@third-parent.example"
"""The contact that the child came with, of neither guardian."""
PARTS = (
    *SECRETS.values(), GIVEN,
    "other-parent", "third-parent", "8765", "4321", "badapapa", "해운대구",
)  # fmt: skip
"""What would be seen of them, parts of masked values too."""


@dataclass(frozen=True)
class Family:
    """A child with two guardians, both of whom did much for it."""

    child: UUID
    mother: UUID
    father: UUID


@pytest.fixture
def family(portal: Portal) -> Family:
    db, letters = portal.db, Letters()
    born = ValueDraft("birth_date", "1987-05-06", ORIGIN)
    mother = member(
        db, values=(ValueDraft("nickname", "하늘맘", ORIGIN), born), records=(), devices=()
    )
    values = tuple(ValueDraft(item, text, ORIGIN) for item, text in SECRETS.items())
    father = member(db, values=(*values, born), records=(), devices=())
    child = a_child(db, mother, contact=GIVEN, baby_name="꼬마")
    # The father comes later, by a code; then he does all that a guardian can.
    ask(verified(father))
    work(db, letters)
    portal_house(db)
    assert confirm(verified(father), code_in(letters))[1] == child
    for who, stops in ((father, "marketing"), (mother, Purpose.CONTENT)):
        _do_much(child, who, stops)
    return Family(child, mother, father)


def _do_much(child: UUID, guardian: UUID, stops: str) -> None:
    actor = replace(verified(guardian), acting_for=child)

    def marketing(subject: Subject) -> object:
        asked = consent_list.current(subject).find("marketing")
        assert asked is not None
        return consents.record_by_key(subject, asked.key, granted=True)

    def several(subject: Subject) -> None:
        correction.correct(subject, "address", 0, "서울특별시 강남구 테헤란로 1길 2")
        marketing(subject)
        restriction.stop(subject, stops)
        clearing.clear(subject, ("baby_name",))
        notify.notify(subject, "guardian_linked", key=f"fact:{guardian}")
        if not requests.mine(subject):
            correction.ask(subject, "name", "강하늘별")

    look = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
    with access.open(actor, child, Purpose.CORRECT, look=look) as subject:
        several(subject)


def seen_on(one: Portal, page: str, *, acting: bool) -> str:
    tab = one.open()
    if acting:
        tab.button(key="child_1").click().run()
        assert "jk-banner" in text_of(tab)
    tab = tab.run() if page == PAGES[0] else tab.switch_page(page).run()
    shown = [text_of(tab)]
    if any(button.key == "show" for button in tab.button):  # in full, where the page has it
        shown.append(text_of(tab.button(key="show").click().run()))
    assert not tab.exception
    assert ("jk-banner" in shown[-1]) is acting
    fields = [str(one.value) for one in (*tab.text_input, *tab.text_area, *tab.selectbox)]
    return "\n".join([*shown, *fields, *(one.label for one in (*tab.toggle, *tab.checkbox))])


@pytest.mark.promise("P29")
def test_no_page_shows_the_other_guardians_contact(portal: Portal, family: Family) -> None:
    views = (
        (family.mother, True, PAGES), (family.child, False, PAGES),
        (family.mother, False, ("member/family.py",)),
    )  # fmt: skip
    for who, acting, pages in views:
        portal.sign_in(who, verified=NOW)
        for page in pages:
            shown = seen_on(portal, page, acting=acting)
            for part in PARTS:
                assert part not in shown, (page, part, acting)
            assert str(family.father) not in shown, page
    # The search finds what is there: the other guardian reads their own.
    portal.sign_in(family.father, verified=NOW)
    assert SECRETS["email"] in seen_on(portal, "member/my_data.py", acting=False)


@pytest.mark.promise("P29")
def test_history_numbers_them_by_when_they_came(portal: Portal, family: Family) -> None:
    for who, me, other in ((family.mother, 1, 2), (family.father, 2, 1)):
        portal.sign_in(who, verified=NOW)
        shown = seen_on(portal, "member/history.py", acting=True)
        assert f"내가 보호자 {me}로서" in shown
        assert f"보호자 {other}께서" in shown


@pytest.mark.promise("P29")
def test_no_copy_holds_the_other_guardians_contact(
    portal: Portal, family: Family, tmp_path: Path
) -> None:
    taken = archive_of(portal.db, tmp_path, family.child)
    everything = b"".join(taken.read(name) for name in taken.names)
    assert "꼬마".encode() in everything
    for part in (*PARTS, str(family.father), str(family.mother)):
        assert part.encode() not in everything, part
    assert {row["number"] for row in taken.rows("guardianships")} == {1, 2}
    own = archive_of(portal.db, tmp_path, family.mother)
    everything = b"".join(own.read(name) for name in own.names)
    for part in (*PARTS, str(family.father)):
        assert part.encode() not in everything, part


@pytest.mark.promise("P29")
def test_every_record_says_that_a_guardian_acted(portal: Portal, family: Family) -> None:
    with portal.db.owner_data.connect() as data:
        rows = data.execute(
            select(event.c.actor_kind, event.c.actor_id).where(
                event.c.member_id == family.child, event.c.actor_id.is_not(None)
            )
        ).all()
        consent = data.execute(
            select(LIVE.consent.c.decided_by, LIVE.consent.c.actor_id).where(
                LIVE.consent.c.member_id == family.child,
                LIVE.consent.c.kind.in_((ConsentKind.MARKETING, ConsentKind.COLLECTION)),
            )
        ).all()
        asked = [
            data.scalars(select(table.c.asked_by).where(table.c.member_id == family.child)).all()
            for table in (LIVE.request, LIVE.restriction)
        ]
    assert all(found and set(found) == {"guardian"} for found in asked)
    assert {tuple(one) for one in rows} == {
        ("guardian", family.mother),
        ("guardian", family.father),
    }
    assert {tuple(one) for one in consent} == {
        ("guardian", family.mother), ("guardian", family.father),
    }  # fmt: skip
