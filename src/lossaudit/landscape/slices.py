"""A loss over a slice through the space of its variables: all nodes at once, with exact derivatives where there are.

Nodes are where they are said to be: coordinates of 0 are the centre, bit for bit, and a value that is not a number
stays one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape import chords, coarse, confirm, kinks
from lossaudit.landscape.derivatives import Function, Slice, examined
from lossaudit.landscape.noise import rounding
from lossaudit.landscape.picture import Coordinate, Curvature, Floats, Surface
from lossaudit.landscape.untouched import untouched

_PROBED = 33  # nodes along an axis at which rounding is measured
_PROBED_LOOP = 3
_EPS = float(np.finfo(np.float64).eps)


def surface(
    function: Function,
    centre: Floats,
    directions: Floats,
    x: Coordinate,
    y: Coordinate | None = None,
    *,
    name: str,
    curvature: bool = True,
) -> Surface:
    """A loss over the points `centre + x * directions[0] + y * directions[1]`.

    A loss that cannot be evaluated at many points in one call is evaluated, on a large grid, at some nodes only;
    `computed` says at which, and `residual` how well the others are met.

    Args:
        function: One point, a flat float64 tensor (n,), to a scalar tensor.
        centre: (n,).
        directions: (1, n) for a line, (2, n) for a plane; not necessarily of length 1.
        x: The nodes along the first direction, increasing.
        y: Those along the second; None for a line.
        name: What is drawn.
        curvature: Whether it is wanted too; without it a third of the time is needed.

    Raises:
        UsageError: The shapes do not fit, or the function cannot be evaluated or gives no scalar.

    >>> line = Coordinate("z (nats)", np.linspace(-2, 2, 5))
    >>> drawn = surface(lambda z: (z**2).sum(), np.zeros(2), np.eye(2), line, line, name="square")
    >>> drawn.loss[0].tolist(), drawn.slope[2].tolist(), drawn.curvature[1, 3].tolist()
    ([8.0, 5.0, 4.0, 5.0, 8.0], [4.0, 2.0, 0.0, 2.0, 4.0], 2.0)
    """
    axes = (x,) if y is None else (x, y)
    centre, directions = _checked(centre, directions, axes)
    with untouched(function):
        made = examined(function, centre, directions, _trial(axes))
        if not made.batched and coarse.worth(x, y):
            return coarse.interpolated(
                lambda a, b: _complete(made, a, b, name, curvature), lambda values: _loss(made, values), x, y
            )
        return _complete(made, x, y, name, curvature)


def _complete(made: Slice, x: Coordinate, y: Coordinate | None, name: str, curvature: bool) -> Surface:
    """A surface with every node evaluated."""
    axes = (x.values,) if y is None else (x.values, y.values)
    shape = tuple(len(axis) for axis in reversed(axes))
    local = made.at(nodes(axes), 2 if curvature and made.twice else 1)
    assert local.gradient is not None
    arrows = (local.gradient @ made.directions.T).numpy().reshape(*shape, -1)
    notes = [_slope_note(made)]
    least: Floats | None = None
    bound: Floats | float = 0.0
    by: Curvature | None = None
    if curvature:
        loss = local.loss.numpy().reshape(shape)
        hessian = None if local.hessian is None else local.hessian.numpy().reshape(*shape, len(axes), len(axes))
        if hessian is not None and not kinks.missed(made, axes, loss, arrows, hessian):
            by = Curvature.DERIVATIVES
            least = smallest(hessian)
            bound = _bound(made, axes, loss, hessian, least)
        else:
            by = Curvature.DIFFERENCES
            least, bound = _differences(made, axes)
            notes.append(
                "The loss has kinks or steps that automatic differentiation does not see: "
                "the curvature is the smallest second difference over the directions of the grid."
            )
    return Surface(
        name,
        x,
        y,
        local.loss.numpy().reshape(shape),
        slope=local.gradient.norm(dim=1).numpy().reshape(shape),
        curvature=least,
        curvature_by=by,
        rounding=bound,
        arrows=arrows if y is not None else None,
        notes=tuple(notes),
    )


def nodes(axes: tuple[Floats, ...]) -> Tensor:
    """(B, d) coordinates of all nodes, row by row: x runs fastest."""
    if len(axes) == 1:
        return torch.from_numpy(axes[0].copy())[:, None]
    across, up = np.meshgrid(*axes)
    return torch.from_numpy(np.stack([across.ravel(), up.ravel()], -1))


def smallest(hessian: Floats) -> Floats:
    """The smallest eigenvalue of (..., d, d) for d = 1 or 2.

    >>> float(smallest(np.array([[2.0, 1.0], [1.0, 2.0]])))
    1.0
    """
    if hessian.shape[-1] == 1:
        return hessian[..., 0, 0].copy()
    a, c = hessian[..., 0, 0], hessian[..., 1, 1]
    b = (hessian[..., 0, 1] + hessian[..., 1, 0]) / 2
    with np.errstate(invalid="ignore", over="ignore"):
        return (a + c) / 2 - np.hypot((a - c) / 2, b)


def _bound(made: Slice, axes: tuple[Floats, ...], loss: Floats, hessian: Floats, least: Floats) -> Floats:
    """What rounding may have done to the smallest eigenvalue; as much as it is where the loss contradicts its sign."""
    of_loss, of_hessian = _rounding(made, axes, 2)
    bound = of_hessian + 8 * _EPS * np.abs(hessian).sum((-2, -1))
    claimed = least < -bound
    spacing = np.array([np.diff(axis).min() for axis in axes])
    at = nodes(axes)[torch.from_numpy(claimed.ravel())]
    wrong = confirm.unconfirmed(made, at, spacing, hessian[claimed], least[claimed], loss[claimed], of_loss[claimed])
    bound[claimed] = np.where(wrong, np.abs(least[claimed]), bound[claimed])
    return bound


def _loss(made: Slice, axes: tuple[Floats, ...]) -> Floats:
    return made.at(nodes(axes), 0).loss.numpy().reshape([len(axis) for axis in reversed(axes)])


def _differences(made: Slice, axes: tuple[Floats, ...]) -> tuple[Floats, Floats]:
    """Second differences, which need some nodes around the picture."""
    wide = tuple(chords.padded(axis) for axis in axes)
    (noise,) = _rounding(made, wide, 0)
    return chords.least(_loss(made, wide), noise, wide[0], wide[1] if len(wide) == 2 else None)


def _rounding(made: Slice, axes: tuple[Floats, ...], order: int) -> list[Floats]:
    """Bounds of the rounding of the loss at each node and, for order 2, of its Hessian: the largest ones at the nodes
    around it at which they are measured.
    """
    count = _PROBED if made.batched else _PROBED_LOOP
    chosen = tuple(coarse.spread(len(axis), count) for axis in axes)
    at = nodes(tuple(axis[some] for axis, some in zip(axes, chosen, strict=True)))
    shape = tuple(len(some) for some in reversed(chosen))

    def compute() -> tuple[Tensor, ...]:
        local = made.at(at, order)
        return (local.loss,) if local.hessian is None else (local.loss, local.hessian)

    sizes = tuple(len(axis) for axis in axes)
    return [
        coarse.surrounding(each.reshape(len(at), -1).norm(dim=1).numpy().reshape(shape), chosen, sizes)
        for each in rounding(compute)
    ]


def _trial(axes: tuple[Coordinate, ...]) -> Floats:
    """Coordinates at which to try what the function allows: the centre, and both ends."""
    ends = [[axis.values[k] for axis in axes] for k in (0, -1)]
    return np.array([[0.0] * len(axes), *ends])


def _checked(centre: Floats, directions: Floats, axes: tuple[Coordinate, ...]) -> tuple[Floats, Floats]:
    centre, directions = np.asarray(centre, dtype=np.float64), np.asarray(directions, dtype=np.float64)
    if centre.ndim != 1 or directions.shape != (len(axes), len(centre)):
        raise UsageError(
            f"a slice with {len(axes)} axes needs a centre (n,) and {len(axes)} directions (n,) each; "
            f"they have shapes {centre.shape} and {directions.shape}"
        )
    for axis in axes:
        if axis.values.ndim != 1 or len(axis.values) < 2 or not (np.diff(axis.values) > 0).all():
            raise UsageError(f"the values of the axis {axis.name!r} have to be two or more, increasing")
    return centre, directions


def _slope_note(made: Slice) -> str:
    count = len(made.centre)
    of = "the only variable" if count == 1 else f"all {count} variables"
    how = "" if made.differentiable else ", by differences, since nothing here can be differentiated"
    return f"The gradient is that with respect to {of}{how}."
