"""Navigation, header, the "acting for" banner, and coming back to where one was."""

from __future__ import annotations

from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.settings import settings
from db.words import N_, ActorKind, StaffRole
from pages.components import acting, case_banner, child_menu, dispute_panel, ward_name
from pages.components.acting import CERTIFICATES
from pages.components.fragment import draw, draw_common
from pages.components.text import _, language
from services import mailbox, sessions
from services.actor import Permission, WardLost
from services.house import house
from services.sign_out import sign_out

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from pages.components.gate import Here
    from services.actor import Actor
    from services.language import Language

PAGES = Path(__file__).resolve().parent.parent

Line = tuple[str, str, str]
Pages = tuple[Line, ...]
Sections = dict[str, Pages]

# A page is one line: path, file below `pages/`, title. Sections are what the bar at the top opens.
MEMBER: Sections = {
    N_("My data"): (
        ("my-data", "member/my_data.py", N_("My data")),
        ("edit", "member/edit.py", N_("Edit my data")),
        ("history", "member/history.py", N_("Who looked")),
        ("family", "member/family.py", N_("Child · Guardian")),
        ("export", "member/export.py", N_("Take my data")),
    ),
    N_("I decide"): (
        ("consents", "member/consents.py", N_("Consents · Advertising")),
        ("sharing", "member/sharing.py", N_("Shared with others")),
        ("stop", "member/stop.py", N_("Stop processing")),
        ("leave", "member/leave.py", N_("Leave")),
    ),
    N_("Under way"): (
        ("requests", "member/requests.py", N_("My requests")),
        ("messages", "member/messages.py", N_("Told to me")),
    ),
}
DESK: Pages = (
    ("desk-cases", "desk/cases.py", N_("Callers")),
    ("desk-queue", "desk/queue.py", N_("Requests to decide")),
    ("desk-reports", "desk/reports.py", N_("Reports")),
)
"""Pages of all staff."""
OFFICER: Pages = (
    ("desk-officer", "desk/officer.py", N_("The officer's desk")),
    ("desk-destruction", "desk/destruction.py", N_("Destruction")),
    ("desk-companies", "desk/companies.py", N_("Companies")),
    ("desk-bars", "desk/bars.py", N_("Joining again")),
    ("desk-staff", "desk/staff.py", N_("Staff")),
)
"""Pages of the privacy officer alone."""
PUBLIC: Pages = (
    ("policy", "public/policy.py", N_("Privacy policy")),
    ("notices", "public/notices.py", N_("Notices")),
    ("contact", "public/contact.py", N_("Contact")),
    ("status", "public/status.py", N_("After leaving")),
)
MAILBOX: Line = ("mailbox", "public/mailbox.py", N_("Demo mailbox"))
ASLEEP: Final = frozenset({"member/leave.py", "member/export.py"})
"""What a member whose account sleeps comes back to after a verification."""
_OVERVIEW: Final = "member/overview.py"
FOR_CALLER: Final = N_("For the caller")
"""The section of the member's pages, for staff with a case in hand."""
_NEEDED: Final = {
    "my-data": Permission.PROFILE_READ, "edit": Permission.PROFILE_CORRECT,
    "history": Permission.HISTORY_READ, "consents": Permission.CONSENT_CHANGE,
    "sharing": Permission.SHARING_READ, "stop": Permission.PROCESSING_STOP,
    "requests": Permission.PROCESSING_STOP, "messages": Permission.INBOX_READ,
}  # fmt: skip
"""What each page asks for; a test compares."""
GUIDE: Final = N_("Guide")
"""The section of public pages, for who is signed in."""


def _page(
    file: str, title: str, path: str = "", *, default: bool = False, seen: bool = True
) -> StreamlitPage:
    return st.Page(
        PAGES / file, title=title, url_path=path or None, default=default,
        visibility="visible" if seen else "hidden",
    )  # fmt: skip


def _home(here: Here) -> str:
    if here.actor is None:
        return "public/welcome.py"
    if here.actor.kind is ActorKind.STAFF:
        return "desk/welcome.py"
    return "member/asleep.py" if here.asleep else _OVERVIEW


def _is_member(here: Here) -> bool:
    return here.actor is not None and here.actor.kind is ActorKind.SELF and not here.asleep


def listed() -> tuple[Line, ...]:
    """Return every page beside the first one, whoever may open it."""
    members = (line for lines in MEMBER.values() for line in lines)
    return (*members, *DESK, *OFFICER, *PUBLIC, MAILBOX)


def _sections(here: Here) -> Sections:
    """Return what the bar at the top offers: sections of pages; those of "" stand by themselves."""
    public = (*PUBLIC, MAILBOX) if mailbox.in_use(settings()) else PUBLIC
    if _is_member(here):
        return {**MEMBER, GUIDE: public}
    if here.actor is not None and here.actor.kind is ActorKind.STAFF:
        if not here.actor.stands:
            return {"": public}
        officer = here.actor.role is StaffRole.OFFICER
        desk = (*DESK, *OFFICER) if officer else DESK
        acting = _of_case(here)
        return (
            {"": desk, FOR_CALLER: acting, GUIDE: public} if acting else {"": desk, GUIDE: public}
        )
    return {"": public}


def _of_case(here: Here) -> Pages:
    """Return the member's pages that the case in hand gives a right to."""
    case = here.case
    if case is None or here.actor is None or not case.runs(here.actor.at):
        return ()
    lines = (line for of_section in MEMBER.values() for line in of_section)
    return tuple(line for line in lines if _NEEDED.get(line[0]) in case.permissions)


def _phone() -> bool:
    """Return whether the browser says that it is a phone's."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


@cache
def _bar(
    home: str,
    offered: tuple[tuple[str, Pages], ...],
    _language: Language,
    *,
    phone: bool,
    child: bool = False,
) -> child_menu.Bar:
    """Return every page by section, made once: making one looks at its file."""
    title = _("Overview") if home == _OVERVIEW else _("Home")
    pages = {
        child_menu.called(title, child=child) if title else "": [
            _page(file, child_menu.called(name, child=child), path) for path, file, name in lines
        ]
        for title, lines in offered
        if lines
    }
    seen = {line for _title, lines in offered for line in lines}
    hidden = [line for line in listed() if line not in seen and line != MAILBOX]
    rest = [_page(file, _(name), path, seen=False) for path, file, name in hidden]
    first = [_page(home, title, default=True), *pages.pop("", ()), *rest]
    # On a phone the bar is a list beside the page; Streamlit's headings of sections stand in it
    # where only entries may, which a screen reader can't make sense of.
    each = [one for lines in pages.values() for one in lines]
    return {"": [*first, *each]} if phone else {"": first, **pages}


def navigation(here: Here) -> StreamlitPage:
    """Return the page that was asked for. Each has an address, also for whom it won't open.

    Raise `WardLost` once the bar is there: without it there would be no way back.
    """
    child = here.actor is not None and here.actor.for_child
    bar = _bar(_home(here), tuple(_sections(here).items()), language(), phone=_phone(), child=child)
    if child:
        # Not the name: a title stays in the browser's history when everybody has signed out.
        st.set_page_config(page_title=_("Jikim — the child's data"))
    lost, name = None, None
    try:
        name = child_menu.name(here.actor)
    except WardLost as error:
        lost = error
    if name:
        path, file, _title = MEMBER["My data"][0]
        named = child_menu.data_of(name)
        bar = child_menu.named(bar, named, _page(file, named, path))
    # A copy: running a page marks it, and those of the bar are everybody's.
    found = copy(st.navigation(bar, position="top"))
    st.session_state[acting.PATH] = f"/{found.url_path}"
    if lost is not None:
        raise lost
    return found


def _leave(actor: Actor) -> None:
    with house().databases.data.begin() as connection:
        sign_out(connection, actor)
    st.session_state.clear()
    st.logout()
    st.stop()


def header(here: Here, page: StreamlitPage) -> None:
    """Draw who is here, the language switch and the way out; then for whom somebody acts."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        back = acting.link(f"/{page.url_path}")
        draw_common("header.html", back=back, other="en" if language() == "ko" else "ko")
        if here.actor is not None and st.button(_("Sign out"), key="sign_out", type="tertiary"):
            _leave(here.actor)
    if here.case is not None and here.actor is not None:
        case_banner.panel(here.actor, here.case)
    elif here.actor and here.actor.acting_for:
        draw("banner.html", name=ward_name.of(here.actor, here.actor.acting_for))
        if st.button(_("Back to my own data"), key="act_for_self"):
            acting.act_for_self()
            acting.go(_OVERVIEW)
        dispute_panel.note(here.actor, here.actor.acting_for)


def brought_back(here: Here) -> bool:
    """After a sign-in, go back to the page that asked for it. Return whether we are on the way."""
    if not (here.returned and here.session):
        return False
    with house().databases.data.begin() as connection:
        sessions.resumed(connection, here.session.session_id)
    if here.session.resume:
        st.session_state["jk_resume"] = here.session.resume
    known = {f"/{path}": file for path, file, _title in listed()}
    target = known.get(here.session.return_to or "/")
    if target and here.actor is not None and (not here.asleep or target in ASLEEP):
        acting.go(target)
    return False


def seen_off(here: Here) -> None:
    """Show who has just left in this tab their certificate: their session has ended by now."""
    if here.left and st.session_state.get(CERTIFICATES):
        st.switch_page(PAGES / "public/status.py")


def _notice(here: Here) -> tuple[str, str] | None:
    """Return what happened to the session, as a title and a sentence, if something did."""
    if here.refused:
        still = _("The confirmation was not finished")
        title = _("You are not signed in") if here.actor is None else still
        return title, _(here.refused.message, **here.refused.params)
    if here.changed:
        return _("Another person signed in"), _(
            "In another tab of this browser somebody else signed in. This tab shows their data now."
        )
    if st.query_params.get("sign_in") == "failed":  # said by pages/http/callback.py
        return _("The confirmation was not finished") if here.actor else _(
            "The sign-in was not finished"
        ), _(
            "Nothing was opened. Please try once more; if that doesn't help either, please ask us."
        )
    if here.session and here.session.person and here.actor is None:
        return _("You were signed out"), _(
            "You were away for a while, so we signed you out to keep your data safe."
        )
    if here.left:
        return _("You were signed out"), _("Please sign in to see this page.")
    return None


def notices(here: Here) -> None:
    """Say what happened to the session, if something did."""
    lost = acting.lost()
    if found := (_("You are back at your own data"), _(lost)) if lost else _notice(here):
        title, text = found
        draw("trouble.html", title=title, text=text, reference=None)
