"""Take the README's picture: `.venv/bin/python -m docs.picture` writes docs/overview.png.

A portal of its own is started with the demo family in a temporary folder; nothing else is touched.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import expect, sync_playwright

from db import embedded
from db.demo import PASSWORD
from db.settings import ROOT
from tests.browser.setup_browser import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PICTURE = ROOT / "docs" / "overview.png"
PATIENCE = 120  # seconds for the first start
WIDTH, HEIGHT = 1000, 1100


@contextmanager
def portal() -> Iterator[str]:
    """Run a portal with the demo family; give its address."""
    with tempfile.TemporaryDirectory(prefix="jikim-") as folder:
        var, port = Path(folder) / "var", _free_port()
        chosen = {"PORT": str(port), "PORTAL_VAR": str(var)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        quiet = subprocess.DEVNULL
        app = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=kept | chosen, stdout=quiet, stderr=quiet
        )
        try:
            yield _answering(f"http://localhost:{port}", app)
        finally:
            app.terminate()
            app.wait(timeout=30)
            embedded.stop(var)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answering(address: str, app: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and app.poll() is None:
        try:
            with urlopen(f"{address}/healthz", timeout=5):  # noqa: S310 (our own address)
                return address
        except URLError:
            time.sleep(0.2)
    sys.exit("The portal doesn't start; `make run` says why.")


def take(page: Page, address: str) -> None:
    """Sign in as the demo's member and take the picture of the overview."""
    page.goto(address)
    page.get_by_role("button", name="로그인", exact=True).click()
    page.locator("#identifier").fill("member")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="로그인").click()
    expect(page.locator("#kept-until")).to_be_visible(timeout=30_000)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=PICTURE, animations="disabled", caret="hide")


def main() -> None:
    """Take the picture with the browser that `make browser` finds."""
    with portal() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=1.5,
            locale="ko-KR",
            timezone_id="Asia/Seoul",
        )
        take(page, address)
        browser.close()
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()
