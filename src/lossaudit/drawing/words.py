"""Numbers and shares as titles and captions say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any


def number(value: Any) -> str:
    """A number with a few digits; anything else as it is.

    >>> number(2.0), number(1 / 3), number("mean")
    ('2', '0.333', 'mean')
    """
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def percent(share: float) -> str:
    """A share in whole percents; never 0 % or 100 % where it is neither.

    >>> percent(0.384), percent(0.0), percent(0.001), percent(0.999), percent(1.0)
    ('38 %', '0 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def listed(words: Sequence[str]) -> str:
    """Words with commas and an "and".

    >>> listed(["z0", "z1", "z2"])
    'z0, z1 and z2'
    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def short(name: str) -> str:
    """The name of a variable without what explains it.

    >>> short("z0, logit of the true class (nats)"), short("x[0, 1]"), short("z (nats)")
    ('z0', 'x[0, 1]', 'z')
    """
    return re.split(r", (?!\d)| \(", name)[0]
