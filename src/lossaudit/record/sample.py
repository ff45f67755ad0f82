"""A bounded, evenly spaced sample of rows, copied so that nothing of the user's memory is held.

A row is one vector along the class axis. Prediction and target of one loss are sampled with the same `Grid`, so
that their rows belong together. No random numbers are drawn: the user's generator stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

ROWS = 256
ELEMENTS = 1 << 18


@dataclass(frozen=True, slots=True)
class Grid:
    """Every `stride`-th of `rows` rows of `classes` values each; `classes` is 0 for rows that are single values."""

    rows: int
    classes: int
    stride: int


def grid_of(shape: tuple[int, ...], axis: int | None, rows: int = ROWS) -> Grid:
    """The sampling grid of a tensor of this shape with this class axis: at most so many rows."""
    classes = shape[axis] if axis is not None else 0
    total = 1
    for size in shape:
        total *= size
    there = total // classes if classes else (0 if axis is not None else total)
    kept = max(1, min(rows, ELEMENTS // max(classes, 1)))
    return Grid(there, classes, max(1, -(-there // kept)))


def take(tensor: torch.Tensor, axis: int | None, grid: Grid) -> torch.Tensor | None:
    """Copy the rows of the grid: (n, classes) with a class axis, (n,) without; None where the rows do not match."""
    tensor = tensor.detach()
    if axis is not None:
        if tensor.dim() == 0 or tensor.shape[axis] == 0:
            return None
        if axis != tensor.dim() - 1:
            tensor = tensor.movedim(axis, -1)
    lead = tensor.shape[:-1] if axis is not None else tensor.shape
    rows = 1
    for size in lead:
        rows *= size
    if rows != grid.rows or rows == 0:
        return None
    if len(lead) == 1:
        return tensor[:: grid.stride].clone()
    if len(lead) == 0:
        return tensor.reshape(1, -1).clone() if axis is not None else tensor.reshape(1).clone()
    picked = torch.arange(0, rows, grid.stride, device=tensor.device)
    return tensor[torch.unravel_index(picked, lead)].clone()
