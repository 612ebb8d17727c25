"""Asks what is to be taken, shows how far it is, and hands it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import streamlit as st

from db import clock
from db.errors import PortalError
from db.words import ExportGroup, ExportState, Purpose
from pages.components import acting, export_view, gate, sign_in_panel
from pages.components.export_view import LANGUAGES
from pages.components.fragment import draw
from pages.components.text import _, language
from pages.http import export as route
from services import access, export_link, exports, time_limit
from services.actor import AccessDenied, Permission, StepUpRequired
from services.archive_source import Order
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.actor import Actor
    from services.exports import Export
    from services.language import Language
    from services.subject import Subject

_RESUME: Final = "jk_resume"
_GROUP: Final = "jk_export_group_"
_LANGUAGE: Final = "jk_export_language"
_WORKBOOK: Final = "jk_export_workbook"
_PROBLEM: Final = "jk_export_problem"


def _look(event: EventName, *, folds: bool = False) -> access.Look:
    return access.Look(event, Permission.DATA_EXPORT, "/export", folds=folds)


_VIEW: Final = _look(EventName.EXPORT_VIEWED, folds=True)
_ASK: Final = _look(EventName.EXPORT_ASKED)


def panel(actor: Actor) -> None:
    """Draw the page: what would be taken, how far it is, or the way to the file."""
    resumed = (st.session_state.pop(_RESUME, None) or {}).get("export")
    if resumed and actor.verified:
        _ask(actor, _from_words(resumed))
    with access.open(actor, actor.subject_id, Purpose.EXPORT, look=_VIEW) as subject:
        found = exports.latest(subject)
        ready = found is not None and export_view.ready(found, subject.today)
        if found and ready:
            exports.seen(subject, found)
    draw("export.html", child=actor.for_child, asleep=gate.here().asleep)
    if problem := st.session_state.pop(_PROBLEM, None):
        draw("problem.html", text=problem)
    if found and found.waiting:
        _under_way(actor, found)
    elif found and ready:
        _hand_over(actor, found)
    else:
        _before(actor, found)


def _do(actor: Actor, look: access.Look, what: Callable[[Subject], object]) -> None:
    """Do one thing, then draw the page anew; what can't be done is said there."""
    try:
        with access.open(actor, actor.subject_id, Purpose.EXPORT, look=look) as subject:
            what(subject)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        st.session_state[_PROBLEM] = _(error.message, **error.params)


def _ask(actor: Actor, order: Order) -> None:
    _do(actor, _ASK, lambda subject: exports.ask(subject, order))


def _wish(actor: Actor, order: Order) -> None:
    """Ask for it now, or after a verification that comes back here."""
    if not actor.verified:
        sign_in_panel.ask_verification({"export": _words(order)})
        return
    _ask(actor, order)
    st.rerun()


def _words(order: Order) -> dict[str, Any]:
    """Return what was chosen, as it is kept while somebody confirms who they are."""
    return {
        "groups": sorted(order.groups), "language": order.language, "workbook": order.workbook,
    }  # fmt: skip


def _from_words(given: dict[str, Any]) -> Order:
    groups = frozenset(ExportGroup(one) for one in given["groups"])
    return Order(groups, "en" if given["language"] == "en" else "ko", bool(given["workbook"]))


def _before(actor: Actor, found: Export | None) -> None:
    """Draw what happened to the last one, and the form for the next."""
    last = export_view.last(found, child=actor.for_child) if found else None
    if found and last:
        draw("export_last.html", last=last)
    if (
        found
        and found.state is ExportState.FAILED
        and not found.let_go
        and st.button(
            _("Try again"), key=acting.keyed("retry"), type="primary", icon=":material/refresh:"
        )
    ):
        _wish(actor, found.order)
    with st.container(key="export_form"), st.form(acting.keyed("export"), border=False):
        order = _chosen()
        draw("export_before.html", verified=actor.verified)
        label = _("Make my copy") if actor.verified else _("Confirm that it is me, then make it")
        failed = found is not None and found.state is ExportState.FAILED
        if st.form_submit_button(
            label,
            type="secondary" if failed else "primary",
            key=acting.keyed("make"),
            icon=":material/inventory_2:",
        ):
            _wish(actor, order)


def _chosen() -> Order:
    draw("export_groups.html")
    groups = {
        group
        for group, (name, what) in export_view.groups().items()
        if st.checkbox(f"**{name}** · {what}", value=True, key=acting.keyed(f"{_GROUP}{group}"))
    }
    chosen = st.radio(
        _("Language of the copy"), list(LANGUAGES), format_func=LANGUAGES.__getitem__,
        index=list(LANGUAGES).index(language()), horizontal=True, key=acting.keyed(_LANGUAGE),
    )  # fmt: skip
    workbook = st.checkbox(_("With an Excel file, too"), key=acting.keyed(_WORKBOOK))
    return Order(frozenset(groups), cast("Language", chosen), workbook)


def _under_way(actor: Actor, found: Export) -> None:
    st.fragment(_watch, run_every=1)(actor)
    if found.shared:
        draw("export_shared.html", child=actor.for_child, until=None)
    if st.button(
        _("I don't want it any more") if found.shared else _("Stop making it"),
        key=acting.keyed("cancel"),
        icon=":material/close:",
    ):
        _do(actor, _VIEW, lambda subject: exports.cancel(subject, found.export_id))
        st.rerun()


def _watch(actor: Actor) -> None:
    """Say how far it is; when it has ended, or the session has, the whole page is drawn anew."""
    now = clock.now()
    with house().databases.look[0].connect() as connection:
        ends = time_limit.ends_at(connection, gate.browser_token())
    if ends is None or ends <= now:
        st.rerun()
    with house().databases.data.begin() as connection:
        found = exports.follow(connection, actor)
    if found is None or not found.waiting:
        st.rerun()
    draw("export_waiting.html", **export_view.progress(found, now))


def _hand_over(actor: Actor, found: Export) -> None:
    of = None
    if actor.verified:
        link = export_link.Link(actor.subject_id, found.export_id, actor.session_id)
        of = f"{route.PATH}?of={export_link.seal(house().keyring, link, actor.at)}"
    draw(
        "export_ready.html", found=found, parts=export_view.parts(found.order),
        size=export_view.size(found.size or 0), link=of, until=actor.verified_until,
    )  # fmt: skip
    if found.shared:
        draw("export_shared.html", child=actor.for_child, until=found.ends_on)
    with st.container(horizontal=True):
        if not of and st.button(
            _("Confirm that it is me, then take it"), key="verify", type="primary",
            icon=":material/lock_open:",
        ):  # fmt: skip
            sign_in_panel.ask_verification({})
        label = _("I don't want it any more") if found.shared else _("Destroy it now")
        icon = ":material/close:" if found.shared else ":material/delete:"
        if st.button(label, key=acting.keyed("destroy"), icon=icon):
            _do(actor, _VIEW, lambda subject: exports.destroy(subject, found.export_id))
            st.rerun()
