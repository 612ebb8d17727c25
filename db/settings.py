"""Settings from `PORTAL_…` variables, typed; a wrong one stops the start and is named."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.errors import PortalError
from db.words import N_

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
"""What makes PostgreSQL's client insist on TLS; without one of these it goes on in the clear."""


def _on_this_computer(url: URL) -> bool:
    """Return whether every host that this address names is this computer (or its socket)."""
    given = [url.host or "", *(url.query.get(name, "") for name in ("host", "hostaddr"))]
    named = [one for part in given for one in ([part] if isinstance(part, str) else part)]
    hosts = [host for one in named for host in one.split(",") if host]
    return all(host in LOOPBACK or host.startswith("/") for host in hosts)


class SettingsError(PortalError):
    """A setting is missing or wrong."""


class Settings(BaseSettings):
    """Every setting of the portal. The README lists them from this class."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True, extra="ignore")

    port: int = Field(8501, ge=1, le=65535, validation_alias="PORT", description="Port to serve.")
    host: str = Field("127.0.0.1", description="Interface to listen on.")
    base_url: str = Field("", description="Public address, e.g. https://my.example.kr.")
    var: Path = Field(ROOT / "var", description="Folder of the embedded server, keys and mailbox.")
    database_url: str = Field("", description="PostgreSQL for the data; empty: embedded.")
    keys_database_url: str = Field("", description="PostgreSQL for the keys; empty: embedded.")
    web_password: str = Field("", description="Password of the role portal_web on your server.")
    work_password: str = Field("", description="Password of the role portal_work on your server.")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of TLS proxies whose X-Forwarded headers count, by comma."
    )
    keys_backup: str = Field(
        "",
        description="File of the newest backup of the keys; empty: `backup/keys.backup` below "
        "PORTAL_VAR.",
    )
    smtp_url: str = Field("", description="smtp://user:password@host:port; empty: mailbox on disk.")
    mail_from: str = Field("jikim@localhost", description="Sender of mail.")
    sms_url: str = Field("", description="HTTP address of the SMS service; empty: mailbox on disk.")
    sms_token: str = Field("", description="Bearer token for the SMS service.")
    member_metadata_url: str = Field("", description="OIDC discovery URL of the members' sign-in.")
    member_client_id: str = Field("", description="Client id at the members' sign-in.")
    member_client_secret: str = Field("", description="Client secret at the members' sign-in.")
    verify_metadata_url: str = Field("", description="OIDC discovery URL for verification.")
    verify_client_id: str = Field("", description="Client id for verification.")
    verify_client_secret: str = Field("", description="Client secret for verification.")
    verify_acr: str = Field("", description="acr_values asked of the verification provider.")
    staff_metadata_url: str = Field("", description="OIDC discovery URL of the staff's sign-in.")
    staff_client_id: str = Field("", description="Client id at the staff's sign-in.")
    staff_client_secret: str = Field("", description="Client secret at the staff's sign-in.")
    staff_password_claim: str = Field(
        "password_changed_at",
        description="Claim of the staff's sign-in that says when a password was set: seconds "
        "since 1970, or a day; without it the desk stays shut.",
    )
    dormancy: bool = Field(
        default=True, description="Let accounts sleep that nobody uses, as the policy says."
    )
    demo: bool = Field(default=True, description="Make the demo family on an empty installation.")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(p.strip() for p in value.split(",") if p.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one, strict=False)
        return value

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or more):
            msg = "must look like https://my.example.kr, without a path"
            raise ValueError(msg)
        _ = parts.port  # raises ValueError for one that can't be
        if value and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            msg = "must be https, except on this computer itself"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("sms_url", "member_metadata_url", "verify_metadata_url", "staff_metadata_url")
    @classmethod
    def _private(cls, value: str) -> str:
        parts = urlsplit(value)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if value and not (safe and parts.hostname):
            msg = "must begin with https://, except on this computer itself"
            raise ValueError(msg)
        return value

    @field_validator("database_url", "keys_database_url")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        url = None
        try:
            url = make_url(value) if value else None
            right = url is None or url.get_backend_name() == "postgresql"
        except (ArgumentError, ValueError):
            right = False
        if not right:
            msg = "must look like postgresql://user:password@host/database"
            raise ValueError(msg)
        private = url is None or _on_this_computer(url) or url.query.get("sslmode") in _TLS_MODES
        if not private:
            msg = "needs ?sslmode=verify-full (or require) for a server on another computer"
            raise ValueError(msg)
        return value

    @property
    def keys_backup_file(self) -> Path:
        """Return where the newest backup of the keys is kept: one file, written anew each time."""
        return Path(self.keys_backup or self.var / "backup" / "keys.backup")

    @property
    def address(self) -> str:
        """Return where the portal is reached, without a trailing slash."""
        return self.base_url or f"http://localhost:{self.port}"

    @property
    def secure(self) -> bool:
        """Return whether browsers reach the portal over TLS."""
        return self.address.startswith("https://")

    @property
    def on_this_computer(self) -> bool:
        """Return whether browsers reach the portal from this computer only."""
        return urlsplit(self.address).hostname in LOOPBACK

    @property
    def embedded(self) -> bool:
        """Return whether the database is the embedded one."""
        return not self.database_url


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings, read once. Raise `SettingsError` naming the first wrong one."""
    try:
        found = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        variable = name if name == "PORT" else f"PORTAL_{name.upper()}"
        raise SettingsError(
            N_("The setting {name} is wrong: {reason}"), name=variable, reason=first["msg"]
        ) from None
    if bool(found.database_url) != bool(found.keys_database_url):
        raise SettingsError(
            N_("Set both PORTAL_DATABASE_URL and PORTAL_KEYS_DATABASE_URL, or neither.")
        )
    return found
