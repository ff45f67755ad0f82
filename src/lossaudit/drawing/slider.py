"""A hyper-parameter that moves: the frames of a panel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossaudit.drawing.drawn import default, parameters
from lossaudit.errors import UsageError

_FRAMES = 11
_MOST = 101


@dataclass(frozen=True, slots=True)
class Slide:
    """A parameter and its values.

    Attributes:
        start: Index of the frame that is shown first: the one nearest to the parameter's default.
    """

    name: str
    values: tuple[float, ...]
    start: int


def slide(text: str | tuple[str, Sequence[float]], losses: Sequence[str | Callable[..., Any]]) -> Slide:
    """A slider as it is written: `gamma=0..5`, `gamma=0..5:21` for 21 frames, `gamma=0,0.5,2`; or a pair.

    Raises:
        UsageError: It is written otherwise, or no loss has such a parameter.

    >>> slide("gamma=0..5:6", ["focal"])
    Slide(name='gamma', values=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0), start=2)
    """
    name, values = _parsed(text) if isinstance(text, str) else (text[0], tuple(map(float, text[1])))
    known = parameters(losses) | {"temperature"}
    if name not in known:
        raise UsageError(f"slide {name}: no such parameter in what is drawn; there is {', '.join(sorted(known))}")
    if not 2 <= len(values) <= _MOST or not all(map(math.isfinite, values)):
        raise UsageError(f"slide {name}: a slider has 2 to {_MOST} values, each a finite number")
    if list(values) != sorted(set(values)):
        raise UsageError(f"slide {name}: the values have to increase")
    usual = default(losses, name)
    start = 0 if math.isnan(usual) else int(np.argmin([abs(value - usual) for value in values]))
    return Slide(name, values, start)


def _parsed(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, given = text.partition("=")
    span, _, count = given.partition(":")
    try:
        if ".." in span:
            low, high = map(float, span.split("..", 1))
            frames = int(count) if count else _FRAMES
            if not 2 <= frames <= _MOST or not (math.isfinite(low) and math.isfinite(high)):
                raise ValueError(text)
            return name, tuple(np.linspace(low, high, frames).tolist())
        return name, tuple(float(value) for value in given.split(","))
    except ValueError:
        raise UsageError(f"slide {text}: write NAME=LOW..HIGH, such as gamma=0..5, or NAME=1,2,3") from None
