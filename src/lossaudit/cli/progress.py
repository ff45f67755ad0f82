"""How far long work has come, on the terminal."""

from __future__ import annotations

import sys
import time

from lossaudit.trials.duration import in_words

_QUIET = 0.5  # seconds before anything is said
_OFTEN = 0.2


class Progress:
    """Called with what is done and how much there is; one line that is written over, and nothing in a log file.

    Args:
        what: For the reader: `"drawing"`.
        resumes: Whether what is done at the first call has been done before, and took no time now.
    """

    def __init__(self, what: str, *, resumes: bool = False) -> None:
        self._what = what
        self._before: int | None = None if resumes else 0
        self._start = self._told = time.monotonic()
        self._open = False

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        """Say it, if it takes long and somebody looks."""
        now, first = time.monotonic(), self._before is None
        if self._before is None:
            self._before, self._start = done, now
        soon = now - self._start < _QUIET or now - self._told < _OFTEN
        if not sys.stderr.isatty() or (soon and not (first and done < total)):
            return
        self._told, self._open = now, True
        new = done - self._before
        left = f", about {in_words((now - self._start) * (total - done) / new)} left" if new else ""
        seen = f"{self._what}: {done} of {total}{left}" + f" ({doing})" * bool(doing)
        print(f"\r\x1b[Klossaudit: {seen}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False
