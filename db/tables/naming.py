"""One convention for constraint names, from the first migration on."""

from __future__ import annotations

from sqlalchemy import MetaData

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

DATA = MetaData(naming_convention=CONVENTION)
"""Tables of the data database: schemas live, dormant, retained, ledger, ops."""

KEYS = MetaData(naming_convention=CONVENTION)
"""Tables of the keys database: schema keys."""
