"""Staff link a guardian to a child by a document (clause 1.2; P41).

Whether there is such a child shows only when the document convinced and the link is made. The
refusal says one thing for both, so that a guess at other people's children learns nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from db.errors import PortalError
from db.words import N_, LinkMeans, LinkReason
from services import ages, held_values, link_rows
from services.house import house
from services.linking_search import pairs, the_one

if TYPE_CHECKING:
    from services.requests import Request
    from services.subject import Subject

SHOWN: Final = ("name", "birth_date", "login_id")
"""What the guardian typed of the child, for who compares it with the document."""


class NoSuchChild(PortalError):  # noqa: N818 (said to who decides)
    """No child is held under what the guardian typed, or the guardian may be too young."""


class Granted(Protocol):
    """A request that was granted, opened."""

    @property
    def request(self) -> Request:
        """Return the request."""

    @property
    def proposed(self) -> dict[str, str]:
        """Return what the guardian typed."""


def apply(subject: Subject, asked: Granted) -> None:
    """Link the guardian whose request it is, in the deciding transaction. Raise `NoSuchChild`.

    So it is for who isn't known to be 19.
    """
    held_values.text_of(subject, "birth_date", 0)  # whose age is not known yet, is known by this
    if not ages.of_age(subject):
        raise NoSuchChild(
            N_("It isn't known here that this guardian is 19 or older: their own birth date is "
               "missing, or says otherwise. Please ask them to add it under “Edit my data” first, "
               "or refuse.")
        )  # fmt: skip
    home = house()
    with home.databases.keys.connect() as keys:
        child = the_one(keys, home.keyring, pairs(asked.proposed))
    reason = LinkReason(asked.proposed["reason"])
    new = link_rows.New(LinkMeans.DOCUMENT, reason, asked.request.received_at)
    if child is None or child == subject.member_id or not link_rows.write(subject, child, new):
        raise NoSuchChild(
            N_("Nobody under 14 is held and awake under this name and birth date. Please refuse; "
               "the guardian is told the same as when the document is not enough.")
        )  # fmt: skip
