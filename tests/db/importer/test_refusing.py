"""A bad row is refused with its reason and the import goes on; all rows are accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database import empty
from tests.importing import ORDER, PERSON, Trial, adds_up, everything, people

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb


@pytest.fixture
def trial(portal_db: PortalDb, tmp_path: Path) -> Trial:
    return Trial(portal_db, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "column", "reason"),
    [
        ({"mail": "no-address"}, "mail", "it is no e-mail address"),
        ({"mail": ""}, "mail", "it is empty"),
        ({"id": ""}, "id", "its key is empty"),
        ({"id": None}, "id", "its key is empty"),
    ],
)
def test_a_member_without_what_they_need_is_refused_with_all_that_is_theirs(
    trial: Trial, wrong: dict[str, Any], column: str, reason: str
) -> None:
    summary = trial.tables(people=[PERSON | wrong])
    adds_up(summary)
    assert people(trial.db) == {}
    assert summary.came_in == 0
    assert trial.reasons()[0] == ("people", "1", column, "row refused", reason)


@pytest.mark.parametrize(
    ("wrong", "column", "reason"),
    [
        ({"mobile": "12"}, "mobile", "it is no telephone number"),
        ({"phone": "call me"}, "phone", "it is no telephone number"),
        ({"born": "1990-02-30"}, "born", "it is no date in a form that the map names"),
        ({"born": "2090-01-01"}, "born", "the date is in the future"),
        ({"born": "1200-01-01"}, "born", "the date is before 1900, so it can't be right"),
        ({"sex": "?"}, "sex", "its value is not among those of map"),
        ({"alias": b"\xff\xfe"}, "alias", None),
    ],
)
def test_a_wrong_optional_value_is_refused_alone(
    trial: Trial, wrong: dict[str, Any], column: str, reason: str | None
) -> None:
    summary = trial.tables(people=[PERSON | wrong])
    adds_up(summary)
    if reason is None:  # a nickname is a required item of the policy: its member is refused
        assert people(trial.db) == {}
        return
    assert ("people", "1", column, "value refused", reason) in trial.reasons()
    assert summary.parts["people"].values_refused == 1
    assert summary.refused == 0
    assert "Hana@example.com" in people(trial.db)


@pytest.mark.parametrize(
    ("wrong", "column", "reason"),
    [
        ({"day": ""}, "day", "it is empty"),
        ({"day": "31.02.2024"}, "day", "it is no date in a form that the map names"),
        ({"day": "2027-01-01"}, "day", "the date is in the future"),
        ({"no": ""}, "no", "its key is empty"),
        ({"person": "99"}, "person", "it belongs to no member"),
        ({"person": None}, "person", "it belongs to no member"),
    ],
)
def test_a_record_that_can_not_be_one_is_refused_with_its_lines(
    trial: Trial, wrong: dict[str, Any], column: str, reason: str
) -> None:
    summary = trial.tables(orders=[ORDER | wrong])
    adds_up(summary)
    assert people(trial.db)["Hana@example.com"].records == []
    assert summary.parts["orders (payment)"].refused == 1
    assert summary.parts["order_lines (lines)"].refused == 1
    assert any(r[0] == "orders (payment)" and r[2:] == (column, "row refused", reason)
               for r in trial.reasons())  # fmt: skip


def test_a_record_keeps_its_good_fields_and_lines(trial: Trial) -> None:
    line = {"no": "1", "order_no": "10", "title": "동화책", "pieces": "2"}
    summary = trial.tables(
        orders=[ORDER | {"total": "much", "goods": "404"}],
        order_lines=[
            line,
            line | {"no": "2", "title": b"\xff", "pieces": ""},
            line | {"order_no": "77"},
        ],
    )
    adds_up(summary)
    ((_record, fields),) = people(trial.db)["Hana@example.com"].records
    assert fields == {"lines": "동화책 x 2"}
    assert summary.parts["orders (payment)"].values_refused == 2
    assert summary.parts["order_lines (lines)"].refused == 2


def test_a_repeated_key_refuses_every_row_that_has_it(trial: Trial) -> None:
    """Which of them is right nobody knows, and it must not depend on their order."""
    other = PERSON | {"id": "2", "mail": "b@example.com"}
    summary = trial.tables(
        people=[PERSON, PERSON | {"mail": "c@example.com"}, other],
        orders=[ORDER, ORDER | {"person": "2"}],
    )
    adds_up(summary)
    assert people(trial.db).keys() == {"b@example.com"}
    assert summary.parts["people"].refused == 2
    assert summary.parts["orders (payment)"].refused == 1


def test_keys_that_only_look_different_are_one_key(trial: Trial) -> None:
    summary = trial.tables(people=[PERSON | {"id": 7}, PERSON | {"id": "7"}], orders=[])
    assert summary.parts["people"].came_in + summary.parts["people"].refused == 2
    assert len(people(trial.db)) <= 1


def test_keys_of_several_kinds_stand_in_one_table(trial: Trial) -> None:
    """SQLite keeps them as they came; the kind of the first must not be taken for all."""
    other = PERSON | {"id": "2", "mail": "b@example.com"}
    summary = trial.tables(
        people=[PERSON, other],
        orders=[ORDER | {"no": b"11"}, ORDER | {"no": "12", "person": "2"}],
        order_lines=[],
    )
    adds_up(summary)
    assert [len(one.records) for one in people(trial.db).values()] == [1, 1]


def test_a_consent_and_a_disclosure_that_can_not_be_read(trial: Trial) -> None:
    given = {"no": "1", "person": "1", "to": "서점", "items": "name,shoe_size", "day": "2024-03-01"}
    summary = trial.tables(people=[PERSON | {"ads": "perhaps"}], given=[given])
    adds_up(summary)
    assert {(r[0], r[2]) for r in trial.reasons()} == {
        ("people (consents)", "ads"),
        ("given (disclosures)", "items"),
    }


def test_links_to_people_who_did_not_come_in(trial: Trial) -> None:
    link = {"child": "1", "guardian": "99", "since": "2024-05-06", "proof": "Y"}
    summary = trial.tables(
        guards=[link, link | {"guardian": "1"}, link | {"child": "98"}, link | {"since": ""}]
    )
    adds_up(summary)
    assert summary.parts["guards (guardians)"].refused == 4


def test_the_report_and_the_sentences_hold_nobodys_values(trial: Trial) -> None:
    secret = PERSON | {"mail": "secret-at-nowhere", "phone": "hidden-phone", "born": "birthday!"}
    summary = trial.tables(people=[secret, secret | {"id": "secret-key"}], orders=[
        ORDER | {"person": "secret-owner"}, ORDER | {"person": "1", "total": "secret-sum"},
    ])  # fmt: skip
    said = trial.report.read_text(encoding="utf-8-sig") + "\n".join(summary.sentences())
    assert summary.refused > 2
    assert not [word for word in ("secret", "hidden", "birthday!", "김", "하나") if word in said]
    assert trial.report.stat().st_mode & 0o077 == 0


MAILS = st.sampled_from(["a@example.com", "b@example.com", "bad", "", None, "c@@d"])
PHONES = st.sampled_from(["010-1234-5678", "+44 20 7707 0707", "x", "", None, "1" * 40])
DAYS = st.sampled_from(
    ["2025-01-02", "2020-02-30", "3000-01-01", "02.01.2025", "", None, "1066-10-14"]
)
KEYS = st.sampled_from(["1", "2", "3", "4", 1, 2, "", None, "é", "\udc80", "A", "a"])
A_PERSON = st.fixed_dictionaries(
    {"id": KEYS, "mail": MAILS, "mobile": PHONES, "born": DAYS, "joined": DAYS,
     "ads": st.sampled_from(["Y", "N", "", "maybe"]), "via": st.sampled_from(["W", "X", ""])}
).map(lambda row: dict.fromkeys(PERSON) | row)  # fmt: skip
AN_ORDER = st.fixed_dictionaries(
    {"no": KEYS, "person": KEYS, "day": DAYS, "total": st.sampled_from(["1", "x", None]),
     "goods": st.sampled_from(["7", "8", None])}
)  # fmt: skip
A_LINE = st.fixed_dictionaries(
    {"no": KEYS, "order_no": KEYS, "title": st.sampled_from(["t", None]), "pieces": st.just(None)}
)
A_LINK = st.fixed_dictionaries(
    {"child": KEYS, "guardian": KEYS, "since": DAYS, "proof": st.sampled_from(["Y", "N", "?"])}
)


def _no_lone_surrogates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """SQLite's driver can't be given what only a damaged file holds: give it as bytes."""
    odd = "\udc80"
    return [{k: b"\x80" if v == odd else v for k, v in row.items()} for row in rows]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    persons=st.lists(A_PERSON, max_size=8),
    orders=st.lists(AN_ORDER, max_size=10, unique_by=lambda o: str(o["no"])),
    lines=st.lists(A_LINE, max_size=8),
    links=st.lists(A_LINK, max_size=5),
)
def test_any_mix_of_rows_adds_up_and_a_second_run_changes_nothing(
    trial: Trial, persons: list[Any], orders: list[Any], lines: list[Any], links: list[Any]
) -> None:
    empty(trial.db.owner_data)
    empty(trial.db.owner_keys)
    tables = {"people": persons, "orders": orders, "order_lines": lines, "guards": links}
    whole = {name: _no_lone_surrogates(rows) for name, rows in tables.items()}
    first = trial.tables(**whole, babies=[], devices=[], given=[])
    adds_up(first)
    stored = everything(trial.db)
    second = trial.tables(**whole, babies=[], devices=[], given=[])
    adds_up(second)
    assert everything(trial.db) == stored
    assert sum(p.new + p.changed for p in second.parts.values()) == 0


@pytest.mark.parametrize(("means", "refused"), [("joining", 0), ("code", 1), ("by letter", 0)])
def test_how_a_guardian_was_checked_is_one_of_our_words(
    trial: Trial, means: str, refused: int
) -> None:
    """What rests on a consent given here can't come from elsewhere."""
    trial.map = f'{trial.map}means = {{ constant = "{means}" }}\n'
    child = PERSON | {"id": "2", "mail": "kid@example.com", "born": "05.06.2020"}
    link = {"child": "2", "guardian": "1", "since": "2024-05-06", "proof": "Y"}
    summary = trial.tables(people=[PERSON, child], guards=[link])
    adds_up(summary)
    assert summary.parts["guards (guardians)"].refused == refused
    assert summary.parts["guards (guardians)"].values_refused == (means == "by letter")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Mama@Example.com", "Mama@example.com"), ("01098765432", "010-9876-5432"), ("엄마", None)],
    ids=["mail", "telephone", "neither"],
)
def test_a_guardians_contact_comes_in_sealed(trial: Trial, typed: str, kept: str | None) -> None:
    trial.map = trial.map.replace("\nphone = {", "\nguardian_contact = {")
    trial.tables(people=[PERSON | {"phone": typed}])
    (one,) = people(trial.db).values()
    assert one.values.get(("guardian_contact", 0)) == kept
