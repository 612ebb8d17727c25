"""The letter, the papers and the member's link of a case, over HTTP (P31)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select
from starlette.applications import Starlette

from db import clock
from db.sealing import digest
from db.settings import settings
from db.tables.cases import case_paper
from db.tables.exports import export
from db.tables.ledger import event
from db.tables.ops import session
from db.words import AnsweredBy, Caller, CallWish, CaseOutcome, RefusalReason, StepWhat
from pages.http import case_confirming as confirming
from pages.http import case_letter
from pages.http import case_paper as paper_route
from pages.http.names import SESSION_COOKIE
from pages.signin.context import SignInContext
from services import case_confirming, case_ending
from services.house import house
from tests.asgi import Answer, ask
from tests.calling import opened, staff_actor, verified, verified_case
from tests.people import NOW, PLAIN, agent, member, portal_house
from tests.services.test_case_steps import ask as ask_step
from tests.services.test_case_steps import link_of
from tests.services.test_files import picture
from tests.signing_in import Http

if TYPE_CHECKING:
    from services.actor import Actor
    from tests.database import PortalDb


@pytest.fixture
def one(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """One of the staff, at a portal whose clock stands."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    portal_house(portal_db)
    return staff_actor(agent(portal_db))


def cookie(db: PortalDb, actor: Actor) -> dict[str, str]:
    token = secrets.token_urlsafe(8)
    row = {
        "session_id": uuid4(), "token_digest": digest(token), "staff_id": actor.person,
        "started_at": NOW, "last_active_at": NOW, "signed_in_at": NOW, "verified_at": NOW,
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(session).values(row))
    return {"cookie": f"{SESSION_COOKIE[False]}={token}; portal_language=ko"}


def get(path: str, headers: dict[str, str]) -> Answer:
    app = Starlette(routes=[case_letter.ROUTE, paper_route.ROUTE])
    return ask(lambda _inner: app, path, headers=headers)


def test_a_refusal_is_printed_with_its_reason_and_how_to_object(
    portal_db: PortalDb, one: Actor
) -> None:
    case = verified_case(one, member(portal_db), CallWish.SEE)
    mine = cookie(portal_db, one)
    assert get(f"{case_letter.PATH}/{case.case_id}", mine).status == 403
    refused = case_ending.Answer(
        CaseOutcome.REFUSED, RefusalReason.LAW_NAMES_IT, AnsweredBy.LETTER, "법으로 보관해야 해요."
    )
    with house().databases.data.begin() as connection:
        case_ending.write(connection, one, case, refused)
    answer = get(f"{case_letter.PATH}/{case.case_id}", mine)
    page = answer.body.decode()
    assert answer.status == 200
    assert "@page" in page
    for said in (PLAIN["name"], PLAIN["address"], "법으로 보관해야 해요.", "이의를 제기", case.no):
        assert said in page, said
    assert PLAIN["mobile"] not in page
    with portal_db.work.data.connect() as connection:
        seen = connection.execute(select(event).where(event.c.reason == "letter")).one()
    assert set(seen.items) == {"name", "address"}
    other = cookie(portal_db, staff_actor(agent(portal_db)))
    assert get(f"{case_letter.PATH}/{case.case_id}", other).status == 403
    assert get(f"{case_letter.PATH}/{case.case_id}", {}).status == 401


def test_an_authority_opens_to_who_has_the_case_in_hand_alone(
    portal_db: PortalDb, one: Actor
) -> None:
    png = picture()
    case = opened(one, member(portal_db), caller=Caller.AGENT, authority=png)
    with portal_db.work.data.connect() as connection:
        row = connection.execute(
            select(case_paper).where(case_paper.c.media_type.is_not(None))
        ).one()
    assert png not in bytes(row.sealed)
    path = f"{paper_route.PATH}/{case.case_id}/{row.paper_id}"
    assert get(path, cookie(portal_db, one)).body == png
    assert get(path, cookie(portal_db, staff_actor(agent(portal_db)))).status == 403
    assert (
        get(f"{paper_route.PATH}/{case.case_id}/{UUID(int=7)}", cookie(portal_db, one)).status
        == 403
    )


@pytest.mark.promise("P31")
def test_a_link_shows_what_will_happen_does_nothing_by_itself_and_works_once(
    portal_db: PortalDb, one: Actor
) -> None:
    case = verified(one, opened(one, member(portal_db), CallWish.EXPORT))
    step = ask_step(one, case, StepWhat.EXPORT)
    token = link_of(portal_db, case, step)
    context = SignInContext(house().databases, house().keyring, settings(), clock.now)
    http = Http(Starlette(routes=[confirming.route(context)]))
    for _ in range(2):  # mail programs look at links
        shown = http.get(f"{case_confirming.PATH}?token={token}")
        assert shown.status_code == 200
        assert "내 자료" in shown.text
        assert case.no in shown.text
        assert "2026. 11. 23. 12:00까지 쓸 수 있어요" in shown.text
    assert not asked(portal_db)
    done = http.post(case_confirming.PATH, data={"token": token, "answer": "yes"})
    assert "진행하고 있어요" in done.text
    assert len(asked(portal_db)) == 1
    assert (
        http.post(case_confirming.PATH, data={"token": token, "answer": "yes"}).status_code == 410
    )
    assert http.get(f"{case_confirming.PATH}?token=nonsense").status_code == 410


def asked(db: PortalDb) -> list[UUID]:
    with db.work.data.connect() as connection:
        return list(connection.scalars(select(export.c.case_id)))
