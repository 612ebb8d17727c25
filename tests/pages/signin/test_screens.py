"""What every screen of the sign-in service has in common."""

from __future__ import annotations

import pytest

from pages.signin import visit
from services.catalogue import load
from tests.signing_in import Service, service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.database import PortalDb

SCREENS = ("/signin/password", "/signin/first", "/signin/forgot", "/signin/code", "/signin/logout")


@pytest.mark.parametrize("path", SCREENS)
def test_a_screen_speaks_the_chosen_language_and_needs_nothing_else(
    site: Service, path: str
) -> None:
    korean, english = site.browser("ko").open(path), site.browser("en").open(path)
    assert '<html lang="ko">' in korean.text
    assert '<html lang="en">' in english.text
    assert "지킴" in korean.text
    assert "Jikim" in english.text
    for page in (korean, english):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text
        assert "src=" not in page.text
        assert 'name="viewport"' in page.text


def test_every_label_of_the_screens_is_translated(site: Service) -> None:
    page = site.browser("ko").open("/signin/password").text
    for message in load():
        if isinstance(message.id, str) and len(message.id) > 12 and message.id in page:
            pytest.fail(message.id)


def test_password_managers_know_the_fields(site: Service) -> None:
    browser = site.browser()
    form = browser.open(browser.login()).text
    assert 'autocomplete="username"' in form
    assert 'autocomplete="current-password"' in form
    assert 'autocomplete="new-password"' in browser.open("/signin/password").text
    assert 'autocomplete="one-time-code"' in browser.open("/signin/code").text


def test_what_somebody_typed_is_shown_as_text(site: Service) -> None:
    browser = site.browser()
    answer = browser.fill(browser.login(), identifier='"><b>x</b>', password="p")
    assert "<b>x" not in answer.text


@pytest.mark.parametrize("path", ["/signin/forgot", "/signin/password", "/signin/code"])
@pytest.mark.parametrize("name", ["identifier", "code", "password", "form_token", "more"])
def test_a_field_that_holds_no_text_is_refused(site: Service, path: str, name: str) -> None:
    browser = site.browser()
    assert browser.http.post(path, data={name: "a\0b"}).status_code == 400
    assert browser.open(f"{path}?{name}=%00").status_code == 400
    with pytest.raises(ValueError, match="no text"):
        visit._fields(f"{name}=\ud800")


def test_members_of_another_provider_have_no_password_to_set_here(portal_db: PortalDb) -> None:
    url = "https://id.example.kr/.well-known/openid-configuration"
    with service(portal_db, member_metadata_url=url) as site:
        for path in ("first", "forgot", "code", "set"):
            assert site.browser().open(f"/signin/{path}").status_code == 404
        assert site.browser().open("/signin/password?for=staff").status_code == 200


@pytest.mark.parametrize(
    ("back", "leads"),
    [
        ("/policy?a=1", "/policy?a=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/길", "/"),
        ("", "/"),
    ],
)
def test_the_language_switch_leads_back_and_nowhere_else(
    site: Service, back: str, leads: str
) -> None:
    answer = site.browser("en").http.get("/language/ko", params={"back": back})
    assert answer.headers["location"] == leads
    assert answer.cookies["portal_language"] == "ko"
    assert "samesite=lax" in answer.headers["set-cookie"].lower()


def test_an_odd_language_is_korean(site: Service) -> None:
    assert site.browser("en").open("/language/xx").cookies["portal_language"] == "ko"


def test_cookies_are_bound_to_the_host_over_tls(portal_db: PortalDb) -> None:
    with service(portal_db, base_url="https://my.example.kr") as site:
        answer = site.browser().open("/signin/forgot")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-portal-form=")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie


def test_the_database_away_is_a_page(site: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    def away(*_: object) -> None:
        msg = "select 1"
        raise OperationalError(msg, {}, ConnectionError())

    with monkeypatch.context() as patched:
        patched.setattr(type(site.db.web.keys), "begin", away)
        answer = site.browser().fill("/signin/forgot", identifier="a@example.com")
    assert answer.status_code == 503
    assert "다시" in answer.text
