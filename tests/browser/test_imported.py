"""Members of another system, imported by the shipped map, sign in and read their own data."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from db.settings import ROOT
from tests.browser.serving import serve
from tests.browser.steps import first_password, my_data, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.serving import Served

SHOP = """
create table Customer (CustomerId integer primary key, FirstName text, LastName text, Company text,
    Address text, City text, State text, Country text, PostalCode text, Phone text, Fax text,
    Email text, SupportRepId integer);
create table Invoice (InvoiceId integer primary key, CustomerId integer, InvoiceDate text,
    BillingAddress text, BillingCity text, BillingState text, BillingCountry text,
    BillingPostalCode text, Total numeric);
create table InvoiceLine (InvoiceLineId integer primary key, InvoiceId integer, TrackId integer,
    UnitPrice numeric, Quantity integer);
create table Track (TrackId integer primary key, Name text);
insert into Customer values (1, 'Ana', 'Souza', 'Loja', 'Rua A 1', 'Recife', 'PE', 'Brazil',
    '50000-000', '+55 (81) 3423-5555', null, 'ana@example.com', 3);
insert into Invoice values (7, 1, '2026-02-03 00:00:00', 'Rua B 2', 'Recife', 'PE', 'Brazil',
    '50000', 3.96);
insert into InvoiceLine values (1, 7, 1, 1.98, 2);
insert into Track values (1, 'Canção de ninar');
"""


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def run_import(portal: Served, source: Path) -> str:
    done = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "services", "import", str(source), "db/importer/maps/chinook.toml"],
        cwd=ROOT,
        env=os.environ | {"PORTAL_VAR": str(portal.var)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_an_imported_member_signs_in_and_reads_their_own_data(
    portal: Served, desktop: Page, tmp_path: Path
) -> None:
    source = tmp_path / "shop.sqlite"
    with sqlite3.connect(source) as shop:
        shop.executescript(SHOP)
    assert "0 refused" in run_import(portal, source)
    assert "1 as before" in run_import(portal, source)
    first_password(desktop, portal, "ana@example.com", "canção de ninar 26")
    sign_in(desktop, portal.address, "ana@example.com", "canção de ninar 26")
    my_data(desktop, portal.address)
    desktop.locator(".st-key-show button").click()
    expect(desktop.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    expect(desktop.locator("article[aria-labelledby=item-name]")).to_contain_text("Ana Souza")
    desktop.get_by_role("button", name=re.compile("결제")).or_(
        desktop.get_by_role("radio", name=re.compile("결제"))
    ).first.click()
    expect(desktop.locator("table.jk-records").last).to_contain_text(
        "Canção de ninar", timeout=30_000
    )
