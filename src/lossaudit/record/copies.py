"""Rows of logits and targets are copied where they meet a head, a loss, or a loss that is written out."""

from __future__ import annotations

import torch

from lossaudit import axes
from lossaudit.catalogue.schema import Loss, Role
from lossaudit.pairing import Const
from lossaudit.record.records import Link, Record
from lossaudit.record.sample import ROWS, Grid, grid_of, take
from lossaudit.record.spans import module_name

# Heads that stand before a loss, whose input is kept: those that make probabilities.
_FINAL_HEADS = frozenset({"softmax", "softmin", "log_softmax", "sigmoid", "logsigmoid", "tanh"})


def copy_rows(record: Record, tensors: dict[str, torch.Tensor], most: int = ROWS) -> None:
    """Copy rows of logits and targets where they meet a head, a loss, or a loss that is written out."""
    callee, first = record.callee, record.links[0]
    if callee.loss is not None:
        record.name = module_name() or record.name
        _copy_loss(record, callee.loss, tensors, most)
    elif callee.op in _FINAL_HEADS and first.grad and first.record is not None and first.record.near:
        axis = record.axis
        if axis is None and len(first.shape) > 1:
            axis = axes.default_class_axis(first.shape)
        _take(record, tensors, {first.name: axis}, grid_of(first.shape, axis, most))
    elif callee.role in (Role.ELEMENTWISE, Role.SELECT) and len(record.links) == 2:
        _copy_operands(record, tensors, most)


def _copy_loss(record: Record, loss: Loss, tensors: dict[str, torch.Tensor], most: int) -> None:
    prediction = next((link for link in record.links if link.name == loss.prediction), None)
    if prediction is None or not prediction.shape or not any(link.grad for link in record.links):
        return  # a loss without a gradient belongs to an evaluation
    rank = len(prediction.shape)
    if loss.class_axis:
        axis: int | None = 1 if rank > 1 else 0
    else:
        carried = prediction.record.axis if prediction.record is not None else None
        axis = carried if carried is not None else axes.default_class_axis(prediction.shape)
    wanted: dict[str, int | None] = {prediction.name: axis}
    for link in record.links:
        if link.name == loss.target:
            wanted[link.name] = axis if len(link.shape) == rank else None
        elif link.name in ("weight", "pos_weight") and not link.grad:
            record.copies[link.name] = tensors[link.name].detach().clone()
    _take(record, tensors, wanted, grid_of(prediction.shape, axis, most))


def _copy_operands(record: Record, tensors: dict[str, torch.Tensor], most: int) -> None:
    near = next((x for x in record.links if x.grad and x.record is not None and x.record.near), None)
    if near is None or not near.shape or near.record is None:
        return
    other = record.links[0] if near is record.links[1] else record.links[1]
    if other.grad or not other.shape:
        return
    axis = near.record.axis if near.record.axis is not None else axes.default_class_axis(near.shape)
    grid = grid_of(near.shape, axis, most)
    if record.callee.role is Role.SELECT:
        _copy_picked(record, tensors, near, other, axis, grid)
    elif other.shape == near.shape:
        _take(record, tensors, {near.name: axis, other.name: axis}, grid)


def _take(record: Record, tensors: dict[str, torch.Tensor], wanted: dict[str, int | None], grid: Grid) -> None:
    for name, axis in wanted.items():
        rows = take(tensors[name], axis, grid)
        if rows is not None:
            record.copies[name] = rows


def _copy_picked(
    record: Record, tensors: dict[str, torch.Tensor], near: Link, index: Link, axis: int | None, grid: Grid
) -> None:
    """`x[range(n), y]` and `x.gather(1, y)` keep the rows in their order; another order of rows is not followed."""
    first = record.args.get("index.0")
    if first is not None and first not in (Const(tuple(range(grid.rows))), Const(("range", grid.rows))):
        return
    taken = tensors[index.name]
    if taken.numel() == grid.rows:
        _take(record, tensors, {near.name: axis}, grid)
        rows = take(taken.reshape(-1), None, grid)
        if rows is not None:
            record.copies[index.name] = rows
