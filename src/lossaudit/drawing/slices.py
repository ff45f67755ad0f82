"""Where a loss is drawn: a plane or a line through its variables, and the numbers along it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lossaudit.drawing.drawn import Drawn, Space
from lossaudit.drawing.words import listed, number, short
from lossaudit.errors import UsageError
from lossaudit.landscape import simplex
from lossaudit.landscape.picture import Coordinate, Floats
from lossaudit.proving.prove import Domain, domain_of

Free: TypeAlias = Sequence[int] | Sequence[Sequence[float]]
"""Positions of one or two variables, or one or two directions."""
REACH = {Space.CLASSES: 8.0, Space.SCORE: 8.0, Space.NUMBER: 8.0, Space.VARIABLES: 3.0}
_BOUNDED = 3.0  # where the domain has an end
_FAR = 20.0  # the length of a path to confident and wrong
SIZE, LENGTH = 61, 201  # nodes along a side of a surface, and along a line
_SHORTEST = 1e-6  # reach: nodes of a shorter one are alike but for rounding
_MOST = {1: 100_001, 2: 1001}
KINDS = ("surface", "simplex", "path", "field")


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A plane or a line: `centre + x * directions[0] + y * directions[1]`.

    Attributes:
        kind: One of `KINDS`; a line that is no path is a surface of one coordinate.
        middle: Its middle, in its own coordinates.
        measure: The point at which a loss counts as high, and a gradient as large.
        called: What its middle is; empty for nothing in particular.
        notes: What is held fixed at what.
    """

    kind: str
    centre: Floats
    directions: Floats
    x: Coordinate
    y: Coordinate | None
    middle: Floats
    measure: Floats
    called: str
    notes: tuple[str, ...]

    @property
    def simplex(self) -> bool:
        """Whether its coordinates are probabilities."""
        return self.kind == "simplex"

    @property
    def node(self) -> Floats:
        """The variables at its middle."""
        return np.zeros(len(self.centre)) if self.simplex else self.centre + self.middle @ self.directions

    @property
    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What spans it, by name."""
        return {"centre": self.centre, **{f"direction {i}": row for i, row in enumerate(self.directions)}}

    @property
    def place(self) -> str:
        """What its coordinates are called, for a sentence."""
        if self.simplex:
            return "the probabilities of the classes"
        names = [self.x.name] if self.y is None else [self.x.name, self.y.name]
        return listed([short(name) for name in names])


def sliced(
    loss: Drawn,
    kind: str | None,
    *,
    at: Sequence[float] | None = None,
    free: Free | None = None,
    reach: float | None = None,
    size: int | None = None,
) -> Slice:
    """The slice that is asked for, or the one in which a loss of this kind shows itself.

    Args:
        loss: Says which variables there are.
        kind: One of `KINDS`.
        at: The point that it goes through.
        free: Positions of the one or two variables that are drawn; or one or two directions.
        reach: Half its width; the length of a path.
        size: How many nodes a side has; odd, so that the middle is one.

    Raises:
        UsageError: There is no such slice.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r} of picture; there is {', '.join(KINDS)}")
    if reach is not None and not _SHORTEST <= reach <= 1 / _SHORTEST:
        raise UsageError(f"reach {reach:g}: half the width is a number from {_SHORTEST:g} to {1 / _SHORTEST:g}")
    if kind == "simplex":
        if at is not None or free is not None or reach is not None:
            raise UsageError("the simplex holds all probabilities of three classes: it takes no point, axes or reach")
        return _simplex(loss, _checked(size, 2))
    centre = _point(loss, at)
    if kind == "path" and loss.space is not Space.NUMBER:  # whose curve leads to wrong on both sides
        if free is not None:
            raise UsageError("a path leads to confident and wrong by itself: leave the free variables out")
        return _path(loss, centre, reach or _FAR, _checked(size, 1))
    directions, positions = _spanned(loss, free)
    if len(directions) == 1 and kind == "field":
        raise UsageError(f"{loss.name} is drawn over one number, which has no field; without a kind it is a curve")
    half, nodes = reach or _usual_reach(loss), _checked(size, len(directions))
    if positions is None:
        return _tilted(loss, kind or "surface", centre, directions, half, nodes)
    return _upright(loss, kind or "surface", centre, positions, half, nodes)


def _usual_reach(loss: Drawn) -> float:
    return REACH[loss.space] if loss.domain is None else _BOUNDED


def _checked(size: int | None, dims: int) -> int:
    if size is None:
        return SIZE if dims == 2 else LENGTH
    if size < 3 or size % 2 != 1 or size > _MOST[dims]:
        raise UsageError(f"size {size}: nodes along a side are an odd number from 3 to {_MOST[dims]}")
    return size


def _point(loss: Drawn, at: Sequence[float] | None) -> Floats:
    if at is None:
        return np.array(loss.centre, dtype=np.float64)
    point = np.array(at, dtype=np.float64)
    if point.shape != (len(loss.variables),) or not np.isfinite(point).all():
        raise UsageError(
            f"at {listed([number(float(v)) for v in point.reshape(-1)])}: {loss.name} has "
            f"{len(loss.variables)} variables here, and each needs a finite number"
        )
    return point


def _spanned(loss: Drawn, free: Free | None) -> tuple[Floats, tuple[int, ...] | None]:
    """The directions, and which variables they are where each is one."""
    count = len(loss.variables)
    wanted = loss.free if free is None else tuple(free)
    if not 1 <= len(wanted) <= 2:
        raise UsageError(f"{len(wanted)} free variables: a picture has one or two")
    positions = tuple(each for each in wanted if isinstance(each, int))
    if len(positions) == len(wanted):
        for position in positions:
            if not 0 <= position < count:
                raise UsageError(f"free {position}: there are variables 0 to {count - 1} ({', '.join(loss.variables)})")
        if len(set(positions)) < len(positions):
            raise UsageError(f"free {positions[0]},{positions[0]}: two different variables span a picture")
        return np.eye(count)[list(positions)], positions
    rows = [np.array(each, dtype=np.float64).reshape(-1) for each in wanted]
    if any(len(row) != count or not np.isfinite(row).all() for row in rows):
        raise UsageError(f"each direction has {count} finite numbers, one for each variable")
    directions = np.stack(rows)
    if np.linalg.matrix_rank(directions) < len(directions):
        raise UsageError("the directions have to be different from zero, and from each other's multiples")
    return directions, None


def _upright(loss: Drawn, kind: str, at: Floats, positions: tuple[int, ...], half: float, nodes: int) -> Slice:
    """Along variables: coordinates are their values."""
    unit = " (nats)" if loss.space in (Space.CLASSES, Space.SCORE) else ""
    origin, middle = at.copy(), at[list(positions)]
    if loss.shifts:
        name, origin, middle = "prediction minus target", np.array([loss.label]), at - loss.label
        axes = [Coordinate(name, _ticks(float(middle[0]), half, nodes, None))]
    else:
        origin[list(positions)] = 0.0
        axes = [
            Coordinate(loss.variables[position] + unit, _ticks(float(value), half, nodes, loss.domain))
            for position, value in zip(positions, middle, strict=True)
        ]
    fixed = [i for i in range(len(at)) if i not in positions]
    notes = [_fixed(loss, at, fixed)] if fixed else []
    directions = np.eye(len(at))[list(positions)]
    return Slice(
        kind,
        origin,
        directions,
        axes[0],
        axes[1] if len(axes) > 1 else None,
        middle,
        middle + 1.0 if loss.space is Space.NUMBER else middle,
        _called(loss, at),
        tuple(notes),
    )


def _tilted(loss: Drawn, kind: str, at: Floats, directions: Floats, half: float, nodes: int) -> Slice:
    """Along directions, from a point."""
    values = np.linspace(-half, half, nodes)
    axes = [
        Coordinate(f"{letter}, along ({', '.join(number(float(v)) for v in row)})", values)
        for letter, row in zip("ab", directions, strict=False)
    ]
    point = ", ".join(number(float(v)) for v in at[:8]) + (", ..." if len(at) > 8 else "")
    return Slice(
        kind,
        at,
        directions,
        axes[0],
        axes[1] if len(axes) > 1 else None,
        np.zeros(len(axes)),
        np.zeros(len(axes)),
        _called(loss, at),
        (f"The slice goes through the point ({point}).",),
    )


def _path(loss: Drawn, at: Floats, length: float, nodes: int) -> Slice:
    """From a point to confident and wrong."""
    if not loss.wrong:
        raise UsageError(f"{loss.name}: no direction is the wrong one; choose variables with --free")
    name, notes = "steps towards wrong", ()
    if loss.space is Space.CLASSES:
        wrong = int(np.argmax(loss.wrong))
        level = at[wrong] == at[int(loss.label)]
        name = "wrong logit minus true logit (nats)" if level else f"rise of z{wrong} (nats)"
        notes = (f"Along the path z{wrong} rises; the other logits stay where they are.",)
    elif loss.space is Space.SCORE:
        name = "how far the logit is on the wrong side (nats)"
    axis = Coordinate(name, np.linspace(0.0, length, nodes))
    direction, zero = np.array([loss.wrong], dtype=np.float64), np.zeros(1)
    return Slice("path", at, direction, axis, None, zero, zero, _called(loss, at), notes)


def _simplex(loss: Drawn, size: int) -> Slice:
    """All probabilities of three classes."""
    if loss.space is not Space.CLASSES or len(loss.variables) != 3:
        raise UsageError(
            f"{loss.name}: a simplex is drawn over three classes: give a head (mse:softmax), and 3 classes"
        )
    x, y = simplex.coordinates(size)
    zero = np.zeros(2)
    note = "The corners of the triangle are the classes. The loss takes z = log p: with softmax, the logits of p."
    return Slice("simplex", simplex.CENTRE, simplex.DIRECTIONS, x, y, zero, zero, "uniform probabilities", (note,))


def _ticks(middle: float, half: float, nodes: int, domain: Domain) -> Floats:
    """Nodes around a middle; where they would leave the domain, they are moved inside, short of an open end."""
    interval, _ = domain_of(domain)
    low = -math.inf if interval.low is None else float(interval.low)
    high = math.inf if interval.high is None else float(interval.high)
    start, stop = middle - half, middle + half
    if low < start and stop < high:
        values = np.linspace(start, stop, nodes)
        values[nodes // 2] = middle
        return values
    start, stop = (max(low, high - 2 * half), high) if start > low else (low, min(low + 2 * half, high))
    before, after = int(start == low and interval.low_open), int(stop == high and interval.high_open)
    return np.linspace(start, stop, nodes + before + after)[before : nodes + before]


def _called(loss: Drawn, at: Floats) -> str:
    """What a point is."""
    if loss.space is Space.CLASSES:
        return "uniform logits" if np.ptp(at) == 0 else "the given point"
    if loss.space is Space.SCORE:
        return "logit 0" if at[0] == 0 else ""
    if loss.space is Space.NUMBER:
        return "prediction = target" if loss.shifts and at[0] == loss.label else ""
    return "the example" if at.tolist() == list(loss.centre) else ""


def _fixed(loss: Drawn, at: Floats, fixed: Sequence[int]) -> str:
    """What stays where, in a sentence."""
    values = {float(at[i]) for i in fixed}
    names = [short(loss.variables[i]) for i in fixed]
    if loss.space is Space.CLASSES and len(values) == 1:
        which = f"The logit{'s' if len(fixed) > 1 else ''} of class{'es' if len(fixed) > 1 else ''} "
        shown = listed([str(i) for i in fixed]) if len(fixed) <= 6 else f"all {len(fixed)} others"
        return f"{which}{shown} {'are' if len(fixed) > 1 else 'is'} fixed at {number(values.pop())}."
    pairs = [f"{name} = {number(float(at[i]))}" for name, i in zip(names, fixed, strict=True)]
    more = f" and {len(pairs) - 8} more as in the example" if len(pairs) > 8 else ""
    return f"Fixed: {', '.join(pairs[:8])}{more}."
