"""`GET /export/file?of=…`: the copy that a member had made, whole or a range of it.

The link is sealed, for the session in which it was offered, and lasts a quarter of an hour. Who
asks is looked up anew each time; the file is opened piece by piece as it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from db import clock, sealed_file
from db.clock import seoul_day
from db.errors import PortalError
from db.sealing import SealError
from db.settings import settings
from db.words import N_, Purpose
from pages.http import asking, ranges
from pages.http.names import language_in
from services import access, export_link, export_place, exports
from services.actor import Permission
from services.house import house
from services.language import translate
from services.ledger import EventName

if TYPE_CHECKING:
    from starlette.requests import Request

    from pages.http.ranges import Range
    from services.exports import Taken

PATH: Final = "/export/file"
_LOOK: Final = access.Look(EventName.EXPORT_VIEWED, Permission.DATA_EXPORT, "/export")
_TOO_OLD: Final = N_("This link has run out. Please open “Take my data” once more.")
_AWAY: Final = N_("We can't reach the file right now. Please try again soon.")


class LinkError(PortalError):
    """The link is too old, or was never ours."""


@dataclass(frozen=True)
class _Offer:
    """An opened file and which bytes of it are asked for."""

    taken: Taken
    file: BinaryIO
    wanted: Range

    def headers(self) -> dict[str, str]:
        """Return what is said of the bytes that follow."""
        day, part = seoul_day(self.taken.made_at), self.wanted
        said = asking.KEEP_NOWHERE | {
            "Content-Disposition": f'attachment; filename="jikim-my-data-{day}.zip"',
            "Content-Length": str(part.end - part.start),
            "Accept-Ranges": "bytes",
            "ETag": _etag(self.taken),
        }
        if not part.whole:
            said["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{self.taken.size}"
        return said


def _etag(taken: Taken) -> str:
    return f'"{taken.sha256.hex()}"'


def _offer(request: Request) -> _Offer:
    given = request.query_params.get("of", "")
    link = export_link.open_again(house().keyring, given, clock.now()) if given.isascii() else None
    actor = asking.actor(request, asleep=True)
    if link is None:
        raise LinkError(_TOO_OLD)
    if link.member_id != actor.person:
        actor = replace(actor, acting_for=link.member_id)
    with access.open(actor, link.member_id, Purpose.EXPORT, look=_LOOK) as subject:
        taken = exports.take(subject, link)
        wanted = _wanted(request, taken)
        there = export_place.path(export_place.folder(settings().var), taken.file)
        file = sealed_file.opened(there, taken.size)
        if request.method == "GET":
            known_by = export_link.known_by(given)
            exports.note(subject, link, known_by, begins=wanted.start == 0)
    return _Offer(taken, file, wanted)


class _NoSuchRangeError(Exception):
    """Carries how large the file is."""


def _wanted(request: Request, taken: Taken) -> Range:
    try:
        return ranges.wanted(request.headers, taken.size, _etag(taken))
    except ranges.UnsatisfiableError:
        raise _NoSuchRangeError(taken.size) from None


def _answer(request: Request) -> Response:
    language = language_in(request.cookies)
    try:
        offer = _offer(request)
    except asking.AWAY:
        return asking.away(language)
    except (OSError, SealError):
        return PlainTextResponse(translate(language, _AWAY), 503, asking.KEEP_NOWHERE)
    except _NoSuchRangeError as error:
        size = {"Content-Range": f"bytes */{error.args[0]}"}
        return Response(None, 416, size | asking.KEEP_NOWHERE)
    except PortalError as error:
        status = {LinkError: 404, exports.GoneError: 410}.get(type(error))
        return asking.refusal(language, error, status)
    return _send(request, offer)


def _send(request: Request, offer: _Offer) -> Response:
    status, headers = 200 if offer.wanted.whole else 206, offer.headers()
    if request.method == "HEAD":
        offer.file.close()
        return Response(None, status, headers, "application/zip")
    taken, part = offer.taken, offer.wanted
    plain = sealed_file.read(
        offer.file, taken.key, taken.export_id, taken.size, part.start, part.end
    )
    return StreamingResponse(plain, status, headers, "application/zip")


async def _endpoint(request: Request) -> Response:
    return await run_in_threadpool(_answer, request)


ROUTE = Route(PATH, _endpoint, methods=["GET"])
