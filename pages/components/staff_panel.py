"""The officer's list of staff: what each lacks, and what an officer can do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.law import law
from db.settings import settings
from db.words import StaffRole
from pages.components import said, sign_in_panel, staff_forms
from pages.components.fragment import draw
from pages.components.standing_panel import LACKS
from pages.components.text import _
from services.staff_register import ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.actor import Actor
    from services.staff_register import Account

SECRET: Final = "jk_staff_secret"  # noqa: S105 (the place it waits in)


def head(actor: Actor, found: Sequence[Account]) -> None:
    """Draw the title and how many lack something."""
    here = [one for one in found if one.ended_at is None]
    draw("staff.html", count=len(here), wanting=sum(bool(one.lacks) for one in here),
         days=law().staff.password_days, officers=_officers(here), me=actor.person)  # fmt: skip


def _officers(here: Sequence[Account]) -> int:
    return sum(one.role is StaffRole.OFFICER for one in here)


def panel(actor: Actor, found: Sequence[Account]) -> None:
    """Draw a password that was just made, the list, then what can be done once it is sure who."""
    if secret := st.session_state.pop(SECRET, None):
        draw("staff_secret.html", login=secret[0], secret=secret[1],
             days=law().staff.first_password_days)  # fmt: skip
    today = seoul_day(actor.at)
    words = {lack.value: _(word) for lack, word in LACKS.items()}
    draw("staff_list.html", rows=[_row(one, today) for one in found], words=words)
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_staff", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({})
        return
    staff_forms.change(actor, [one for one in found if one.ended_at is None])
    staff_forms.add(actor, today + timedelta(days=365))


def show_secret(login: str, secret: str | None, text: str) -> None:
    """Keep a first password for the next run, where it is shown once, and say what was done."""
    if secret is not None:
        st.session_state[SECRET] = (login, secret)
    said.say(text)


def builtin() -> bool:
    """Return whether the portal itself keeps the staff's passwords."""
    return not settings().staff_metadata_url


def _row(one: Account, today: date) -> dict[str, object]:
    facts = one.facts
    days = {"assignment": facts.assigned_until, "training": facts.trained_until,
            "password": facts.password_until}  # fmt: skip
    return {
        "no": one.staff_no,
        "login": one.login_id,
        "role": _(ROLES[one.role]),
        "days": [(name, day, day is None or day < today) for name, day in days.items()],
        "age": (today - facts.password_set_on).days if facts.password_set_on else None,
        "seen": one.last_sign_in,
        "ended_at": one.ended_at,
        "lacks": [_(LACKS[lack]) for lack in one.lacks],
    }
