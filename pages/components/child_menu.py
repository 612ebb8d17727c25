"""What the menu is called while somebody acts for a child: whose data it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.words import N_
from pages.components import ward_name
from pages.components.text import _

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from services.actor import Actor

Bar = dict[str, "list[StreamlitPage]"]
"""The pages of the menu by section."""
_FOR_CHILD: Final = {
    "My data": N_("The child's data"), "Edit my data": N_("Edit the child's data"),
    "Child · Guardian": N_("The child's guardians"), "Take my data": N_("Take the child's data"),
    "I decide": N_("Decide for the child"), "Leave": N_("End the child's membership"),
    "My requests": N_("The child's requests"), "Told to me": N_("What we told your child"),
}  # fmt: skip
"""What sections and pages are called while somebody acts for a child; all others are
called as ever."""


def called(title: str, *, child: bool) -> str:
    """Return the title of a section or page in this browser's language."""
    return _(_FOR_CHILD.get(title, title) if child else title)


def name(actor: Actor | None) -> str | None:
    """Return what the menu calls the child for whom somebody acts, if it has a name.

    Raise `WardLost` for who may not act any more.
    """
    if actor is None or actor.acting_for is None:
        return None
    return ward_name.in_menu(ward_name.of(actor, actor.acting_for))


def data_of(name: str) -> str:
    """Return the title of what is held about the child of this name."""
    return _("{name}'s data", name=name)


def named(bar: Bar, title: str, page: StreamlitPage) -> Bar:
    """Return the menu with the child's name in it; not to be kept, for it is nobody else's."""
    own = called("My data", child=True)
    return {
        title if section == own else section: [
            page if one.url_path == page.url_path else one for one in pages
        ]
        for section, pages in bar.items()
    }
