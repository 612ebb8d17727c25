"""Companies are data with an editor, the officer's alone (clauses 5, 6 and 10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from db.period import Period
from db.tables.ledger import event
from db.tables.ops import company as rows
from db.words import ActorKind, CompanyRole, NoticeMeans, Purpose, StaffRole
from services import companies
from services.actor import AccessDenied, StepUpRequired
from services.companies import CompanyDraft, CompanyGone, CompanyRefused
from tests.companies import company
from tests.people import NOW, acting

if TYPE_CHECKING:
    from services.actor import Actor
    from tests.database import PortalDb

SHOP = CompanyDraft(
    CompanyRole.RECIPIENT, "가게", purpose=Purpose.DELIVERY, items=("name", "address"),
    kept=Period(months=6), means=NoticeMeans.EMAIL, address="privacy@example.com",
)  # fmt: skip
TODAY = NOW.date()


def officer(**changes: Any) -> Actor:  # noqa: ANN401
    given = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(uuid4(), **(given | changes))


def one(db: PortalDb, company_id: str) -> companies.Company:
    with db.web.data.connect() as data:
        return companies.one(data, company_id)


def change(db: PortalDb, company_id: str, draft: CompanyDraft) -> bool:
    with db.web.data.begin() as data:
        return companies.change(data, officer(), company_id, draft, here=False)


def noted(db: PortalDb) -> list[Any]:
    with db.owner_data.connect() as data:
        return list(data.execute(select(event.c.name, event.c["items"]).order_by(event.c.event_id)))


def test_what_is_entered_is_listed_by_role_and_noted(portal_db: PortalDb) -> None:
    with portal_db.web.data.begin() as data:
        assert companies.listed(data) == ()
        for role in (CompanyRole.SOURCE_SYSTEM, CompanyRole.PROCESSOR):
            companies.add(data, officer(), CompanyDraft(role, "회사"), here=False)
        shop = companies.add(data, officer(), SHOP, here=False)
        found = companies.listed(data)
    assert [c.role.value for c in found] == ["processor", "recipient", "source_system"]
    kept = one(portal_db, shop)
    assert set(kept.draft.items) == set(SHOP.items)
    assert replace(kept.draft, items=SHOP.items) == SHOP
    assert (kept.secret_no, kept.terms_from, kept.ended) == (1, NOW, False)
    name, items = noted(portal_db)[-1]
    assert (name, set(items)) == ("company_added", set(SHOP.items))


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"purpose": Purpose.PERSONALISATION, "items": ("baby_date",)}, True),
        ({"items": ("name",)}, True),
        ({"kept": Period(years=1)}, True),
        ({"kept": None}, True),
        ({"items": ("address", "name")}, False),
        ({"name": "새 이름"}, False),
        ({"means": NoticeMeans.NONE}, False),
    ],
)
@pytest.mark.promise("P20")
def test_a_change_of_terms_asks_for_consents_again(
    portal_db: PortalDb, changes: dict[str, Any], *, again: bool
) -> None:
    with portal_db.web.data.begin() as data:
        earlier = officer(at=NOW - timedelta(days=9), verified_at=NOW - timedelta(days=9))
        shop = companies.add(data, earlier, SHOP, here=False)
    assert change(portal_db, shop, replace(SHOP, **changes)) is again
    assert one(portal_db, shop).terms_from == (NOW if again else earlier.at)
    assert noted(portal_db)[-1].name == "company_changed"


def test_what_a_company_is_never_changes(portal_db: PortalDb) -> None:
    shop = company(portal_db)
    with pytest.raises(CompanyRefused):
        change(portal_db, shop, CompanyDraft(CompanyRole.PROCESSOR, "가게"))
    with pytest.raises(CompanyRefused):
        change(portal_db, shop, replace(SHOP, name=""))
    assert one(portal_db, shop).role is CompanyRole.RECIPIENT


@pytest.mark.parametrize("days", [None, -3, 3])
def test_an_ended_company_stays_on_record_and_its_contract_is_over(
    portal_db: PortalDb, days: int | None
) -> None:
    last = None if days is None else TODAY + timedelta(days=days)
    gone = company(portal_db, role="processor", purpose=None, contract_ends_on=last)
    with portal_db.web.data.begin() as data:
        companies.end(data, officer(), gone)
        assert companies.listed(data) == ()
        [kept] = companies.listed(data, ended=True)
    assert kept.ended_at == NOW
    assert kept.contract_ends_on == min(last or TODAY, TODAY)
    assert noted(portal_db)[-1].name == "company_ended"


def test_of_one_that_ended_or_never_was_nothing_changes(portal_db: PortalDb) -> None:
    gone = company(portal_db, ended_at=NOW)
    for company_id in (gone, "nobody"):
        with portal_db.web.data.begin() as data:
            with pytest.raises(CompanyGone):
                companies.change(data, officer(), company_id, SHOP, here=False)
            with pytest.raises(CompanyGone):
                companies.end(data, officer(), company_id)
            with pytest.raises(CompanyGone):
                companies.new_secret(data, officer(), company_id)
    with pytest.raises(CompanyGone):
        one(portal_db, "nobody")
    assert noted(portal_db) == []


def test_a_new_secret_has_the_next_number(portal_db: PortalDb) -> None:
    shop = company(portal_db)
    with portal_db.web.data.begin() as data:
        assert companies.new_secret(data, officer(), shop) == 2
        assert companies.new_secret(data, officer(), shop) == 3
    assert one(portal_db, shop).secret_no == 3
    assert noted(portal_db)[-1].name == "company_changed"


@pytest.mark.promise("P25")
@pytest.mark.parametrize(
    ("who", "why"),
    [
        (officer(role=StaffRole.AGENT), AccessDenied),
        (acting(uuid4(), verified_at=NOW), AccessDenied),
        (officer(verified_at=None), StepUpRequired),
        (officer(verified_at=NOW - timedelta(minutes=15)), StepUpRequired),
    ],
)
def test_only_an_officer_verified_just_now_edits(
    portal_db: PortalDb, who: Actor, why: type[Exception]
) -> None:
    shop = company(portal_db)
    with portal_db.web.data.begin() as data:
        with pytest.raises(why):
            companies.add(data, who, SHOP, here=False)
        with pytest.raises(why):
            companies.change(data, who, shop, SHOP, here=False)
        with pytest.raises(why):
            companies.end(data, who, shop)
        with pytest.raises(why):
            companies.new_secret(data, who, shop)
        assert data.execute(select(rows.c.company_id)).scalars().all() == [shop]
    assert noted(portal_db) == []
