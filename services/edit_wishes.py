"""What a person wished for on "Edit my data": each knows how it is done and what is said then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from db.declarations import ITEMS
from db.words import N_
from services import clearing, correction, waiting_values
from services.actor import Relation
from services.correction import Outcome

if TYPE_CHECKING:
    from services.subject import Subject

_SAID = {
    Outcome.CHANGED: N_("It is changed. Everybody who has to know is being told."),
    Outcome.SAME: N_("That is what is held already. Nothing was changed."),
    Outcome.LINK_SENT: N_(
        "We sent a link to the new address. It counts once you open it, within 24 hours."
    ),
    Outcome.CODE_SENT: N_(
        "We sent a code to the new number. It counts once you enter the code here, within 10 "
        "minutes."
    ),
}
_ASKED = N_("We have your request and decide within 10 days. You see it under “My requests”.")
_ASKED_FOR_CHILD = N_(
    "We have your request and decide within 10 days. You see it under “The child's requests”."
)


def _asked(subject: Subject) -> str:
    return _ASKED_FOR_CHILD if subject.relation is Relation.GUARDIAN else _ASKED


class Wish(Protocol):
    """Something to do with an opened member; returns a message id of what happened."""

    def carry_out(self, subject: Subject) -> str:
        """Do it."""


@dataclass(frozen=True)
class Change:
    """A value to be put right at once."""

    item: str
    seq: int | None
    typed: str = field(repr=False)

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        return _SAID[correction.correct(subject, self.item, self.seq, self.typed)]


@dataclass(frozen=True)
class Picture:
    """Another profile image."""

    content: bytes = field(repr=False)

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        return _SAID[correction.correct_picture(subject, self.content)]


@dataclass(frozen=True)
class Ask:
    """A value that needs proof."""

    item: str
    typed: str = field(repr=False)
    proof: bytes | None = field(repr=False)

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        correction.ask(subject, self.item, self.typed, self.proof)
        return _asked(subject)


@dataclass(frozen=True)
class Clear:
    """Optional items to be cleared; of several, those that are held."""

    items: tuple[str, ...]

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        optional = tuple(name for name in self.items if not ITEMS[name].required)
        clearing.clear(subject, optional)
        return N_("It is cleared. Everybody who has to know is being told.")


@dataclass(frozen=True)
class AskClear:
    """A required item that somebody decides to clear."""

    item: str

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        clearing.ask(subject, self.item)
        return _asked(subject)


@dataclass(frozen=True)
class KeepAddress:
    """The old e-mail address after all."""

    def carry_out(self, subject: Subject) -> str:
        """Do it."""
        waiting_values.take_back(subject, "email")
        return N_("The old address stays. The link that we sent no longer works.")
