"""What a person sees when a page can't be shown: one place for every error."""

from __future__ import annotations

import logging
import secrets
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import streamlit as st
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.errors import PortalError
from pages.components import acting, sign_in_panel, standing_panel
from pages.components.fragment import draw
from pages.components.text import _
from services.actor import SignInRequired, StandingLost, StepUpRequired, WardLost

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("portal")


def _place(error: Exception) -> str:
    """Return where an error came from, without its message: that may hold a personal value."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in reversed(frames[-6:]))


def _again(title: str, text: str) -> None:
    draw("trouble.html", title=title, text=text, reference=None)
    if st.button(_("Try again"), type="primary"):
        st.rerun()


def _unexpected(error: Exception) -> None:
    reference = secrets.token_hex(4)
    _log.error("%s: %s at %s", reference, type(error).__name__, _place(error))
    draw(
        "trouble.html",
        title=_("Something went wrong"),
        text=_("Please try again. If it happens again, tell us this number:"),
        reference=reference,
    )


@contextmanager
def shown() -> Iterator[None]:
    """Show what an expected error says; turn anything else into a reference number."""
    try:
        yield
    except SignInRequired as error:
        sign_in_panel.sign_in(error)
    except StepUpRequired as error:
        sign_in_panel.verify(error)
    except WardLost as error:
        acting.lose(error.message)
        acting.go("member/overview.py")
    except StandingLost:
        standing_panel.panel()
    except PortalError as error:
        draw("trouble.html", title=_("This can't be shown"), text=_(error.message, **error.params),
             reference=None)  # fmt: skip
    except (DBAPIError, PoolTimeoutError) as error:
        _of_the_database(error)
    except Exception as error:  # noqa: BLE001 (the last place that can keep a stack trace off the screen)
        _unexpected(error)


_FULL: Final = frozenset({"53100", "53200"})
_BUSY: Final = frozenset({"40001", "40P01", "55P03"})


def _of_the_database(error: DBAPIError | PoolTimeoutError) -> None:
    """Say what keeps the database from it: it is away, full or busy; else it is our mistake."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    if state in _FULL:
        _log.error("no room in the database: %s", state)
        _again(
            _("Nothing can be saved just now"),
            _("We have run out of room. Nothing was changed. Please try again later."),
        )
    elif state in _BUSY:
        _again(
            _("This is being changed just now"),
            _("Somebody else was faster. Nothing was changed. Please try again."),
        )
    elif isinstance(error, DBAPIError) and not error.connection_invalidated and not _lost(error):
        _unexpected(error)
    else:
        _log.error("database away: %s", type(error).__name__)
        _again(
            _("We can't reach your data just now"),
            _("Nothing is lost. Please try again in a moment."),
        )


def _lost(error: DBAPIError) -> bool:
    """Return whether the database could not be reached, or is just starting or stopping."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # nobody answered; a value the driver can't send is another matter
        return isinstance(error, OperationalError | InterfaceError)
    return state[:2] in {"08", "53", "57"}
