"""The language switch of every page: remembers the choice and goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse
from starlette.routing import Route

from pages.http.names import LANGUAGE_COOKIE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pages.signin.context import SignInContext

_YEAR: Final = 365 * 24 * 3600


def local(path: str) -> str:
    r"""Return `path` when it leads to a page of ours, else the front page.

    Browsers read `//host`, `/\\host` and addresses with control characters as other sites.
    """
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def route(context: SignInContext) -> Route:
    """Return the route `/language/{ko|en}?back=/…`."""

    async def choose(request: Request) -> Response:
        chosen = "en" if request.path_params["language"] == "en" else "ko"
        back = local(request.query_params.get("back", "/"))
        response = RedirectResponse(back, 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=_YEAR,
            path="/",
            httponly=True,
            samesite="lax",
            secure=context.settings.secure,
        )
        return response

    return Route("/language/{language}", choose, methods=["GET"])
