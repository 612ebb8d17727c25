"""Linking to a child: whom, by a code or a document, and the consent that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from db.errors import PortalError
from db.words import LinkReason, Purpose
from pages.components import move_panel, said, sign_in_panel
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access, family_words, linking, profile_words
from services.actor import AccessDenied, Permission, StepUpRequired
from services.files import LARGEST
from services.language import format_date
from services.ledger import EventName
from services.linking import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.actor import Actor
    from services.family import Family
    from services.subject import Subject

_LOOK: Final = access.Look(
    EventName.FAMILY_VIEWED, Permission.GUARDIAN_LINK, "/family", folds=False
)
_HOW: Final = "jk_link_how"
_AGAIN: Final = "jk_link_again"
_CODE, _DOCUMENT = "code", "document"
_MEGABYTES: Final = LARGEST // 1024**2


def panel(actor: Actor, found: Family) -> None:
    """Draw the way to be linked, one step at a time."""
    if found.own is not None and found.own.child:
        return  # a child looks after nobody
    if found.age_missing:
        draw("link_age.html", age=linking.ADULT, children=any(one.acts for one in found.wards))
        return
    draw("link_intro.html", verified=actor.verified)
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="link_verify",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({})
        return
    if found.decided_by:
        text = _("We have your document and decide by {day}. The answer comes by mail, and "
                 "stands under “My requests”.", day=format_date(found.decided_by))  # fmt: skip
        draw("said.html", text=text)
    if found.waiting:
        _type_code(actor, found)
    _ask(actor, again=found.waiting is not None)


def _try(actor: Actor, what: Callable[[Subject], Any]) -> Any:  # noqa: ANN401 (whatever it gives)
    """Do one thing; return None where it was refused, and say why. What was typed stays."""
    try:
        with access.open(actor, actor.person, Purpose.CORRECT, look=_LOOK) as subject:
            return what(subject)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return None


def _once_more() -> None:
    st.session_state[_AGAIN] = True


def _ask(actor: Actor, *, again: bool) -> None:
    if again and not st.session_state.get(_AGAIN):
        st.button(_("Start again, or for another child"), key="link_again", on_click=_once_more)
        return
    how = st.radio(
        _("How can you show that you are the guardian?"), (_CODE, _DOCUMENT), key=_HOW,
        format_func={
            _CODE: _("A code to the contact that was given when the child joined"),
            _DOCUMENT: _("A certificate of family relations, looked at by our staff"),
        }.__getitem__,
    )  # fmt: skip
    with st.form("link", border=True):
        typed = _fields()
        reason, agreed, file = None, True, None
        if how == _DOCUMENT:
            file = st.file_uploader(
                _("Certificate of family relations (PDF, JPEG or PNG, 5 MB at most)"),
                ["pdf", "jpg", "jpeg", "png"], max_upload_size=_MEGABYTES,
            )  # fmt: skip
            reason, agreed = _consent("document")
        draw("edit_before.html", lines=_before(how))
        label = _("Send it to our staff") if how == _DOCUMENT else _("Send a code")
        if not st.form_submit_button(label, type="secondary" if again else "primary"):
            return
    if how == _DOCUMENT:
        _by_document(actor, typed, reason, file.getvalue() if file else b"", agreed=agreed)
    else:
        _by_code(actor, typed)


def _fields() -> tuple[str, str, str]:
    return (
        st.text_input(_("The child's name"), key=f"{FORM}link_name", max_chars=120),
        st.text_input(
            _("The child's birth date"), key=f"{FORM}link_born", max_chars=40,
            placeholder=_("For example {day}", day="2018. 2. 3."),
        ),
        st.text_input(
            _("The child's login ID, if it has one"), key=f"{FORM}link_login", max_chars=120
        ),
    )  # fmt: skip


def _consent(which: str) -> tuple[LinkReason | None, bool]:
    """Draw as what somebody acts, and the consent; return both answers."""
    reason = st.radio(
        _("I am"), list(LinkReason), index=None, key=f"jk_link_reason_{which}", horizontal=True,
        format_func=lambda one: _(profile_words.REASONS[one]),
    )  # fmt: skip
    return reason, st.checkbox(family_words.consent(language()), key=f"jk_link_agreed_{which}")


def _before(how: str) -> list[str]:
    if how == _DOCUMENT:
        return [
            _("Our staff compare it with what is held, within 10 days. It is sealed, seen only by "
              "who decides, and destroyed afterwards."),
            _("The answer is the same whether the document is not enough or no such child is "
              "here."),
        ]  # fmt: skip
    return [
        _("If such a child is here, a code goes to the contact given when it joined, and counts "
          "for 10 minutes. What you see here is the same if there is none."),
        _("It works for a child under 14 whose account is in use. If the contact is no longer "
          "yours, please use the document; if the account sleeps, please ask us first."),
    ]  # fmt: skip


def _by_code(actor: Actor, typed: tuple[str, str, str]) -> None:
    sent = _try(
        actor,
        lambda subject: linking.ask_code(subject, linking.wish(*typed, subject.today)),
    )
    if sent is not None:
        _empty()
        said.say(
            _("If such a child is here, a code is on its way to the contact given when it joined. "
              "Please type it in below.")
        )  # fmt: skip


def _by_document(
    actor: Actor, typed: tuple[str, str, str], reason: LinkReason | None, content: bytes, *,
    agreed: bool,
) -> None:  # fmt: skip
    if not _agreed(reason, agreed=agreed):
        return
    asked = _try(
        actor,
        lambda subject: linking.ask_document(
            subject, linking.wish(*typed, subject.today), reason, content
        ),
    )
    if asked is not None:
        _empty()
        said.say(_("We have your document. We decide within 10 days and tell you by mail."))


def _agreed(reason: LinkReason | None, *, agreed: bool) -> bool:
    problem = None
    if reason is None:
        problem = _("Please choose whether you are a parent or appointed by a court.")
    elif not agreed:
        problem = _("Without your consent you can't be linked. Please tick it if you agree.")
    if problem:
        draw("problem.html", text=problem)
    return problem is None


def _type_code(actor: Actor, found: Family) -> None:
    waiting = found.waiting
    if waiting is None:
        return
    draw("link_code.html", until=waiting.until, left=waiting.tries_left)
    with st.form("link_code", border=True):
        code = st.text_input(_("Code (6 digits)"), key="jk_link_code", max_chars=20)
        reason, agreed = _consent("code")
        if not st.form_submit_button(_("Agree and link"), type="primary"):
            return
    if not _agreed(reason, agreed=agreed):
        return
    done = _try(actor, lambda s: linking.confirm(s, code, reason))
    if done is None:
        return
    outcome, child = done
    if outcome is Outcome.LINKED:
        _empty()
        move_panel.offer(child)
        said.say(
            _("You are linked to the child, and your consent is recorded. You can see the child's "
              "data from here.")
        )  # fmt: skip
    elif outcome is Outcome.OVER:
        draw("problem.html", text=_("The code is over. Please ask for a new one."))
    else:
        text = _("This code isn't right. Please check it: after {n} wrong ones it is over.",
                 n=linking.TRIES)  # fmt: skip
        draw("problem.html", text=text)


def _empty() -> None:
    for key in [k for k in st.session_state if str(k).startswith((f"{FORM}link", "jk_link"))]:
        st.session_state.pop(key)
