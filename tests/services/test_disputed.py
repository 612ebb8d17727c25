"""What is disputed is refused by every door that lets a value out, and each attempt shows (P32)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from db import company_keys
from db.declarations import ITEMS
from db.drafts import ConsentDraft, Origin, RecordDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import dispatch
from db.tables.ops import outbox as mails
from db.words import (
    RIGHTS,
    Change,
    Channel,
    CompanyRole,
    ConsentKind,
    Ground,
    NoticeMeans,
    Purpose,
    RecordKind,
    RequestKind,
)
from services import (
    access,
    delivery,
    disclosing,
    dispatching,
    new_values,
    outbox,
    requests,
    restriction,
)
from services.actor import Permission
from services.audience import audience
from services.ledger import EventName
from services.outbox import Message
from tests.companies import company
from tests.people import FIELDS, NOW, acting, member, portal_house
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.subject import Subject
    from tests.database import PortalDb

C = ConsentKind
SHOP, SYSTEM, POLICE = "shop", "system", "[가상] 경찰서"
TODAY = NOW.date()
SALE, DEMAND = uuid4(), uuid4()
USES = sorted(set(Purpose) - RIGHTS)
BEFORE = NOW - timedelta(days=1)


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    company_keys.load(portal_db.var / "keys")
    company(portal_db, company_id=SHOP)
    company(
        portal_db, company_id=SYSTEM, role=CompanyRole.SOURCE_SYSTEM, service="엄마와",
        purpose=None, items=[], kept=None, means=NoticeMeans.EMAIL, address="own@example.kr",
    )  # fmt: skip
    return portal_db


def agreeing(db: PortalDb) -> UUID:
    """A member who agrees to everything, bought something, and of whom the police may ask."""
    once = [(C.COLLECTION, None), (C.MARKETING, None), (C.PERSONALISATION, None)]
    once += [(C.SENSITIVE, None), (C.DEVICE, None)]
    ways = [(C.ADVERTISING, way) for way in Channel]
    consents = [ConsentDraft(uuid4(), kind, True, BEFORE, way) for kind, way in once + ways]  # noqa: FBT003
    consents.append(
        ConsentDraft(uuid4(), C.THIRD_PARTY, granted=True, decided_at=BEFORE, recipient=SHOP,
                     item="mobile")
    )  # fmt: skip
    sale = RecordDraft(
        SALE, RecordKind.PAYMENT, TODAY, TODAY + timedelta(days=900), FIELDS[RecordKind.PAYMENT],
        Origin(service="아기가게"),
    )  # fmt: skip
    one = member(db, consents=tuple(consents), records=(sale,))
    demand = {
        "member_id": one, "demand_id": DEMAND, "authority": POLICE, "legal_basis": "[가상] 법",
        "items": ["mobile"], "approved_items": ["mobile"], "document": b"sealed",
        "received_on": TODAY, "entered_by": uuid4(), "entered_at": NOW,
        "approved_by": uuid4(), "approved_at": NOW,
    }  # fmt: skip
    had = {
        "member_id": one, "disclosure_id": uuid4(), "recipient": SHOP, "items": ["mobile"],
        "disclosed_on": TODAY, "purpose": Purpose.DELIVERY, "ground": Ground.PURCHASE,
    }  # fmt: skip
    with db.work.data.begin() as data:
        data.execute(insert(LIVE.demand).values(demand))
        data.execute(insert(LIVE.disclosure).values(had))
    return one


def opened(one: UUID, purpose: Purpose, do: Callable[[Subject], Any], **actor: Any) -> Any:  # noqa: ANN401
    look = access.Look(EventName.PROFILE_VIEWED, Permission.PROCESSING_STOP)
    with access.open(acting(one, **actor), one, purpose, look=look) as subject:
        return do(subject)


def dispute(one: UUID, item: str) -> UUID:
    made: UUID = opened(
        one,
        Purpose.CORRECT,
        lambda s: requests.make(s, RequestKind.CORRECTION, item=item, proposed={"value": "x"}),
    )
    return made


# ---- the doors: each tries once to use the mobile number, and says whether it went --------------


def by_use(_db: PortalDb, one: UUID) -> bool:
    went: bool = opened(one, Purpose.COMPLAINTS, lambda s: s.may_use("mobile"))
    return went


def by_message(db: PortalDb, one: UUID) -> bool:
    letters, message = Letters(), Message("password_changed", "sms", "ko")
    with db.work.keys.connect() as keys:
        found = outbox.sealer_of(keys, db.keyring, one)
    with db.work.data.begin() as data:
        key = (one, outbox.enqueue(data, None, one, message, NOW))
        senders = delivery.Senders(letters, letters, HOME)
        delivery.deliver(data, found, key, senders, NOW)
        data.execute(mails.delete())
    return bool(letters.texts)


def _given(one: UUID, to: str, ground: Ground, ground_id: UUID | None = None) -> bool:
    purpose = None if ground is Ground.LEGAL_DEMAND else Purpose.DELIVERY
    verified = NOW if ground is Ground.REQUEST else None
    try:
        opened(
            one,
            Purpose.DELIVERY,
            lambda s: disclosing.disclose(s, to, ["mobile"], purpose, ground, ground_id=ground_id),
            verified_at=verified,
        )
    except disclosing.DisclosureRefused as refused:
        return refused.why is not disclosing.Refusal.RESTRICTED
    return True


def by_consent(_db: PortalDb, one: UUID) -> bool:
    return _given(one, SHOP, Ground.CONSENT)


def by_purchase(_db: PortalDb, one: UUID) -> bool:
    return _given(one, SHOP, Ground.PURCHASE, SALE)


def by_own_request(_db: PortalDb, one: UUID) -> bool:
    return _given(one, SHOP, Ground.REQUEST)


def by_demand(_db: PortalDb, one: UUID) -> bool:
    return _given(one, POLICE, Ground.LEGAL_DEMAND, DEMAND)


def _told(db: PortalDb, one: UUID, to: str) -> bool:
    row = {
        "member_id": one, "dispatch_id": uuid4(), "company_id": to, "change": Change.CORRECTED,
        "items": ["mobile"], "key": uuid4().hex, "created_at": NOW,
    }  # fmt: skip
    with db.work.keys.connect() as keys:
        found = outbox.sealer_of(keys, db.keyring, one)
    with db.work.data.begin() as data:
        data.execute(insert(dispatch).values(row))
        made = data.execute(dispatching._row((one, row["dispatch_id"]))).one()  # type: ignore[arg-type]
        values = new_values.compose(data, found, made, NOW)
        data.execute(dispatch.delete())
    return bool(values.by_item)


def by_recipient(db: PortalDb, one: UUID) -> bool:
    return _told(db, one, SHOP)


def by_own_system(db: PortalDb, one: UUID) -> bool:
    return _told(db, one, SYSTEM)


COUNTED = (
    by_use, by_message, by_consent, by_purchase, by_own_request, by_recipient, by_own_system,
)  # fmt: skip


def blocked(one: UUID) -> list[int]:
    found: tuple[restriction.Restriction, ...] = opened(one, Purpose.SHOW, restriction.in_force)
    return [r.blocked for r in found]


def noted(db: PortalDb, name: EventName = EventName.USE_BLOCKED) -> int:
    with db.work.data.connect() as data:
        return list(data.scalars(select(event.c.name))).count(name)


@pytest.mark.promise("P32")
@pytest.mark.parametrize("door", COUNTED)
def test_every_door_refuses_what_is_disputed_and_counts_it(
    db: PortalDb, door: Callable[[PortalDb, UUID], bool]
) -> None:
    one = agreeing(db)
    assert door(db, one)  # else the dispute were not what refuses it
    made = dispute(one, "mobile")
    for _ in range(2):
        assert not door(db, one)
    assert blocked(one) == [2]
    assert noted(db) == 1  # once a day for a use; the count says how often
    opened(one, Purpose.CORRECT, lambda s: requests.take_back(s, made))
    assert door(db, one)


@pytest.mark.promise("P32")
def test_no_demand_gets_what_is_disputed_and_the_ledger_says_so(db: PortalDb) -> None:
    """A demand may have to stay untold for a while, so its attempts are told with its case."""
    one = agreeing(db)
    assert by_demand(db, one)
    dispute(one, "mobile")
    assert [by_demand(db, one) for _ in range(2)] == [False, False]
    assert noted(db, EventName.DISCLOSURE_REFUSED) == 2


@pytest.mark.promise("P32")
@pytest.mark.parametrize("purpose", USES)
def test_whatever_is_disputed_serves_no_purpose(db: PortalDb, purpose: Purpose) -> None:
    one = agreeing(db)
    used = sorted(name for name, item in ITEMS.items() if purpose in item.purposes and item.shown)

    def allowed() -> list[str]:
        found: list[str] = opened(one, purpose, lambda s: [i for i in used if s.may_use(i)])
        return found

    assert allowed() == used
    for item in used:
        dispute(one, item)
    assert allowed() == []
    assert blocked(one) == [1] * len(used)
    assert noted(db) == len(used)
    for right in RIGHTS:
        assert opened(one, right, lambda s: all(s.may_use(i) for i in used)) is True
    assert blocked(one) == [1] * len(used)


@pytest.mark.promise("P32")
@pytest.mark.parametrize(("way", "item"), [(Channel.EMAIL, "email"), (Channel.SMS, "mobile")])
def test_nobody_is_chosen_by_what_is_disputed(db: PortalDb, way: Channel, item: str) -> None:
    one = agreeing(db)

    def chosen() -> set[Purpose]:
        with db.work.data.connect() as data:
            return {p for p in USES if one in list(data.scalars(audience(p, way, NOW)))}

    assert chosen() == ITEMS[item].purposes - RIGHTS
    dispute(one, item)
    assert chosen() == set()
