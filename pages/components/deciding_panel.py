"""One request in hand: what is held, what is proposed, the proof, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL
from db.declarations import ITEMS
from db.law import law
from db.words import LinkReason, Purpose, RefusalReason, RequestKind
from pages.components import profile_view, queue_panel, said, sign_in_panel, unmasking
from pages.components.fragment import draw
from pages.components.request_view import days_left, title
from pages.components.text import _, language
from pages.http.evidence import PATH
from services import access, deciding, desk_queue, linking_deciding, request_words, unreached
from services.actor import Permission
from services.house import house
from services.ledger import EventName
from services.masking import mask
from services.profile_words import REASONS

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.actor import Actor
    from services.deciding import Asked
    from services.desk_queue import Case

_GRANT: Final = "grant"


def panel(actor: Actor, case: Case) -> None:
    """Draw the request and what may be done with it."""
    plain = unmasking.wanted(actor)
    asked, today, since = _read(actor, case, plain=plain)
    draw(
        "deciding.html",
        **_values(asked, case, today),
        typed=_typed(asked, plain=plain),
        verified=actor.verified,
        unreached=since,
    )
    if not actor.verified:
        if st.button(_("Confirm that it is me, then decide"), key="verify_case", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"case": str(case.case_id), "plain": True})
    else:
        if asked.item or asked.request.kind is RequestKind.LINKING:
            unmasking.button(actor, plain=plain)
        _decision(actor, case, asked)
    if st.button(_("Put it back without deciding"), key="put_back", type="tertiary"):
        with house().databases.data.begin() as connection:
            desk_queue.put_back(connection, actor, case.case_id)
        _leave(_("The request is back in the list."))


def _read(actor: Actor, case: Case, *, plain: bool) -> tuple[Asked, date, datetime | None]:
    event = EventName.VALUES_UNMASKED if plain else EventName.REQUEST_VIEWED
    look = access.Look(event, Permission.REQUEST_DECIDE, "/desk-queue")
    with access.open(actor, case.member_id, Purpose.CORRECT, case.case_id, look=look) as subject:
        return deciding.read(subject, plain=plain), subject.today, unreached.since(subject)


def _words(item: str | None, value: str | None) -> str:
    if value is None or item is None:
        return ""
    return profile_view.display(ITEMS[item], value)[0]


def _typed(asked: Asked, *, plain: bool) -> list[tuple[str, str]]:
    """Return what a guardian typed of a child, to be compared with the document."""
    if asked.request.kind is not RequestKind.LINKING:
        return []
    given = {name: asked.proposed.get(name, "") for name in linking_deciding.SHOWN}
    shown = {name: text if plain else mask(ITEMS[name].mask, text) for name, text in given.items()}
    reason = LinkReason(asked.proposed["reason"])
    return [
        *((_(ITEMS[name].label), _words(name, text)) for name, text in shown.items() if text),
        (_("Says to be"), _(REASONS[reason])),
    ]


def _values(asked: Asked, case: Case, today: date) -> dict[str, object]:
    one, original = asked.request, asked.original
    return {
        "title": title(one.kind, one.item, one.purpose),
        "due_on": one.due_on,
        "received_at": one.received_at,
        "left": days_left((one.due_on - today).days),
        "late": one.due_on < today,
        "until": f"{case.until.astimezone(SEOUL):%H:%M}",
        "present": [_words(one.item, value) for value in asked.present],
        "proposed": _words(one.item, asked.shown),
        "note": asked.proposed.get("note", ""),
        "files": [
            {"href": f"{PATH}/{case.case_id}/{file_id}", "kind": kind.partition("/")[2].upper(),
             "size": f"{max(size / 1024, 1):,.0f} KB"}
            for file_id, kind, size in asked.proofs
        ],
        "original": title(original.kind, original.item, original.purpose) if original else "",
        "original_reason": request_words.refusal(language(), original.reason)
        if original and original.reason
        else "",
        "original_answer": original.answer or "" if original else "",
        "follows": _follows(asked),
    }  # fmt: skip


def _follows(asked: Asked) -> str:
    kind = asked.original.kind if asked.original else asked.request.kind
    if asked.original and kind is RequestKind.CORRECTION:
        return _(
            "What was proposed was deleted with the refusal: if you agree, the member is asked "
            "once more."
        )
    return {
        RequestKind.CORRECTION: _("If you do it, the value changes at once, and whoever got it is "
                                  "told. Either way the proof is destroyed."),
        RequestKind.CLEARING: _("If you do it, the value is cleared at once with its consents, and "
                                "whoever got it is told."),
        RequestKind.LINKING: _("If you do it, the guardian is linked to the child of this name and "
                               "birth date, and the consent given with it counts. Agree only if "
                               "the document shows it: parent and child by name, and both birth "
                               "dates. Either way the document is destroyed."),
        RequestKind.RESTRICTION: _("It is stopped already. If you agree it stays so; if you refuse "
                                   "it goes on."),
    }.get(kind, "")  # fmt: skip


def _decision(actor: Actor, case: Case, asked: Asked) -> None:
    """Draw the form. One form, so that no run in between looks at the data again."""
    reasons = {str(one.id): one for one in law().reasons(asked.request.kind)}
    choices = [_GRANT, *reasons]
    with st.form("decide"):
        chosen = st.radio(
            _("Decision"), choices, index=None,
            format_func=lambda name: _("Do what is asked") if name == _GRANT
            else _("Refuse: {why}", why=request_words.refusal(language(), name)),
        )  # fmt: skip
        words = st.text_area(_("What the member is told (needed for a refusal)"), max_chars=1000)
        sent = st.form_submit_button(_("Decide"), type="primary")
    if sent and chosen is not None:
        _decide(actor, case, chosen, words)
    elif sent:
        draw("problem.html", text=_("Please choose what you decide."))


def _decide(actor: Actor, case: Case, chosen: str, words: str) -> None:
    granted = chosen == _GRANT
    event = EventName.REQUEST_VIEWED
    look = access.Look(event, Permission.REQUEST_DECIDE, "/desk-queue")
    with access.open(actor, case.member_id, Purpose.CORRECT, case.case_id, look=look) as subject:
        if granted:
            deciding.grant(subject, words)
        else:
            deciding.refuse(subject, RefusalReason(chosen), words)
    _leave(_("Done as asked. The member has been told.") if granted
           else _("Refused. The member has been told why, and how to object."))  # fmt: skip


def _leave(text: str) -> None:
    st.session_state.pop(queue_panel.CASE, None)
    said.say(text)
