"""A child's number that waits for its code: entering it, or letting go of the number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.errors import PortalError
from db.words import Purpose
from pages.components import acting, said
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.text import _
from services import access, mobile_change, waiting_values
from services.actor import AccessDenied, Permission, StepUpRequired
from services.identity.recovery import CODE_TRIES
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from services.actor import Actor
    from services.subject import Subject

_CODE: Final = f"{FORM}own_code"


def panel(actor: Actor, until: datetime | None, page: str) -> None:
    """Draw the field for the code, while a number waits for it; needs a verification."""
    if until is None or not actor.verified:
        return
    draw("own_number.html", until=until)
    with st.form(acting.keyed("own_number")):
        typed = st.text_input(
            _("Code (6 digits)"),
            key=acting.keyed(_CODE),
            max_chars=20,
            autocomplete="one-time-code",
        )
        sent = st.form_submit_button(_("Confirm the number"), type="primary")
    drop = st.button(_("Don't use this number"), key=acting.keyed("own_number_drop"))
    if sent:
        _confirm(actor, page, typed)
    elif drop:
        if _try(actor, page, lambda subject: waiting_values.take_back(subject, "mobile")) is None:
            return
        said.say(_("The new number is forgotten, and its code no longer works."))


def _confirm(actor: Actor, page: str, typed: str) -> None:
    right = _try(actor, page, lambda subject: mobile_change.confirm(subject, typed))
    if right:
        st.session_state.pop(acting.keyed(_CODE), None)
        said.say(_("The number is confirmed and counts. A text message there says how to set a "
                   "password, if the child has none."))  # fmt: skip
    elif right is not None:
        text = _("This code isn't right, or it is over. After {n} wrong ones, or 10 minutes, "
                 "please have a new one sent.", n=CODE_TRIES)  # fmt: skip
        draw("problem.html", text=text)


def _try(actor: Actor, page: str, do: Callable[[Subject], bool]) -> bool | None:
    look = access.Look(
        EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, page, ("mobile",), folds=False
    )
    try:
        with access.open(actor, actor.subject_id, Purpose.CORRECT, look=look) as subject:
            return do(subject)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:  # what was typed stays in its field
        draw("problem.html", text=_(error.message, **error.params))
        return None
