"""Grants, changes and removals of access: who may, what stays on record, for how long (P26)."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from db.clock import SEOUL
from db.tables import keeping, ledger, ops
from db.words import ActorKind, CallWish, CaseReason, StaffChange, StaffRole
from services import (
    case_going_on,
    case_list,
    destruction,
    sessions,
    staff_changes,
    staff_register,
)
from services.actor import AccessDenied, StepUpRequired
from services.commands import staff as command
from services.staff_changes import NewStaff, StaffRefused, Training
from tests.calling import read, staff_actor, verified_case
from tests.people import NOW, acting, agent, member, open_case, portal_house
from tests.portal import Portal
from tests.restoring import Restoring, portal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from services.actor import Actor
    from services.staff_changes import Decision
    from tests.database import PortalDb

__all__ = ["portal"]

NEXT_YEAR = date(2027, 11, 22)
NEW = NewStaff("D-100", "Mina@Example.com", StaffRole.AGENT, NEXT_YEAR)


def boss(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    portal_house(db)
    who = agent(db, StaffRole.OFFICER)
    values = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(who, **(values | changes))


def do(db: PortalDb, actor: Actor, deed: Callable[[Connection, Decision], Any]) -> Any:  # noqa: ANN401
    with db.web.data.begin() as connection:
        return deed(connection, staff_changes.decision(actor, "새로 맡음"))


def register(db: PortalDb, who: UUID) -> Sequence[Row[Any]]:
    mine = select(ops.staff_access).where(ops.staff_access.c.staff_id == who)
    with db.work.data.connect() as connection:
        return connection.execute(mine.order_by(ops.staff_access.c.at)).all()


def add(db: PortalDb, actor: Actor, new: NewStaff = NEW) -> tuple[UUID, str]:
    who, secret = do(db, actor, lambda c, d: staff_changes.add(c, d, new, password=True))
    return who, secret


@pytest.mark.promise("P26", "P27")
def test_each_grant_change_and_removal_stands_in_the_register(portal_db: PortalDb) -> None:
    actor = boss(portal_db)
    who, _secret = add(portal_db, actor)
    training = Training(date(2026, 11, 20), date(2027, 11, 20), "개인정보 다루기")
    deeds: list[Callable[[Connection, Decision], Any]] = [
        lambda c, d: staff_changes.record_training(c, d, who, training),
        lambda c, d: staff_changes.renew(c, d, who, date(2028, 1, 31)),
        lambda c, d: staff_changes.change_role(c, d, who, StaffRole.OFFICER),
        lambda c, d: staff_changes.give_password(c, d, who),
        lambda c, d: staff_changes.end(c, d, who),
    ]
    for hours, deed in enumerate(deeds, start=1):
        later = NOW + timedelta(hours=hours)
        do(portal_db, replace(actor, at=later, verified_at=later), deed)
    rows = register(portal_db, who)
    assert [row.change for row in rows] == [
        StaffChange.GRANTED, StaffChange.TRAINED, StaffChange.ASSIGNED, StaffChange.ROLE,
        StaffChange.PASSWORD_GIVEN, StaffChange.ENDED,
    ]  # fmt: skip
    assert {(row.changed_by, row.why) for row in rows} == {(actor.person, "새로 맡음")}
    assert [row.at for row in rows] == [NOW + timedelta(hours=n) for n in range(6)]
    assert (rows[1].what, rows[1].held_on, rows[1].until) == (
        training.what, training.held_on, training.until,
    )  # fmt: skip
    assert rows[2].until == date(2028, 1, 31)
    with portal_db.work.data.connect() as connection:
        named = connection.scalars(select(ledger.event.c.reason).order_by(ledger.event.c.at))
        assert named.all() == [row.change for row in rows]


@pytest.mark.promise("P26")
@pytest.mark.parametrize("role", ["portal_web", "portal_work"])
@pytest.mark.parametrize(
    "verb",
    ["update {} set why = ''", "delete from {}", "truncate {}"],
    ids=["change", "delete", "all"],
)
def test_no_login_role_changes_or_deletes_a_row(portal_db: PortalDb, role: str, verb: str) -> None:
    agent(portal_db)
    engine = portal_db.web.data if role == "portal_web" else portal_db.work.data
    with engine.begin() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(verb.format("ops.staff_access")))
    assert getattr(caught.value.orig, "sqlstate", "") == "42501"


def test_the_portal_itself_changes_nobody_without_an_officer(portal_db: PortalDb) -> None:
    """Not even with statements of its own: the database asks who decides."""
    who = agent(portal_db)
    for by in ("", f'{{"by": "{who}"}}'):
        with portal_db.web.data.begin() as connection:
            connection.execute(
                text("select set_config('portal.staff_change', :b, true)"), {"b": by}
            )
            with pytest.raises(DBAPIError) as caught:
                connection.execute(update(ops.staff).values(role="officer"))
            assert getattr(caught.value.orig, "sqlstate", "") == "42501"
            connection.rollback()


@pytest.mark.promise("P26")
@pytest.mark.parametrize("deed", ["renew", "train", "password", "role"])
def test_nobody_prolongs_their_own_access(portal_db: PortalDb, deed: str) -> None:
    actor = boss(portal_db)
    agent(portal_db, StaffRole.OFFICER)
    deeds: dict[str, Callable[[Connection, Decision], Any]] = {
        "renew": lambda c, d: staff_changes.renew(c, d, actor.person, date(2029, 1, 1)),
        "train": lambda c, d: staff_changes.record_training(
            c, d, actor.person, Training(date(2026, 11, 20), date(2029, 1, 1), "x")
        ),
        "password": lambda c, d: staff_changes.give_password(c, d, actor.person),
        "role": lambda c, d: staff_changes.change_role(c, d, actor.person, StaffRole.AGENT),
    }
    with pytest.raises(StaffRefused, match="prolongs their own"):
        do(portal_db, actor, deeds[deed])
    assert len(register(portal_db, actor.person)) == 2, "as it began: granted, and trained"


def test_the_last_officer_stays_and_may_go_when_there_is_another(portal_db: PortalDb) -> None:
    actor = boss(portal_db)
    with pytest.raises(StaffRefused, match="last officer"):
        do(portal_db, actor, lambda c, d: staff_changes.end(c, d, actor.person))
    other = agent(portal_db, StaffRole.OFFICER)
    with pytest.raises(StaffRefused, match="own"):
        do(portal_db, actor, lambda c, d: staff_changes.change_role(
            c, d, actor.person, StaffRole.AGENT))  # fmt: skip
    do(portal_db, actor, lambda c, d: staff_changes.end(c, d, actor.person))
    with portal_db.work.data.begin() as connection, pytest.raises(StaffRefused, match="last"):
        # Nor does the command line leave the desk to nobody.
        staff_changes.end(connection, staff_changes.Decision(NOW, "x"), other)


@pytest.mark.promise("P26")
def test_an_account_that_ends_ends_at_once_in_running_sessions(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, who = boss(portal_db), agent(portal_db)
    browser = Portal.on(portal_db, monkeypatch)
    browser.sign_in(staff=who)
    case = open_case(portal_db, who, who)
    do(portal_db, actor, lambda c, d: staff_changes.end(c, d, who))
    with portal_db.web.data.begin() as connection:
        assert sessions.find(connection, browser.token, NOW) is None
        assert connection.scalar(select(ops.case.c.closed_at)) == NOW, case
    with pytest.raises(StaffRefused, match="ended already"):
        do(portal_db, actor, lambda c, d: staff_changes.end(c, d, who))


@pytest.mark.promise("P31")
def test_a_callers_case_stays_for_a_colleague_when_its_holder_ends(portal_db: PortalDb) -> None:
    portal_house(portal_db)
    actor, who, colleague = boss(portal_db), agent(portal_db), staff_actor(agent(portal_db))
    case = verified_case(staff_actor(who), member(portal_db), CallWish.CORRECT)
    do(portal_db, actor, lambda c, d: staff_changes.end(c, d, who))
    left = read(case.case_id)
    assert left.permissions == {"case_handle"}
    assert not left.verified
    assert not left.runs(NOW)
    with portal_db.web.data.begin() as connection:
        [listed] = case_list.page(connection, None).rows
        assert listed.case_id == case.case_id
        taken = case_going_on.take_over(
            connection, colleague, case.case_id, CaseReason.COLLEAGUE_AWAY
        )
    assert taken.permissions == {"case_handle"}, "the caller is verified anew"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"role": StaffRole.AGENT}, AccessDenied),
        ({"verified_at": None}, StepUpRequired),
        ({"lacks": None}, AccessDenied),
    ],
    ids=["agent", "unverified", "unknown"],
)
def test_only_an_officer_who_confirmed_decides(
    portal_db: PortalDb, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        add(portal_db, boss(portal_db, **changes))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (replace(NEW, staff_no=" "), "staff number"),
        (replace(NEW, login_id=""), "sign-in"),
        (replace(NEW, assigned_until=date(2026, 11, 21)), "before today"),
        (replace(NEW, staff_no="x" * 201), "at most 200"),
    ],
    ids=["number", "login", "ended", "long"],
)
def test_bad_input_gets_a_sentence(portal_db: PortalDb, new: NewStaff, said: str) -> None:
    with pytest.raises(StaffRefused, match=said):
        add(portal_db, boss(portal_db), new)


def test_a_number_and_a_sign_in_are_given_once(portal_db: PortalDb) -> None:
    actor = boss(portal_db)
    add(portal_db, actor)
    with pytest.raises(StaffRefused, match="staff number already"):
        add(portal_db, actor, replace(NEW, login_id="other"))
    with pytest.raises(StaffRefused, match="sign-in already"):
        add(portal_db, actor, replace(NEW, staff_no="D-101", login_id="MINA@example.com"))


@pytest.mark.promise("P26")
def test_the_register_is_kept_three_years_then_destroyed_with_a_record(
    portal_db: PortalDb,
) -> None:
    """By the day in Seoul: what happened three years ago today stays until tonight."""
    who = agent(portal_db)
    last, first = datetime(2023, 11, 21, 23, 59, tzinfo=SEOUL), datetime(2023, 11, 22, tzinfo=SEOUL)
    row = {"staff_id": who, "change": "granted", "role": "agent"}
    with portal_db.owner_data.begin() as connection:
        for at in (last, first):
            connection.execute(insert(ops.staff_access).values(
                access_id=func.gen_random_uuid(), at=at, **row))  # fmt: skip
    before = len(register(portal_db, who))
    for _ in range(2):
        with portal_db.work.data.begin() as connection:
            staff_register.destroy_old(connection, NOW)
    left = register(portal_db, who)
    assert len(left) == before - 1
    assert left[0].at == first
    with portal_db.work.data.connect() as connection:
        done = connection.execute(select(keeping.destruction)).one()
    assert (done.kind, done.rows, done.method) == ("staff_access", 1, "rows")
    destruction.run(portal_db.work, NOW)
    with portal_db.work.data.connect() as connection:
        run = connection.execute(select(keeping.destruction_run)).one()
    assert run.left_over == 0
    assert run.verified_at is not None
    with portal_db.work.data.begin() as connection:
        connection.execute(select(func.ops.forget_staff_access(date(2099, 1, 1), 1)))
    # Whatever day is named, nothing goes before its time by the real clock.
    assert len(register(portal_db, who)) == before - 2


def test_no_cell_of_the_file_is_run_by_a_spreadsheet(portal_db: PortalDb) -> None:
    actor = boss(portal_db)
    add(portal_db, actor, replace(NEW, staff_no="=1+1"))
    with portal_db.web.data.connect() as connection:
        file = staff_register.as_file(connection, actor, "en").decode("utf-8-sig")
    assert ",'=1+1,Access given,Support staff,2027-11-22," in file
    assert file.splitlines()[0].startswith("When,Staff number,What")


@pytest.mark.promise("P26")
def test_who_was_ended_since_a_backup_stays_ended_after_a_restore(portal: Restoring) -> None:
    db = portal.db
    actor, gone, kept = boss(db), agent(db), agent(db)
    file = portal.back_up()
    later = replace(actor, at=NOW + timedelta(hours=1), verified_at=NOW + timedelta(hours=1))
    do(db, later, lambda c, d: staff_changes.end(c, d, gone))
    do(db, later, lambda c, d: staff_changes.give_password(c, d, kept))
    new, _secret = add(db, later)
    portal.restore(file)
    with db.owner_data.connect() as connection:
        rows = {row.staff_id: row for row in connection.execute(select(ops.staff))}
        ended = select(ops.staff_access).where(ops.staff_access.c.change == "ended")
        said = connection.execute(ended).one()
    assert rows[gone].ended_at == later.at
    assert rows[kept].password_set_on is rows[kept].password_hash is None
    assert rows[new].login_id == "mina@example.com"
    assert (said.staff_id, said.at, said.changed_by) == (gone, later.at, actor.person)


def test_the_command_line_makes_the_first_officer(portal_db: PortalDb) -> None:
    def run(*given: str) -> str:
        parser = ArgumentParser()
        command.arguments(parser)
        with portal_db.work.data.begin() as data:
            return command.do(data, parser.parse_args(given), NOW, builtin=True)

    assert run("list") == "Nobody works here yet."
    secret = run("add", "D-1", "--login", "kim", "--role", "officer", "--until", "2027-01-31",
                 "--why", "first")  # fmt: skip
    assert len(secret.rpartition(" ")[2]) == 23
    run("train", "D-1", "--held", "2026-11-01", "--until", "2027-11-01", "--what", "law",
        "--why", "x")  # fmt: skip
    run("renew", "D-1", "--until", "2027-06-30", "--why", "x")
    assert run("list") == "D-1  officer  kim  no password"
    with portal_db.work.data.connect() as connection:
        [who] = connection.scalars(select(ops.staff.c.staff_id))
    rows = register(portal_db, who)
    assert {row.changed_by for row in rows} == {None}
    assert {row.change for row in rows} == {"granted", "trained", "assigned"}
    with pytest.raises(StaffRefused, match="no account"):
        run("end", "D-2", "--why", "x")
