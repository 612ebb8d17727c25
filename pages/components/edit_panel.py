"""The forms of "Edit my data": choose an item, change it, have it cleared, ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db import clock
from db.clock import seoul_day
from db.declarations import ITEMS, Basis, Correction, Group
from pages.components import acting, edit_view
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.text import _
from services import clearing, edit_wishes, profile_words
from services.contact_values import CHOICES, LONG, example
from services.files import LARGEST
from services.holding_back import LOOKED_AT
from services.language import format_date

if TYPE_CHECKING:
    from services.edit_wishes import Wish
    from services.editing import Editing

ITEM: Final = f"{FORM}item"
_WHICH: Final = f"{FORM}which"
_PICTURE: Final = "jk_edit_picture"
_PROOF: Final = "jk_edit_proof_"
_SURE: Final = "jk_edit_sure"
_NEW: Final = "new"
_MEGABYTES: Final = LARGEST // 1024**2
_NAMES: Final = tuple(
    name for name, item in ITEMS.items() if item.shown and item.group is not Group.GENERATED
)


def chosen() -> str:
    """Return the item that is edited: chosen here, or named by the link that led here."""
    key = acting.keyed(ITEM)
    asked = st.session_state.get(key) or st.query_params.get("item")
    if asked not in _NAMES:
        asked = _NAMES[0]
    st.session_state.setdefault(key, asked)
    return str(asked)


def choose() -> None:
    """Draw the choice of an item."""
    st.selectbox(_("Which item?"), _NAMES, key=acting.keyed(ITEM), format_func=_named,
                 on_change=unsure)  # fmt: skip


def unsure() -> None:
    """Ask again before anything is cleared."""
    st.session_state.pop(_SURE, None)


def fresh() -> None:
    """Empty the forms after something was done; the item stays chosen."""
    unsure()
    item = acting.keyed(ITEM)
    for key in [k for k in st.session_state if str(k).startswith(FORM) and k != item]:
        st.session_state.pop(key)


def _named(name: str) -> str:
    item = ITEMS[name]
    return f"{_(item.label)} · {_(profile_words.GROUPS[item.group][0])}"


def wish(one: Editing) -> Wish | None:
    """Draw the forms of an item; return what was wished for in this run, if anything."""
    how = one.item.correction
    if one.hidden:
        draw("edit_before.html", lines=[_(LOOKED_AT)])
        return None
    by_link = one.link_until and one.item.name == "email"
    if by_link and st.button(_("Keep the old address"), key=acting.keyed("edit_keep")):
        return edit_wishes.KeepAddress()
    found = None
    if how is Correction.AT_ONCE or (how is Correction.WITH_PROOF and not one.due_on):
        found = _change(one)
    elif how is Correction.NEVER:
        draw("edit_before.html", lines=[_("The login ID can't be changed, only cleared.")])
    return found or _clear(one)


def _seq(one: Editing) -> int | None:
    """Return which value of a repeated item is meant; None: a new one."""
    if not one.item.repeated:
        return 0
    shown = edit_view.shown(one)
    texts = {str(held.seq): text for held, (text, _form) in zip(one.held, shown, strict=True)}
    options = [*texts, _NEW]
    key = acting.keyed(_WHICH)
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
    which = st.radio(
        _("Which one?"), options, key=key, format_func=lambda o: texts.get(o, _("Add another"))
    )
    return None if which == _NEW else int(which)


def _change(one: Editing) -> Wish | None:
    name, asks = one.item.name, one.item.correction is Correction.WITH_PROOF
    seq = _seq(one)
    with st.form(acting.keyed(f"{name}_{seq}"), border=True):
        if name == "profile_image":
            given = st.file_uploader(
                _("New picture (JPEG or PNG, 5 MB at most)"),
                ["jpg", "jpeg", "png"],
                max_upload_size=_MEGABYTES,
                key=acting.keyed(_PICTURE),
            )
            typed = ""
        else:
            typed, given = _field(one, seq), None
        if asks:
            given = st.file_uploader(
                _("Proof, if you have one (PDF, JPEG or PNG, 5 MB at most)"),
                ["pdf", "jpg", "jpeg", "png"],
                max_upload_size=_MEGABYTES,
                key=acting.keyed(f"{_PROOF}{name}_{seq}"),
            )
        draw("edit_before.html", lines=_before(one))
        if not st.form_submit_button(_("Ask for it") if asks else _("Change it"), type="primary"):
            return None
    content = given.getvalue() if given else None
    if asks:
        return edit_wishes.Ask(name, typed, content)
    if name == "profile_image":
        return edit_wishes.Picture(content or b"")
    return edit_wishes.Change(name, seq, typed)


def _field(one: Editing, seq: int | None) -> str:
    name, label = one.item.name, _("New value: {item}", item=_(one.item.label))
    key = acting.keyed(f"{FORM}{name}_{seq}")
    if name in CHOICES:
        known = profile_words.VALUES[name]
        return st.radio(label, CHOICES[name], key=key, format_func=lambda o: _(known[o]),
                        horizontal=True, index=None) or ""  # fmt: skip
    day = format_date(example(name, seoul_day(clock.now())))
    help_text = _("For example {day}", day=day) if name in profile_words.DATES else None
    return st.text_input(label, key=key, max_chars=LONG + 60, placeholder=help_text)


def _before(one: Editing) -> list[str]:
    """Return what will happen, said before it does."""
    if one.item.correction is Correction.WITH_PROOF:
        return [
            _("We decide within 10 days. Until then this item is used for nothing and given to "
              "nobody."),
            _("The proof is sealed, seen only by who decides, and destroyed afterwards."),
        ]  # fmt: skip
    if one.item.name == "email":
        return [
            _("We send a link to the new address; it counts once you open it, within 24 hours. "
              "The old address is told.")
        ]  # fmt: skip
    if one.by_code:
        return [
            _("We send a code to the new number; it counts once you enter the code here, within "
              "10 minutes. Ask the child for it.")
        ]  # fmt: skip
    lines = [_("It changes at once. The old value is not kept.")]
    if one.item.basis is Basis.CONSENT and not one.held:
        lines.append(_("By saving it you agree that we hold it. You can clear it at any time."))
    return lines


def _clear(one: Editing) -> Wish | None:
    name = one.item.name
    if not one.held or (one.due_on and one.item.required):
        return None
    baby = one.item.group is Group.CUSTOM
    if st.session_state.get(_SURE) != name:
        with st.container(horizontal=True):
            label = _("Clear") if one.clears_at_once else _("Ask to clear it")
            st.button(label, key=acting.keyed("edit_clear"), icon=":material/delete:",
                      on_click=_set_sure, args=(name,))  # fmt: skip
        return None
    draw("edit_before.html", lines=_before_clearing(one))
    with st.container(horizontal=True):
        st.button(_("Leave it"), key=acting.keyed("edit_leave"), on_click=unsure)
        if st.button(_("Yes, clear it") if one.clears_at_once else _("Yes, ask for it"),
                     key=acting.keyed("edit_sure"), type="primary"):  # fmt: skip
            return edit_wishes.Clear((name,)) if one.clears_at_once else edit_wishes.AskClear(name)
        if baby and st.button(_("Clear all about pregnancy and baby"),
                             key=acting.keyed("edit_baby")):  # fmt: skip
            return edit_wishes.Clear(clearing.BABY)
    return None


def _set_sure(name: str) -> None:
    st.session_state[_SURE] = name


def _before_clearing(one: Editing) -> list[str]:
    if not one.clears_at_once:
        return [
            _("The membership or a law needs this item, so somebody decides, within 10 days. "
              "You need not give a reason.")
        ]  # fmt: skip
    lines = [_("The value goes at once and can't be brought back. You need not give a reason.")]
    if one.item.basis is Basis.CONSENT:
        lines.append(_("The consent to hold it ends with it."))
    if one.follows:
        also = ", ".join(_(ITEMS[name].label) for name in one.follows)
        lines.append(_("What was derived from it goes, too: {items}", items=also))
    return lines
