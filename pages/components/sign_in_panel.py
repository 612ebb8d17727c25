"""Asks for a sign-in or a verification, and remembers where the person was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from db import clock
from db.words import ActorKind
from pages.components import carried, gate
from pages.components.fragment import draw
from pages.components.text import _
from services import sessions
from services.claims import VERIFY, VERIFY_STAFF
from services.house import house

if TYPE_CHECKING:
    from db.errors import PortalError
    from db.errors import PortalError as Error


def _ask(provider: str, resume: dict[str, Any] | None = None) -> None:
    """Note what this browser asks for, then hand over to the provider."""
    token = gate.browser_token()
    if token is None:
        st.error(_("Please allow cookies for this site, then load the page again."))
        return
    with house().databases.data.begin() as connection:
        sessions.ask(
            connection, token, provider, clock.now(),
            return_to=gate.here_path(), resume=resume,
        )  # fmt: skip
    st.login(provider)


def sign_in(error: Error | None = None) -> None:
    """Draw what a signed-out person needs."""
    draw("sign_in.html", sentence=_(error.message) if error else None)
    if st.button(_("Sign in"), type="primary", key="sign_in", width="stretch"):
        _ask("member")


def staff_sign_in() -> None:
    """Draw the staff's way in."""
    if st.button(_("Staff sign-in"), key="staff_sign_in", type="tertiary"):
        _ask("staff")


def verify(error: PortalError) -> None:
    """Draw the request for a verification; what was under way goes on afterwards."""
    carried.keep()
    draw("verify.html", sentence=_(error.message))
    if st.button(_("Confirm that it is me"), type="primary", key="verify"):
        ask_verification({})


def ask_verification(resume: dict[str, Any]) -> None:
    """Ask for a verification and come back to this page with `resume` (nothing personal in it)."""
    actor = gate.here().actor
    if actor and actor.acting_for:
        resume = {**resume, "acting_for": str(actor.acting_for)}
    if actor:
        resume = {**resume, **carried.sealed(actor)}
    staff = actor is not None and actor.kind is ActorKind.STAFF
    _ask(VERIFY_STAFF if staff else VERIFY, resume)
