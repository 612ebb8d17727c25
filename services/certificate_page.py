"""A certificate of leaving as one page that needs no network: to keep, print, or hand in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from db import policy
from db.words import N_
from services import leaving_words
from services.language import format_date, format_datetime, plural, translate
from services.leaving_plan import Fate

if TYPE_CHECKING:
    from services.certificate import Certificate, Status
    from services.language import Language

_TEMPLATES: Final = Path(__file__).parent / "templates"
_NAME: Final = "certificate.html"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(date=format_date, moment=format_datetime)
    return made


def words(language: Language, found: Status) -> dict[str, Any]:
    """Return what page and screen say alike: what is gone, and what stays until when, by rule."""
    rules = {one.version: one for one in policy.policies()}[found.policy_version]
    lines = [one.line for one in found.lines]
    still = [one.line for one in found.lines if one.destroyed_at is None]
    later = [one for one in found.lines if one.destroyed_at and one.line.fate is Fate.KEPT]
    return {
        "left_at": found.left_at,
        "erased": found.erased_at is not None,
        "gone": [leaving_words.counted(language, o) for o in lines if o.fate is Fate.DESTROYED],
        "kept": leaving_words.together(language, rules, still),
        "later": [(leaving_words.counted(language, o.line), o.destroyed_at) for o in later],
        "told": found.told,
        "version": found.policy_version,
    }


def html(language: Language, given: Certificate, found: Status) -> str:
    """Return the page; it holds the number, never the secret."""
    return (
        _environment()
        .get_template(_NAME)
        .render(
            words(language, found),
            language=language,
            _=lambda message, **params: translate(language, message, **params),
            _n=lambda one, many, n, **params: plural(language, one, many, n, **params),
            number=given.number,
            controllers=" · ".join(
                one.name for one in policy.in_force(found.left_at.date()).controllers
            ),
            title=translate(language, N_("Certificate of leaving")),
            signature=found.signature.hex(),
            key_id=found.key_id,
        )
    )
