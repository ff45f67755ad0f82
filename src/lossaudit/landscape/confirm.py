"""A second look at negative curvature: the loss itself has to bend down there, not its derivatives alone.

Derivatives can go wrong where the loss does not, by an overflow or underflow in between that no bound of rounding at
other nodes tells of: `-log(exp(z0) / exp(z).sum())` is right up to 700 nats, its second derivative up to 170.
"""

from __future__ import annotations

import numpy as np
import torch

from lossaudit.landscape.derivatives import Slice
from lossaudit.landscape.picture import Bools, Floats

_STEP = 2.0**-6  # of the distance between nodes


def unconfirmed(
    made: Slice, at: torch.Tensor, spacing: Floats, hessian: Floats, least: Floats, loss: Floats, noise: Floats
) -> Bools:
    """Where three values on a line, along the eigenvector, contradict a negative curvature beyond their rounding.

    Args:
        made: What was evaluated.
        at: (B, d) coordinates, all with a negative curvature.
        spacing: (d,) distance between nodes.
        hessian: (B, d, d).
        least: (B,) its smallest eigenvalue.
        loss: (B,).
        noise: (B,) a bound of the rounding of the loss.

    Returns:
        (B,) of booleans.
    """
    if not len(at):
        return np.zeros(0, dtype=bool)
    direction = np.ones((len(at), 1)) if hessian.shape[-1] == 1 else _eigenvector(hessian, least)
    step = _STEP * (1 / np.linalg.norm(direction / spacing, axis=1))
    move = torch.from_numpy(direction * step[:, None])
    ahead, behind = (made.at(each, 0).loss.numpy() for each in (at + move, at - move))
    with np.errstate(invalid="ignore", over="ignore"):
        bend = ((ahead - loss) + (behind - loss)) / step**2
        largest = np.maximum(np.abs(loss), np.maximum(np.abs(ahead), np.abs(behind)))
        error = (4 * noise + 8 * np.finfo(np.float64).eps * largest) / step**2
        return bend - error > least / 2


def _eigenvector(hessian: Floats, least: Floats) -> Floats:
    """(B, 2) of length 1, that of the smallest eigenvalue of a 2 x 2 matrix."""
    a, b, c = hessian[:, 0, 0], (hessian[:, 0, 1] + hessian[:, 1, 0]) / 2, hessian[:, 1, 1]
    first, second = np.stack([b, least - a], -1), np.stack([least - c, b], -1)
    longer = (np.abs(first).sum(1) >= np.abs(second).sum(1))[:, None]
    vector = np.where(longer, first, second)
    size = np.linalg.norm(vector, axis=1, keepdims=True)
    return np.where(size > 0, vector / np.where(size > 0, size, 1.0), np.array([1.0, 0.0]))
