"""Starts the portal: settings, databases, routes, middleware, Streamlit, and the worker beside."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import streamlit as st
import uvicorn
from starlette.middleware import Middleware

from db import clock
from db.errors import PortalError
from db.settings import ROOT, settings
from pages.http import (
    answering,
    arrival,
    beside,
    browser,
    callback,
    case_confirming,
    case_letter,
    case_paper,
    certificate,
    confirming,
    consent_receipt,
    cookies,
    demand,
    evidence,
    export,
    headers,
    health,
    joining_check,
    proof,
    rotation,
    shell,
    staff_register,
    warm,
)
from pages.signin.context import SignInContext
from pages.signin.routes import routes
from services import demo_family, provider_check, sign_in_settings, start
from services.house import open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from db.engines import Addresses
    from db.settings import Settings
    from services.house import House


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    """Load all that pages use; keep a worker running as long as the portal does."""
    warm.warm()
    async with beside.kept([sys.executable, "-m", "services", "worker"], ROOT):
        yield


def middleware(chosen: Settings) -> list[Middleware]:
    """Return what each request passes on its way in, the outermost first."""
    return [
        Middleware(headers.SecurityHeaders, settings=chosen),
        Middleware(arrival.Arrival, settings=chosen),
        Middleware(browser.OneAddress, settings=chosen),
        Middleware(shell.Shell),
        Middleware(cookies.StreamlitCookies, settings=chosen),
        Middleware(rotation.FreshCookie, settings=chosen),
        Middleware(callback.SignInCallback, settings=chosen),
        Middleware(browser.BrowserCookie, settings=chosen),
    ]


def build(chosen: Settings, house: House) -> st.App:
    """Return the ASGI application."""
    context = SignInContext(house.databases, house.keyring, chosen, clock.now)
    return st.App(
        ROOT / "pages" / "portal.py",
        secrets={"auth": sign_in_settings.provider_settings(chosen)},
        routes=[
            health.ROUTE,
            answering.route(context),
            confirming.route(context),
            case_confirming.route(context),
            case_letter.ROUTE,
            case_paper.ROUTE,
            proof.ROUTE,
            certificate.ROUTE,
            *consent_receipt.ROUTES,
            evidence.ROUTE,
            export.ROUTE,
            demand.ROUTE,
            joining_check.ROUTE,
            staff_register.ROUTE,
            *routes(context),
        ],
        middleware=middleware(chosen),
        lifespan=_lifespan,
    )


def listen(served: st.App, chosen: Settings) -> None:
    """Serve until stopped. Uvicorn sends small messages at once (TCP_NODELAY)."""
    uvicorn.run(
        served,
        host=chosen.host,
        port=chosen.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose word counts is decided in pages/http/arrival.py
        ws_per_message_deflate=False,  # costs more time than it saves, and a page is small
        timeout_graceful_shutdown=3,
    )


def serve(chosen: Settings, addresses: Addresses) -> None:
    """Serve until stopped, after saying where and as whom one may sign in."""
    provider_check.check(chosen)
    accounts = demo_family.ensure(chosen, addresses, clock.now())
    house = start.house_of("portal_web", addresses, chosen)
    open_house(house)
    left = demo_family.certificate_of(house.keyring)
    print(f"\n  Jikim: {chosen.address}\n\n{demo_family.table(accounts, left)}", flush=True)  # noqa: T201
    listen(build(chosen, house), chosen)


def main() -> None:
    """Prepare the installation and serve; a setting or a file that is wrong is named."""
    try:
        chosen = settings()
        with start.running(chosen, clock.now()) as addresses:
            serve(chosen, addresses)
    except PortalError as error:
        sys.exit(f"Jikim can't start. {error}")


if __name__ == "__main__":
    main()
