"""Members for tests, in plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from db import writer
from db.drafts import (
    ConsentDraft,
    DeviceDraft,
    GuardianshipDraft,
    MemberDraft,
    Origin,
    RecordDraft,
    UseDraft,
    ValueDraft,
)
from db.tables.member import LIVE
from db.tables.ops import case, staff
from db.words import ActorKind, ConsentKind, LinkMeans, RecordKind, Source, StaffRole, Store
from services.actor import Actor, Permission
from services.house import House, open_house

if TYPE_CHECKING:
    from tests.database import PortalDb

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""Noon in Seoul."""

PLAIN = {
    "nickname": "하늘맘",
    "email": "haneul@example.com",
    "address": "서울특별시 강남구 테헤란로 1길 2",
    "login_id": "haneul87",
    "name": "홍길순",
    "mobile": "010-2345-6789",
    "phone": "02-345-6789",
    "sex": "female",
    "birth_date": "1987-05-06",
    "profile_image": (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAA"
        "AACklEQVR42mM4AQAAygDJNEIn8wAAAABJRU5ErkJggg=="
    ),
    "pregnancy": "pregnant",
    "children": "딸 하나",
    "baby_name": "튼튼이",
    "baby_date": "2027-02-03",
    "mother_category": "예비맘",
}
"""A value for every item that can be stored in plain sight of its member."""

FIELDS = {
    RecordKind.PAYMENT: {
        "what": "기저귀 묶음",
        "amount": "39,000",
        "address": "서울특별시 강남구 비밀로 9",
    },
    RecordKind.CONTRACT: {"what": "구독", "action": "청약철회"},
    RecordKind.COMPLAINT: {"subject": "배송 늦음", "answer": "다시 보냄"},
    RecordKind.IDENTITY_CHECK: {"means": "휴대전화", "result": "확인됨"},
    RecordKind.ADVERTISEMENT: {"title": "가을 소식", "channel": "email"},
    RecordKind.VISIT: {"page": "임신 달력", "network": "203.0.113.9"},
}

ORIGIN = Origin(Source.APP, date(2024, 3, 2), "2021-03-15", "엄마와", None)


def draft(member_id: UUID | None = None, **changes: Any) -> MemberDraft:  # noqa: ANN401
    """Return a member with every item and one record of each kind."""
    changes.setdefault("values", tuple(ValueDraft(i, v, ORIGIN) for i, v in PLAIN.items()))
    changes.setdefault(
        "records",
        tuple(
            RecordDraft(uuid4(), kind, date(2026, 10, 1), date(2027, 10, 1), fields, ORIGIN)
            for kind, fields in FIELDS.items()
        ),
    )
    changes.setdefault("devices", (DeviceDraft(uuid4(), "IMEI-354210098765432", None, ORIGIN),))
    changes.setdefault("uses", (UseDraft("엄마와", date(2024, 3, 2), date(2026, 11, 1)),))
    return MemberDraft(member_id or uuid4(), NOW, date(2024, 3, 2), **changes)


def join(db: PortalDb, *drafts: MemberDraft, store: Store = Store.LIVE) -> None:
    """Write members, keys first."""
    with db.work.keys.begin() as keys, db.work.data.begin() as data:
        writer.write(data, keys, db.keyring, drafts, store)


def member(db: PortalDb, store: Store = Store.LIVE, **changes: Any) -> UUID:  # noqa: ANN401
    """Write one member and return the id."""
    one = draft(**changes)
    join(db, one, store=store)
    return one.member_id


def told_of_use(db: PortalDb) -> None:
    """Let everybody have had this year's notice of use, so that the daily run sends none."""
    with db.work.data.begin() as connection:
        connection.execute(update(LIVE.member).values(usage_told_on=NOW.date()))


def child_of(db: PortalDb, guardian: UUID, born: str, **link: Any) -> UUID:  # noqa: ANN401
    """Write a child with a guardian."""
    values = (ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", born))
    guards = (
        GuardianshipDraft(
            guardian, date(2024, 1, 1), LinkMeans.JOINING, link.pop("proof", True), **link
        ),
    )
    return member(db, values=values, records=(), devices=(), guardianships=guards)


def granted(*kinds: ConsentKind, at: datetime = NOW, yes: bool = True) -> tuple[ConsentDraft, ...]:
    """Return consent records of some kinds."""
    return tuple(ConsentDraft(uuid4(), kind, yes, at) for kind in kinds)


def agent(db: PortalDb, role: StaffRole = StaffRole.AGENT, **changes: Any) -> UUID:  # noqa: ANN401
    """Write a staff account of good standing and return its id."""
    staff_id = uuid4()
    row = {
        "staff_id": staff_id, "staff_no": staff_id.hex[:6], "login_id": staff_id.hex, "role": role,
        "assigned_until": date(2027, 11, 22), "trained_until": date(2027, 11, 22),
        "password_set_on": date(2026, 11, 1),
    }  # fmt: skip
    with db.work.data.begin() as connection:
        connection.execute(insert(staff).values(row | changes))
    return staff_id


def open_case(db: PortalDb, staff_id: UUID, member_id: UUID, **changes: Any) -> UUID:  # noqa: ANN401
    """Write an open case and return its id."""
    row = {
        "case_id": uuid4(),
        "member_id": member_id,
        "staff_id": staff_id,
        "opened_at": NOW,
        "granted_until": datetime(2026, 11, 22, 3, 30, tzinfo=UTC),
        "permissions": [Permission.PROFILE_READ.value],
    }
    with db.work.data.begin() as connection:
        connection.execute(insert(case).values(row | changes))
    return (row | changes)["case_id"]  # type: ignore[return-value]


def acting(person: UUID, **changes: Any) -> Actor:  # noqa: ANN401
    """Return an actor at `NOW`, in a session of their own; staff of good standing."""
    values: dict[str, Any] = {"kind": "self", "person": person, "session_id": uuid4(), "at": NOW}
    values |= {"lacks": ()} if changes.get("kind") == ActorKind.STAFF else {}
    return Actor(**(values | changes))


def portal_house(db: PortalDb) -> None:
    """Give this process what the portal's process has: its role, and the live key only."""
    keyring = type(db.keyring)({Store.LIVE: db.keyring.stores[Store.LIVE]}, db.keyring.index)
    open_house(House(db.web, keyring))
