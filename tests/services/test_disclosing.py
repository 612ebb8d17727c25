"""The one way out: what may leave, on which ground, and what never does (P16, P18, P19, P20)."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from db.drafts import ConsentDraft, DisclosureDraft, Origin, RecordDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import company as companies_table
from db.tables.ops import finding
from db.words import ActorKind, ConsentKind, FindingKind, Ground, Purpose, RecordKind, StaffRole
from services import access, disclosing, disclosure_check, history
from services.actor import AccessDenied, Permission
from services.disclosing import Disclosure, DisclosureRefused, Refusal
from services.ledger import EventName
from tests import test_structure
from tests.companies import PARCEL, company
from tests.people import FIELDS, NOW, PLAIN, acting, agent, member, open_case, portal_house

if TYPE_CHECKING:
    from tests.database import PortalDb

LOOK = access.Look(EventName.PROFILE_VIEWED)
TODAY = NOW.date()


def let_out(
    one: UUID,
    recipient: str,
    ground: Ground,
    *,
    items: tuple[str, ...] = PARCEL,
    purpose: Purpose | None = Purpose.DELIVERY,
    ground_id: UUID | None = None,
    **actor: Any,  # noqa: ANN401
) -> Disclosure:
    with access.open(acting(one, **actor), one, Purpose.DELIVERY, look=LOOK) as subject:
        return disclosing.disclose(subject, recipient, items, purpose, ground, ground_id=ground_id)


def refused(*given: Any, **more: Any) -> Refusal:  # noqa: ANN401
    with pytest.raises(DisclosureRefused) as error:
        let_out(*given, **more)
    return error.value.why


def rows(db: PortalDb, what: Any = LIVE.disclosure) -> list[Any]:  # noqa: ANN401
    with db.work.data.connect() as connection:
        return list(connection.execute(select(what)).all())


def noted(db: PortalDb, name: EventName) -> list[Any]:
    return [row for row in rows(db, event) if row.name == name]


def bought(service: str = "아기가게", day: date = TODAY, ends: int = 900) -> RecordDraft:
    return RecordDraft(
        uuid4(), RecordKind.PAYMENT, day, day + timedelta(days=ends), FIELDS[RecordKind.PAYMENT],
        Origin(service=service),
    )  # fmt: skip


def agreed(recipient: str, *items: str, **more: Any) -> tuple[ConsentDraft, ...]:  # noqa: ANN401
    given: dict[str, Any] = {"granted": True, "decided_at": NOW - timedelta(days=1)} | more
    return tuple(
        ConsentDraft(uuid4(), ConsentKind.THIRD_PARTY, recipient=recipient, item=item, **given)
        for item in items
    )


# ---- purchases ------------------------------------------------------------------------------


@pytest.mark.promise("P19")
def test_a_seller_gets_exactly_what_the_delivery_needs(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, sale = company(portal_db), bought()
    one = member(portal_db, records=(sale,))
    made = let_out(one, shop, Ground.PURCHASE, ground_id=sale.record_id)
    assert made.values == {item: (PLAIN[item],) for item in PARCEL}
    assert made.kept_until == date(2027, 5, 22)
    assert str(one) not in made.reference
    (row,) = rows(portal_db)
    assert (row.recipient, row.purpose, row.ground, row.ground_id) == (
        shop, "delivery", "purchase", sale.record_id,
    )  # fmt: skip
    assert row.items == list(PARCEL)
    assert row.disclosed_at == NOW
    (told,) = noted(portal_db, EventName.DISCLOSED)
    assert told.items == list(PARCEL)
    assert not any(value in str(made) for value in made.values["name"])
    other = member(portal_db, records=(again := bought(),))
    theirs = let_out(other, shop, Ground.PURCHASE, ground_id=again.record_id)
    assert theirs.reference != made.reference


@pytest.mark.promise("P19")
def test_no_purchase_of_theirs_there_no_data(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, elsewhere, old = company(portal_db), bought("다른가게"), bought(ends=-1)
    advert = RecordDraft(uuid4(), RecordKind.ADVERTISEMENT, TODAY, TODAY, {"title": "소식"},
                         Origin(service="아기가게"))  # fmt: skip
    one = member(portal_db, records=(elsewhere, advert))
    sale = bought()
    member(portal_db, records=(sale,))
    for ground_id in (None, uuid4(), elsewhere.record_id, advert.record_id, sale.record_id):
        why = refused(one, shop, Ground.PURCHASE, ground_id=ground_id)
        assert why is Refusal.NO_PURCHASE, ground_id
    assert old.ends_on < TODAY
    assert rows(portal_db) == []
    assert len(noted(portal_db, EventName.DISCLOSURE_REFUSED)) == 5


@pytest.mark.promise("P19")
def test_a_purchase_is_no_reason_for_more_or_for_another_purpose(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, sale = company(portal_db), bought()
    one = member(portal_db, records=(sale,))
    events = company(portal_db, purpose="events", items=["email"])
    ask = {"ground_id": sale.record_id}
    named = Refusal.NOT_NAMED
    assert refused(one, shop, Ground.PURCHASE, items=(*PARCEL, "phone"), **ask) is named
    assert refused(one, shop, Ground.PURCHASE, purpose=Purpose.EVENTS, **ask) is named
    why = refused(one, events, Ground.PURCHASE, items=("email",), purpose=Purpose.EVENTS, **ask)
    assert why in {Refusal.NO_CONSENT, Refusal.NO_PURCHASE}
    assert refused(one, shop, Ground.PURCHASE, items=("password",), **ask) is Refusal.UNDECLARED
    assert refused(one, shop, Ground.PURCHASE, items=(), **ask) is Refusal.NO_ITEM
    assert refused(one, shop, Ground.PURCHASE, purpose=Purpose.SHOW, **ask) is named


# ---- consents -------------------------------------------------------------------------------


@pytest.mark.promise("P16")
@pytest.mark.promise("P18")
def test_consented_items_go_and_no_other(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop = company(portal_db)
    one = member(portal_db, consents=agreed(shop, "name", "mobile"))
    made = let_out(one, shop, Ground.CONSENT, items=("name", "mobile"))
    assert made.values == {"name": (PLAIN["name"],), "mobile": (PLAIN["mobile"],)}
    assert refused(one, shop, Ground.CONSENT) is Refusal.NO_CONSENT
    assert len(rows(portal_db)) == 1


HOLDS = st.fixed_dictionaries(
    {
        "granted": st.booleans(),
        "dated": st.booleans(),
        "ends_in": st.sampled_from([None, -1, 0, 1]),
        "terms_after": st.booleans(),
        "ended": st.booleans(),
        "withdrawn": st.booleans(),
        "other": st.booleans(),
        "item": st.sampled_from(["name", "mobile"]),
    }
)


@pytest.mark.promise("P16")
@pytest.mark.promise("P18")
@given(HOLDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_data_leaves_by_consent_only_while_it_counts(
    portal_db: PortalDb, holds: dict[str, Any]
) -> None:
    portal_house(portal_db)
    shop, other = company(portal_db), company(portal_db)
    ends = None if holds["ends_in"] is None else TODAY + timedelta(days=holds["ends_in"])
    consents = agreed(
        other if holds["other"] else shop, holds["item"], granted=holds["granted"], ends_on=ends,
        **({} if holds["dated"] else {"decided_at": None}),
    )  # fmt: skip
    if holds["withdrawn"]:
        consents += agreed(shop, holds["item"], granted=False, decided_at=NOW - timedelta(hours=1))
    one = member(portal_db, consents=consents)
    with portal_db.work.data.begin() as connection:
        changes: dict[str, Any] = {"ended_at": NOW} if holds["ended"] else {}
        if holds["terms_after"]:
            changes["terms_from"] = NOW - timedelta(hours=2)
        if changes:
            connection.execute(
                update(companies_table).where(companies_table.c.company_id == shop).values(changes)
            )
    expected = (
        holds["granted"] and holds["dated"] and holds["ends_in"] != -1
        and not holds["terms_after"] and not holds["ended"] and not holds["withdrawn"]
        and not holds["other"] and holds["item"] == "name"
    )  # fmt: skip
    try:
        let_out(one, shop, Ground.CONSENT, items=("name",))
        left = True
    except DisclosureRefused:
        left = False
    assert left == expected
    # What leaves by the one way raises no question afterwards; what left past it does.
    with portal_db.work.data.begin() as connection:
        if not left:
            connection.execute(
                insert(LIVE.disclosure).values(
                    member_id=one, disclosure_id=uuid4(), recipient=shop, items=["name"],
                    purpose="delivery", ground="consent", disclosed_on=TODAY, disclosed_at=NOW,
                )
            )  # fmt: skip
        found = disclosure_check.run(connection, NOW)
        connection.execute(delete(LIVE.disclosure))
    assert found == (0 if left else 1)


# ---- stops, requests, demands ---------------------------------------------------------------


@pytest.mark.promise("P16")
@pytest.mark.promise("P32")
def test_what_is_stopped_stays_and_each_attempt_is_counted(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, sale = company(portal_db), bought()
    one = member(portal_db, records=(sale,), consents=agreed(shop, *PARCEL))
    row = {"member_id": one, "restriction_id": uuid4(), "item": "mobile", "started_at": NOW}
    with portal_db.work.data.begin() as connection:
        connection.execute(insert(LIVE.restriction).values(row))
    for ground, ground_id in ((Ground.PURCHASE, sale.record_id), (Ground.CONSENT, None)):
        assert refused(one, shop, ground, ground_id=ground_id) is Refusal.RESTRICTED
    assert rows(portal_db) == []
    assert rows(portal_db, LIVE.restriction)[0].blocked == 2
    told = noted(portal_db, EventName.DISCLOSURE_REFUSED)
    assert [(t.allowed, t.reason) for t in told] == [(False, "restricted")] * 2


@pytest.mark.promise("P16")
def test_only_the_member_asks_for_it_having_confirmed_who_they_are(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, one, staff = company(portal_db), member(portal_db), agent(portal_db)
    assert refused(one, shop, Ground.REQUEST) is Refusal.NO_REQUEST
    made = let_out(one, shop, Ground.REQUEST, verified_at=NOW)
    assert made.values["name"] == (PLAIN["name"],)
    case = open_case(portal_db, staff, one)
    actor = acting(staff, kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    with (
        pytest.raises(DisclosureRefused) as error,
        access.open(actor, one, Purpose.DELIVERY, case, look=LOOK) as subject,
    ):
        disclosing.disclose(subject, shop, PARCEL, Purpose.DELIVERY, Ground.REQUEST)
    assert error.value.why is Refusal.NO_REQUEST


POLICE = "[가상] 경찰서"


def demand(db: PortalDb, one: UUID, **changes: Any) -> UUID:  # noqa: ANN401
    row: dict[str, Any] = {
        "member_id": one, "demand_id": uuid4(), "authority": POLICE, "legal_basis": "[가상] 법",
        "items": ["name", "mobile"], "approved_items": ["name"], "document": b"sealed",
        "received_on": TODAY, "entered_by": uuid4(), "entered_at": NOW,
        "approved_by": uuid4(), "approved_at": NOW,
    } | changes  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(LIVE.demand).values(row))
    return UUID(str(row["demand_id"]))


@pytest.mark.promise("P16")
def test_a_demand_gets_what_an_officer_approved_and_no_more(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    one = member(portal_db)
    ask: dict[str, Any] = {"purpose": None, "items": ("name",)}
    waiting = demand(portal_db, one, approved_by=None, approved_at=None, approved_items=None)
    turned = demand(portal_db, one, refused_at=NOW)
    right = demand(portal_db, one, shown_from=date(2026, 12, 1))
    for ground_id in (None, waiting, turned, demand(portal_db, member(portal_db))):
        assert refused(one, POLICE, Ground.LEGAL_DEMAND, ground_id=ground_id, **ask) is (
            Refusal.NO_DEMAND
        )
    for wrong in ({"items": ("name", "mobile")}, {"purpose": Purpose.NOTICES}):
        why = refused(one, POLICE, Ground.LEGAL_DEMAND, ground_id=right, **ask | wrong)
        assert why is Refusal.NO_DEMAND
    assert refused(one, "다른 곳", Ground.LEGAL_DEMAND, ground_id=right, **ask) is Refusal.NO_DEMAND
    let_out(one, POLICE, Ground.LEGAL_DEMAND, ground_id=right, **ask)
    (row,) = rows(portal_db)
    assert (row.items, row.shown_from) == (["name"], date(2026, 12, 1))


def test_a_demand_shown_later_leaves_no_line_in_the_history_before(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    one, officer = member(portal_db), agent(portal_db, StaffRole.OFFICER)
    right = demand(portal_db, one, shown_from=date(2026, 12, 1))
    rights = [Permission.PROFILE_READ.value]
    case = open_case(portal_db, officer, one, request_id=right, permissions=rights)
    actor = acting(officer, kind=ActorKind.STAFF, role=StaffRole.OFFICER)
    with access.open(actor, one, Purpose.DISPUTE_RECORDS, case, look=LOOK) as subject:
        disclosing.disclose(subject, POLICE, ("name",), None, Ground.LEGAL_DEMAND, ground_id=right)

    def seen(days: int) -> list[str]:
        later = acting(one, at=NOW + timedelta(days=days))
        with access.open(later, one, Purpose.SHOW, look=LOOK) as mine:
            return [line.name for line in history.read(mine, 1, only_others=True).lines]

    assert seen(0) == seen(8) == []
    assert sorted(seen(9)) == ["disclosed", "profile_viewed"]


# ---- the daily check ------------------------------------------------------------------------


@pytest.mark.promise("P20")
def test_each_disclosure_is_compared_with_its_ground_once(portal_db: PortalDb) -> None:
    shop, sale = company(portal_db), bought()
    yesterday = TODAY - timedelta(days=1)

    def past(ground: Ground | None, items: tuple[str, ...] = PARCEL, **more: Any) -> Any:  # noqa: ANN401
        return DisclosureDraft(
            uuid4(), more.pop("recipient", shop), items, more.pop("on", TODAY), "delivery",
            ground, **more,
        )  # fmt: skip

    wrong = {
        FindingKind.WITHOUT_GROUND: (
            past(Ground.CONSENT), past(Ground.CONSENT, ("name",), on=yesterday - timedelta(9)),
            past(Ground.PURCHASE, ground_id=uuid4()), past(Ground.LEGAL_DEMAND, ground_id=uuid4()),
            past(Ground.PURCHASE, (*PARCEL, "phone"), ground_id=sale.record_id),
        ),
        FindingKind.GROUND_NOT_RECORDED: (
            past(None), past(Ground.PURCHASE), past(Ground.REQUEST),
            past(Ground.CONSENT, recipient="옛 회사"),
        ),
    }  # fmt: skip
    right = (past(Ground.CONSENT, ("name",)), past(Ground.PURCHASE, ground_id=sale.record_id))
    consents = (*agreed(shop, "name"), *agreed("옛 회사", "name", decided_at=None))
    given = (*right, *(draft for drafts in wrong.values() for draft in drafts))
    member(portal_db, records=(sale,), consents=consents, disclosures=given)
    with portal_db.work.data.begin() as connection:
        assert disclosure_check.due(connection) == 11
        assert disclosure_check.run(connection, NOW) == 9
    with portal_db.work.data.begin() as connection:
        assert disclosure_check.run(connection, NOW + timedelta(days=1)) == 0
        found = connection.execute(select(finding.c.kind, finding.c.row_id)).all()
        assert connection.scalar(select(func.count()).select_from(finding)) == 9
    for kind, drafts in wrong.items():
        expected = {draft.disclosure_id for draft in drafts}
        assert {row.row_id for row in found if row.kind == kind} == expected, kind


# ---- nothing else lets data out -------------------------------------------------------------


@pytest.mark.promise("P16")
def test_nothing_else_writes_a_disclosure() -> None:
    writers = {
        test_structure.named(module)
        for module in test_structure.modules("services", "pages")
        for call in test_structure.calls(test_structure.tree(module))
        if test_structure.callee(call).rpartition(".")[2] == "insert"
        and call.args
        and ast.unparse(call.args[0]).rpartition(".")[2] == "disclosure"
    }
    # A corrected value follows the wrong one, to whom that was given, while its ground holds.
    assert writers == {"services/disclosing.py", "services/new_values.py"}


@pytest.mark.promise("P16")
def test_nobody_elses_data_is_given(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    shop, one, two = company(portal_db), member(portal_db), member(portal_db)
    with (
        pytest.raises(AccessDenied),
        access.open(acting(two), one, Purpose.DELIVERY, look=LOOK) as subject,
    ):
        disclosing.disclose(subject, shop, PARCEL, Purpose.DELIVERY, Ground.REQUEST)
    assert rows(portal_db) == []
