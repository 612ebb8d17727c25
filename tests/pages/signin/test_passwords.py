"""First, forgotten and changed passwords, and the delay after wrong ones."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from db.drafts import ValueDraft
from db.tables import ops
from db.words import Store
from services.identity import attempts, hashing
from tests.people import PLAIN
from tests.signing_in import PASSWORD

if TYPE_CHECKING:
    from uuid import UUID

    from tests.signing_in import Browser, Service

EMAIL, MOBILE = PLAIN["email"], PLAIN["mobile"]
NEW = "바닷가 작은 등대 셋"


def choose(browser: Browser, path: str, password: str = NEW, again: str | None = None) -> Any:  # noqa: ANN401
    return browser.fill(path, new_password=password, again=again or password)


def signs_in(site: Service, password: str, who: str = EMAIL) -> bool:
    return site.browser().sign_in(who, password).status_code == 303


@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
def test_who_joined_on_paper_sets_a_first_password_by_mail(site: Service, store: Store) -> None:
    member = site.member(password=None, store=store)
    browser = site.browser()
    assert browser.fill("/signin/first", identifier=EMAIL).status_code == 200
    site.work()
    assert site.letters.mails[0].to == EMAIL
    assert "첫 비밀번호" in site.letters.mails[0].text
    assert choose(browser, site.letters.link()).status_code == 200
    came = browser.arrive(browser.sign_in(EMAIL, NEW))
    assert came["claims"]["sub"] == str(member)
    site.work()
    assert "비밀번호가 바뀌었" in site.letters.mails[1].text


def test_who_joined_by_phone_sets_a_first_password_by_code(site: Service) -> None:
    site.member(password=None)
    browser = site.browser()
    assert (
        browser.fill("/signin/first", identifier="010 2345 6789").headers["location"]
        == "/signin/code"
    )
    site.work()
    assert site.letters.texts[0].to == MOBILE
    answer = browser.fill("/signin/code", code=f" {site.letters.code()} ")
    assert choose(browser, answer.headers["location"]).status_code == 200
    assert signs_in(site, NEW)


@pytest.mark.parametrize("written", ["full-width", "spaced"])
def test_a_code_may_be_typed_as_a_korean_keyboard_does(site: Service, written: str) -> None:
    browser, code = ask_code(site)
    wide = code.translate({ord("0") + n: ord("\uff10") + n for n in range(10)})
    typed = {"full-width": wide, "spaced": f" {code[:3]}-{code[3:]} "}[written]
    assert (
        browser.fill("/signin/code", code="\u0661\u0662\u0663\u0664\u0665\u0666").status_code == 400
    )
    assert browser.fill("/signin/code", code=typed).status_code == 303


def test_the_language_switch_does_not_repeat_a_links_secret(site: Service) -> None:
    site.member()
    browser = site.browser()
    browser.fill("/signin/forgot", identifier=EMAIL)
    site.work()
    link = site.letters.link()
    token = link.partition("=")[2]
    page = browser.open(link).text
    assert "back=%2Fsignin%2Fset" in page
    assert token not in page
    assert browser.open("/signin/set").status_code == 200  # where the switch leads back to
    assert choose(browser, "/signin/set").status_code == 200
    assert browser.open("/signin/set").status_code == 410


@pytest.mark.parametrize("who", ["nobody@example.com", "010-9999-8888"])
@pytest.mark.parametrize("path", ["/signin/first", "/signin/forgot"])
def test_an_unknown_person_gets_the_same_answer_and_the_same_work(
    site: Service, path: str, who: str
) -> None:
    site.member()
    known = EMAIL if "@" in who else MOBILE
    answers = [site.browser().fill(path, identifier=i) for i in (known, who)]
    texts = [a.text.replace(site_token(a.text), "") for a in answers]
    assert texts[0] == texts[1]
    assert [a.status_code for a in answers] == [answers[0].status_code] * 2
    assert [task for task, _ in site.jobs()] == ["recover", "recover"]
    site.work()
    assert len(site.letters.mails) + len(site.letters.texts) == 1


def site_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    return found[1] if found else "-"


def test_a_link_works_once_and_opening_it_is_not_using_it(site: Service) -> None:
    site.member()
    browser = site.browser()
    browser.fill("/signin/forgot", identifier=EMAIL)
    site.work()
    link = site.letters.link()
    assert [site.browser().open(link).status_code for _ in range(3)] == [200, 200, 200]
    assert choose(browser, link).status_code == 200
    assert browser.open(link).status_code == 410
    assert browser.open("/signin/set?token=made-up").status_code == 410
    assert signs_in(site, NEW)
    assert not signs_in(site, PASSWORD)


def test_a_link_ends_after_half_an_hour(site: Service) -> None:
    site.member()
    site.browser().fill("/signin/forgot", identifier=EMAIL)
    site.work()
    site.clock.pass_by(minutes=29, seconds=59)
    assert site.browser().open(site.letters.link()).status_code == 200
    site.clock.pass_by(seconds=1)
    assert site.browser().open(site.letters.link()).status_code == 410


def ask_code(site: Service) -> tuple[Browser, str]:
    site.member()
    browser = site.browser()
    browser.fill("/signin/forgot", identifier=MOBILE)
    site.work()
    return browser, site.letters.code()


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_allows_five_tries(site: Service) -> None:
    browser, code = ask_code(site)
    for _ in range(4):
        assert browser.fill("/signin/code", code=another(code)).status_code == 400
    assert browser.fill("/signin/code", code=code).status_code == 303
    assert browser.fill("/signin/code", code=code).status_code == 400


def test_a_sixth_try_is_no_try(site: Service) -> None:
    browser, code = ask_code(site)
    for _ in range(5):
        browser.fill("/signin/code", code=another(code))
    assert browser.fill("/signin/code", code=code).status_code == 400


def test_a_code_ends_after_ten_minutes(site: Service) -> None:
    browser, code = ask_code(site)
    site.clock.pass_by(minutes=10)
    assert browser.fill("/signin/code", code=code).status_code == 400


def test_a_code_works_only_in_the_browser_that_asked(site: Service) -> None:
    _, code = ask_code(site)
    assert site.browser().fill("/signin/code", code=code).status_code == 400


def test_who_share_a_mobile_get_a_code_each(site: Service) -> None:
    people: dict[str, UUID] = {}
    for name in ("하나", "두리"):
        values = (ValueDraft("nickname", name), ValueDraft("mobile", MOBILE))
        people[name] = site.member(values=values)
    browser = site.browser()
    browser.fill("/signin/forgot", identifier=MOBILE)
    site.work()
    of_duri = next(t for t in site.letters.texts if "두리" in t.text)
    code = of_duri.text.split("인증번호 ")[1][:6]
    choose(browser, browser.fill("/signin/code", code=code).headers["location"])
    came = browser.arrive(browser.sign_in(MOBILE, NEW))
    assert came["claims"]["sub"] == str(people["두리"])


def test_no_secret_is_stored_or_given_to_the_queue(site: Service) -> None:
    site.member()
    site.browser().fill("/signin/forgot", identifier=EMAIL)
    told = str(site.jobs())
    assert EMAIL not in told
    site.work()
    token = site.letters.link().split("=")[1]
    kept = str(site.rows(ops.one_time)) + str(site.rows(ops.outbox)) + str(site.jobs())
    assert token not in kept
    assert [row.sealed for row in site.rows(ops.outbox)] == [None]


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", None, "10자"),
        ("1234567890", None, "먼저"),
        ("aaaaaaaaaaaa", None, "먼저"),
        (NEW, "바닷가 작은 등대 넷", "서로 달라요"),
        ("가" * 201, None, "200자"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays_good(
    site: Service, password: str, again: str | None, said: str
) -> None:
    site.member()
    browser = site.browser()
    browser.fill("/signin/forgot", identifier=EMAIL)
    site.work()
    answer = choose(browser, site.letters.link(), password, again)
    assert answer.status_code == 400
    assert said in answer.text
    assert choose(browser, site.letters.link()).status_code == 200


def test_a_password_is_the_same_however_its_hangul_is_composed(site: Service) -> None:
    import unicodedata  # noqa: PLC0415

    site.member()
    assert signs_in(site, unicodedata.normalize("NFD", PASSWORD))


def change(
    site: Service, old: str = PASSWORD, new: str = NEW, path: str = "", who: str = EMAIL
) -> Any:  # noqa: ANN401
    return site.browser().fill(
        path or "/signin/password", identifier=who, password=old, new_password=new, again=new
    )


def test_changing_needs_the_present_password_and_ends_every_session(site: Service) -> None:
    member = site.member()
    browser = site.browser()
    browser.sign_in(EMAIL)
    with site.db.web.data.begin() as data:
        data.execute(
            insert(ops.session).values(
                session_id=uuid4(), token_digest=b"d", member_id=member,
                started_at=site.clock(), last_active_at=site.clock(),
            )
        )  # fmt: skip
    [code] = site.rows(ops.authorization_code)
    assert code.member_id == member
    assert change(site, old="not this one").status_code == 400
    assert change(site, new=PASSWORD).status_code == 400
    assert site.rows(ops.session)[0].revoked_at is None
    assert change(site).status_code == 200
    assert site.rows(ops.signin_session) == []
    assert site.rows(ops.authorization_code) == []
    assert site.rows(ops.session)[0].revoked_why == "password"
    assert signs_in(site, NEW)
    site.work()
    assert "비밀번호가 바뀌었" in site.letters.mails[0].text


def test_the_password_can_not_be_the_identifier(site: Service) -> None:
    site.member()
    assert "같을 수 없" in change(site, new=EMAIL.upper()).text


def test_staff_renew_an_overdue_password_and_sign_in(site: Service) -> None:
    site.staff("old", days_old=91)
    site.staff("gone", ended_at=site.clock())
    path = "/signin/password?for=staff"
    assert change(site, path=path, who="gone").status_code == 400
    assert change(site, path=path, who="old").status_code == 200
    assert site.browser().sign_in("old", NEW, provider="staff").status_code == 303


@pytest.mark.parametrize("who", [EMAIL, "nobody@example.com"])
def test_after_five_wrong_passwords_each_next_waits_longer(site: Service, who: str) -> None:
    site.member()
    for _ in range(5):
        assert site.browser().sign_in(who, "wrong").status_code == 400
    waits = []
    for _ in range(13):
        began = site.clock()
        while site.browser().sign_in(who, "wrong").status_code == 429:
            site.clock.pass_by(seconds=_until_next(site.clock() - began))
        waits.append(int((site.clock() - began).total_seconds()))
    assert waits == sorted(waits)
    assert waits[0] >= 1
    assert waits[-1] == 900


def _until_next(waited: timedelta) -> float:
    """Doubling steps, and then the last one: so that waits are measured in few requests."""
    passed = waited.total_seconds()
    return min(1.0 if passed == 0 else passed, 900 - passed) or 1.0


def test_while_waiting_the_right_password_waits_too_and_the_page_says_until_when(
    site: Service,
) -> None:
    site.member()
    for _ in range(9):
        site.browser().sign_in(EMAIL, "wrong")
        site.clock.pass_by(seconds=16)
    site.browser().sign_in(EMAIL, "wrong")
    answer = site.browser().sign_in(EMAIL)
    assert answer.status_code == 429
    from db.clock import SEOUL  # noqa: PLC0415

    until = site.clock().astimezone(SEOUL) + timedelta(seconds=33)
    assert f"{until:%H:%M:%S}" in answer.text
    site.clock.pass_by(seconds=32)
    assert signs_in(site, PASSWORD)
    # A right password starts the count anew.
    assert site.browser().sign_in(EMAIL, "wrong").status_code == 400


def test_asking_for_mail_again_and_again_is_slowed_down(site: Service) -> None:
    site.member()
    answers = [site.browser().fill("/signin/forgot", identifier=EMAIL) for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]


def test_one_address_guesses_at_a_pace_over_many_accounts(
    site: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.member()
    monkeypatch.setattr(attempts, "ADDRESS", attempts.Pace(3, attempts.EACH))
    for number in range(3):
        who = f"member{number}@example.com"
        assert site.browser(address="203.0.113.9").sign_in(who, "wrong").status_code == 400
    for asked in ("sign in", "forgot"):
        there = site.browser(address="203.0.113.9")
        answer = (
            there.sign_in(EMAIL)
            if asked == "sign in"
            else there.fill("/signin/forgot", identifier=EMAIL)
        )
        assert answer.status_code == 429
    # The account itself was not slowed down: its person signs in from elsewhere.
    assert site.browser(address="203.0.113.10").sign_in(EMAIL).status_code == 303


def test_a_crowd_is_told_to_come_back(site: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    site.member()
    full = BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(hashing, "_LINE", full)
    answer = site.browser().sign_in(EMAIL)
    assert answer.status_code == 503
    assert "1분" in answer.text
    full.release()
    assert site.browser().sign_in(EMAIL).status_code == 303
