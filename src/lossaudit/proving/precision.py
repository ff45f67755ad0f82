"""The floating-point health of a loss as it is spelled: where it overflows, loses its gradient, or its digits.

The user's own code is run in each type along the path to "confident and wrong" and compared with the real-number
function in ball arithmetic. Everything here is measured.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from flint import arb

from lossaudit.card import Entry, Ground
from lossaudit.geometry.program import Program
from lossaudit.geometry.properties.family import Slopes, value

DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
GAPS = (*(step / 2 for step in range(1, 61)), *(30.0 * 1.06**step for step in range(1, 72)))
"""Gaps that are tried: to 30 by halves, then by 6 % up to about 1,900."""
_AGREE = 1e-6
_PROBES = (-600.0, -95.0, -30.0, -16.5, -8.0, -2.5, -0.7, 0.3, 1.7, 5.5, 12.5, 25.0, 60.0)

Row: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""The loss of one sample: raw outputs, flat, to one number."""


@dataclass(frozen=True, slots=True)
class Health:
    """One type's row: gaps from which something is wrong, None where nothing is up to the largest gap tried.

    Attributes:
        dtype: Name of the type.
        overflow: The value is infinite or not a number.
        zero_gradient: The gradient is exactly 0 (or not a number), and should not be 0.
        no_digits: The value is wrong by its own size or more.
        error: What the code raises in this type; the rest is None then.
    """

    dtype: str
    overflow: float | None = None
    zero_gradient: float | None = None
    no_digits: float | None = None
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"cannot be run: {self.error}"
        found = [
            f"{words} from gap {gap:.4g}"
            for words, gap in (
                ("not finite", self.overflow),
                ("no gradient", self.zero_gradient),
                ("no digit right", self.no_digits),
            )
            if gap is not None
        ]
        return "; ".join(found) or f"sound up to gap {GAPS[-1]:.0f}"


def health(row: Row, ideal: Program, direction: Sequence[int], dtypes: Sequence[str] = tuple(DTYPES)) -> list[Health]:
    """Follow the code along z = t d in each type.

    Args:
        row: The user's loss of one sample.
        ideal: The function that it means.
        direction: d, towards confident and wrong.
        dtypes: Names of types.
    """
    exact = _Exact(ideal, direction)
    return [_in_type(row, exact, direction, name) for name in dtypes]


def _bits(gap: float) -> int:
    """exp(-gap) squared, and a hundred digits."""
    return 400 + int(4 * gap)


class _Exact:
    """Value and gradient norm along the ray, in balls, each gap once."""

    def __init__(self, program: Program, direction: Sequence[int]) -> None:
        self.program, self.direction = program, direction
        self.slopes = Slopes(program)
        self._values: dict[float, arb] = {}
        self._moves: dict[float, bool] = {}

    def value(self, gap: float) -> arb:
        if gap not in self._values:
            self._values[gap] = value(self.program, [arb(gap * d) for d in self.direction], _bits(gap))
        return self._values[gap]

    def moves(self, gap: float) -> bool:
        """Whether the gradient is certainly not 0."""
        if gap not in self._moves:
            self._moves[gap] = any(s != 0 for s in self.slopes.at([arb(gap * d) for d in self.direction], _bits(gap)))
        return self._moves[gap]


@dataclass(frozen=True, slots=True)
class _Run:
    gap: float
    value: float
    gradient: tuple[float, ...]


def _in_type(row: Row, exact: _Exact, direction: Sequence[int], name: str) -> Health:
    dtype = DTYPES[name]
    known: dict[float, _Run] = {}

    def run(gap: float) -> _Run:
        if gap not in known:
            known[gap] = _run(row, direction, gap, dtype)
        return known[gap]

    try:
        run(1.0)
    except Exception as error:
        return Health(name, error=str(error).splitlines()[0][:80] if str(error) else type(error).__name__)
    return Health(
        name,
        _first(lambda gap: not math.isfinite(run(gap).value)),
        _first(lambda gap: not any(x != 0 and x == x for x in run(gap).gradient) and exact.moves(run(gap).gap)),
        _first(lambda gap: _no_digits(run(gap), exact)),
    )


def _run(row: Row, direction: Sequence[int], gap: float, dtype: torch.dtype) -> _Run:
    given = float(torch.tensor(gap, dtype=dtype))  # the gap that the type can hold
    leaf = torch.tensor([given * d for d in direction], dtype=dtype, requires_grad=True)
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        out = row(leaf).reshape(())
        (slope,) = torch.autograd.grad(out, leaf, materialize_grads=True)
    return _Run(given, float(out.detach()), tuple(map(float, slope)))


def _no_digits(run: _Run, exact: _Exact) -> bool:
    if not math.isfinite(run.value):
        return False
    true = exact.value(run.gap)
    return bool(true.is_finite() and abs(run.value - true) >= abs(true) and true != 0)


def _first(wrong: Callable[[float], bool]) -> float | None:
    """The least gap, found by bisection, from which it is wrong."""
    good = 0.0
    for gap in GAPS:
        if wrong(gap):
            bad = gap
            while bad - good > 2e-4 * bad:
                middle = (good + bad) / 2
                good, bad = (good, middle) if wrong(middle) else (middle, bad)
            return bad
        good = gap
    return None


def backward(row: Row, coded: Program) -> Entry:
    """Whether autograd gives the derivative of what the code computes, in float64.

    Args:
        row: The user's loss of one sample.
        coded: The function as coded, thresholds and all.
    """
    slopes = Slopes(coded)
    tried = 0
    for point in _probes(coded.variables):
        leaf = torch.tensor(point, dtype=torch.float64, requires_grad=True)
        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore")
            (own,) = torch.autograd.grad(row(leaf).reshape(()), leaf, materialize_grads=True)
        true = slopes.at([arb(x) for x in point], _bits(max(map(abs, point))))
        if not all(s.is_finite() for s in true):
            continue
        tried += 1
        largest = max(1e-300, *(abs(float(s.mid())) for s in true))
        for ours, theirs in zip(true, map(float, own), strict=True):
            if _disagree(ours, theirs, largest):
                at = ", ".join(f"{x:g}" for x in point[:4]) + (", ..." if len(point) > 4 else "")
                how = f"at ({at}) autograd says {theirs:.4g}, the derivative of the value is {float(ours.mid()):.4g}"
                return Entry("no", Ground.MEASURED, how)
    if not tried:
        return Entry("unknown", Ground.UNKNOWN, "no point with a derivative was found")
    return Entry("yes", Ground.MEASURED, f"autograd against exact derivatives at {tried} points, in float64")


def _disagree(true: arb, found: float, largest: float) -> bool:
    """By more than rounding explains: a gradient that has underflowed or lost digits is not a lie."""
    if found != found:
        return False
    error = abs(found - true)
    return bool(error > _AGREE * max(largest, 1e-12) and error > 1e-9)


def _probes(n: int) -> list[list[float]]:
    """Points off the places where losses have kinks."""
    if n == 1:
        return [[x] for x in _PROBES]
    return [[x * (1 if i == n - 1 else 0.01 * i) for i in range(n)] for x in _PROBES]
