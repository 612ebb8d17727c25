"""The outbox: messages a second to a mail server on this computer, beside bare SMTP."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from email.message import EmailMessage
from typing import TYPE_CHECKING

from bench.installation import NOW, member
from bench.timing import Measure
from services import delivery, outbox
from services.mail import SmtpMailer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.installation import Installation

MESSAGES = 300
_HOST = "127.0.0.1"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((_HOST, 0))
        return int(one.getsockname()[1])


@contextmanager
def _server() -> Iterator[int]:
    """Run a mail server that takes everything, in a process of its own."""
    port = _free_port()
    command = ["aiosmtpd", "-n", "-l", f"{_HOST}:{port}", "-c", "aiosmtpd.handlers.Sink"]
    process = subprocess.Popen([sys.executable, "-m", *command], stderr=subprocess.DEVNULL)  # noqa: S603 (our own)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as one:
                if one.connect_ex((_HOST, port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _a_second(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return MESSAGES / (time.perf_counter() - started)


def measure(place: Installation) -> Measure:
    """Return messages a second from outbox row to the server's yes, by one worker's thread."""
    somebody = member(records=0)
    place.join([somebody])
    who = somebody.member_id
    with place.work.keys.connect() as keys:
        opened = outbox.sealer_of(keys, place.keyring, who)
    with place.work.data.begin() as data:
        written = [
            outbox.enqueue(data, None, who, outbox.Message("usage", "email", "ko"), NOW)
            for _ in range(MESSAGES)
        ]
    with _server() as port:
        mailer = SmtpMailer(f"smtp://{_HOST}:{port}", "jikim@example.kr")
        senders = delivery.Senders(mailer, _NoTexts(), "https://my.example.kr", "코덱사")

        def ours() -> None:
            for message_id in written:
                with place.work.data.begin() as data:
                    delivery.deliver(data, opened, (who, message_id), senders, NOW)

        def bare() -> None:
            for _ in range(MESSAGES):
                built = EmailMessage()
                built["From"], built["To"], built["Subject"] = "a@x.kr", "b@x.kr", "x"
                built.set_content("x" * 600)
                with smtplib.SMTP(_HOST, port) as server:
                    server.send_message(built)

        value, floor = _a_second(ours), _a_second(bare)
    # More is better here: the ratio is how many times slower ours is.
    return Measure(round(value, 1), round(floor, 1), round(floor / value, 2), "messages/s")


class _NoTexts:
    """No text message is sent here."""

    def text(self, message: object) -> None:
        """Refuse."""
        raise NotImplementedError(message)
