"""Draws the sign-in service's screens: one page each, whole in itself, without scripts."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pages.signin.visit import FORM
from services import mailbox
from services.language import translate

if TYPE_CHECKING:
    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit

TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Trouble:
    """A sentence above the form: a message id and what fills it."""

    message: str
    params: dict[str, object] = field(default_factory=dict)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> tuple[str, str]:
    """Return the style sheet and the hash by which the browser accepts it."""
    sheet = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return sheet, f"'sha256-{digest}'"


def _headers() -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src {_style()[1]}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def draw(
    context: SignInContext,
    visit: Visit,
    template: str,
    *,
    trouble: Trouble | None = None,
    status: int = 200,
    **values: object,
) -> Response:
    """Return the page `templates/<template>`, with a form token where the browser has none."""
    shown = trouble or (Trouble(visit.error) if visit.error else None)
    token = visit.form_token or secrets.token_urlsafe(24)
    body = (
        _environment()
        .get_template(template)
        .render(
            values,
            _=partial(translate, visit.language),
            language=visit.language,
            other="en" if visit.language == "ko" else "ko",
            back=quote(visit.here, safe=""),
            trouble=shown,
            form_token=token,
            style=Markup(_style()[0]),  # noqa: S704 (our own file)
            demo_mailbox=mailbox.in_use(context.settings),
        )
    )
    response = HTMLResponse(body, status_code=_status(visit, shown, status), headers=_headers())
    if not visit.form_token:
        set_cookie(context, response, FORM, token)
    return response


def _status(visit: Visit, trouble: Trouble | None, status: int) -> int:
    return 400 if status == 200 and trouble and (visit.error or visit.method == "POST") else status  # noqa: PLR2004


def set_cookie(context: SignInContext, response: Response, name: str, value: str) -> None:
    """Give the browser a cookie until it closes, out of reach of scripts and other sites."""
    response.set_cookie(
        context.cookie(name),
        value,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.settings.secure,
    )


def drop_cookie(context: SignInContext, response: Response, name: str) -> None:
    """Take a cookie back."""
    secure = context.settings.secure
    response.delete_cookie(
        context.cookie(name), path="/", httponly=True, samesite="lax", secure=secure
    )


def go(address: str) -> Response:
    """Return a redirect that turns a POST into a GET."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def refuse(context: SignInContext, visit: Visit, message: str, status: int = 400) -> Response:
    """Return a page that says what is wrong, with the way back to the portal."""
    return draw(context, visit, "refused.html", message=message, status=status)
