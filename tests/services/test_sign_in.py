"""Whose session a sign-in makes: claims count once, just now, for the session that asked (P25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from db.drafts import ValueDraft
from db.settings import Settings
from db.tables import keys
from db.tables.ledger import event
from db.tables.ops import session as rows
from db.tables.ops import staff as staff_rows
from db.words import StaffLack, Store
from services import sessions, sign_in
from services.claims import ANSWER_LASTS, SKEW, answers
from services.claims import verified_at as proved_at
from services.sessions import Session
from services.sign_in import SignInRefused
from tests.people import NOW, PLAIN, agent, member, portal_house

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P25")

OWN = "http://localhost:8501/signin"
OTHER = "https://id.example.com"
TOKEN = "a browser's cookie"
LONG_AGO = NOW - timedelta(days=29)
SECONDS = st.integers(-40 * 86400, 40 * 86400).map(lambda n: timedelta(seconds=n))


@pytest.fixture(autouse=True)
def _house(portal_db: PortalDb) -> None:
    portal_house(portal_db)


LATE = (StaffLack.PASSWORD,)


def claims(
    sub: object = None,
    provider: str = "member",
    at: datetime = NOW,
    iss: str = OTHER,
    **more: object,
) -> dict[str, Any]:
    """What a provider says of somebody who proved who they are at `at`."""
    return {
        "is_logged_in": True, "provider": provider, "iss": iss, "sub": str(sub or uuid4()),
        "iat": int(at.timestamp()), "auth_time": int(at.timestamp()),
    } | more  # fmt: skip


def by_email(email: object = PLAIN["email"], **more: object) -> dict[str, Any]:
    return claims(email=email, email_verified=True) | more


def asked(db: PortalDb, provider: str = "member", now: datetime = NOW) -> Session:
    """Ask, as this browser's session, and return it."""
    with db.web.data.begin() as connection:
        sessions.ask(connection, TOKEN, provider, now, return_to="/")
        return here(sessions.find(connection, TOKEN, now))


def here(session: Session | None) -> Session:
    assert session
    return session


def adopt(db: PortalDb, session: Session, given: dict[str, Any], now: datetime = NOW) -> Session:
    with db.web.data.begin() as connection:
        sign_in.adopt(connection, session, given, OWN, now)
        return here(sessions.find(connection, TOKEN, now))


def sign(db: PortalDb, given: dict[str, Any], now: datetime = NOW) -> Session:
    """Sign in with these claims; return the session."""
    return adopt(db, asked(db, str(given["provider"]), now), given, now)


def refused(db: PortalDb, session: Session, given: dict[str, Any], now: datetime = NOW) -> str:
    """Expect a refusal that a person can read; return its words."""
    with pytest.raises(SignInRefused) as caught:
        adopt(db, session, given, now)
    assert caught.value.message.endswith(".")
    for value in (given.get("sub"), given.get("email")):
        assert not value or str(value) not in str(caught.value)
    return caught.value.message


def links(db: PortalDb) -> Sequence[Row[Any]]:
    with db.work.keys.connect() as connection:
        return connection.execute(select(keys.sign_in)).all()


def waiting(at: datetime | None = NOW, provider: str | None = "member") -> Session:
    return Session(
        uuid4(), None, None, None, None, at or NOW, at or NOW, None, None, provider, at, "/", None
    )


@given(issued=SECONDS, read=SECONDS)
def test_claims_count_only_after_they_were_asked_for_and_only_at_once(
    issued: timedelta, read: timedelta
) -> None:
    count = answers(waiting(), claims(at=NOW + issued), NOW + read)
    assert count == (
        issued >= -SKEW and read >= issued - SKEW and read - issued <= ANSWER_LASTS + SKEW
    )


def test_what_streamlit_kept_for_a_month_signs_nobody_in() -> None:
    assert not answers(waiting(), claims(at=LONG_AGO), NOW)
    # Asked a month ago, closed on the way back, opened today.
    assert not answers(waiting(LONG_AGO), claims(at=LONG_AGO + timedelta(seconds=9)), NOW)
    assert answers(waiting(), claims(at=NOW + timedelta(seconds=9)), NOW + timedelta(seconds=10))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iat": None}, {"iat": True}, {"iat": str(int(NOW.timestamp()))}, {"iat": float("nan")},
        {"iat": 1e30}, {"iat": -1e30}, {"iat": int(NOW.timestamp()) + 120}, {"provider": "staff"},
        {"provider": "verify"}, {"provider": None}, {"is_logged_in": False}, {"is_logged_in": "no"},
    ],
    ids=str,
)  # fmt: skip
def test_claims_that_answer_nothing(wrong: dict[str, object]) -> None:
    assert answers(waiting(), claims(), NOW)
    assert not answers(waiting(), claims() | wrong, NOW)


def test_claims_that_nobody_asked_for_and_none_at_all() -> None:
    assert not answers(waiting(None, None), claims(), NOW)
    assert not answers(waiting(NOW, None), claims() | {"provider": None}, NOW)
    assert not answers(waiting(), {}, NOW)


def test_an_answer_counts_once(portal_db: PortalDb) -> None:
    member(portal_db)
    given_ = by_email()
    session = sign(portal_db, given_)
    assert not answers(session, given_, NOW)


def test_a_verified_email_links_once_and_then_the_subject_is_known(portal_db: PortalDb) -> None:
    one = member(portal_db)
    given_ = by_email(" Haneul@Example.com ")
    session = sign(portal_db, given_)
    assert (session.member_id, session.staff_id, session.store) == (one, None, Store.LIVE)
    assert (session.signed_in_at, session.verified_at) == (NOW, NOW)
    # From here on the subject says who it is, whatever its e-mail.
    assert sign(portal_db, given_ | {"email": "else@example.com"}).member_id == one
    assert len(links(portal_db)) == 1
    with portal_db.work.data.connect() as connection:
        assert set(connection.scalars(select(event.c.name))) == {"signed_in"}


@pytest.mark.parametrize("verified", [False, None, "true", "True", 1, [True]], ids=repr)
def test_an_unverified_email_never_links(portal_db: PortalDb, verified: object) -> None:
    member(portal_db)
    refused(portal_db, asked(portal_db), by_email(email_verified=verified))
    assert links(portal_db) == []


@pytest.mark.parametrize("email", [None, "", "nobody@example.com", 7, ["a@example.com"]], ids=repr)
def test_an_email_that_leads_nowhere_is_refused(portal_db: PortalDb, email: object) -> None:
    member(portal_db)
    refused(portal_db, asked(portal_db), by_email(email=email))
    assert links(portal_db) == []


def test_two_members_with_one_email_are_never_guessed_between(portal_db: PortalDb) -> None:
    for _ in range(2):
        member(portal_db, values=(ValueDraft("email", PLAIN["email"]),))
    refused(portal_db, asked(portal_db), by_email())
    assert links(portal_db) == []


def test_a_refusal_leaves_nobody_signed_in(portal_db: PortalDb) -> None:
    member(portal_db)
    refused(portal_db, asked(portal_db), claims())
    with portal_db.web.data.begin() as connection:
        assert here(sessions.find(connection, TOKEN, NOW)).person is None


def test_subjects_that_differ_in_case_alone_are_two_people(portal_db: PortalDb) -> None:
    member(portal_db)
    sign(portal_db, by_email(sub="AbCd"))
    refused(portal_db, asked(portal_db), claims(sub="aBcD"))
    refused(portal_db, asked(portal_db), claims(sub="AbCd "))
    refused(portal_db, asked(portal_db), claims(sub="AbCd", iss="https://other.example.com"))


def test_a_linked_subject_stays_with_its_person(portal_db: PortalDb) -> None:
    one = member(portal_db)
    other = member(portal_db, values=(ValueDraft("email", "other@example.com"),))
    sign(portal_db, by_email(sub="s"))
    assert sign(portal_db, by_email("other@example.com") | {"sub": "s"}).member_id == one
    assert [link.member_id for link in links(portal_db)] == [one] != [other]


@pytest.mark.parametrize("sub", [None, "", 7, "not-a-uuid", "1" * 5000, "\u0000", "🙂"], ids=ascii)
@pytest.mark.parametrize("iss", [OWN, OTHER])
def test_a_malformed_subject_is_refused(portal_db: PortalDb, sub: object, iss: str) -> None:
    member(portal_db)
    refused(portal_db, asked(portal_db), claims(iss=iss) | {"sub": sub})
    assert links(portal_db) == []


@pytest.mark.parametrize("name", ["sub", "iss"])
def test_a_token_without_subject_or_issuer_is_nobodys_even_with_an_email(
    portal_db: PortalDb, name: str
) -> None:
    member(portal_db)
    given_ = by_email()
    del given_[name]
    refused(portal_db, asked(portal_db), given_)
    assert links(portal_db) == []


def test_the_built_in_services_subject_is_the_members_id(portal_db: PortalDb) -> None:
    one = member(portal_db)
    assert sign(portal_db, claims(one, iss=OWN)).member_id == one


def test_another_issuer_cant_name_a_member_by_id(portal_db: PortalDb) -> None:
    one = member(portal_db)
    refused(portal_db, asked(portal_db), claims(one, iss=OTHER))


def test_an_id_of_nobody_is_refused_and_not_linked(portal_db: PortalDb) -> None:
    refused(portal_db, asked(portal_db), claims(uuid4(), iss=OWN))
    assert links(portal_db) == []


def test_a_sleeping_member_signs_in_and_one_who_left_does_not(portal_db: PortalDb) -> None:
    asleep, gone = member(portal_db, Store.DORMANT), member(portal_db, Store.RETAINED)
    assert sign(portal_db, claims(asleep, iss=OWN)).store is Store.DORMANT
    refused(portal_db, asked(portal_db), claims(gone, iss=OWN))


def test_staff_and_members_have_doors_of_their_own(portal_db: PortalDb) -> None:
    one, staff = member(portal_db), agent(portal_db)
    refused(portal_db, asked(portal_db, "staff"), claims(one, "staff", iss=OWN))
    refused(portal_db, asked(portal_db), claims(staff, iss=OWN))
    # Neither wrong door spoils the right one.
    assert sign(portal_db, claims(staff, "staff", iss=OWN)).staff_id == staff
    with portal_db.web.data.begin() as connection:
        sessions.revoke(connection, asked(portal_db).session_id, NOW, "test")
    assert sign(portal_db, claims(one, iss=OWN)).member_id == one
    assert "staff" in refused(portal_db, asked(portal_db, "staff"), claims(one, "staff", iss=OWN))
    assert "members" in refused(portal_db, asked(portal_db), claims(staff, iss=OWN))


def test_staff_link_by_a_verified_email_that_is_their_login(portal_db: PortalDb) -> None:
    staff = agent(portal_db)
    with portal_db.work.data.begin() as connection:
        connection.execute(update(staff_rows).values(login_id="kim@example.com"))
    wrong = by_email("kim@example.com", provider="staff", email_verified=False)
    refused(portal_db, asked(portal_db, "staff"), wrong)
    right = wrong | {"email_verified": True}
    session = sign(portal_db, right)
    assert (session.staff_id, session.member_id, session.store) == (staff, None, None)


@pytest.mark.promise("P26")
@pytest.mark.parametrize(
    ("said", "missing"),
    [({"password_changed_at": "2026-11-01"}, ()), ({"password_changed_at": "2026-08-01"}, LATE),
     ({}, LATE)],
    ids=["fresh", "old", "silent"],
)  # fmt: skip
def test_another_provider_says_how_old_a_staff_password_is(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], missing: object
) -> None:
    """What it doesn't say counts as never set, whatever was on record before."""
    abroad = Settings(staff_metadata_url="https://id.example.kr/openid")
    monkeypatch.setattr(sign_in, "settings", lambda: abroad)
    agent(portal_db, login_id="kim@example.com")
    session = sign(portal_db, by_email("kim@example.com", provider="staff") | said)
    actor = session.actor(NOW)
    assert actor is not None
    assert actor.lacks == missing


def test_staff_who_left_sign_in_no_more(portal_db: PortalDb) -> None:
    staff = agent(portal_db)
    given_ = claims(staff, "staff", iss=OWN)
    sign(portal_db, given_)
    with portal_db.work.data.begin() as connection:
        connection.execute(update(staff_rows).values(ended_at=NOW))
    refused(portal_db, asked(portal_db, "staff"), given_)
    refused(
        portal_db, asked(portal_db, "staff"), given_ | {"sub": str(agent(portal_db))[:-1] + "z"}
    )


def verifying(
    db: PortalDb, who: UUID, later: timedelta = timedelta(hours=1)
) -> tuple[Session, datetime]:
    """Return a session signed in at `NOW` that asks for a verification `later`, and when."""
    with db.work.data.begin() as connection:
        connection.execute(rows.delete())
    sign(db, claims(who, iss=OWN))
    now = NOW + later
    with db.work.data.begin() as connection:
        connection.execute(update(rows).values(last_active_at=now))
    return asked(db, "verify", now), now


def verified_at(db: PortalDb) -> datetime | None:
    with db.work.data.connect() as connection:
        return connection.scalar(select(rows.c.verified_at))


def test_a_verification_renews_and_is_not_a_sign_in(portal_db: PortalDb) -> None:
    one = member(portal_db)
    session, now = verifying(portal_db, one)
    assert verified_at(portal_db) == NOW
    found = adopt(portal_db, session, claims(one, "verify", now, iss=OWN), now)
    assert (found.verified_at, found.signed_in_at, found.member_id) == (now, NOW, one)
    assert (found.asked_provider, found.asked_at) == (None, None)


def test_a_verification_as_someone_else_changes_nothing(portal_db: PortalDb) -> None:
    one, other = member(portal_db), member(portal_db)
    session, now = verifying(portal_db, one)
    refused(portal_db, session, claims(other, "verify", now, iss=OWN), now)
    assert verified_at(portal_db) == NOW
    with portal_db.web.data.begin() as connection:
        assert here(sessions.find(connection, TOKEN, now)).member_id == one


def test_a_verification_without_a_sign_in_is_nobodys(portal_db: PortalDb) -> None:
    one = member(portal_db)
    refused(portal_db, asked(portal_db, "verify"), claims(one, "verify", iss=OWN))


def test_a_verification_links_its_subject_to_who_is_here_alone(portal_db: PortalDb) -> None:
    one = member(portal_db)
    member(portal_db, values=(ValueDraft("email", "other@example.com"),))
    session, now = verifying(portal_db, one)
    before = links(portal_db)
    given_ = by_email(provider="verify", sub="subject-9", iat=int(now.timestamp()))
    given_ |= {"auth_time": int(now.timestamp())}
    refused(portal_db, session, given_ | {"email": "other@example.com"}, now)
    refused(portal_db, session, given_ | {"email_verified": False}, now)
    refused(portal_db, replace(session, member_id=None), given_, now)
    assert links(portal_db) == before
    assert adopt(portal_db, session, given_, now).verified_at == now
    assert len(links(portal_db)) == len(before) + 1


def test_a_second_subject_of_a_provider_takes_nobody_over(portal_db: PortalDb) -> None:
    one = member(portal_db)
    assert sign(portal_db, by_email(sub="first")).member_id == one
    refused(portal_db, asked(portal_db), by_email(sub="second"))
    assert len(links(portal_db)) == 1
    # Another provider of the same person does link.
    assert sign(portal_db, by_email(sub="x", iss="https://else.example.com")).member_id == one


def test_who_left_is_not_linked_nor_in_the_way(portal_db: PortalDb) -> None:
    email = (ValueDraft("email", PLAIN["email"]),)
    member(portal_db, Store.RETAINED, values=email)
    refused(portal_db, asked(portal_db), by_email())
    one = member(portal_db, values=email)
    assert sign(portal_db, by_email()).member_id == one


@pytest.mark.parametrize("acr", [None, "low", ["high"], "HIGH"], ids=repr)
def test_a_weaker_confirmation_than_asked_for_is_refused(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, acr: object
) -> None:
    monkeypatch.setattr(sign_in, "settings", lambda: Settings(verify_acr="high"))
    one = member(portal_db)
    session, now = verifying(portal_db, one)
    given_ = claims(one, "verify", now, iss=OWN)
    refused(portal_db, session, given_ | {"acr": acr}, now)
    assert verified_at(portal_db) == NOW
    assert adopt(portal_db, session, given_ | {"acr": "high"}, now).verified_at == now


@given(proved=st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.floats(), SECONDS))
def test_only_a_proof_after_the_request_verifies(proved: object) -> None:
    """As `adopt` decides: `auth_time` missing, malformed or before the request proves nothing."""
    one = uuid4()
    session = replace(waiting(provider="verify"), member_id=one, signed_in_at=NOW)
    at = (NOW + proved).timestamp() if isinstance(proved, timedelta) else proved
    given_ = claims(one, "verify", iss=OWN) | {"auth_time": at}
    found = proved_at(given_, NOW)
    fresh = isinstance(proved, timedelta) and proved >= -SKEW
    if isinstance(proved, float):
        fresh = (
            proved >= (NOW - SKEW).timestamp()
            and proved < datetime.max.replace(tzinfo=UTC).timestamp()
        )
    if fresh:
        sign_in._check_verification(session, one, found)
        assert found
        assert found <= NOW  # a provider's fast clock gains nothing
    else:
        with pytest.raises(SignInRefused):
            sign_in._check_verification(session, one, found)


@pytest.mark.parametrize(
    "proved", [None, True, "now", LONG_AGO.timestamp(), float("inf")], ids=repr
)
def test_an_old_or_missing_auth_time_leaves_the_old_verification(
    portal_db: PortalDb, proved: object
) -> None:
    one = member(portal_db)
    session, now = verifying(portal_db, one)
    given_ = claims(one, "verify", now, iss=OWN) | {"auth_time": proved}
    refused(portal_db, session, given_, now)
    assert verified_at(portal_db) == NOW


def test_a_sign_in_without_auth_time_signs_in_and_verifies_nothing(portal_db: PortalDb) -> None:
    one = member(portal_db)
    given_ = claims(one, iss=OWN)
    del given_["auth_time"]
    session = sign(portal_db, given_)
    assert (session.member_id, session.verified_at) == (one, None)
    actor = session.actor(NOW)
    assert actor
    assert not actor.verified


def test_an_auth_time_in_the_future_ends_no_later(portal_db: PortalDb) -> None:
    one = member(portal_db)
    ahead = (NOW + timedelta(days=1)).timestamp()
    session = sign(portal_db, claims(one, iss=OWN, auth_time=ahead))
    assert session.verified_at == NOW


def test_an_answer_that_was_refused_is_asked_for_no_more(portal_db: PortalDb) -> None:
    session = asked(portal_db)
    with portal_db.web.data.begin() as connection:
        sign_in.unasked(connection, session)
        found = here(sessions.find(connection, TOKEN, NOW))
    assert (found.asked_provider, found.asked_at) == (None, None)


def test_staff_are_confirmed_as_staff_and_as_nobody_else(portal_db: PortalDb) -> None:
    mine, other = agent(portal_db), agent(portal_db)
    sign(portal_db, claims(mine, "staff", iss=OWN))
    with portal_db.work.data.begin() as connection:
        connection.execute(update(rows).values(verified_at=NOW - timedelta(hours=1)))
    session = asked(portal_db, "staff-verify")
    refused(portal_db, session, claims(other, "staff-verify", iss=OWN))
    refused(portal_db, session, claims(member(portal_db), "staff-verify", iss=OWN))
    assert verified_at(portal_db) == NOW - timedelta(hours=1)
    assert adopt(portal_db, session, claims(mine, "staff-verify", iss=OWN)).verified_at == NOW
