"""A wrong setting, key file or policy stops the start with a sentence that names it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import app
from db import embedded, policy
from db import settings as module
from db.keyring import KeyringError
from db.policy import POLICIES, PolicyError
from db.settings import Settings, SettingsError, settings
from services import policies, start
from tests.installing import install
from tests.people import NOW, member

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting but the test's own; never the var/ of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("PORTAL_") or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def stopped(capsys: pytest.CaptureFixture[str]) -> str:
    """Start the portal, expect that it stops, and return what it says."""
    with pytest.raises(SystemExit) as caught:
        app.main()
    said = str(caught.value.code)
    assert said.startswith("Jikim can't start. ")
    assert "Traceback" not in said + capsys.readouterr().err
    assert "{" not in said
    return said


WRONG = {
    "PORT": ("eighty", "0", "65536", "-1", "80.5"),
    "PORTAL_BASE_URL": (
        "http://my.example.kr", "my.example.kr", "https://my.example.kr/portal", "ftp://localhost",
        "https://", "https://my.example.kr?a=1", "https://my.example.kr#a", "https://:8501",
        "https://someone@my.example.kr", "https://my.example.kr:99999", "javascript:alert(1)",
    ),
    "PORTAL_TRUSTED_PROXIES": ("my-proxy", "10.0.0.0/33", "10.0.0.1,nonsense"),
    "PORTAL_DATABASE_URL": (
        "nonsense", "mysql://u:p@h/d", "postgresql://u:p@h:port/d", "postgresql://u:p@h/d",
        "postgresql://u:p@h/d?sslmode=prefer", "postgresql:///d?host=h",
        "postgresql://u:p@localhost/d?hostaddr=10.0.0.1", "postgresql:///d?host=/tmp,h",
    ),
    "PORTAL_SMS_URL": ("http://sms.example.kr/send", "sms.example.kr", "https://", "ftp://localhost"),
    "PORTAL_MEMBER_METADATA_URL": ("http://id.example.kr/.well-known/openid-configuration",),
    "PORTAL_VERIFY_METADATA_URL": ("http://localhost.example.kr/x",),
    "PORTAL_STAFF_METADATA_URL": ("file:///etc/passwd",),
    "PORTAL_KEYS_DATABASE_URL": ("nonsense",),
    "PORTAL_DEMO": ("perhaps",),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(SettingsError):
        settings()
    assert f"The setting {name} is wrong: " in stopped(capsys)


RIGHT: tuple[dict[str, str], ...] = (
    {"PORT": "1"},
    {"PORT": "65535"},
    {"PORTAL_BASE_URL": "https://my.example.kr/"},
    {"PORTAL_BASE_URL": "https://my.example.kr:8443"},
    {"PORTAL_BASE_URL": "http://localhost:8501"},
    {"PORTAL_BASE_URL": "http://127.0.0.1:8501"},
    {"PORTAL_BASE_URL": "http://[::1]:8501"},
    {"PORTAL_TRUSTED_PROXIES": " 10.0.0.1, 10.1.0.0/16 ,"},
    {
        "PORTAL_DATABASE_URL": "postgresql://u:p@h/d?sslmode=verify-full",
        "PORTAL_KEYS_DATABASE_URL": "postgresql://h/k?sslmode=require",
    },
    {
        "PORTAL_DATABASE_URL": "postgresql://u:p@127.0.0.1/d",
        "PORTAL_KEYS_DATABASE_URL": "postgresql:///k?host=/run/postgresql",
    },
    {"PORTAL_SMS_URL": "https://sms.example.kr/send"},
    {"PORTAL_SMS_URL": "http://127.0.0.1:8080/send"},
    {"PORTAL_MEMBER_METADATA_URL": "http://[::1]:9/.well-known/openid-configuration"},
    {},
)


@pytest.mark.parametrize("values", RIGHT, ids=str)
def test_a_right_setting_is_taken(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    given(monkeypatch, **values)
    assert not settings().address.endswith("/")


@pytest.mark.parametrize("name", ["PORTAL_DATABASE_URL", "PORTAL_KEYS_DATABASE_URL"])
def test_one_database_without_the_other_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    given(monkeypatch, **{name: "postgresql://u:p@localhost/d"})
    said = stopped(capsys)
    assert "PORTAL_DATABASE_URL" in said
    assert "PORTAL_KEYS_DATABASE_URL" in said


def test_a_server_that_does_not_answer_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://owner:very-secret@127.0.0.1:1/portal"
    given(monkeypatch, PORTAL_DATABASE_URL=url, PORTAL_KEYS_DATABASE_URL=f"{url}_keys")
    said = stopped(capsys)
    assert "PORTAL_DATABASE_URL" in said
    assert "very-secret" not in said


def test_settings_are_read_once_and_never_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PORT="8600")
    assert settings() is settings()
    assert settings().port == 8600
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings(), "port", 1)  # noqa: B010 (the type checker knows it too)
    assert module.settings is settings


def test_a_missing_key_file_of_an_installation_with_members_is_named(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fresh key could open nothing of what is there, so none is made."""
    db = install(own_folder)
    member(db)
    db.web.dispose()
    db.work.dispose()
    given(monkeypatch, PORTAL_VAR=str(own_folder))
    lost = own_folder / "keys" / "live.key"
    kept = lost.read_bytes()
    lost.unlink()
    addresses = start.prepare(settings(), NOW)
    with pytest.raises(KeyringError, match=r"live\.key"):
        start.house_of("portal_web", addresses, settings())
    assert "live.key" in stopped(capsys)
    assert not lost.exists()
    lost.write_bytes(kept[:-1])
    assert "live.key" in stopped(capsys)
    lost.write_bytes(kept)
    start.house_of("portal_web", addresses, settings()).databases.dispose()
    assert embedded.is_running(own_folder)


def test_a_wrong_policy_file_stops_the_start_with_the_line_and_the_reason(
    own_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (POLICIES / "2021-03-15.toml").read_text()
    lines = text.splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("in_force_from"))
    lines[number - 1] = 'in_force_from = "soon"'
    (tmp_path / "2021-03-15.toml").write_text("\n".join(lines))
    monkeypatch.setattr(policies, "policies", lambda: policy.policies(tmp_path))
    given(monkeypatch, PORTAL_VAR=str(own_folder))
    with pytest.raises(PolicyError):
        start.prepare(settings(), NOW)
    said = stopped(capsys)
    assert "2021-03-15.toml" in said
    assert f"line {number}" in said
    assert "in_force_from" in said


def test_a_folder_that_cant_be_written_to_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    given(monkeypatch, PORTAL_VAR=str(tmp_path / "file" / "var"))
    assert str(tmp_path / "file" / "var") in stopped(capsys)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
