"""Print the secret by which a company checks our webhook's signature: COMPANY, its id.

Hand it over by a safe way. The desk can replace it: the next number makes another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from db import clock, company_keys
from db.errors import PortalError
from db.settings import settings
from db.tables.ops import company
from db.words import N_
from services import start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class NoCompanyError(PortalError):
    """There is no such company."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("company", metavar="COMPANY", help="the company's id")


def run(chosen: Namespace) -> None:
    """Print it."""
    given = settings()
    with start.running(given, clock.now()) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            with house.databases.data.connect() as data:
                number = data.scalar(
                    select(company.c.secret_no).where(company.c.company_id == chosen.company)
                )
        finally:
            house.databases.dispose()
    if number is None:
        raise NoCompanyError(N_("There is no company {company}."), company=chosen.company)
    print(company_keys.load(given.var / "keys").secret(chosen.company, number))
