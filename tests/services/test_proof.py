"""Proofs verify offline, forged ones don't, and nobody gets another's."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db import seal_keys
from db.words import Purpose
from services import access, proof
from services.actor import Permission
from services.ledger import EventName
from tests.people import acting, member, portal_house, told_of_use
from tests.portal import statements
from tests.sealing import SEALS_AT, START, Sealed, sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

__all__ = ["sealed", "statements"]

pytestmark = pytest.mark.promise("P25")

THE_19TH = date(2026, 11, 19)
DAY = timedelta(days=1)
LOOK = access.Look(EventName.PROOF_TAKEN, Permission.HISTORY_READ, "/history")


def take(ledger: Sealed, person: UUID, day: date = THE_19TH) -> dict[str, Any]:
    with access.open(acting(person), person, Purpose.SHOW, look=LOOK) as subject:
        return proof.take(subject, day, ledger.verifier)


@pytest.fixture
def person(sealed: Sealed) -> UUID:
    """Return a member with three events among others' on the 19th; the 18th to 20th are sealed."""
    portal_house(sealed.db)
    one = member(sealed.db)
    told_of_use(sealed.db)
    sealed.days(1)
    for hour in range(9):
        sealed.happen(START + DAY + timedelta(hours=hour), one if hour % 4 == 0 else uuid4())
    sealed.seal(START + 2 * DAY + SEALS_AT)
    sealed.happen(START + 2 * DAY)
    sealed.seal(START + 3 * DAY + SEALS_AT)
    return one


def test_a_proof_holds_without_a_database(sealed: Sealed, person: UUID, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(take(sealed, person)), encoding="utf-8")
    proved = proof.check(proof.load(file), sealed.verifier)
    assert [event["member_id"] for event in proved.events] == [str(person)] * 3
    assert (proved.days, proved.head) == ((THE_19TH,), date(2026, 11, 20))


def test_an_event_in_the_next_days_seal_is_proved_by_that(sealed: Sealed, person: UUID) -> None:
    sealed.happen(START + 3 * DAY - timedelta(seconds=1), person)
    with pytest.raises(proof.ProofError, match="not sealed yet"):
        take(sealed, person, date(2026, 11, 20))
    sealed.seal(START + 4 * DAY + SEALS_AT)
    made = take(sealed, person, date(2026, 11, 20))
    assert proof.check(made, sealed.verifier).days == (date(2026, 11, 21),)


def _leaf(made: dict[str, Any]) -> None:
    one = made["events"][0]
    one["leaf"] = one["leaf"].replace(b"show".hex(), b"sh0w".hex())
    one["event"]["purpose"] = "sh0w"


def _bend(made: dict[str, Any]) -> None:
    made["events"][0]["path"][0] = "00" * 32


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "another leaf": _leaf,
    "other words for the leaf": lambda m: m["events"][0]["event"].update(name="nothing"),
    "another path": _bend,
    "a shorter path": lambda m: m["events"][0]["path"].pop(),
    "a longer path": lambda m: m["events"][0]["path"].append("00" * 32),
    "another place": lambda m: m["events"][0].update(index=m["events"][0]["index"] + 1),
    "no place": lambda m: m["events"][0].pop("index"),
    "another root": lambda m: m["seals"][0].update(root="00" * 32),
    "another count": lambda m: m["seals"][0].update(events=8),
    "another signature": lambda m: m["head"].update(signature="00" * 64),
    "a later head": lambda m: m["head"].update(day="2027-01-01"),
    "no events": lambda m: m.update(events=[]),
    "no seals": lambda m: m.update(seals=[]),
    "nothing at all": lambda m: m.clear(),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_proof_proves_nothing(sealed: Sealed, person: UUID, how: str) -> None:
    made = take(sealed, person)
    proof.check(copy.deepcopy(made), sealed.verifier)
    FORGED[how](made)
    with pytest.raises(proof.ProofError):
        proof.check(made, sealed.verifier)


def test_a_head_older_than_what_it_follows_proves_nothing(sealed: Sealed, person: UUID) -> None:
    made = take(sealed, person)
    made["head"] = sealed.copy()[0].as_json()
    with pytest.raises(proof.ProofError, match="missing"):
        proof.check(made, sealed.verifier)


def test_a_proof_signed_by_somebody_else_proves_nothing(
    sealed: Sealed, person: UUID, tmp_path: Path
) -> None:
    seal_keys.create(tmp_path / "others")
    other = seal_keys.verifier(tmp_path / "others" / seal_keys.PUBLIC)
    with pytest.raises(proof.ProofError, match="another key"):
        proof.check(take(sealed, person), other)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"jikim_proof": 2}', "\0"])
def test_what_is_no_proof_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "proof.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(proof.ProofError, match="is no proof"):
        proof.load(file)


def test_no_proof_is_made_of_an_event_that_was_changed(sealed: Sealed, person: UUID) -> None:
    with sealed.db.owner_data.begin() as connection:
        connection.execute(text("update ledger.event set page = '/' where member_id is not null"))
    with pytest.raises(proof.ProofError, match="does not match the seal"):
        take(sealed, person)


def test_a_proof_takes_the_same_queries_whatever_the_day_held(
    sealed: Sealed, person: UUID, statements: list[str]
) -> None:
    for hour in range(60):
        sealed.happen(START + 3 * DAY + timedelta(minutes=hour), person)
    sealed.seal(START + 4 * DAY + SEALS_AT)
    counts = []
    for day in (THE_19TH, date(2026, 11, 21)):
        statements.clear()
        made = take(sealed, person, day)
        counts.append((len(made["events"]), len(statements)))
    assert [n for n, _ in counts] == [3, 60]
    assert len({q for _, q in counts}) == 1, counts
