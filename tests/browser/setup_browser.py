"""Find a Chromium for the browser tests, or install one; print where it is.

Uses the standard library alone, so that it works before anything else does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOADED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
PATIENCE = 900  # seconds for one installation


def find() -> Path | None:
    """Return a Chromium that starts, or None."""
    installed = [Path(path) for path in map(shutil.which, NAMES) if path]
    default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or f"{default}/ms-playwright"
    root = Path(folder).expanduser()
    downloaded = [path for pattern in DOWNLOADED for path in sorted(root.glob(pattern))]
    return next(filter(starts, [*installed, *downloaded]), None)


def starts(path: Path) -> bool:
    """Return whether the browser at `path` runs here (a system library may be missing)."""
    return run(str(path), "--version", patience=60)


def run(*command: str, patience: int = PATIENCE) -> bool:
    """Run `command` and return whether it succeeded; what it says matters only if all fail."""
    nobody_asks = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(  # noqa: S603 (commands of this file)
            command,
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            env=nobody_asks,
            timeout=patience,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def by_playwright() -> bool:
    """Download the browser that Playwright was made for."""
    return run(sys.executable, "-m", "playwright", "install", "chromium")


def by_debian(*packages: str) -> bool:
    """Install Debian packages, if this is Debian and we are root."""
    if not Path("/etc/debian_version").exists() or os.geteuid() != 0:
        return False
    quick = ("-o", "Acquire::Retries=2")
    return run("apt-get", *quick, "update") and run(
        "apt-get", *quick, "install", "--yes", "--no-install-recommends", *packages
    )


def draw_korean() -> None:
    """Have a font with Korean letters, so that pictures show them; go on without if need be."""
    try:
        known = subprocess.run(["fc-list", ":lang=ko"], capture_output=True, check=False)  # noqa: S607 (part of the system's font tools)
    except OSError:
        return
    if not known.stdout.strip():
        by_debian("fonts-noto-cjk")


def main() -> int:
    """Print the path of a Chromium that starts; 1 when there is none and none can be had."""
    found = find()
    if not found:
        sys.stderr.write("Installing a Chromium for the browser tests, once.\n")
        # On Debian its own package comes first: it brings the libraries that a download lacks.
        by_debian("chromium", "fonts-noto-cjk")
        found = find() or (by_playwright() and find()) or None
    if not found:
        sys.stderr.write("No Chromium can be installed here. Install one, then try again.\n")
        return 1
    draw_korean()
    sys.stdout.write(f"{found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
