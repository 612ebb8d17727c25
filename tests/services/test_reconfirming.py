"""Advertising is confirmed again every two years; silence is no (network act art. 50)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.event import listen

from db import places
from db.drafts import ConsentDraft
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox as rows
from db.words import Channel, ConsentKind
from services import outbox, reconfirming, use
from tests.people import NOW, granted, member

if TYPE_CHECKING:
    from datetime import datetime

    from tests.database import PortalDb


def ads(
    days: int,
    *,
    yes: bool = True,
    channel: Channel = Channel.EMAIL,
    language: str | None = None,
    kind: ConsentKind = ConsentKind.ADVERTISING,
) -> ConsentDraft:
    at = NOW - timedelta(days=days)
    return ConsentDraft(uuid4(), kind, yes, at, channel, language=language)


def run(db: PortalDb, now: datetime = NOW) -> int:
    with db.work.data.begin() as connection:
        return reconfirming.run(connection, now)


def remind(db: PortalDb, who: UUID, now: datetime = NOW) -> bool:
    with db.work.keys.connect() as keys:
        _store, sealer = outbox.sealer_of(keys, db.keyring, who)
    with db.work.data.begin() as connection:
        return reconfirming.remind(connection, (who, sealer), now)


def test_a_month_before_the_end_its_member_is_asked_once_with_the_day_of_the_yes(
    portal_db: PortalDb,
) -> None:
    who = member(portal_db, consents=(*granted(ConsentKind.MARKETING), ads(701)))
    assert run(portal_db) == 1
    assert remind(portal_db, who)
    assert not remind(portal_db, who)
    assert run(portal_db) == 0
    with portal_db.work.data.connect() as connection, portal_db.work.keys.connect() as keys:
        (one,) = connection.execute(select(rows)).all()
        _store, sealer = outbox.sealer_of(keys, portal_db.keyring, who)
        said = json.loads(sealer.open(one.sealed, places.outbox(one.message_id)))
    assert one.template == "consent_ending"
    assert (said["since"], said["until"]) == ("2024-12-21", "2026-12-21")


def test_nobody_else_is_asked(portal_db: PortalDb) -> None:
    member(portal_db, consents=(ads(699),))  # a month and a day
    member(portal_db, consents=(ads(720), ads(5)))  # confirmed meanwhile
    member(portal_db, consents=(ads(720), ads(5, yes=False)))  # withdrawn meanwhile
    member(portal_db, consents=(ads(731),))  # over
    member(portal_db, consents=granted(ConsentKind.MARKETING, at=NOW - timedelta(days=720)))
    assert run(portal_db) == 0


@pytest.mark.parametrize(
    ("known", "told"),
    [((), "ko"), (("en",), "en"), (("ko",), "ko"), (("ko", "en"), "en"), (("en", None), "en")],
)
def test_it_is_asked_in_the_language_of_the_newest_yes_that_has_one(
    portal_db: PortalDb, known: tuple[str | None, ...], told: str
) -> None:
    given = zip(known or (None,), (Channel.EMAIL, Channel.SMS), strict=False)
    drafts = (ads(720 - n, channel=c, language=one) for n, (one, c) in enumerate(given))
    assert remind(portal_db, member(portal_db, consents=tuple(drafts)))
    with portal_db.work.data.connect() as connection:
        assert connection.scalars(select(rows.c.language)).all() == [told]


def test_who_would_not_be_asked_takes_nobodys_place(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No terms know a night of e-mail: whoever came with one must not come first for a month."""
    monkeypatch.setattr(reconfirming, "MOST", 1)
    night = ads(720, kind=ConsentKind.ADVERTISING_NIGHT)
    for _ in range(3):
        who = member(portal_db, consents=(night,))
        assert not remind(portal_db, who)
    assert run(portal_db) == 0
    member(portal_db, consents=(ads(720),))
    assert run(portal_db) == 1


def test_neither_statement_of_the_daily_run_reads_all_consents(portal_db: PortalDb) -> None:
    read: list[str] = []

    def explain(
        connection: Any,  # noqa: ANN401
        cursor: Any,  # noqa: ANN401
        statement: str,
        parameters: Any,  # noqa: ANN401
        context: object,
        many: object,
    ) -> None:
        del cursor, context, many
        driver = connection.connection.driver_connection
        plan = driver.execute(f"explain {statement}", parameters).fetchall()
        read.append("\n".join(str(line) for line in plan))

    with portal_db.work.data.begin() as connection:
        connection.exec_driver_sql("set local enable_seqscan = off")
        listen(connection, "before_cursor_execute", explain)
        reconfirming.run(connection, NOW)
    assert len(read) == 2
    assert all("ix_consent_advertising" in plan for plan in read), read


def test_without_a_new_yes_it_ends_and_that_is_noted_once(portal_db: PortalDb) -> None:
    who = member(portal_db, consents=(*granted(ConsentKind.MARKETING), ads(730)))
    key = (ConsentKind.ADVERTISING, Channel.EMAIL)
    run(portal_db)
    with portal_db.work.data.connect() as connection:
        last = date(2026, 11, 22)
        assert key in use.standing(connection, LIVE, who, last).channels
        later = use.standing(connection, LIVE, who, last + timedelta(days=1))
        assert key not in later.channels
    for _ in range(2):
        run(portal_db, NOW + timedelta(days=1))
    with portal_db.owner_data.connect() as connection:
        noted = connection.execute(select(event.c.name, event.c.actor_kind)).all()
    assert [tuple(n) for n in noted] == [("consent_ended", "system")]


def test_the_end_of_a_companys_consent_is_noted_with_its_item(portal_db: PortalDb) -> None:
    gone = ConsentDraft(
        uuid4(), ConsentKind.THIRD_PARTY, granted=True, decided_at=NOW - timedelta(days=90),
        recipient="x", item="mobile", ends_on=date(2026, 11, 20),
    )  # fmt: skip
    member(portal_db, consents=(gone,))
    run(portal_db)
    with portal_db.owner_data.connect() as connection:
        assert connection.scalars(select(event.c["items"])).all() == [["mobile"]]
        jobs = connection.scalar(text("select count(*) from jobs.procrastinate_jobs"))
    assert jobs == 0
