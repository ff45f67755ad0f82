"""What was read, before it is split and made a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Part: TypeAlias = "tuple[Any, NDArray[Any]]"
"""Inputs (a tensor, a tuple of tensors or a mapping of tensors), and targets, an array of numbers or texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What was read.

    Attributes:
        name: For titles and messages: `"clinic.csv"`.
        parts: One: all samples, to be split. Two: for training and for the test. Three: training, validation, test.
        words: Where it comes from, a sentence each.
        raw: Whether inputs and real targets are still on the scales of a table, to be standardised.
    """

    name: str
    parts: tuple[Part, ...]
    words: tuple[str, ...] = ()
    raw: bool = False


def plural(count: int, what: str) -> str:
    """A count with its noun.

    >>> plural(1, "sample"), plural(2, "class"), plural(2000, "value")
    ('1 sample', '2 classes', '2,000 values')
    """
    ending = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{ending}"


def nonfinite(values: NDArray[Any]) -> tuple[int, int]:
    """How many values are NaN or infinite, and the first row that has one, from 1; 0 if none has."""
    if values.dtype.kind not in "fc":
        return 0, 0
    rows = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(1))
    return (int((~np.isfinite(values)).sum()), int(rows[0]) + 1) if len(rows) else (0, 0)
