"""Times, as people write and read them."""

from __future__ import annotations

import math
import re

from lossaudit.errors import UsageError

_UNITS = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "": 1.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(h|min|m|s|)(?![a-z])\s*")


def seconds(text: str) -> float:
    """A time in seconds.

    Raises:
        UsageError: It is none, or not above 0.

    >>> seconds("90s"), seconds("10m"), seconds("1h 30m"), seconds("0.5h"), seconds("42")
    (90.0, 600.0, 5400.0, 1800.0, 42.0)
    """
    parts = list(_PART.finditer(text.strip().lower()))
    total = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    if "".join(part[0] for part in parts) != text.strip().lower() or not 0 < total < math.inf:
        raise UsageError(f"{text!r} is no time: write 10m, 90s, 2h or 1h30m")
    return total


def in_words(seconds: float) -> str:
    """A time for people.

    >>> in_words(0.2), in_words(42.1), in_words(600), in_words(7320)
    ('1 s', '42 s', '10 min', '2 h 2 min')
    """
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min")) if count)
