"""Take the README's picture: `.venv/bin/python -m docs.picture` writes docs/overview.png.

A portal of its own is started with the demo family in a temporary folder; nothing else is touched.
"""

from __future__ import annotations

import sys

from playwright.sync_api import expect, sync_playwright

from db.settings import ROOT
from tests.browser.serving import serve
from tests.browser.setup_browser import find
from tests.browser.steps import sign_in

PICTURE = ROOT / "docs" / "overview.png"


def main() -> None:
    """Sign in as the demo's member, with the browser that `make browser` finds."""
    with serve() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": 1000, "height": 1100},
            device_scale_factor=1.5,
            locale="ko-KR",
            timezone_id="Asia/Seoul",
        )
        sign_in(page, portal.address, "member")
        expect(page.locator("#kept-until")).to_be_visible()
        page.screenshot(path=PICTURE, animations="disabled")
        browser.close()
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()
