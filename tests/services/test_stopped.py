"""Whom an officer has stopped: no mail, no new link, no place in the family (P29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from db.drafts import ValueDraft
from db.tables.member import LIVE
from db.words import LinkMeans, LinkReason, Purpose
from services import access, family, link_rows, notify
from services.actor import Permission
from services.ledger import EventName
from tests.families import a_child, as_guardian, ask, jobs, verified, work
from tests.people import NOW, acting, member, portal_house
from tests.signing_in import Letters

if TYPE_CHECKING:
    from uuid import UUID

    from services.family import Ward
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.REQUESTS_VIEWED, Permission.PROCESSING_STOP)
NEW = link_rows.New(LinkMeans.CODE, LinkReason.PARENT, NOW)


class Home:
    """A child of a mother and a father, who has been stopped today."""

    def __init__(self, db: PortalDb) -> None:
        portal_house(db)
        self.db = db
        self.mother, self.father = (
            member(
                db,
                records=(),
                devices=(),
                values=(
                    ValueDraft("email", f"{name}@example.com"),
                    ValueDraft("birth_date", "1987-05-06"),
                ),
            )
            for name in ("mama", "papa")
        )
        self.child = a_child(db, self.mother, self.father, contact="papa@example.com")
        link = LIVE.guardianship
        stop = update(link).where(link.c.guardian_id == self.father)
        with db.work.data.begin() as data:
            data.execute(stop.values(suspended_on=NOW.date(), suspended_why="court_order"))


@pytest.fixture
def home(portal_db: PortalDb) -> Home:
    return Home(portal_db)


def ward(who: UUID) -> Ward:
    (found,) = as_guardian(acting(who), family.read, Purpose.SHOW).wards
    assert isinstance(found, family.Ward)
    return found


def test_the_family_page_says_so_to_both_and_shows_the_stopped_one_no_other(home: Home) -> None:
    his, hers = ward(home.father), ward(home.mother)
    assert (his.acts, hers.acts) == (False, True)
    assert [one.mine for one in his.links] == [True], "nothing of the other guardian"
    assert [one.suspended_on for one in hers.links] == [None, NOW.date()]
    own = as_guardian(acting(home.child), family.read, Purpose.SHOW).own
    assert [one.suspended_on for one in own.links] == [None, NOW.date()]
    assert not own.store_only


def test_the_childs_mail_goes_to_the_other_guardian_alone(home: Home) -> None:
    letters = Letters()
    params = {"kind": "clearing", "item": "email", "scope": "", "received_on": "2026-11-22",
              "due_on": "2026-12-02"}  # fmt: skip
    with access.open(acting(home.child), home.child, Purpose.SHOW, look=LOOK) as subject:
        notify.notify(subject, "request_received", params, key="fact")
    work(home.db, letters)
    assert [mail.to for mail in letters.mails] == ["mama@example.com"]


def test_neither_a_code_nor_a_document_gets_round_it(home: Home) -> None:
    letters = Letters()
    ask(verified(home.father))
    assert [task for task, _given in jobs(home.db)] == ["link"]
    work(home.db, letters)
    assert letters.mails == [], "no code is sent, although the contact is his"
    done = as_guardian(verified(home.father), lambda s: link_rows.write(s, home.child, NEW))
    assert done is False
    with home.db.work.data.connect() as data:
        means = select(LIVE.guardianship.c.means).where(
            LIVE.guardianship.c.guardian_id == home.father
        )
        assert data.scalars(means).all() == [LinkMeans.JOINING]
