"""A function of one variable as pieces between exact breakpoints, and how it passes from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from flint import fmpq

from lossaudit.geometry.piecewise.form import ZERO, Form, at, constant_sign, derivative, is_regular
from lossaudit.geometry.piecewise.polynomial import End
from lossaudit.geometry.piecewise.sign import Split, sign
from lossaudit.geometry.piecewise.substitute import Cell, substitute
from lossaudit.geometry.program import Program

_MOST = 500
"""Functions with more breakpoints are not taken apart."""


class Passage(Enum):
    """How a function passes a breakpoint: its value is continuous for the first three."""

    SAME = "same"  # one form on both sides
    SMOOTH = "smooth"  # equal slopes
    UP = "up"  # the slope jumps up
    DOWN = "down"  # the slope jumps down
    JUMP = "jump"  # the value jumps (at the closed end of the domain: down)
    UNKNOWN = "unknown"

    @property
    def keeps_convexity(self) -> bool:
        return self in (Passage.SAME, Passage.SMOOTH, Passage.UP)


@dataclass(frozen=True, slots=True)
class Piece:
    """An open interval on which the function is one form."""

    low: End
    high: End
    form: Form


@dataclass(frozen=True, slots=True)
class Joint:
    """A point where two pieces meet, or a closed end of the domain."""

    at: fmpq
    passage: Passage


@dataclass(frozen=True, slots=True)
class Analysis:
    """The pieces from left to right, all breakpoints, and the joints: those breakpoints where the form changes."""

    pieces: tuple[Piece, ...]
    breakpoints: tuple[fmpq, ...]
    joints: tuple[Joint, ...]


def analyse(function: Program) -> Analysis | None:
    """Take a function of one variable apart; None if some case cannot be decided exactly."""
    domain = function.domain
    cells = _cells(function, domain.low, domain.high)
    if cells is None:
        return None
    pieces = [cells[0]]
    joints: list[Joint] = []
    if domain.low is not None and not domain.low_open:
        joints.append(Joint(domain.low, _at_end(function, domain.low, cells[0].form)))
    for cell in cells[1:]:
        point = cell.low
        assert point is not None
        passage = _passage(function, point, pieces[-1].form, cell.form)
        if passage is Passage.SAME:
            pieces[-1] = Piece(pieces[-1].low, cell.high, cell.form)
        else:
            pieces.append(cell)
            joints.append(Joint(point, passage))
    if domain.high is not None and not domain.high_open:
        joints.append(Joint(domain.high, _at_end(function, domain.high, cells[-1].form)))
    breakpoints = tuple(cell.low for cell in cells[1:] if cell.low is not None)
    return Analysis(tuple(pieces), breakpoints, tuple(joints))


def _cells(function: Program, low: End, high: End) -> list[Piece] | None:
    """Open intervals from left to right on each of which every case is decided."""
    done: list[Piece] = []
    waiting = [(low, high)]
    while waiting:
        a, b = waiting.pop()
        form = substitute(function, Cell(a, b))
        if isinstance(form, Split):
            ends = [a, *sorted(form.points), b]
            waiting.extend(reversed(list(pairwise(ends))))
        elif form is None:
            return None
        else:
            done.append(Piece(a, b, form))
        if len(done) + len(waiting) > _MOST:
            return None
    return done


def _passage(function: Program, point: fmpq, left: Form, right: Form) -> Passage:
    own = substitute(function, Cell(point, point))
    below, above = at(left, point), at(right, point)
    if not isinstance(own, Form) or below is None or above is None:
        return Passage.UNKNOWN
    differences = [_sign(below - own), _sign(above - own)]
    if differences != [0, 0]:
        return Passage.UNKNOWN if None in differences else Passage.JUMP
    if left == right and is_regular(left, point):
        return Passage.SAME
    slope_below, slope_above = at(derivative(left), point), at(derivative(right), point)
    if slope_below is None or slope_above is None:
        return Passage.UNKNOWN
    rise = _sign(slope_above - slope_below)
    return Passage.UNKNOWN if rise is None else (Passage.DOWN, Passage.SMOOTH, Passage.UP)[rise + 1]


def _at_end(function: Program, point: fmpq, form: Form) -> Passage:
    """At a closed end of the domain the value may only lie above the limit."""
    own, limit = substitute(function, Cell(point, point)), at(form, point)
    if not isinstance(own, Form) or limit is None:
        return Passage.UNKNOWN
    rise = _sign(own - limit)
    return Passage.UNKNOWN if rise is None else (Passage.JUMP, Passage.SMOOTH, Passage.UP)[rise + 1]


def _sign(constant: Form) -> int | None:
    if constant == ZERO:
        return 0
    strict = constant_sign(constant)
    if strict:
        return strict
    found = sign(constant, None, None)
    return found if isinstance(found, int) else None
