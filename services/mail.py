"""Sends mail through one small interface: SMTP, or the mailbox on disk."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote, urlsplit

from db.settings import LOOPBACK, SettingsError
from db.words import N_

if TYPE_CHECKING:
    from datetime import datetime

    from db.settings import Settings

_TIMEOUT = 20  # seconds
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = 5
MESSAGE_ID: Final = "@jikim"
"""What follows our message's id in `Message-ID`; the same at every attempt."""


@dataclass(frozen=True)
class Mail:
    """One mail, plain text first."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    message_id: str = ""
    at: datetime | None = None


class NotSent(Exception):  # noqa: N818 (tried again later)
    """The server did not take a mail. Says which error it was: its own words hold the address."""


class Refused(NotSent):
    """The server says for good that there is no such mailbox: trying again is no use."""


class Mailer(Protocol):
    """Whoever can send a mail. Raises when it was not accepted."""

    def send(self, message: Mail) -> None:
        """Send one mail, or raise."""


@cache
def _tls() -> ssl.SSLContext:
    """Return what checks servers' certificates, made once: reading them all takes 20 ms."""
    return ssl.create_default_context()


class SmtpMailer:
    """SMTP with TLS: `smtps://` begins with it, `smtp://` starts it, or sends nothing.

    Only a server on this computer may go without (it can't be listened to), but never with a
    password.
    """

    def __init__(self, url: str, sender: str) -> None:
        """Take `smtp://user:password@host:port`. Raise `SettingsError` for another form."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise SettingsError(
                N_("The setting {name} is wrong: {reason}"),
                name="PORTAL_SMTP_URL",
                reason="must look like smtp://user:password@host:port",
            )
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

    def send(self, message: Mail) -> None:
        """Hand the mail to the server; raise `NotSent`, or `Refused`, when it isn't taken."""
        try:
            self._send(message)
        except Exception as error:  # noqa: BLE001 (whichever it is may name the address)
            code = getattr(error, "smtp_code", "")
            kind = Refused if _for_good(error) else NotSent
            raise kind(f"{type(error).__name__} {code}".strip()) from None

    def _send(self, message: Mail) -> None:
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(self._built(message))

    def _connect(self) -> smtplib.SMTP:
        context = _tls()
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)
        server.ehlo()
        # Fails where it isn't offered: somebody on the way may have taken the offer out.
        if self._host not in LOOPBACK or server.has_extn("starttls") or self._user:
            server.starttls(context=context)
        return server

    def _built(self, message: Mail) -> EmailMessage:
        built = EmailMessage()
        built["From"], built["To"], built["Subject"] = self._sender, message.to, message.subject
        if message.at:
            built["Date"] = format_datetime(message.at)
        if message.message_id:
            built["Message-ID"] = f"<{message.message_id}{MESSAGE_ID}>"
        # Out-of-office robots leave such mails alone (RFC 3834).
        built["Auto-Submitted"] = "auto-generated"
        built.set_content(message.text)
        if message.html:
            built.add_alternative(message.html, subtype="html")
        return built


def _for_good(error: Exception) -> bool:
    """Return whether the recipient was refused with a permanent code (5xx, RFC 5321)."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code // 100 == _PERMANENT for code, _ in error.recipients.values())


def mailer(settings: Settings, otherwise: Mailer) -> Mailer:
    """Return SMTP when it is set, else `otherwise` (the mailbox on disk)."""
    return SmtpMailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else otherwise
