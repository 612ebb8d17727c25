"""A map that is wrong, or does not fit its source, is refused before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.importer import map_file
from db.importer.map_file import MapError
from tests.importing import CHINOOK, FULL_MAP, Trial, people

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb


@pytest.fixture
def trial(portal_db: PortalDb, tmp_path: Path) -> Trial:
    return Trial(portal_db, tmp_path)


def test_the_shipped_map_and_the_full_one_are_right(trial: Trial) -> None:
    assert map_file.load(CHINOOK).name == "chinook"
    assert map_file.load(trial.map_path()).name == "school"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('alias"', "", "wrong at its form (line"),
        ('nickname = "alias"', 'nickname = { colum = "alias" }', "did you mean column"),
        ('nickname = "alias"', 'shoe_size = "alias"', "“shoe_size” is no declared item"),
        ('nickname = "alias"', 'password = "alias"', "passwords are not imported"),
        ('nickname = "alias"', 'device_id = "alias"', "belongs in [[devices]]"),
        ('nickname = "alias"', 'baby_name = "alias"', "comes from two places"),
        ('nickname = "alias"', 'nickname = { constant = "x", column = "alias" }', "give one of"),
        ('kind = "payment"', 'kind = "gift"', "records[1].kind"),
        ("amount = {", "weight = {", "has no field “weight”"),
        ('key = "imei"', "", "devices[1].key"),
        ('name = "school"', 'name = "demo"', "choose another name"),
        ('name = "school"', "", "this key is missing; add it"),
        ("[member]", '[origin]\nsource = "via"\n[member]', "must be constant"),
        ('table = "people"', "table = 5", "member.table"),
    ],
)
def test_a_wrong_map_names_file_key_and_what_to_do(
    trial: Trial, old: str, new: str, said: str
) -> None:
    assert old in FULL_MAP
    trial.map = FULL_MAP.replace(old, new, 1)
    with pytest.raises(MapError) as caught:
        trial.tables()
    assert said in str(caught.value)
    assert "map.toml" in str(caught.value)
    assert people(trial.db) == {}


def test_a_map_that_is_not_there(trial: Trial) -> None:
    with pytest.raises(MapError, match=r"There is no map .*none\.toml"):
        map_file.load(trial.folder / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"alias"', '"alais"', "table “people” has no column “alais” (did you mean alias"),
        ('table = "orders"', 'table = "order"', "no table “order” (did you mean orders"),
        ('event_date = "day"', 'event_date = "days"', "table “orders” has no column “days”"),
        ('column = "title" }', 'column = "name" }', "table “goods” has no column “name”"),
        ('"pieces"]', '"piece"]', "table “order_lines” has no column “piece” (did you mean pieces"),
        ('guardian = "guardian"', 'guardian = "parent"', "table “guards” has no column “parent”"),
        ('obtained_on = "joined"', 'obtained_on = "entered"', "has no column “entered”"),
        ('source = { constant = "partner" }', 'source = "whence"', "has no column “whence”"),
    ],
)
def test_what_the_source_lacks_is_named_with_what_is_near(
    trial: Trial, old: str, new: str, said: str
) -> None:
    assert old in FULL_MAP
    trial.map = FULL_MAP.replace(old, new)
    with pytest.raises(MapError) as caught:
        trial.tables()
    assert said in str(caught.value)
    assert "nothing was written" in str(caught.value)
    assert people(trial.db) == {}
