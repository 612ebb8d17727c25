"""Takes what was switched on the page of consents, decides it, and draws the switches.

A switch's callback only notes what was clicked: callbacks run before the gate, also in a tab whose
session has ended. The page decides it after the gate, in the transaction that reads what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from db.children_rules import rules
from db.clock import seoul_day
from db.words import Purpose
from pages.components import consents_view, kept_only, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access, child_link, consent_list, consent_words, consents
from services.actor import Permission, StepUpRequired
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from services.actor import Actor
    from services.consent_asked import Asked, Consents, Device
    from services.subject import Subject

PAGE: Final = "/consents"
RECEIPTS: Final = "/consents/receipt"
_WANTED: Final = "jk_consent"
_REFUSING: Final = "jk_refusing"
_RESUME: Final = "jk_resume"
_OFF, _KEEP, _REFUSE = "advertising off", "advertising kept", "device"


@dataclass(frozen=True)
class Said:
    """What became of a decision, said at the switch that was used; `at` None: above all."""

    text: str
    receipt: str | None = None
    at: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What this tab asked for: a switch's key or one of the actions, and yes or no."""

    what: str
    yes: bool = False
    device: UUID | None = None


def _note(wanted: Wanted, whose: UUID, widget: str | None = None) -> None:
    if widget is not None:
        wanted = Wanted(wanted.what, bool(st.session_state[widget]))
    st.session_state[_WANTED] = (whose, wanted)
    st.session_state.pop(_REFUSING, None)


def _ask_first(device: UUID | None) -> None:
    st.session_state[_REFUSING] = device


def _wanted(actor: Actor) -> Wanted | None:
    """Return what was clicked for this very subject, or waited for a verification; once."""
    whose, found = st.session_state.pop(_WANTED, (None, None))
    resumed = (st.session_state.pop(_RESUME, None) or {}).get("consent")
    if resumed is not None:
        return Wanted(str(resumed), yes=True)
    return found if whose == actor.subject_id else None


def _event(wanted: Wanted | None) -> EventName:
    if wanted is None:
        return EventName.CONSENTS_VIEWED
    if wanted.what == _REFUSE:
        return EventName.DEVICE_REFUSED
    return EventName.CONSENT_GRANTED if wanted.yes else EventName.CONSENT_WITHDRAWN


def _look(wanted: Wanted | None, actor: Actor) -> access.Look:
    items: tuple[str, ...] = ()
    if wanted is not None and wanted.what not in {_OFF, _KEEP}:
        kept = "device" if wanted.what == _REFUSE else wanted.what
        items = consents.items_of(kept, seoul_day(actor.at))
    elif wanted is not None:
        items = ("email", "mobile", "device_id")
    return access.Look(_event(wanted), Permission.CONSENT_CHANGE, PAGE, items, folds=wanted is None)


def decided(actor: Actor) -> tuple[Consents, Said | None]:
    """Decide what was clicked; return what stands now. A refusal is said and changes nothing."""
    wanted = _wanted(actor)
    try:
        return _opened(actor, wanted)
    except StepUpRequired:
        if wanted is not None:
            sign_in_panel.ask_verification({"consent": wanted.what})
        return _opened(actor, None)[0], Said(_("Please confirm that it is you."))
    except consents.ConsentRefused as error:
        refused = Said(_(error.message, **error.params), at=wanted.what if wanted else None)
        return _opened(actor, None)[0], refused


def _opened(actor: Actor, wanted: Wanted | None) -> tuple[Consents, Said | None]:
    purpose = Purpose.SHOW if wanted is None else Purpose.CORRECT
    with access.open(actor, actor.subject_id, purpose, look=_look(wanted, actor)) as subject:
        said = None if wanted is None else _do(subject, wanted)
        return consent_list.current(subject), said


def _do(subject: Subject, wanted: Wanted) -> Said:
    if wanted.what == _REFUSE and wanted.device is not None:
        written = consents.refuse_device(subject, wanted.device)
        return Said(_("The ID is removed and the app is told."), receipt(subject.actor, written))
    if wanted.what == _OFF:
        done = consents.advertising_off(subject)
    elif wanted.what == _KEEP:
        done = consents.confirm(subject)
    else:
        done = consents.record_by_key(subject, wanted.what, granted=wanted.yes)
    here = None if wanted.what in {_OFF, _KEEP} else wanted.what
    link = receipt(subject.actor, done.consent_ids[0]) if done.consent_ids else None
    return Said(_happened(done), link, here)


def _happened(done: consents.Recorded) -> str:
    if done.meanwhile and not done.consent_ids:
        return _("Nothing was on, so nothing had to be switched off.")
    if done.meanwhile and done.granted:
        return _("Somebody had switched it on meanwhile, in another tab perhaps. It is on.")
    if done.meanwhile:
        return _("Somebody had switched it off meanwhile, in another tab perhaps. It is off.")
    if done.granted:
        return _("Switched on just now. We sent you a receipt.")
    return _("Switched off just now. We sent you a receipt.")


def receipt(actor: Actor, written: UUID | None = None) -> str:
    """Return where a receipt can be downloaded; without an id, of all decisions."""
    path = RECEIPTS if written is None else f"{RECEIPTS}/{written}"
    return f"{path}?child={child_link.token(actor, actor.acting_for)}" if actor.acting_for else path


def panel(actor: Actor, found: Consents, said: Said | None) -> None:
    """Draw everything: groups of switches, each with what follows from it."""
    draw(
        "consents_intro.html", child=actor.for_child, all=receipt(actor),
        said=said if said and said.at is None else None,
    )  # fmt: skip
    if found.store_only:
        kept_only.box(actor)
    with st.container(horizontal=True):
        st.button(
            _("All advertisements off"), key="advertising_off", icon=":material/notifications_off:",
            on_click=_note, args=(Wanted(_OFF), actor.subject_id),
        )  # fmt: skip
        if any(one.due and one.on for one in found.advertising):
            st.button(
                _("Keep receiving"), key="advertising_keep", type="primary",
                on_click=_note, args=(Wanted(_KEEP, yes=True), actor.subject_id),
            )  # fmt: skip
    if actor.acting_for is None:
        _paused(actor, found)
    pieces = list(_pieces(found))
    draw("consent_row.html", row=None, said=None, **_ahead(pieces[0] if pieces else {}))
    for piece, following in zip(pieces, [*pieces[1:], {}], strict=True):
        if piece["asked"] is not None:
            _switch(actor, piece["asked"])
        draw("consent_row.html", **_below(piece["asked"], said), **_ahead(following))
    _devices(actor, found)


def _paused(actor: Actor, found: Consents) -> None:
    """Put to who is 14 by now what a guardian had agreed to: go on with it, or end it."""
    why = getattr(rules().coming_of_age.why, language())
    for number, one in enumerate(found.paused):
        view = consents_view.row(one)
        draw("consents_paused.html", first=number == 0, why=why, until=found.answers_until,
             label=consents_view.label(one), state=view.state, wording=view.wording)  # fmt: skip
        with st.container(horizontal=True):
            for key, yes, words in (("go_on", True, _("Go on")), ("end", False, _("End it"))):
                st.button(
                    words, key=f"{key}_{one.key}", type="primary" if yes else "secondary",
                    on_click=_note, args=(Wanted(one.key, yes), actor.subject_id),
                )  # fmt: skip


def _pieces(found: Consents) -> Iterator[dict[str, Any]]:
    """Give each switch with the headings that stand before it; a group without any, by itself."""
    groups = {g: list(ones) for g, ones in groupby(found.asked, lambda one: one.term.group)}
    for group in dict.fromkeys(term.group for term in found.terms.consents):
        if group == "device":
            continue
        title, hint = consents_view.GROUPS[group]
        heading: dict[str, Any] | None = {"id": group, "title": _(title), "hint": _(hint)}
        ones = groups.get(group, [])
        if not ones:
            yield {"asked": None, "group": heading, "company": None, "empty": True}
        named = None
        for one in ones:
            company = one.recipient if one.recipient != named else None
            named = one.recipient
            yield {"asked": one, "group": heading, "company": _company(company), "empty": False}
            heading = None


def _company(company: Any) -> dict[str, Any] | None:  # noqa: ANN401
    if company is None:
        return None
    return {"name": company.name, "facts": consents_view.recipient(company)}


def _ahead(piece: dict[str, Any]) -> dict[str, Any]:
    return {name: piece.get(name) for name in ("group", "company", "empty")}


def _below(asked: Asked | None, said: Said | None) -> dict[str, Any]:
    if asked is None:
        return {"row": None, "said": None}
    here = said if said and said.at == asked.key else None
    return {"row": consents_view.row(asked), "said": here}


def _switch(actor: Actor, asked: Asked) -> None:
    widget = f"consent_{asked.key}"
    # What is stored decides how it stands, not what this tab believed.
    st.session_state[widget] = asked.on
    closed = asked.recipient is not None and not asked.recipient.known
    st.toggle(
        consents_view.label(asked), key=widget, on_change=_note,
        disabled=not asked.on and (bool(asked.waits_for) or closed),
        args=(Wanted(asked.key), actor.subject_id, widget),
    )  # fmt: skip


def _devices(actor: Actor, found: Consents) -> None:
    term = found.terms.named("device")
    if term is None or not found.devices:
        return
    title, hint = consents_view.GROUPS["device"]
    heading: dict[str, str] | None = {"title": _(title), "hint": _(hint)}
    for number, device in enumerate(found.devices, start=1):
        asking = st.session_state.get(_REFUSING) == device.device_row_id
        draw(
            "consent_devices.html", group=heading, device=device, asking=asking,
            follows=consent_words.follows(term, language(), on=True),
            wording=consent_words.wording(term, language(), consent_words.Facts("device_id")),
        )  # fmt: skip
        heading = None
        if device.refused_at is None:
            _refuse(actor, device, number, asking=asking)


def _refuse(actor: Actor, device: Device, number: int, *, asking: bool) -> None:
    one = device.device_row_id
    if not asking:
        st.button(
            _("Refuse device ID {n}", n=number), key=f"refuse_{number}", on_click=_ask_first,
            args=(one,),
        )  # fmt: skip
        return
    with st.container(horizontal=True):
        st.button(
            _("Yes, refuse it"), key=f"refuse_yes_{number}", type="primary", on_click=_note,
            args=(Wanted(_REFUSE, device=one), actor.subject_id),
        )  # fmt: skip
        st.button(_("Not now"), key=f"refuse_no_{number}", on_click=_ask_first, args=(None,))
