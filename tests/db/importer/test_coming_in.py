"""What a map says comes in, sealed, with where it came from; what it does not say stays unsaid."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.importer.source import SourceError
from db.normal import normalise
from db.tables import keys
from db.tables.member import LIVE
from tests.importing import (
    CHINOOK,
    FAKE_MAP,
    PERSON,
    Trial,
    adds_up,
    people,
    school,
    write_csv,
    write_sqlite,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb


@pytest.fixture
def trial(portal_db: PortalDb, tmp_path: Path) -> Trial:
    return Trial(portal_db, tmp_path)


def chinook(path: Path) -> Path:
    """Make a file of the same shape as the sample database, with people of our own."""
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(
            """
            create table Customer (CustomerId integer primary key, FirstName, LastName, Company,
              Address, City, State, Country, PostalCode, Phone, Fax, Email);
            create table Invoice (InvoiceId integer primary key, CustomerId integer,
              InvoiceDate datetime, BillingAddress, BillingCity, BillingState, BillingCountry,
              BillingPostalCode, Total numeric(10,2));
            create table InvoiceLine (InvoiceLineId integer primary key, InvoiceId integer,
              TrackId integer, UnitPrice numeric(10,2), Quantity integer);
            create table Track (TrackId integer primary key, Name);
            insert into Customer values
              (1, 'Lúcia', 'Alves', 'Firma', 'Rua 1', 'São José', 'SP', 'Brazil', '12227',
               '+55 (12) 3923-5555', '+55 12', 'lucia@example.com.br'),
              (2, 'Kara', 'Nielsen', null, 'Gade 5', 'Copenhagen', null, 'Denmark', '1720',
               '+453 3331 9991', null, 'kara@example.dk'),
              (3, 'Łucja', 'Wójcik', null, null, null, null, 'Poland', null, null, null,
               'łucja.wójcik@example.pl');
            insert into Invoice values
              (1, 1, '2021-01-03 00:00:00', 'Rua 1', 'São José', 'SP', 'Brazil', '12227', 1.98),
              (2, 1, '2025-12-22 00:00:00', null, null, null, null, null, 2),
              (3, 2, '2024-06-01 00:00:00', 'Gade 5', 'Copenhagen', null, 'Denmark', '1720', 0.99);
            insert into InvoiceLine values
              (1, 1, 5, 0.99, 1), (2, 1, 6, 0.99, 1), (3, 3, 5, 0.99, 3);
            insert into Track values (5, 'First Song'), (6, 'Second Song');
            """
        )
    return path


def test_the_chinook_map_brings_customers_invoices_and_lines(trial: Trial) -> None:
    trial.map = CHINOOK.read_text(encoding="utf-8")
    summary = trial.run(chinook(trial.folder / "c.sqlite"))
    adds_up(summary)
    assert (summary.came_in, summary.refused, summary.conflicts) == (12, 0, 0)
    found = people(trial.db)
    assert found.keys() == {"lucia@example.com.br", "kara@example.dk", "łucja.wójcik@example.pl"}
    lucia = found["lucia@example.com.br"]
    assert lucia.values[("name", 0)] == "Lúcia Alves"
    assert lucia.values[("phone", 0)] == "+55 12 3923-5555"
    assert lucia.values[("address", 0)] == "Rua 1, São José, SP, 12227, Brazil"
    assert set(lucia.values) == {(i, 0) for i in ("name", "email", "phone", "address")}
    (first, fields), (_second, plain) = lucia.records
    assert fields["amount"] == "1.98"
    assert fields["lines"] == "First Song × 1 · 0.99\nSecond Song × 1 · 0.99"  # noqa: RUF001
    assert plain == {"amount": "2.00"}
    # Before the first policy: kept by the oldest rules, but no version is claimed.
    assert (first.ends_on, first.policy_version) == (date(2026, 1, 3), None)
    assert _second.policy_version == "2021-03-15"
    assert found["kara@example.dk"].values[("phone", 0)] == "+453 3331 9991"
    origin = lucia.origins["email"]
    assert (origin.source, origin.obtained_on, origin.service) == (None, None, "Chinook")
    assert "1 records came in past their period" in "\n".join(summary.sentences())


@pytest.mark.promise("P03")
@pytest.mark.parametrize("form", ["sqlite", "csv", "address", "cp949"])
def test_everything_a_map_can_say(trial: Trial, form: str) -> None:
    tables = school(
        people=[PERSON, PERSON | {"id": "2", "mail": "kid@example.com", "born": "2020-01-02"}],
        guards=[{"child": "2", "guardian": "1", "since": "2024-05-06", "proof": "Y"}],
    )
    path = trial.folder / "source"
    if form in ("csv", "cp949"):
        source = str(write_csv(path, tables, "utf-8-sig" if form == "csv" else "cp949"))
    else:
        source = str(write_sqlite(path, tables))
    summary = trial.run(f"sqlite:///{source}" if form == "address" else source)
    adds_up(summary)
    assert trial.reasons() == []
    found = people(trial.db)
    hana, kid = found["Hana@example.com"], found["kid@example.com"]
    assert hana.values == {
        ("nickname", 0): "별님", ("name", 0): "김하나", ("email", 0): "Hana@example.com",
        ("mobile", 0): "010-1234-5678", ("sex", 0): "여성", ("birth_date", 0): "1990-06-05",
        ("phone", 0): "+1 212-555-0142", ("baby_name", 0): "콩이",
    }  # fmt: skip
    email, phone = hana.origins["email"], hana.origins["phone"]
    assert (email.source, email.obtained_on) == ("web", date(2022, 3, 4))
    assert (email.service, email.policy_version) == ("클래스파트라", "2021-03-15")
    assert (phone.source, phone.partner, phone.service) == ("partner", "서점", "클래스파트라")
    ((record, fields),) = hana.records
    assert fields == {"amount": "12000.00", "what": "동화책", "lines": "동화책 x 2"}
    assert (record.kind, record.event_date) == ("payment", date(2024, 2, 29))
    assert (record.ends_on, record.policy_version) == (date(2029, 2, 28), "2021-03-15")
    assert hana.devices == ["35-000000-000001-7"]
    assert (hana.row.joined_on, hana.row.last_used_on) == (date(2022, 3, 4), date(2026, 11, 1))
    assert kid.row.turns_14_on == date(2034, 1, 2)
    assert hana.row.turns_14_on is None, "an adult's birth date is sealed only"
    with trial.db.work.data.begin() as data:
        mine = LIVE.consent.c.member_id == hana.member_id
        consent = data.execute(select(LIVE.consent).where(mine)).one()
        given = data.execute(select(LIVE.disclosure)).one()
        link = data.execute(select(LIVE.guardianship)).one()
    assert (consent.kind, consent.channel, consent.granted) == ("advertising", "email", True)
    assert consent.decided_at == datetime(2023, 1, 2, 1, 0, tzinfo=UTC), "10 in Seoul"
    assert (given.recipient, given.items) == ("서점", ["name", "address"])
    assert (link.member_id, link.guardian_id, link.proof) == (kid.member_id, hana.member_id, True)


def test_values_are_sealed_and_members_are_found_by_them(trial: Trial) -> None:
    trial.tables()
    hana = people(trial.db)["Hana@example.com"]
    with trial.db.owner_data.begin() as data:
        stored = b"".join(row.sealed for row in data.execute(select(LIVE.profile_value)))
    assert "하나".encode() not in stored
    assert b"example" not in stored
    blind = trial.db.keyring.blind
    wanted = {
        blind("email", "hana@EXAMPLE.com"),
        blind("mobile", normalise("mobile", "010 1234 5678")),
    }
    with trial.db.work.keys.begin() as secret:
        index = keys.blind_index
        found = secret.execute(select(index.c.digest).where(index.c.member_id == hana.member_id))
        assert wanted <= {bytes(digest) for (digest,) in found}


def test_no_evidence_makes_no_consent(trial: Trial) -> None:
    summary = trial.tables(people=[PERSON | {"ads": "", "ads_on": ""}])
    adds_up(summary)
    assert summary.parts["people (consents)"].silent == 1
    with trial.db.work.data.begin() as data:
        assert data.execute(select(LIVE.consent)).all() == []


def test_keys_that_differ_in_case_are_two_members(trial: Trial) -> None:
    trial.tables(people=[PERSON | {"id": "a"}, PERSON | {"id": "A", "mail": "b@example.com"}],
                 babies=[], orders=[], order_lines=[], devices=[], given=[])  # fmt: skip
    assert len(people(trial.db)) == 2


def test_progress_counts_up_to_the_total(trial: Trial) -> None:
    summary = trial.tables()
    last = trial.progress[-1]
    assert last.done == last.total == summary.read
    assert last.came_in + last.refused == last.done


def test_a_file_of_neither_encoding_is_refused(trial: Trial) -> None:
    folder = write_csv(trial.folder / "csv", school())
    (folder / "people.csv").write_bytes(b"id,mail\n1,\xff\xfe\xfa\x81\n")
    with pytest.raises(SourceError, match=r"people\.csv is neither UTF-8 nor CP949"):
        trial.run(folder)
    assert people(trial.db) == {}


def test_a_csv_file_cut_inside_a_quote_is_refused_before_anything(trial: Trial) -> None:
    folder = write_csv(trial.folder / "csv", school())
    with (folder / "orders.csv").open("a", encoding="utf-8") as file:
        file.write('11,1,"2024-0')
    with pytest.raises(SourceError, match=r"orders\.csv breaks off .*line 3"):
        trial.run(folder)
    assert people(trial.db) == {}


def test_a_csv_row_with_missing_cells_is_refused_alone(trial: Trial) -> None:
    folder = write_csv(trial.folder / "csv", school())
    with (folder / "orders.csv").open("a", encoding="utf-8") as file:
        file.write("11,1,2024-0\n")
    summary = trial.run(folder)
    adds_up(summary)
    expected = ("orders (payment)", "line 3", "", "row refused")
    assert [r[:4] for r in trial.reasons()] == [expected]
    assert len(people(trial.db)["Hana@example.com"].records) == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/nowhere/at/all", "no such file or folder"),
        ("sqlite:////nowhere.sqlite", "no such file"),
        ("nosuch://host/db", "driver"),
    ],
)
def test_a_source_that_is_not_there(trial: Trial, source: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        trial.run(source)


def test_a_password_in_the_address_is_not_repeated(trial: Trial) -> None:
    with pytest.raises(SourceError) as caught:
        trial.run("postgresql+psycopg://somebody:verysecret@127.0.0.1:1/none?connect_timeout=1")
    assert "verysecret" not in str(caught.value)


def test_a_portal_database_can_be_a_source_too(trial: Trial) -> None:
    """Another dialect: typed columns, server-side cursors, a schema in the table's name."""
    owner = trial.db.owner_data
    with owner.begin() as data:
        data.exec_driver_sql("create schema shop")
        data.exec_driver_sql("create table shop.people (id int primary key, mail text)")
        data.exec_driver_sql(
            "create table shop.orders (no int, person text, day date, total numeric)"
        )
        data.exec_driver_sql("insert into shop.people values (1, 'a@example.com'), (2, 'bad')")
        data.exec_driver_sql(
            "insert into shop.orders values (1, '1', '2025-01-02', 5), (2, '2', '2025-01-02', 5), "
            "(3, '9', '2025-01-02', 5)"
        )
    try:
        trial.map = FAKE_MAP.replace('"people"', '"shop.people"').replace(
            '"orders"', '"shop.orders"'
        )
        summary = trial.run(owner.url.render_as_string(hide_password=False))
    finally:
        with owner.begin() as data:
            data.exec_driver_sql("drop schema shop cascade")
    adds_up(summary)
    assert (summary.came_in, summary.refused) == (2, 3)
    assert len(people(trial.db)["a@example.com"].records) == 1
