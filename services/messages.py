"""Fills what members are told; each message stands in `templates/messages/`, once a language.

To add one: write `NAME.ko.txt` and `NAME.en.txt` with the same variables, and name it in `SUBJECTS`
and `PURPOSES` here. A file holds the middle of a message: paragraphs apart by an empty line, a
list by lines that begin with "- ", a button by a line that is an address of ours alone, such as
`{{ address }}/requests`. Greeting, reason, sender, text mail, HTML mail and the portal's inbox are
made of it here. Variables are the params given to `notify`; `nickname` (may be empty), `address`
and `language` are always there. Params are words of ours and dates, never sentences of one
language: the filters `item`, `items`, `date`, `moment`, `purpose` and `said` say them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, meta, select_autoescape

from db.words import N_, Purpose
from services import message_filters
from services.language import translate
from services.message_blocks import blocks

if TYPE_CHECKING:
    from services.language import Language

TEMPLATES: Final = Path(__file__).parent / "templates/messages"
SUBJECTS: Final = {
    "password_link": N_("Set your password"),
    "password_code": N_("Your code"),
    "password_changed": N_("Your password was changed"),
    "new_device": N_("A new browser signed in"),
    "email_link": N_("Confirm your new e-mail address"),
    "email_asked": N_("A new e-mail address was asked for"),
    "email_changed": N_("Your e-mail address was changed"),
    "mobile_code": N_("Your code for the new number"),
    "mobile_changed": N_("Your mobile number was changed"),
    "usage": N_("How your data was used this year"),
    "dormancy_notice": N_("Your account will go to sleep"),
    "woken": N_("Your account is awake again"),
    "left": N_("Your membership has ended"),
    "consent_receipt": N_("Your consents were changed"),
    "consent_ending": N_("Do you still want our advertisements?"),
    "request_received": N_("We have your request"),
    "request_done": N_("We did what you asked"),
    "request_refused": N_("We could not do what you asked"),
    "stop_lifted": N_("What you had stopped goes on"),
    "bar_placed": N_("Joining again is barred for a time"),
    "bar_kept": N_("Your objection to the bar on joining again"),
    "bar_lifted": N_("You may join again"),
    "export_ready": N_("Your data is ready"),
    "case_code": N_("Your number for our staff"),
    "case_confirm": N_("Please confirm what was asked for"),
    "case_postponed": N_("Our answer comes a little later"),
    "case_answer": N_("Our answer to what you asked"),
    "recovery_notice": N_("A new sign-in was asked for"),
    "recovery_link": N_("Your new sign-in"),
    "guardian_code": N_("A code to look after a child"),
    "guardian_linked": N_("Somebody looks after you now, as your guardian"),
    "own_sign_in": N_("Set a password of your own"),
    "fourteen_child": N_("You will soon decide yourself"),
    "fourteen_guardian": N_("Your child will soon decide itself"),
    "fourteen_asleep": N_("A sleeping child turns 14"),
    "dispute_decided": N_("It is decided who acts for the child"),
    "guardian_stopped": N_("You may not act for the child"),
    "guardian_again": N_("You may act for the child again"),
    "guardian_again_child": N_("Your guardian may act for you again"),
    "report_answered": N_("There is an answer to your report"),
    "case_opened": N_("Our staff opened a case for you"),
}
"""Every message there is, with the subject of its mail."""
PURPOSES: Final = {
    "password_link": Purpose.IDENTITY_CHECK,
    "password_code": Purpose.IDENTITY_CHECK,
    "password_changed": Purpose.NOTICES,
    "new_device": Purpose.NOTICES,
    "email_link": Purpose.CORRECT,
    "email_asked": Purpose.NOTICES,
    "email_changed": Purpose.NOTICES,
    "mobile_code": Purpose.CORRECT,
    "mobile_changed": Purpose.NOTICES,
    "usage": Purpose.NOTICES,
    "dormancy_notice": Purpose.NOTICES,
    "woken": Purpose.NOTICES,
    "left": Purpose.NOTICES,
    "consent_receipt": Purpose.NOTICES,
    "consent_ending": Purpose.NOTICES,
    "request_received": Purpose.NOTICES,
    "request_done": Purpose.NOTICES,
    "request_refused": Purpose.NOTICES,
    "stop_lifted": Purpose.NOTICES,
    "bar_placed": Purpose.NOTICES,
    "bar_kept": Purpose.NOTICES,
    "bar_lifted": Purpose.NOTICES,
    "export_ready": Purpose.NOTICES,
    "case_code": Purpose.IDENTITY_CHECK,
    "case_confirm": Purpose.IDENTITY_CHECK,
    "case_postponed": Purpose.NOTICES,
    "case_answer": Purpose.NOTICES,
    "recovery_notice": Purpose.IDENTITY_CHECK,
    "recovery_link": Purpose.IDENTITY_CHECK,
    "guardian_code": Purpose.GUARDIAN_IDENTITY,
    "guardian_linked": Purpose.NOTICES,
    "own_sign_in": Purpose.CORRECT,
    "fourteen_child": Purpose.NOTICES,
    "fourteen_guardian": Purpose.NOTICES,
    "fourteen_asleep": Purpose.NOTICES,
    "dispute_decided": Purpose.NOTICES,
    "guardian_stopped": Purpose.NOTICES,
    "guardian_again": Purpose.NOTICES,
    "guardian_again_child": Purpose.NOTICES,
    "report_answered": Purpose.COMPLAINTS,
    "case_opened": Purpose.NOTICES,
}
"""What each message uses the member's address for."""
TO_GUARDIAN: Final = frozenset({"guardian_code"})
"""Messages to the contact of a guardian that a child came with, in the guardian's own name."""
SECRET: Final = TO_GUARDIAN | frozenset(
    {
        "password_link", "password_code", "email_link", "mobile_code",
        "case_code", "case_confirm", "recovery_notice", "recovery_link",
    }
)  # fmt: skip
"""Messages that prove who reads that mailbox: never in the portal's own inbox."""
OF_GUARDIANS_CASES: Final = frozenset({"case_confirm", "case_postponed", "case_answer"})
"""What a guardian is told of the case in which they asked for a child: of which one it is."""
NO_INBOX: Final = frozenset({"left"})
"""Messages to who has no inbox any more."""
_REASONS: Final = {
    Purpose.IDENTITY_CHECK: N_("You get this because somebody asked us to check that it is you."),
    Purpose.GUARDIAN_IDENTITY: N_(
        "You get this because you were named as a guardian when a child joined."
    ),
    Purpose.NOTICES: N_(
        "You get this because something happened to your data or account. It is no advertising."
    ),
}
_ALWAYS: Final = frozenset({"nickname", "address", "language"})


@dataclass(frozen=True)
class Filled:
    """A message ready to be sent: the middle alone (`body`), a text message, and both mails."""

    subject: str = field(repr=False)
    body: str = field(repr=False)
    sms: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(message_filters.FILTERS)
    return made


@cache
def names(template: str) -> frozenset[str]:
    """Return the params that `template` needs, in whichever language."""
    environment = _environment()
    found: set[str] = set()
    for language in ("ko", "en"):
        source = (TEMPLATES / f"{template}.{language}.txt").read_text(encoding="utf-8")
        found |= meta.find_undeclared_variables(environment.parse(source))
    return frozenset(found - _ALWAYS)


def check(template: str, params: dict[str, str]) -> None:
    """Raise `ValueError` unless `params` are exactly what `template` needs."""
    if params.keys() != names(template):
        msg = f"{template} needs {sorted(names(template))} and was given {sorted(params)}"
        raise ValueError(msg)


def subject(template: str, language: Language) -> str:
    """Return the subject, as the inbox shows it."""
    return translate(language, SUBJECTS[template])


def body(template: str, language: Language, values: dict[str, object]) -> str:
    """Return the middle of a message: what the inbox shows and a text message says."""
    made = _environment().get_template(f"{template}.{language}.txt")
    return made.render(values, language=language).strip() + "\n"


def about(language: Language, ward: str | None) -> str:
    """Return which child a message to a guardian is about: its nickname, or "" for one without."""
    if ward is None:
        return ""
    if not ward:
        return translate(language, N_("This is about a child you look after. Choose the child in "
                                      "Jikim to see more."))  # fmt: skip
    return translate(language, N_("This is about {name}, whom you look after. Choose the child in "
                                  "Jikim to see more."), name=ward)  # fmt: skip


def _reason(template: str, ward: str | None) -> str:
    if ward is not None and template in OF_GUARDIANS_CASES:
        return N_("You get this because you asked us something for a child you look after.")
    if ward is not None:
        return N_("You get this because you are the guardian of a child who has no address of its "
                  "own here.")  # fmt: skip
    return _REASONS.get(PURPOSES[template], _REASONS[Purpose.NOTICES])


def fill(
    template: str, language: Language, values: dict[str, object], sender: str = "",
    ward: str | None = None,
) -> Filled:  # fmt: skip
    """Return the message in every form. `values` are its params, `nickname` and `address`.

    `ward`: it is about a child, and goes to a guardian; the child's nickname, or "" for one
    without.
    """
    middle, brand = body(template, language, values), translate(language, N_("Jikim"))
    of_child = about(language, ward)
    around = {
        "nickname": values["nickname"],
        "address": values["address"],
        "language": language,
        "brand": brand,
        "title": subject(template, language),
        "reason": translate(language, _reason(template, ward)),
        "sender": sender,
        "inbox": template not in SECRET | NO_INBOX,
        "about": of_child,
    }
    text = _environment().get_template(f"layout.{language}.txt").render(around, body=middle)
    short = f"{of_child}\n\n{middle}" if of_child else middle
    html = (
        _environment()
        .get_template(f"layout.{language}.html")
        .render(around, blocks=blocks(middle, f"{values['address']}/"))
    )
    return Filled(f"[{brand}] {around['title']}", middle, f"[{brand}] {short}", text, html)
