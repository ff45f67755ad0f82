"""Whether a loss has kinks or steps between the nodes, which its derivatives at the nodes do not show.

Between two neighbours the gradient has to change by what the curvature says. Where it does not, the gap is halved
again and again: what shrinks with it was only sharp, what stays is a kink (in the gradient) or a step (in the value).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lossaudit.landscape.derivatives import Slice
from lossaudit.landscape.picture import Floats

_SUSPECTS = 128  # pairs of neighbours that are looked into
_SUSPECTS_LOOP = 8  # where each evaluation takes its time
_PARTS = 8
_DEPTH = 5  # 8^5 = 33 thousand times narrower than the grid
_SMALL = 1e-7  # of the largest change between neighbours: not looked into
_ROUNDING = 2.0**-46  # of a loss, generously


def missed(made: Slice, axes: tuple[Floats, ...], loss: Floats, arrows: Floats, hessian: Floats) -> bool:
    """Whether there is a kink or a step that automatic differentiation does not see.

    Args:
        made: What was evaluated.
        axes: Values along x, and along y.
        loss: At the nodes.
        arrows: (..., d) the gradient within the slice.
        hessian: (..., d, d) within the slice.
    """
    corners = np.stack(np.meshgrid(*axes), -1)
    starts: list[Floats] = []
    ends: list[Floats] = []
    surprises: list[Floats] = []
    largest = 0.0
    for k in range(len(axes)):
        a, b = _pairs(corners, loss.ndim - 1 - k)
        surprise, change = _surprise((b - a)[..., k], loss.ndim - 1 - k, loss, arrows[..., k], hessian[..., k, k])
        starts.append(a.reshape(-1, len(axes)))
        ends.append(b.reshape(-1, len(axes)))
        surprises.append(surprise.ravel())
        largest = max(largest, change)
    surprise = np.concatenate(surprises)
    order = np.argsort(-surprise, kind="stable")[: _SUSPECTS if made.batched else _SUSPECTS_LOOP]
    order = order[surprise[order] > _SMALL * largest]
    if not len(order):
        return False
    return _stays(made, np.concatenate(starts)[order], np.concatenate(ends)[order], surprise[order])


def _pairs(values: Floats, along: int) -> tuple[Floats, Floats]:
    """All but the last, and all but the first."""
    size = values.shape[along]
    return np.take(values, np.arange(size - 1), along), np.take(values, np.arange(1, size), along)


def _surprise(gap: Floats, along: int, loss: Floats, slope: Floats, bend: Floats) -> tuple[Floats, float]:
    """How much more the slope changes between neighbours than the curvature says, or the loss (for each unit of the
    gap) than the slope says; and the largest change that there is.
    """
    off, largest = np.zeros(gap.shape), 0.0
    for values, rate, unit in ((slope, bend, np.ones_like(gap)), (loss, slope, gap)):
        with np.errstate(invalid="ignore", over="ignore"):
            change = np.diff(values, axis=along) / unit
            more = np.abs(change - gap / unit * np.add(*_pairs(rate, along)) / 2)
        off = np.maximum(off, np.where(np.isfinite(more), more, 0.0))
        largest = max(largest, float(np.abs(change[np.isfinite(change)]).max(initial=0.0)))
    return off, largest


def _stays(made: Slice, start: Floats, end: Floats, surprise: Floats) -> bool:
    """Whether, for one pair, what surprises stays about the same however close the two points are taken."""
    a, b = torch.from_numpy(start), torch.from_numpy(end)
    share = torch.linspace(0, 1, _PARTS + 1, dtype=a.dtype)[:, None, None]
    sizes: list[Tensor] = []
    for _ in range(_DEPTH):
        between = a + share * (b - a)
        local = made.at(between.reshape(-1, a.shape[1]), 1)
        assert local.gradient is not None
        width = (b - a).norm(dim=1) / _PARTS
        unit = (b - a) / (_PARTS * width[:, None])
        slope = ((local.gradient @ made.directions.T).reshape(between.shape) * unit).sum(-1)
        loss = local.loss.reshape(between.shape[:-1])
        bend = slope[1:] - slope[:-1]
        bend = (bend - bend.median(0).values).abs()  # of the bend that all parts share, none is a kink
        step = (loss[1:] - loss[:-1] - width * (slope[1:] + slope[:-1]) / 2).abs()
        step = (step - _ROUNDING * (loss[1:].abs() + loss[:-1].abs())).clamp(min=0) / width
        size, where = torch.nan_to_num(torch.maximum(bend, step), nan=0.0).max(0)
        sizes.append(size)
        pick = torch.arange(len(a))
        a, b = between[where, pick], between[where + 1, pick]
    return bool(((sizes[-1] > 0.1 * torch.from_numpy(surprise)) & (sizes[-1] > 0.5 * sizes[-3])).any())
