"""The demo's mailbox (`/mailbox`): what would have been sent to the world. Absent elsewhere."""

from __future__ import annotations

from db.settings import settings
from pages.components import fragment
from pages.components.gate import guard
from services import mailbox
from services.actor import Permission

guard(Permission.PUBLIC)

if mailbox.in_use(settings()):
    fragment.draw("mailbox.html", messages=mailbox.newest(mailbox.folder(settings())))
