"""Finds a caller and opens their case: one field, a masked answer, one form."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import Caller, CallWish, CaseChannel
from pages.components import case_banner, case_guardians, case_view, gate, said
from pages.components.fragment import draw
from pages.components.text import _
from services import callers, case_going_on, case_opening, case_words, cases, reference
from services.case_opening import CaseTaken, Draft
from services.cases import CaseRefused
from services.files import FileRefused
from services.house import house
from services.language import format_date

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.callers import Found

_FOUND: Final = "jk_callers"
_SAYS: Final = "jk_callers_say"
_TAKEN: Final = "jk_call_taken"
_MEGABYTES: Final = 5
_DATES: Final = "YYYY.MM.DD"
_OLDEST: Final = date(1900, 1, 1)


def panel(actor: Actor) -> None:
    """Draw the look-up, then who was found, then the form that opens a case."""
    with st.form("case_find", border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                _("Exact e-mail, mobile, login ID, name, or certificate number"),
                autocomplete="off", key="case_typed", max_chars=200,
            )  # fmt: skip
            born = st.date_input(
                _("Birth date (with a name)"), None, format=_DATES, key="case_born",
                min_value=_OLDEST, max_value=seoul_day(actor.at),
            )  # fmt: skip
        sent = st.form_submit_button(_("Look up"), type="primary", icon=":material/search:")
    if sent:
        _seek(actor, typed, born)
    if text := st.session_state.get(_SAYS):
        draw("problem.html", text=text)
    found: tuple[Found, ...] = st.session_state.get(_FOUND, ())
    if found:
        _choice(actor, found)


def _seek(actor: Actor, typed: str, born: date | None) -> None:
    case_guardians.forget()
    for key in (_FOUND, _SAYS, _TAKEN):
        st.session_state.pop(key, None)
    if not typed.strip():
        st.session_state[_SAYS] = _("Please type what the caller says of themselves.")
        return
    with house().databases.data.begin() as connection:
        sought = callers.seek(connection, actor, typed, born)
    if sought.over:
        st.session_state[_SAYS] = _(
            "You have looked up as many as one may in a day. The privacy officer sees it."
        )
    elif sought.left_at is not None:
        st.session_state[_SAYS] = _(
            "A certificate of leaving with this number was given on {day}. Nothing else is found "
            "of who left: with number and secret they see everything on the page “After leaving”.",
            day=format_date(sought.left_at),
        )
    elif found := callers.shown(actor, sought):
        st.session_state[_FOUND] = found
    else:
        st.session_state[_SAYS] = _(
            "Nobody is found by exactly this. The look-up is noted. A name is found with its birth "
            "date only."
        )


def _choice(actor: Actor, found: tuple[Found, ...]) -> None:
    numbered = dict(enumerate(found, start=1))
    draw("case_found.html", people=[
        {"number": n, "asleep": one.asleep, "values": case_view.person(one.values)}
        for n, one in numbered.items()
    ])  # fmt: skip
    number = 1
    if len(numbered) > 1:
        number = st.radio(
            _("Who of them is calling?"), list(numbered), key="case_who", horizontal=True,
        )  # fmt: skip
    _open_form(actor, numbered[number or 1])
    taken: tuple[UUID, UUID, bool] | None = st.session_state.get(_TAKEN)
    # Chosen since may be somebody else, whose case it isn't.
    if taken is not None and taken[0] == numbered[number or 1].member_id:
        _take_over(actor, *taken[1:], who=case_view.who(numbered[number or 1].values))


def _open_form(actor: Actor, one: Found) -> None:
    """Draw the form of this person: what was typed or chosen for another stays with them."""
    whose = reference.for_desk(one.member_id)
    caller = st.selectbox(
        _("Who asks"), [*Caller], index=0, key=f"case_caller_{whose}",
        format_func=lambda c: _(case_words.CALLERS[c]),
    )  # fmt: skip
    asks = caller is Caller.GUARDIAN
    guardians = case_guardians.known(actor, one.member_id) if asks else ()
    with st.form(f"case_new_{whose}", border=True):
        guardian = case_guardians.choice(guardians, f"case_guardian_{whose}")
        asked = st.pills(
            _("What they ask for"), list(CallWish), selection_mode="multi",
            key=f"case_asked_{whose}", format_func=lambda w: _(case_words.WISHES[w]),
        )  # fmt: skip
        with st.container(horizontal=True):
            channel = st.selectbox(
                _("How it reached us"), [*CaseChannel], index=0, key=f"case_channel_{whose}",
                format_func=lambda c: _(case_words.CHANNELS[c]),
            )  # fmt: skip
            received = st.date_input(
                _("Came in on"), seoul_day(actor.at), format=_DATES, key=f"case_received_{whose}"
            )
        words = st.text_area(
            _("What they say (you may leave it empty)"), key=f"case_words_{whose}",
            max_chars=cases.LONGEST, height=80,
        )  # fmt: skip
        authority = st.file_uploader(
            _("Written authority, if somebody else asks (PDF, JPEG or PNG, 5 MB at most)"),
            ["pdf", "jpg", "jpeg", "png"], key=f"case_authority_{whose}",
            max_upload_size=_MEGABYTES,
        )  # fmt: skip
        sent = st.form_submit_button(_("Open the case"), type="primary")
    if not sent:
        return
    draft = Draft(
        one.member_id, CaseChannel(channel), Caller(caller), frozenset(asked or ()), received,
        words, authority.getvalue() if authority else None, guardian,
    )  # fmt: skip
    _open(actor, one, draft)


def _open(actor: Actor, one: Found, draft: Draft) -> None:
    try:
        with house().databases.data.begin() as connection:
            case_id = case_opening.open_case(connection, actor, draft)
    except CaseTaken as taken:
        own = "number" not in taken.params
        st.session_state[_TAKEN] = (one.member_id, taken.case_id, own)
        draw("problem.html", text=_(taken.message, **taken.params))
        return
    except (CaseRefused, FileRefused) as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    _in_hand(case_id, case_view.who(one.values))
    said.say(_("The case is open. Now make sure who is calling."))


def _in_hand(case_id: UUID, who: str) -> None:
    case_guardians.forget()
    for key in (_FOUND, _SAYS, _TAKEN, "case_typed", "case_born"):
        st.session_state.pop(key, None)
    gate.take_in_hand(case_id)
    st.session_state[case_banner.WHO] = who


def _take_over(actor: Actor, case_id: UUID, own: bool, *, who: str) -> None:  # noqa: FBT001
    if own:
        if st.button(_("Go on with the open case"), key="case_own"):
            _in_hand(case_id, who)
            st.rerun()
        return
    words = case_words.TAKING_OVER
    with st.form("case_over", border=True):
        why = st.selectbox(
            _("Why you take it over"), list(words), format_func=lambda w: _(words[w])
        )
        sent = st.form_submit_button(_("Take it over"))
    if sent and why is not None:
        with house().databases.data.begin() as connection:
            case_going_on.take_over(connection, actor, case_id, why)
        _in_hand(case_id, who)
        said.say(_("The case is in your hand now."))
