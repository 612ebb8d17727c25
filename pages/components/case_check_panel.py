"""Makes sure who is calling: a code that is read out, or how else it showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.law import law
from db.words import Caller, Purpose, VerifiedBy
from pages.components import case_view, said
from pages.components.fragment import draw
from pages.components.text import _
from services import access, call_back, caller_check, case_words, cases
from services.actor import Permission
from services.cases import CaseRefused
from services.files import FileRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime

    from services.actor import Actor
    from services.call_back import Numbers
    from services.cases import Case

_LOOK: Final = access.Look(EventName.CASE_VIEWED, Permission.CASE_HANDLE, cases.PAGE)
_NUMBERS: Final = access.Look(
    EventName.VALUES_UNMASKED, Permission.CASE_HANDLE, cases.PAGE, call_back.NUMBERS,
    reason="call_back",
)  # fmt: skip
_CALLING: Final = "jk_call_numbers"


def panel(actor: Actor, case: Case, code_until: datetime | None, tries_left: int) -> None:
    """Draw the ways, the quickest first."""
    draw("case_check.html", tries=tries_left,
         until=case_view.clock(code_until) if code_until else "")  # fmt: skip
    if not tries_left:
        return
    with st.container(horizontal=True):
        for by in caller_check.WAYS:
            label = _(case_words.VERIFIED[by])
            if st.button(label, key=f"send_{by}", icon=":material/sms:"
                         if by is VerifiedBy.MOBILE_CODE else ":material/mail:"):  # fmt: skip
                _send(actor, case, by)
    if code_until is not None:
        _code(actor, case)
    with st.expander(_("Without a code: call back, or documents")):
        _call_back(actor, case)
        _documents(actor, case)


def _send(actor: Actor, case: Case, by: VerifiedBy) -> None:
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
        caller_check.send(subject, case, by)
    said.say(
        _(
            "If it is registered, the code is on its way there. It counts for 10 minutes; ask the "
            "caller to read it out."
        )
    )


def _code(actor: Actor, case: Case) -> None:
    with st.form("case_code", border=True):
        typed = st.text_input(_("The code that the caller reads out"), key="case_code_typed",
                              max_chars=20, autocomplete="off")  # fmt: skip
        sent = st.form_submit_button(_("Check it"), type="primary")
    if not sent or not typed.strip():
        return
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
        right = caller_check.check_code(subject, case, typed)
    if right:
        st.session_state.pop(_CALLING, None)
        said.say(_("It is them. You may do what they asked for, for half an hour."))
    draw("problem.html", text=_("This is not the code, or it is over. The try is noted."))


def _call_back(actor: Actor, case: Case) -> None:
    if case.caller is Caller.GUARDIAN:
        # What is registered here is the child's: who answers there need not be the guardian.
        draw("problem.html", text=_("No number of the guardian is kept with the child's data: "
                                    "use a code or documents."))  # fmt: skip
        return
    found: Numbers | None = st.session_state.get(_CALLING)
    if found is None:
        if st.button(_("Show the registered numbers, to call back"), key="case_numbers"):
            with access.open(
                actor, case.member_id, Purpose.SHOW, case.case_id, look=_NUMBERS
            ) as subject:
                st.session_state[_CALLING] = call_back.numbers(subject, case)
            st.rerun()
        return
    draw("case_numbers.html", numbers=[(_(label), text) for label, text in found.known.items()],
         resting=[_(label) for label in found.resting],
         days=law().calls.number_rests_days)  # fmt: skip
    if not found.known:
        return
    knew = st.checkbox(_("They answered there, and told two things right that only they know"))
    if knew and st.button(_("Verified by calling back"), key="case_called"):
        _done(actor, case, None, VerifiedBy.CALL_BACK)


def _documents(actor: Actor, case: Case) -> None:
    with st.form("case_documents", border=False):
        saw = st.checkbox(_("I saw a document with name and birth date that fit (number covered)"))
        given = st.file_uploader(
            _("A copy, if the matter needs one (PDF, JPEG or PNG, 5 MB at most)"),
            ["pdf", "jpg", "jpeg", "png"], max_upload_size=5,
        )  # fmt: skip
        with st.container(horizontal=True):
            sent = st.form_submit_button(_("Verified by documents"))
            not_them = st.form_submit_button(_("It did not show that it is them"))
    if not_them:
        with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
            caller_check.failed(subject, case, VerifiedBy.DOCUMENTS)
        said.say(_("Noted. Nothing of the member may be told or done."))
    if sent and saw:
        _done(actor, case, given.getvalue() if given else None, VerifiedBy.DOCUMENTS)
    elif sent:
        draw("problem.html", text=_("Please confirm what you saw."))


def _done(actor: Actor, case: Case, content: bytes | None, by: VerifiedBy) -> None:
    try:
        with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
            if by is VerifiedBy.DOCUMENTS:
                caller_check.by_documents(subject, case, content)
            else:
                call_back.called_back(subject, case)
    except (CaseRefused, FileRefused) as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    st.session_state.pop(_CALLING, None)
    said.say(_("It is them. You may do what they asked for, for half an hour."))
