"""The sign-in service for tests: its routes, a portal that signs in with it, browsers, a worker."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from authlib.integrations.starlette_client import OAuth
from sqlalchemy import insert, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_auth_routes import (
    _AuthlibConfig,
    _create_streamlit_oauth_class,
)

from db.clock import seoul_day
from db.settings import Settings
from db.tables.ops import staff
from db.words import StaffRole, Store
from pages.signin.context import SignInContext
from pages.signin.routes import routes
from services import delivery, outbox
from services.identity import hashing, passwords, recovery
from services.sign_in_settings import provider_settings
from tests.people import member

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from uuid import UUID

    from starlette.requests import Request

    from services.mail import Mail
    from services.sms import Sms
    from tests.database import PortalDb

HOME = "http://localhost:8501"
PASSWORD = "오솔길 따라 걷기"
_AUTH = {"member": "portal-member", "verify": "portal-verify", "staff": "portal-staff"}


@dataclass
class Clock:
    """Time that passes when told to. Starts now: the portal's library reads the real clock."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@dataclass
class Letters:
    """What was sent; `broken` refuses like a mail server that is away."""

    mails: list[Mail] = field(default_factory=list)
    texts: list[Sms] = field(default_factory=list)
    broken: bool = False

    def send(self, message: Mail) -> None:
        if self.broken:
            raise ConnectionError
        self.mails.append(message)

    def text(self, message: Sms) -> None:
        self.texts.append(message)

    def link(self) -> str:
        """The path of the newest link."""
        found = re.search(rf"{HOME}(/signin/set\?token=\S+)", self.mails[-1].text)
        assert found
        return found[1]

    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.texts[-1].text)
        assert found
        return found[0]


@dataclass
class Service:
    """The service, the portal beside it, and what a test may ask of them."""

    db: PortalDb
    context: SignInContext
    app: Starlette
    clock: Clock
    letters: Letters

    def browser(self, language: str = "ko", address: str = "127.0.0.1") -> Browser:
        http = Http(self.app, address)
        http.cookies.set("portal_language", language)
        return Browser(http)

    def member(self, password: str | None = PASSWORD, **more: Any) -> UUID:  # noqa: ANN401
        member_id = member(self.db, **more)
        if password:
            with self.db.web.data.begin() as data:
                passwords.set_password(data, member_id, password, self.clock())
        return member_id

    def staff(self, login_id: str = "agent7", days_old: int = 0, **more: Any) -> UUID:  # noqa: ANN401
        row = {
            "staff_no": login_id,
            "login_id": login_id,
            "role": StaffRole.AGENT,
            "password_hash": hashing.make(PASSWORD),
            "password_set_on": seoul_day(self.clock()) - timedelta(days=days_old),
        }
        row["staff_id"] = __import__("uuid").uuid4()
        with self.db.work.data.begin() as data:
            data.execute(insert(staff).values(row | more))
        return row["staff_id"]  # type: ignore[return-value]

    def jobs(self) -> list[Any]:
        """What waits in the queue: (task, arguments)."""
        from sqlalchemy import text  # noqa: PLC0415

        with self.db.work.data.connect() as data:
            rows = data.execute(
                text("select task_name, args from jobs.procrastinate_jobs order by id")
            )
            return [tuple(r) for r in rows]

    def work(self) -> None:
        """Do what the worker does with everything that waits."""
        done = 0
        while len(waiting := self.jobs()) > done:
            for task, arguments in waiting[done:]:
                self._recover(**arguments) if task == "recover" else self._deliver(**arguments)
            done = len(waiting)
        with self.db.owner_data.begin() as data:
            data.exec_driver_sql("truncate jobs.procrastinate_jobs cascade")

    def _sealer(self, member_id: UUID) -> Any:  # noqa: ANN401
        with self.db.work.keys.connect() as keys:
            return outbox.sealer_of(keys, self.db.keyring, member_id)

    def _recover(self, people: list[str], base: str | None, use: Any, language: Any) -> None:  # noqa: ANN401
        from uuid import UUID  # noqa: PLC0415

        order = recovery.Order(tuple(UUID(p) for p in people), base, use, language)
        with self.db.work.data.begin() as data:
            recovery.send(data, self.db.keyring, self._sealer, order, self.clock())

    def _deliver(self, member_id: str, message_id: str) -> None:
        from uuid import UUID  # noqa: PLC0415

        key = (UUID(member_id), UUID(message_id))
        with self.db.work.data.begin() as data:
            senders = delivery.Senders(self.letters, self.letters, HOME)
            delivery.deliver(data, self._sealer(key[0]), key, senders, self.clock())

    def rows(self, table: Any) -> list[Any]:  # noqa: ANN401
        with self.db.owner_data.connect() as data:
            return list(data.execute(select(table)))


class Http:
    """Asks the routes without a network, one request at a time, keeping cookies."""

    def __init__(self, app: Starlette, address: str = "127.0.0.1") -> None:
        self._app, self._address = app, address
        self.cookies = httpx2.Cookies()

    def get(self, path: str, **more: Any) -> httpx2.Response:  # noqa: ANN401
        return asyncio.run(self._ask("GET", path, more))

    def post(self, path: str, **more: Any) -> httpx2.Response:  # noqa: ANN401
        return asyncio.run(self._ask("POST", path, more))

    async def _ask(self, method: str, path: str, more: dict[str, Any]) -> httpx2.Response:
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self._app, client=(self._address, 1)),
            base_url=HOME,
            cookies=self.cookies,
        ) as client:
            answer = await client.request(method, path, **more)
            self.cookies = client.cookies
            return answer


@dataclass
class Browser:
    """One browser with its cookies."""

    http: Http

    def open(self, path: str) -> httpx2.Response:
        return self.http.get(path)

    def login(self, provider: str = "member") -> str:
        """Ask the portal to sign in; return where the sign-in form is."""
        answer = self.http.get(f"/login/{provider}")
        parts = urlsplit(answer.headers["location"])
        return f"{parts.path}?{parts.query}"

    def fill(self, path: str, **fields: str) -> httpx2.Response:
        """Open a form, fill it in and send it, as a browser does."""
        form = self.http.get(path)
        token = re.search(r'name="form_token" value="([^"]+)"', form.text)
        assert token, form.text
        return self.http.post(
            path, data={"form_token": token[1], **fields}, headers={"origin": HOME}
        )

    def sign_in(
        self, identifier: str, password: str = PASSWORD, provider: str = "member"
    ) -> httpx2.Response:
        return self.fill(self.login(provider), identifier=identifier, password=password)

    def arrive(self, answer: httpx2.Response) -> dict[str, Any]:
        """Follow the code back to the portal; return who it says we are."""
        assert answer.status_code == 303, answer.text
        came: dict[str, Any] = self.http.get(answer.headers["location"]).json()
        return came


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def _portal(context: SignInContext) -> list[Route]:
    """A portal that signs in exactly as Streamlit does, with the same library and settings."""
    auth = provider_settings(context.settings)

    def client(name: str) -> Any:  # noqa: ANN401
        section = auth[name] | {"client_kwargs": dict(auth[name]["client_kwargs"])}
        section["client_kwargs"]["transport"] = httpx2.ASGITransport(
            Starlette(routes=routes(context))
        )
        starlette_client: ModuleType = __import__(OAuth.__module__, fromlist=["OAuth"])
        oauth = _create_streamlit_oauth_class(starlette_client)(
            config=_AuthlibConfig({name: section})
        )
        oauth.register(name)
        return oauth.create_client(name)

    async def login(request: Request) -> Any:  # noqa: ANN401
        name = request.path_params["name"]
        request.session["name"] = name
        return await client(name).authorize_redirect(request, auth["redirect_uri"])

    async def back(request: Request) -> JSONResponse:
        if "code" not in request.query_params:
            return JSONResponse(dict(request.query_params))
        token = await client(request.session["name"]).authorize_access_token(request)
        return JSONResponse({"claims": dict(token["userinfo"]), "id_token": token["id_token"]})

    return [Route("/login/{name}", login), Route("/oauth2callback", back)]


@contextmanager
def service(db: PortalDb, **changed: Any) -> Iterator[Service]:  # noqa: ANN401
    """Start the service on the test's databases, with the portal's role and keys."""
    clock, letters = Clock(), Letters()
    settings = Settings(var=db.var, **changed)
    live = type(db.keyring)({Store.LIVE: db.keyring.stores[Store.LIVE]}, db.keyring.index)
    context = SignInContext(db.web, live, settings, clock)
    app = Starlette(
        routes=[*routes(context), *_portal(context)],
        middleware=[Middleware(SessionMiddleware, secret_key="x" * 32)],
    )
    yield Service(db, context, app, clock, letters)
