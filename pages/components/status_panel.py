"""Shows what became of the data of who left: by what this tab still knows, or by what is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db import clock
from db.errors import PortalError
from pages.components import bar_panel
from pages.components.acting import CERTIFICATES
from pages.components.fragment import draw
from pages.components.text import _, language
from pages.http import certificate as route
from services import bars, certificate, certificate_link, certificate_page, status_lookup
from services.house import house

if TYPE_CHECKING:
    from services.certificate import Certificate, Status


def panel() -> None:
    """Draw each certificate of this tab, or else the form for one and what it opens."""
    mine: list[Certificate] = st.session_state.get(CERTIFICATES, [])
    for given in mine:
        with house().databases.data.connect() as connection:
            found = certificate.status(connection, given)
        draw("certificate.html", given=given, done=found is not None)
        if found is not None:
            _show(given, found)
    if not mine:
        _by_hand()


def _by_hand() -> None:
    draw("status_intro.html")
    with st.form("status", border=False):
        number = st.text_input(_("Certificate number"), placeholder="ABCDE-12345", key="number")
        secret = st.text_input(_("Secret"), type="password", key="secret")
        asked = st.form_submit_button(_("Show the status"), type="primary")
    if asked:
        _look_up(certificate.typed(number, secret))


def _look_up(given: Certificate) -> None:
    try:
        found = status_lookup.look_up(house(), given, clock.now())
    except PortalError as error:
        draw("trouble.html", title=_("Nothing was found"), text=_(error.message, **error.params),
             reference=None)  # fmt: skip
    else:
        _show(given, found)


def _show(given: Certificate, found: Status) -> None:
    now = clock.now()
    link = certificate_link.seal(house().keyring, given, now)
    with house().databases.data.connect() as connection:
        barred = bars.after_leaving(connection, given, clock.seoul_day(now))
    draw(
        "status.html",
        **certificate_page.words(language(), found),
        number=given.number,
        page=f"{route.PATH}/html?of={link}",
        file=f"{route.PATH}/json?of={link}",
    )
    if barred is not None:
        bar_panel.after_leaving(barred)
