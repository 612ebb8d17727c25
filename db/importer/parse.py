"""From what a source holds to what we store, or a reason why not. Reasons repeat no value."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from db import normal
from db.clock import SEOUL, seoul_day
from db.declarations import ITEMS, Mask

if TYPE_CHECKING:
    from collections.abc import Callable

_EARLIEST = date(1900, 1, 1)
_MOST_DIGITS = 15  # of a telephone number, its country included (ITU-T E.164)
_FEWEST_DIGITS = 7
_YES = frozenset({"1", "y", "yes", "true", "t", "on", "예", "동의"})
_NO = frozenset({"0", "n", "no", "false", "f", "off", "아니오", "아니요", "거부"})

_ODD = re.compile("[\0\ud800-\udfff]")
"""Bytes that were no UTF-8 (they come as lone surrogates), and what PostgreSQL can't hold."""

Word = TypeVar("Word", bound=StrEnum)


class BadValueError(Exception):
    """A value can't be what it should be. Its text is the reason, without the value."""


def as_text(raw: object) -> str | None:
    """Return text without surrounding space, None when there is none."""
    if raw is None:
        return None
    if isinstance(raw, (bytes, bytearray, memoryview)):
        msg = "it is no text"
        raise BadValueError(msg)
    text = unicodedata.normalize("NFC", _spelt(raw)).strip()
    if _ODD.search(text):
        msg = "it is no UTF-8 text"
        raise BadValueError(msg)
    return text or None


def _spelt(raw: object) -> str:
    if isinstance(raw, (date, datetime)):
        return raw.isoformat()
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)


def key_text(raw: object) -> str | None:
    """Return a key's text, alike for 7, 7.0 and "7"; None for none."""
    if isinstance(raw, (bytes, bytearray, memoryview)):
        return bytes(raw).hex()
    if isinstance(raw, Decimal) and raw == raw.to_integral_value():
        return str(int(raw))
    return None if raw is None else _spelt(raw)


def with_decimals(text: str, places: int) -> str:
    """Return a number with so many decimal places."""
    try:
        return f"{Decimal(text.replace(',', '')):.{places}f}"
    except InvalidOperation:
        msg = "it is no number"
        raise BadValueError(msg) from None


@dataclass(frozen=True)
class Reading:
    """What parsing needs to know: today in Seoul, the phones' country, forms of dates."""

    today: date
    phone_country: str = "KR"
    formats: tuple[str, ...] = field(default=())

    def instant(self, raw: object) -> datetime:
        """Return an instant; one without a zone is Seoul's. Raise `BadValueError` for others."""
        if isinstance(raw, datetime):
            return raw if raw.tzinfo else raw.replace(tzinfo=SEOUL)
        if isinstance(raw, date):
            return datetime(raw.year, raw.month, raw.day, tzinfo=SEOUL)
        return self._written(as_text(raw) or "")

    def _written(self, text: str) -> datetime:
        for parse in (datetime.fromisoformat, *(_by(form) for form in self.formats)):
            try:
                found = parse(text)
            except ValueError:
                continue
            return found if found.tzinfo else found.replace(tzinfo=SEOUL)
        msg = "it is no date in a form that the map names"
        raise BadValueError(msg)

    def any_day(self, raw: object) -> date:
        """Return a day in Seoul, past or future."""
        if isinstance(raw, date) and not isinstance(raw, datetime):
            day = raw
        else:
            instant = self.instant(raw)
            try:
                day = seoul_day(instant)
            except OverflowError:
                day = instant.date()
        if day < _EARLIEST:
            msg = "the date is before 1900, so it can't be right"
            raise BadValueError(msg)
        return day

    def past_day(self, raw: object) -> date:
        """Return a day that has come."""
        day = self.any_day(raw)
        if day > self.today:
            msg = "the date is in the future"
            raise BadValueError(msg)
        return day

    def past_instant(self, raw: object) -> datetime:
        """Return an instant on a day that has come."""
        self.past_day(raw)
        return self.instant(raw)

    def item(self, name: str, raw: object) -> str:
        """Return an item's value as we store it. Raise `BadValueError` when it can't be one."""
        if name == "profile_image":
            return image(raw)
        if name == "birth_date":
            return self.past_day(raw).isoformat()
        mask = ITEMS[name].mask
        if mask is Mask.DATE:
            return self.any_day(raw).isoformat()
        text = as_text(raw) or ""
        if name == "guardian_contact":
            return email(text) if "@" in text else phone(text, self.phone_country)
        if mask is Mask.EMAIL:
            return email(text)
        return phone(text, self.phone_country) if mask is Mask.PHONE else text


def _by(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 (a zone is set by the caller)


def email(text: str) -> str:
    """Return an e-mail address. Raise `BadValueError` for a malformed one."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        msg = "it is no e-mail address"
        raise BadValueError(msg) from None


def phone(text: str, country: str) -> str:
    """Return a telephone number: a Korean one as `010-1234-5678`, others as `+1 212-555-0100`.

    One with + and a foreign country that fits no plan we know is kept as written: plans change.
    """
    if number := _by_plan(text, country):
        return number
    digits = [character for character in text if character.isdecimal()]
    written = text.startswith("+") and not any(character.isalpha() for character in text)
    if written and not text.startswith("+82") and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return " ".join(text.split())
    msg = "it is no telephone number"
    raise BadValueError(msg)


def _by_plan(text: str, country: str) -> str | None:
    if country == "KR" or text.startswith("+"):
        return normal.mobile(text)
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    return normal.mobile(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def image(raw: object) -> str:
    """Return an image as base64 text; the source may hold bytes or such text."""
    if isinstance(raw, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(raw)).decode()
    text = as_text(raw) or ""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        msg = "it is no image in base64"
        raise BadValueError(msg) from None
    return text


def yes_or_no(raw: object) -> bool:
    """Return a yes or a no. Raise `BadValueError` for anything else."""
    text = (as_text(raw) or "").casefold()
    if text in _YES | _NO:
        return text in _YES
    msg = "it is neither a yes nor a no that we know; give its words in map"
    raise BadValueError(msg)


def word_of(words: type[Word]) -> Callable[[object], Word]:
    """Return a parser for one of the words of an enum."""

    def parse(raw: object) -> Word:
        try:
            return words(as_text(raw) or "")
        except ValueError:
            msg = f"it must become one of {', '.join(words)}; give its words in map"
            raise BadValueError(msg) from None

    return parse


def needed_text(raw: object) -> str:
    """Return text that is not empty."""
    if text := as_text(raw):
        return text
    msg = "it is empty"
    raise BadValueError(msg)


def items_list(raw: object) -> tuple[str, ...]:
    """Return names of declared items that stand with commas between."""
    names = [name.strip() for name in needed_text(raw).split(",")]
    if unknown := [name for name in names if name not in ITEMS]:
        msg = f"{len(unknown)} of its items are not declared; give their names in map"
        raise BadValueError(msg)
    return tuple(dict.fromkeys(names))
