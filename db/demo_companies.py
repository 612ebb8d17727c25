"""Companies of the demo: all made up, and marked so by name and on every screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.tables.ops import company
from db.words import CompanyRole, NoticeMeans, Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

MAIN: Final = "클래스파트라"
APP: Final = "엄마와"
SHOP: Final = "[가상] 아기띠상점"
RECIPES: Final = "[가상] 맘마레시피"
CLINIC: Final = "[가상] 새봄산부인과"
INSURER: Final = "[가상] 우리아이보험"
PARCEL: Final = ("name", "address", "mobile")
_R, _P, _S = CompanyRole
_MAIL, _HOOK, _HAND = NoticeMeans

IDS: Final[dict[str, str]] = {
    SHOP: "demo-shop", RECIPES: "demo-recipes", INSURER: "demo-insurer", CLINIC: "demo-clinic",
}  # fmt: skip
"""Ids of the companies by the names that the family's records use."""

_SINCE_DAYS: Final = 3_000
"""The terms are older than every consent of the family."""


def _company(company_id: str, role: CompanyRole, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    empty: dict[str, Any] = {
        "service": None, "purpose": None, "task": None, "items": [], "kept": None,
        "means": _HAND, "address": None, "contract_ends_on": None,
    }  # fmt: skip
    return {"company_id": company_id, "role": role, "name": name, **empty, **more}


def _all(now: datetime) -> list[dict[str, Any]]:
    ends = seoul_day(now) + timedelta(days=200)
    return [
        _company("demo-shop", _R, SHOP, service=SHOP, purpose=Purpose.DELIVERY, items=[*PARCEL],
                 kept={"months": 6}, means=_MAIL, address="privacy@shop.example.com"),
        # How long this one keeps what it gets, nobody has stated.
        _company("demo-recipes", _R, RECIPES, service=RECIPES, purpose=Purpose.DELIVERY,
                 items=["name", "address"], means=_MAIL, address="privacy@recipes.example.com"),
        _company("demo-insurer", _R, INSURER, purpose=Purpose.PERSONALISATION,
                 items=["baby_date"], kept={"years": 1}, means=_MAIL,
                 address="privacy@insurer.example.com"),
        _company("demo-parcels", _P, "[가상] 한빛택배", items=[*PARCEL], means=_MAIL,
                 address="privacy@parcels.example.com", contract_ends_on=ends,
                 task={"ko": "상품 배송", "en": "Delivers parcels"}),
        _company("demo-cloud", _P, "[가상] 구름서버", means=_HAND,
                 task={"ko": "서버와 자료 보관", "en": "Runs servers and keeps data"}),
        _company("demo-main", _S, "[가상] 클래스파트라 회원 시스템", service=MAIN, means=_MAIL,
                 address="members@main.example.com"),
        _company("demo-app", _S, "[가상] 엄마와 앱 시스템", service=APP, means=_MAIL,
                 address="members@app.example.com"),
        _company("demo-clinic", _S, CLINIC, service=CLINIC, means=_HAND),
    ]  # fmt: skip


def add(connection: Connection, now: datetime) -> None:
    """Enter the companies that are not there yet."""
    since = now - timedelta(days=_SINCE_DAYS)
    rows = [one | {"fictional": True, "terms_from": since, "added_at": since} for one in _all(now)]
    connection.execute(insert(company).on_conflict_do_nothing(), rows)
