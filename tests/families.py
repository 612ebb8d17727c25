"""Children with guardians, for tests: found by name and birth date, and reached by a contact."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from db.drafts import ConsentDraft, GuardianshipDraft, ValueDraft
from db.words import LinkMeans, LinkReason, Purpose
from services import access, delivery, guardian_mail, linking, linking_search, outbox
from services.actor import Permission
from services.house import House
from services.ledger import EventName
from tests.people import NOW, ORIGIN, acting, member
from tests.signing_in import HOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from services.actor import Actor
    from services.subject import Subject
    from tests.database import PortalDb
    from tests.signing_in import Letters

NAME, BORN, CONTACT = "강하늘", "2018-03-04", "mama@example.com"
LOOK = access.Look(EventName.FAMILY_VIEWED, Permission.GUARDIAN_LINK, "/family", folds=False)


def a_child(  # noqa: PLR0913 (each by its name)
    db: PortalDb, *guardians: UUID, contact: str | None = CONTACT, proof: bool = True,
    name: str = NAME, born: str = BORN, nickname: str | None = "꼬마",
    consents: tuple[ConsentDraft, ...] = (), **values: str,
) -> UUID:  # fmt: skip
    """Write a child, with links to guardians from when it joined, a day apart."""
    given = {"name": name, "birth_date": born, "nickname": nickname, "guardian_contact": contact}
    held = {**given, **values}
    links = tuple(
        GuardianshipDraft(one, date(2024, 1, n), LinkMeans.JOINING, proof)
        for n, one in enumerate(guardians, start=1)
    )
    drafts = tuple(ValueDraft(item, text, ORIGIN) for item, text in held.items() if text)
    return member(db, values=drafts, records=(), devices=(), guardianships=links, consents=consents)


def as_guardian(
    actor: Actor, do: Callable[[Subject], Any], purpose: Purpose = Purpose.CORRECT
) -> Any:  # noqa: ANN401
    """Do something in the guardian's own record."""
    with access.open(actor, actor.person, purpose, look=LOOK) as subject:
        return do(subject)


def verified(person: UUID, at: datetime = NOW, **more: Any) -> Actor:  # noqa: ANN401
    """Return who has just confirmed who they are."""
    return acting(person, at=at, verified_at=at, **more)


def jobs(db: PortalDb) -> list[tuple[str, dict[str, str]]]:
    """Return what waits in the queue."""
    with db.owner_data.connect() as data:
        found = data.execute(
            text("select task_name, args from jobs.procrastinate_jobs order by id")
        )
        return [(row.task_name, row.args) for row in found]


def work(db: PortalDb, letters: Letters, now: datetime = NOW) -> None:
    """Do what the worker does with wishes to be linked and with mail, until nothing waits."""
    house, done = House(db.work, db.keyring), 0
    while len(waiting := jobs(db)) > done:
        for task, given in waiting[done:]:
            if task == "link":
                ids = UUID(given["member_id"]), UUID(given["linking_id"])
                linking_search.look(house, *ids, now)
            elif task == "deliver":
                _deliver(db, letters, (UUID(given["member_id"]), UUID(given["message_id"])), now)
        done = len(waiting)
    with db.owner_data.begin() as data:
        data.execute(text("truncate jobs.procrastinate_jobs cascade"))


def _deliver(db: PortalDb, letters: Letters, key: tuple[UUID, UUID], now: datetime) -> None:
    with db.work.keys.connect() as keys, db.work.data.begin() as data:
        opened = outbox.sealer_of(keys, db.keyring, key[0])
        senders = delivery.Senders(letters, letters, HOME)
        guardians = guardian_mail.Guardians(keys, db.keyring)
        delivery.deliver(data, opened, key, senders, now, guardians)


def ask(actor: Actor, name: str = NAME, born: str = BORN, login: str = "") -> linking.Waiting:
    """Ask for a code."""
    found: linking.Waiting = as_guardian(
        actor, lambda s: linking.ask_code(s, linking.wish(name, born, login, s.today))
    )
    return found


def confirm(actor: Actor, code: str) -> tuple[linking.Outcome, UUID | None]:
    """Type a code in, as a parent."""
    found: tuple[linking.Outcome, UUID | None] = as_guardian(
        actor, lambda s: linking.confirm(s, code, LinkReason.PARENT)
    )
    return found
