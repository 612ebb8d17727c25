"""One way to write what a member is found by, so that equal things have equal blind indexes."""

from __future__ import annotations

import unicodedata

import phonenumbers

_REGION = "KR"


def normalise(kind: str, value: str) -> str:
    """Return `value` of a blind index `kind` in its one form; every blind index goes through here.

    A mobile becomes `010-1234-5678` however it was typed (a foreign one `+81 90-1234-5678`);
    what can't be a number is left as it is. Case and width are folded later, by `sealing.blind`.
    """
    if kind == "mobile":
        return mobile(value) or value.strip()
    return value.strip()


def mobile(value: str) -> str | None:
    """Return a telephone number in its one form, or None when it can't be one."""
    typed = unicodedata.normalize("NFKC", value).strip()
    if not typed or any(character.isalpha() for character in typed):
        return None
    try:
        number = phonenumbers.parse(typed, _REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    korean = phonenumbers.region_code_for_country_code(number.country_code or 0) == _REGION
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, form.NATIONAL if korean else form.INTERNATIONAL)


def identifiers(typed: str) -> tuple[tuple[str, str], ...]:
    """Return the (kind, value) pairs that what somebody typed may mean, likeliest first."""
    plain = typed.strip()
    if "@" in plain:
        return (("email", plain), ("login_id", plain))
    number = mobile(plain)
    return (("mobile", number), ("login_id", plain)) if number else (("login_id", plain),)
