"""How far long work has come, on the terminal."""

from __future__ import annotations

import sys
import time

_QUIET = 0.5  # seconds before anything is said
_OFTEN = 0.2


class Progress:
    """Called with what is done and how much there is; one line that is written over, and nothing in a log file."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = self._told = time.monotonic()
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        """Say it, if it takes long and somebody looks."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._start < _QUIET or now - self._told < _OFTEN:
            return
        self._told, self._open = now, True
        left = (now - self._start) * (total - done) / done if done else 0.0
        about = f", about {left:.0f} s left" if done else ""
        print(f"\r\x1b[Klossaudit: {self._what}: {done} of {total}{about}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False
