"""Whose data this tab shows: one's own, or that of a child for whom somebody acts as guardian.

The tab holds the choice, so that two tabs never turn into each other; its address repeats it, so
that a reload, back and forward keep it. The address is only a hint: `child` stands for one of the
children of who is signed in, in their session alone (`services.child_link`), and whether they may
act is asked anew wherever the child's data is opened (`access.open`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from db.words import N_
from services import child_link
from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor

TAB: Final = "jk_tab"
HERE: Final = "jk_here"
PATH: Final = "jk_path"
CERTIFICATES: Final = "jk_certificates"
"""Certificates of leaving that this tab has just been given: shown once, gone with the tab."""
NAMES: Final = "jk_family_names"
"""What this tab's children are called, read once."""
CHILD: Final = "child"
"""The word in the address."""
CARRYING: Final = frozenset({
    "/", "/my-data", "/edit", "/history", "/family", "/export", "/consents", "/sharing", "/stop",
    "/leave", "/requests", "/messages", "/policy", "/notices", "/contact", "/status", "/mailbox",
})  # fmt: skip
"""Pages that a guardian may open while acting: a link to one keeps the child. A test compares."""
_ACTING: Final = "jk_acting_for"
_WORD: Final = "jk_acting_word"
"""What stands for the child in the address."""
_LOST: Final = "jk_ward_lost"
_PAGES: Final = Path(__file__).resolve().parent.parent


def act_for(actor: Actor, child: UUID) -> None:
    """Look at a child's data in this tab from the next run on."""
    _forget(NAMES)
    st.session_state[_ACTING] = child
    st.session_state[_WORD] = child_link.token(actor, child)


def act_for_self() -> None:
    """Look at one's own data again; what the children are called may have been changed."""
    _forget()


def lose(sentence: str) -> None:
    """Go back to one's own data: who acted for a child may not any more. What was typed goes."""
    _forget()
    st.session_state[_LOST] = sentence


def lost() -> str | None:
    """Return the sentence of `lose`, once."""
    found: str | None = st.session_state.pop(_LOST, None)
    return found


def settle(actor: Actor, *, fresh: bool, changed: bool = False) -> UUID | None:
    """Return the child for whom this tab acts, or None; let the address say so, too.

    `fresh`: the tab has only just been opened, or loaded again. Then, and after going back or
    forward, the address counts; anywhere else the tab does: the menu's links leave the word out.
    `changed`: somebody else signed in. What the address names was of who was here before.
    """
    given = st.query_params.get(CHILD)
    if not changed and ((fresh and given) or _went_back()):
        _follow(actor, given)
    word = st.session_state.get(_WORD)
    if word and given != word:
        st.query_params[CHILD] = word
    elif given is not None and not word:
        del st.query_params[CHILD]
    child: UUID | None = st.session_state.get(_ACTING)
    return child


def kept() -> dict[str, str]:
    """Return what the address of another page has to say, too."""
    word = st.session_state.get(_WORD)
    return {CHILD: word} if word else {}


def keyed(key: str) -> str:
    """Return the key of an element on a page that may be a child's: another for each of them.

    What is typed, chosen or clicked for one then never counts for another, whatever the browser
    still shows while the tab turns from one to the other. For oneself the key stays as it is.
    """
    word = st.session_state.get(_WORD)
    return f"{key}_{word[:12]}" if word else key


def link(address: str) -> str:
    """Return the portal's own address `address` for whom this tab acts.

    A plain link loads the portal anew: without the word one would be at one's own data, believing
    it the child's. Only what may be about a child gets it, never a file or an address of a mail.
    """
    word, parts = kept(), urlsplit(address)
    if not word or parts.scheme or parts.netloc or parts.path not in CARRYING:
        return address
    query = "&".join(filter(None, (parts.query, urlencode(word))))
    return urlunsplit(parts._replace(query=query))


def go(page: str) -> NoReturn:
    """Go to another page (a file below `pages/`), for whom this tab acts."""
    st.switch_page(_PAGES / page, query_params=kept())


def _follow(actor: Actor, given: str | None) -> None:
    """Let the tab be what the address says."""
    if given == st.session_state.get(_WORD):
        return
    child = _named(actor, given) if given else None
    if child is not None:
        act_for(actor, child)
    elif given:
        lose(
            N_("The address named a child whose data we can't open for you: the link has ended, or "
               "you have signed in anew since. You see your own data now.")
        )  # fmt: skip
    else:
        act_for_self()


def _named(actor: Actor, given: str) -> UUID | None:
    if not given.isascii():
        return None
    with house().databases.data.begin() as connection:
        return child_link.child_of(connection, actor, given)


def _went_back() -> bool:
    """Return whether the browser went back or forward to come here."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def _forget(*kept_too: str) -> None:
    """Forget all that the tab keeps of one person: nothing typed or shown reaches the next."""
    for key in [k for k in st.session_state if k not in {TAB, HERE, PATH, CERTIFICATES, *kept_too}]:
        st.session_state.pop(key)
