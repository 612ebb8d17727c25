"""The people of the demo family. Everybody is made up; companies that are, too, say so by name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from db import demo_records as records
from db.demo_companies import APP, CLINIC, INSURER, MAIN, PARCEL, RECIPES, SHOP
from db.demo_person import Demo, picture
from db.drafts import GuardianshipDraft, MemberDraft, UseDraft, ValueDraft
from db.period import Period
from db.words import (
    ActorKind,
    Channel,
    ConsentKind,
    Ground,
    LinkMeans,
    LinkReason,
    Purpose,
    RecordKind,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.drafts import ConsentDraft, DisclosureDraft, Origin, RecordDraft

DAUGHTER = "이하나"
"""Whom `member` has, and may be linked to."""
C = ConsentKind
K = RecordKind
PAYMENTS = 120
_DELIVERY = (Purpose.DELIVERY, Ground.PURCHASE)
_OFFERS = (Purpose.PERSONALISATION, Ground.CONSENT)
_SHOP_KEEPS = Period(months=6)
_PARCELS_SINCE = 400
_CONFIRMED = 712
"""Days since a yes to advertising, so that it is soon asked again: it ends after two years."""


def _basics(demo: Demo, nickname: str, mobile: str, origin: Origin) -> list[ValueDraft]:
    """Return what everybody who signs in has given."""
    return [
        demo.value("nickname", nickname, origin),
        demo.value("email", f"{demo.account}@example.com", origin),
        demo.value("login_id", demo.account, origin),
        demo.value("address", demo.fake.address(), origin),
        demo.value("mobile", mobile, origin),
    ]


def _consents(demo: Demo, days: int, *, ads: bool) -> tuple[ConsentDraft, ...]:
    """Return the consents given or refused when joining, advertising confirmed once since."""
    confirmed = min(days, _CONFIRMED)
    return (
        demo.consent(C.COLLECTION, days),
        demo.consent(C.MARKETING, days, granted=ads),
        demo.consent(C.ADVERTISING, confirmed, granted=ads, channel=Channel.EMAIL),
        demo.consent(C.ADVERTISING, confirmed, granted=False, channel=Channel.SMS),
    )


def _mother(demo: Demo) -> MemberDraft:
    joined = 1_900
    web, app = demo.origin(Source.WEB, 1_500), demo.origin(Source.APP, 800, APP)
    basics = _basics(demo, "하늘맘", "010-0000-0001", web)
    address = next(v.value for v in basics if v.item == "address")
    due = demo.ahead(130)
    name = demo.fake.name_female().replace(" ", "")
    prize = demo.origin(Source.EVENT_ENTRY, 990)
    partner = demo.origin(Source.PARTNER, 60, APP, CLINIC)
    tool = demo.origin(Source.GENERATION_TOOL, 60)
    values = (
        *basics,
        demo.value("name", name, demo.origin(Source.PAPER, joined)),
        demo.value("phone", "02-0000-0001", demo.origin(Source.DELIVERY_REQUEST, 620, SHOP)),
        demo.value("sex", "female", demo.origin(None, None, None)),
        demo.value("birth_date", demo.birthday(34).isoformat(), prize),
        demo.value("profile_image", picture(), app),
        demo.value("pregnancy", "둘째 임신 중", partner),
        demo.value("children", "첫째, 딸", app),
        demo.value("children", "둘째, 아직 태어나지 않음", partner, 1),
        demo.value("baby_name", DAUGHTER, app),
        demo.value("baby_name", "콩이(태명)", demo.origin(Source.COUNSEL_BOARD, 45, APP), 1),
        demo.value("baby_date", demo.birthday(3).isoformat(), app),
        demo.value("baby_date", due.isoformat(), partner, 1),
        demo.value("mother_category", "임신 중이면서 아이 키우는 엄마", tool),
    )
    held = (
        *records.payments(demo, address, records.spread(demo, K.PAYMENT, PAYMENTS, 3)),
        *records.contracts(demo),
        *records.complaints(demo),
        *records.checks(demo, (170, 120, 61, 20, 3)),
        *records.advertisements(demo, records.spread(demo, K.ADVERTISEMENT, 12, 5)),
        *records.visits(demo, records.spread(demo, K.VISIT, 24, 2)),
    )
    consents = (
        *_consents(demo, 1_500, ads=True),
        demo.consent(C.ADVERTISING_NIGHT, 1_500, granted=False, channel=Channel.EMAIL),
        demo.consent(C.PERSONALISATION, 800),
        demo.consent(C.SENSITIVE, 60, item="pregnancy"),
        demo.consent(C.SENSITIVE, 300, item="baby_date"),
        demo.consent(
            C.THIRD_PARTY, 300, recipient=INSURER, item="baby_date", ends_on=demo.ahead(300)
        ),
        demo.consent(C.DEVICE, 800),
        # Nobody recorded when and how these were given.
        demo.consent(C.ADVERTISING, None, channel=Channel.PUSH),
        demo.consent(C.THIRD_PARTY, None, recipient=SHOP, item="mobile"),
    )
    disclosures = (
        *_parcels(demo, held),
        demo.disclosure(INSURER, ("baby_date",), 290, _OFFERS, until=demo.ahead(75)),
        # Nobody recorded for which purchase this was: the officer's desk asks.
        demo.disclosure(RECIPES, ("name", "address"), 900, _DELIVERY),
    )
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(joined), values, held,
        devices=(
            demo.device("35-000000-000001-7", 2, app),
            demo.device("d3m0-0000-tablet-0002", 210, demo.origin(None, None, APP)),
        ),
        uses=(
            UseDraft(MAIN, demo.ago(joined), demo.ago(1)),
            UseDraft(APP, demo.ago(800), demo.ago(2)),
            UseDraft(SHOP, demo.ago(620), demo.ago(30)),
            UseDraft(RECIPES, None, demo.ago(900)),
        ),
        consents=consents,
        disclosures=disclosures,
    )  # fmt: skip


def _parcels(demo: Demo, held: tuple[RecordDraft, ...]) -> list[DisclosureDraft]:
    """Return what the shop got to deliver what was bought there in the last year or so."""
    return [
        demo.disclosure(SHOP, PARCEL, (demo.today - one.event_date).days, _DELIVERY,
                        until=_SHOP_KEEPS.ends_on(one.event_date), ground_id=one.record_id)
        for one in held
        if one.kind is K.PAYMENT and one.origin.service == SHOP
        and one.event_date > demo.ago(_PARCELS_SINCE)
    ]  # fmt: skip


def _new_parent(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.APP, 5, APP)
    due = demo.ahead(150)
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(5),
        (
            *_basics(demo, "봄봄", "010-0000-0002", origin),
            demo.value("pregnancy", "첫째 임신 중", origin),
            demo.value("baby_name", "봄이(태명)", origin),
            demo.value("baby_date", due.isoformat(), origin),
        ),
        (*records.checks(demo, (5,)), *records.visits(demo, (5, 3, 1))),
        uses=(UseDraft(APP, demo.ago(5), demo.ago(1)), UseDraft(MAIN, demo.ago(5), demo.ago(1))),
        consents=(*_consents(demo, 5, ads=False), demo.consent(C.SENSITIVE, 5, item="pregnancy")),
    )  # fmt: skip


def _father(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.WEB, 900)
    values = (
        *_basics(demo, "가람아빠", "010-0000-0003", origin),
        demo.value("name", demo.fake.name_male().replace(" ", ""), origin),
        demo.value("sex", "male", origin),
        demo.value("birth_date", demo.birthday(41).isoformat(), origin),
    )
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(900), values,
        (
            *records.payments(demo, values[3].value, (800, 610, 420, 230, 33)),
            *records.checks(demo, (33,)),
        ),
        uses=(UseDraft(MAIN, demo.ago(900), demo.ago(4)),),
        consents=_consents(demo, 900, ads=True),
    )  # fmt: skip


def _grandmother(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.PHONE, 300)
    basics = _basics(demo, "가람할머니", "010-0000-0008", origin)
    values = (*basics, demo.value("birth_date", demo.birthday(68).isoformat(), origin))
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(300), values, tuple(records.checks(demo, (120,))),
        uses=(UseDraft(MAIN, demo.ago(300), demo.ago(20)),),
        consents=_consents(demo, 300, ads=False),
    )  # fmt: skip


def _child(demo: Demo) -> MemberDraft:
    """Return a child of nine: no e-mail, no login, seen by its guardians alone (clause 9)."""
    origin = demo.origin(Source.PAPER, 400)
    values = (
        demo.value("nickname", "가람이", origin),
        demo.value("name", demo.fake.name().replace(" ", ""), origin),
        demo.value("address", demo.fake.address(), origin),
        demo.value("birth_date", demo.birthday(9).isoformat(), origin),
        demo.value("guardian_contact", "guardian@example.com", origin),
    )
    started, agreed = demo.ago(400), demo.consent(C.COLLECTION, 400, by=ActorKind.GUARDIAN)
    guardians = (
        GuardianshipDraft(
            demo.people["guardian"], started, LinkMeans.JOINING, proof=True, source=Source.PAPER,
            reason=LinkReason.PARENT, consent_id=agreed.consent_id,
        ),
        GuardianshipDraft(
            demo.people["guardian2"], demo.ago(120), LinkMeans.STAFF, proof=True,
            source=Source.PAPER, reason=LinkReason.APPOINTED,
        ),
    )  # fmt: skip
    return MemberDraft(
        demo.member_id, demo.now, started, values,
        tuple(records.visits(demo, (70, 31, 6))),
        uses=(UseDraft(MAIN, started, demo.ago(6)),),
        consents=(agreed,),
        guardianships=guardians,
    )  # fmt: skip


def _daughter(demo: Demo) -> MemberDraft:
    """Return a child of three whom the mother's own record tells of; nobody is linked yet (P41)."""
    origin = demo.origin(Source.APP, 20, APP)
    values = (
        demo.value("name", DAUGHTER, origin),
        demo.value("birth_date", demo.birthday(3).isoformat(), origin),
        demo.value("guardian_contact", "member@example.com", origin),
    )
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(20), values,
        uses=(UseDraft(APP, demo.ago(20), demo.ago(2)),),
    )  # fmt: skip


def _teen(demo: Demo) -> MemberDraft:
    """Return a child soon 14, without a contact of its own, for whom the father said yes."""
    origin, day = demo.origin(Source.APP, 300, APP), demo.ahead(21)
    values = (
        demo.value("nickname", "새벽이", origin),
        demo.value("name", demo.fake.name().replace(" ", ""), origin),
        demo.value("address", demo.fake.address(), origin),
        demo.value("birth_date", date(day.year - 14, day.month, min(day.day, 28)).isoformat(),
                   origin),
    )  # fmt: skip
    agreed = demo.consent(C.COLLECTION, 300, by=ActorKind.GUARDIAN)
    link = GuardianshipDraft(
        demo.people["guardian"], demo.ago(300), LinkMeans.JOINING, proof=True, source=Source.APP,
        reason=LinkReason.PARENT, consent_id=agreed.consent_id,
    )  # fmt: skip
    offers = (C.MARKETING, C.PERSONALISATION)
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(300), values,
        uses=(UseDraft(APP, demo.ago(300), demo.ago(3)),),
        consents=(agreed, *(demo.consent(kind, 300, by=ActorKind.GUARDIAN) for kind in offers)),
        guardianships=(link,),
    )  # fmt: skip


def _quiet(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.EVENT_ENTRY, 1_300)
    basics = _basics(demo, "고요한달", "010-0000-0004", origin)
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(1_300), tuple(basics),
        tuple(records.payments(demo, basics[3].value, (1_250, 900, 500, 341))),
        uses=(UseDraft(MAIN, demo.ago(1_300), demo.ago(340)),),
        consents=_consents(demo, 1_300, ads=True),
    )  # fmt: skip


def _dormant(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.PHONE, 1_600)
    basics = _basics(demo, "겨울잠", "010-0000-0005", origin)
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(1_600), tuple(basics),
        tuple(records.payments(demo, basics[3].value, (1_500, 1_100, 700, 431))),
        uses=(UseDraft(MAIN, demo.ago(1_600), demo.ago(430)),),
        consents=_consents(demo, 1_600, ads=False),
    )  # fmt: skip


def _paper(demo: Demo) -> MemberDraft:
    origin = demo.origin(Source.PAPER, 700)
    values = (
        demo.value("email", "paper@example.com", origin),
        demo.value("mobile", "010-0000-0006", origin),
    )
    return MemberDraft(demo.member_id, demo.now, demo.ago(700), values)


def _left(demo: Demo) -> MemberDraft:
    """Return somebody about to leave: of them only a certificate will be seen."""
    origin = demo.origin(Source.WEB, 800)
    basics = _basics(demo, "작별인사", "010-0000-0007", origin)
    values = (
        *basics,
        demo.value("name", demo.fake.name().replace(" ", ""), origin),
        demo.value("baby_name", "별이", origin),
    )
    return MemberDraft(
        demo.member_id, demo.now, demo.ago(800), values,
        (
            *records.payments(demo, basics[3].value, (700, 260, 45)),
            *records.visits(demo, (20, 9)),
        ),
        uses=(UseDraft(MAIN, demo.ago(800), demo.ago(9)),),
        consents=_consents(demo, 800, ads=False),
    )  # fmt: skip


FAMILY: dict[str, Callable[[Demo], MemberDraft]] = {
    "member": _mother,
    "newparent": _new_parent,
    "guardian": _father,
    "guardian2": _grandmother,
    "child": _child,
    "daughter": _daughter,
    "teen": _teen,
    "quiet": _quiet,
    "dormant": _dormant,
    "paper": _paper,
    "left": _left,
}
"""Who makes whom, by account name."""
