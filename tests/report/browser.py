"""Headless Chromium by subprocess: a picture of a page, its document after loading, and what it complained of."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=3000",
    "--enable-logging=stderr",
    "--v=0",
)


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser and a folder for its profile and its pictures."""

    program: str
    folder: Path

    def dom(self, address: str, *options: str) -> tuple[str, list[str]]:
        """The document after loading an address, and the lines of the console."""
        return self._run(address, "--dump-dom", *options)

    def screenshot(self, page: Path, width: int, height: int, *options: str) -> tuple[Path, list[str]]:
        """A PNG of the page, and the lines of the console."""
        target = self.folder / f"{page.stem}-{width}.png"
        target.unlink(missing_ok=True)
        _, console = self._run(page.as_uri(), f"--screenshot={target}", f"--window-size={width},{height}", *options)
        return target, console

    def _run(self, address: str, *options: str) -> tuple[str, list[str]]:
        profile = f"--user-data-dir={self.folder / 'profile'}"
        done = subprocess.run(
            [self.program, *_OPTIONS, profile, *options, address],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def find(folder: Path) -> Chromium:
    """The browser that LOSSAUDIT_CHROMIUM names, or the first one installed; skips without one.

    With LOSSAUDIT_REQUIRE_BROWSER=1 a missing browser is a failure.
    """
    wanted = os.environ.get("LOSSAUDIT_CHROMIUM")
    program = next(filter(None, map(shutil.which, [wanted] if wanted else _NAMES)), None)
    if program is None:
        message = "no Chromium found: install it or set LOSSAUDIT_CHROMIUM to its path"
        if os.environ.get("LOSSAUDIT_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        print(message)
        pytest.skip(message)
    return Chromium(program, folder)
