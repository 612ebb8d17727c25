"""The mailbox on disk, where the demo's mails and text messages go instead of the world."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from db.settings import Settings
    from services.mail import Mail
    from services.sms import Sms

KEPT = 200
"""Newest messages that are kept; the demo's disk must not fill."""


@dataclass(frozen=True)
class Stored:
    """One message in the mailbox. `at` is ISO text with its offset."""

    channel: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    at: str

    @property
    def moment(self) -> datetime:
        """Return when it was sent."""
        return datetime.fromisoformat(self.at)


class Mailbox:
    """Keeps each message as a file; both a `Mailer` and a `Texter`."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Take the folder and what tells the time."""
        self._folder, self._clock = folder, clock

    def send(self, message: Mail) -> None:
        """Keep a mail."""
        self._keep("email", message.to, message.subject, message.text)

    def text(self, message: Sms) -> None:
        """Keep a text message."""
        self._keep("sms", message.to, "", message.text)

    def _keep(self, channel: str, to: str, subject: str, text: str) -> None:
        now = self._clock()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{now:%Y%m%dT%H%M%S.%f}-{uuid4().hex}.json"
        draft = path.with_suffix(".new")
        stored = Stored(channel, to, subject, text, now.isoformat())
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(stored), file, ensure_ascii=False)
        # A reader sees a whole message or none.
        draft.replace(path)
        for old in sorted(self._folder.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)


def folder(settings: Settings) -> Path:
    """Return where the mailbox is."""
    return settings.var / "mailbox"


def in_use(settings: Settings) -> bool:
    """Return whether the demo's mailbox may be read by anybody on its page.

    Whoever has a public address or a sign-in provider has members of their own: no demo, and
    links to set a password must not lie open.
    """
    own = settings.member_metadata_url or settings.smtp_url or settings.sms_url
    return settings.demo and settings.on_this_computer and not own


def newest(place: Path, most: int = 50) -> list[Stored]:
    """Return the newest messages first; one that vanished or is damaged is left out."""
    found = []
    for path in sorted(place.glob("*.json"), reverse=True)[:most]:
        try:
            found.append(Stored(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return found
