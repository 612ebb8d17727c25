"""Mail, text messages, and the mailbox on disk."""

from __future__ import annotations

import json
import logging
import smtplib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx2
import pytest

from db.settings import Settings, SettingsError
from services import mail, mailbox, sms

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class FakeSmtp:
    """Stands for `smtplib.SMTP` and writes down what it was told."""

    told: list[Any]

    def __init__(self, *where: object, **_: object) -> None:
        FakeSmtp.told = [("connect", where)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        FakeSmtp.told.append("quit")

    def ehlo(self) -> None:
        FakeSmtp.told.append("ehlo")

    def has_extn(self, _: str) -> bool:
        return False

    def starttls(self, **_: object) -> None:
        FakeSmtp.told.append("starttls")

    def login(self, *who: str) -> None:
        FakeSmtp.told.append(("login", who))

    def send_message(self, message: Any) -> None:  # noqa: ANN401
        FakeSmtp.told.append(message)


def test_mail_goes_by_smtp_and_a_password_only_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtplib, "SMTP", FakeSmtp)
    sender = mail.SmtpMailer("smtp://me:p%40ss@mail.example.kr", "jikim@example.kr")
    sender.send(mail.Mail("a@example.com", "제목", "본문\n", "<p>본문</p>", "id1"))
    told = FakeSmtp.told
    assert told[:4] == [
        ("connect", ("mail.example.kr", 587)),
        "ehlo",
        "starttls",
        ("login", ("me", "p@ss")),
    ]
    assert (told[4]["To"], told[4]["Subject"]) == ("a@example.com", "제목")
    assert told[4].get_body(("plain",)).get_content() == "본문\n"


def told_without_a_password(monkeypatch: pytest.MonkeyPatch, url: str) -> list[Any]:
    monkeypatch.setattr(smtplib, "SMTP", FakeSmtp)
    mail.SmtpMailer(url, "jikim@example.kr").send(mail.Mail("a@example.com", "제목", "본문"))
    return FakeSmtp.told


def test_mail_leaves_this_computer_over_tls_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_offered(*_: object, **__: object) -> None:
        raise smtplib.SMTPNotSupportedError

    assert "starttls" in told_without_a_password(monkeypatch, "smtp://mail.example.kr")
    assert "starttls" not in told_without_a_password(monkeypatch, "smtp://localhost:25")
    monkeypatch.setattr(FakeSmtp, "starttls", not_offered)
    with pytest.raises(mail.NotSent):
        told_without_a_password(monkeypatch, "smtp://mail.example.kr")
    assert all(isinstance(told, tuple | str) for told in FakeSmtp.told)  # no message among them


@pytest.mark.parametrize("url", ["mail.example.kr", "http://mail.example.kr", "smtp://"])
def test_a_wrong_mail_address_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SMTP_URL"):
        mail.SmtpMailer(url, "x")


def test_a_text_is_one_request_and_anything_but_yes_is_no() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200 if len(asked) == 1 else 302)

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    texter = sms.HttpTexter("https://sms.example.kr/send", "secret", client)
    texter.text(sms.Sms("010-2345-6789", "안녕", "id1"))
    assert json.loads(asked[0].content) == {"to": "01023456789", "text": "안녕", "id": "id1"}
    assert asked[0].headers["authorization"] == "Bearer secret"
    with pytest.raises(sms.NotAccepted) as refused:
        texter.text(sms.Sms("010-2345-6789", "안녕", "id1"))
    assert "2345" not in str(refused.value)
    client.close()


TO_KIM = mail.Mail("kim@example.com", "제목", "본문")
TEXT = sms.Sms("010-2345-6789", "안녕")
REFUSALS = (
    smtplib.SMTPRecipientsRefused({"kim@example.com": (550, b"no kim@example.com here")}),
    smtplib.SMTPSenderRefused(501, b"kim@example.com", "kim@example.com"),
    ValueError("kim@example.com"),
)


def without_the_address(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("a worker").error("Job ended", exc_info=error)
    assert type(error).__name__ in caplog.text
    for secret in ("kim", "example.com", "2345"):
        assert secret not in caplog.text
        assert secret not in repr(error)
    assert error.__suppress_context__


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda e: type(e).__name__)
def test_a_refused_mail_says_nothing_of_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, refusal: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(smtplib, "SMTP", FakeSmtp)
    monkeypatch.setattr(FakeSmtp, "send_message", refuse)
    with pytest.raises(mail.NotSent, match=type(refusal).__name__) as caught:
        sender = mail.SmtpMailer("smtp://localhost", "jikim@example.kr")
        sender.send(TO_KIM)
    without_the_address(caught.value, caplog)


def test_a_text_service_that_is_away_says_nothing_of_the_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError(request.content.decode())

    with httpx2.Client(transport=httpx2.MockTransport(away)) as client:
        texter = sms.HttpTexter("https://sms.example.kr/send", "", client)
        with pytest.raises(sms.NotAccepted, match="ConnectError") as caught:
            texter.text(TEXT)
    without_the_address(caught.value, caplog)


def test_the_mailbox_lists_newest_first_and_is_private(tmp_path: Path) -> None:
    moments = iter(NOW + timedelta(seconds=i) for i in range(9))
    box = mailbox.Mailbox(tmp_path / "box", lambda: next(moments))
    box.send(mail.Mail("a@example.com", "하나", "본문"))
    box.text(sms.Sms("010-2345-6789", "둘"))
    (tmp_path / "box/99.json").write_text("{")
    found = mailbox.newest(tmp_path / "box")
    assert [(m.channel, m.text) for m in found] == [("sms", "둘"), ("email", "본문")]
    assert found[0].moment > found[1].moment
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "box").glob("2*.json"))


def test_the_mailbox_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT", 3)
    moments = iter(NOW + timedelta(seconds=i) for i in range(9))
    box = mailbox.Mailbox(tmp_path, lambda: next(moments))
    for number in range(5):
        box.send(mail.Mail("a@example.com", str(number), ""))
    assert [m.subject for m in mailbox.newest(tmp_path)] == ["4", "3", "2"]


@pytest.mark.parametrize(
    "changed",
    [
        {"demo": False},
        {"smtp_url": "smtp://a.kr"},
        {"sms_url": "https://a.kr"},
        {"member_metadata_url": "https://id.example.kr/.well-known/openid-configuration"},
    ],
)
def test_the_mailbox_is_open_in_the_demo_alone(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert mailbox.in_use(Settings(var=tmp_path, demo=True))
    assert not mailbox.in_use(Settings(var=tmp_path, **({"demo": True} | changed)))
