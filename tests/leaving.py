"""Somebody who leaves, for tests: asked for on a page, done by the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert

from db import seal_keys
from db.tables.moves import move
from db.words import MoveKind, Purpose
from services import access, certificate, leaving, withdrawing
from services.actor import Permission
from services.house import House, open_house
from services.ledger import EventName
from tests.people import NOW, acting, portal_house

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from db.seal_keys import Signer
    from services.certificate import Certificate, Status
    from services.leaving import Preview
    from tests.database import PortalDb

LOOK = access.Look(EventName.LEAVING_ASKED, Permission.ACCOUNT_LEAVE, "/leave", folds=False)


def worker_house(db: PortalDb) -> House:
    """Return what the worker's process has, and give it to this one."""
    house = House(db.work, db.keyring)
    open_house(house)
    return house


def signer(db: PortalDb) -> Signer:
    """Return what signs certificates."""
    seal_keys.create(db.var / "keys")
    return seal_keys.signer(db.var / "keys")


def ask(db: PortalDb, who: UUID, at: datetime = NOW, by: UUID | None = None) -> Certificate:
    """Ask to leave, verified just now; return the certificate's number and secret."""
    portal_house(db)
    made = certificate.new()
    actor = acting(by or who, at=at, verified_at=at)
    with access.open(actor, who, Purpose.SHOW, look=LOOK) as subject:
        leaving.ask(subject, made)
    return made


def wish_to_leave(db: PortalDb, who: UUID, at: datetime = NOW) -> Certificate:
    """Leave a wish as `ask` does, without a job in the queue, whatever the store."""
    made = certificate.new()
    number, secret = made.digests
    with db.owner_data.begin() as data:
        data.execute(
            insert(move).values(
                member_id=who, kind=MoveKind.WITHDRAW, asked_at=at, actor_kind="self",
                actor_id=who, session_id=uuid4(), language="ko", number_digest=number,
                secret_digest=secret,
            )
        )  # fmt: skip
    return made


def preview(db: PortalDb, who: UUID, at: datetime = NOW, by: UUID | None = None) -> Preview:
    """Return what the page shows before."""
    portal_house(db)
    with access.open(acting(by or who, at=at), who, Purpose.SHOW, look=LOOK) as subject:
        return leaving.preview(subject)


def leave(db: PortalDb, who: UUID, at: datetime = NOW) -> Certificate:
    """Ask to leave and let the worker do it."""
    made = ask(db, who, at)
    assert withdrawing.withdraw(worker_house(db), signer(db), who, at)
    return made


def status(db: PortalDb, given: Certificate) -> Status:
    """Return what the status page shows, as the portal's role sees it."""
    with db.web.data.connect() as connection:
        found = certificate.status(connection, given)
    assert found is not None
    return found
