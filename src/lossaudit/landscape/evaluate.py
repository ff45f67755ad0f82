"""The loss at the nodes of a slice through the parameters, on the model itself.

A loop that moves the parameters in place costs hardly more than one plain forward pass a node. Each node is reached
from the trained parameters and from nowhere else, so nothing drifts, and at the slice's middle they are those bit for
bit. Tiny problems, where a call costs more than its arithmetic, are evaluated many nodes at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Floats
from lossaudit.landscape.plane import Direction, Plane
from lossaudit.landscape.probe import Probe, size
from lossaudit.landscape.untouched import untouched

FEW_SAMPLES = 64  # measured: with so few samples
FEW_PARAMETERS = 2**14  # and parameters many nodes at a time are twice as fast as a loop,
MANY_NODES = 2**15  # and that is worth what loading vmap's rules takes, half a second
AT_ONCE = 2**19  # parameters of all nodes of one operation: a few megabytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read off at a node besides the loss.

    Attributes:
        names: Of the numbers.
        take: Called with the outputs, the targets and the loss at the node; returns the numbers.
        differentiates: Whether it needs a graph behind the loss.
    """

    names: tuple[str, ...]
    take: Callable[[Any, Any, Tensor], Sequence[float]]
    differentiates: bool = False


class Mover:
    """Moves the parameters of a model over a plane. Only inside of `on_plane`."""

    def __init__(self, probe: Probe, plane: Plane) -> None:
        parameters = [parameter.data for parameter in probe.parameters]  # so that graphs the user holds stay good
        _same_shapes(parameters, plane)
        directions = [_like(direction, parameters) for direction in plane.directions]
        origin = _like(plane.origin, parameters)
        with torch.no_grad():
            torch._foreach_copy_(parameters, origin)
        self.moved = [i for i in range(len(parameters)) if any(bool(each[i].count_nonzero()) for each in directions)]
        self.parameters = [parameters[i] for i in self.moved]
        self.origin = [origin[i] for i in self.moved]
        self.directions = [[each[i] for i in self.moved] for each in directions]
        self._live, self._start, self._along = self.parameters, self.origin, self.directions
        if self._can_be_one(probe):
            self._as_one([probe.parameters[i] for i in self.moved])
        self.offset = plane.offset
        self.buffers = [buffer.data for buffer in probe.model.buffers()]
        self.started = [buffer.clone() for buffer in self.buffers]
        self.reseed = probe.reseed if probe.random or probe.training else None

    def visit(self, points: Sequence[Sequence[float]]) -> Iterator[None]:
        """Put the parameters at one point after the other; buffers and random numbers to their start.

        Points of one row (equal in all but the first coordinate) that follow each other share its start.
        """
        along = self._along[0]
        for others, row in groupby(points, key=lambda point: tuple(point[1:])):
            start = self._start
            for direction, value, middle in zip(self._along[1:], others, self.offset[1:], strict=False):
                if value != middle:
                    moves = zip(start, direction, strict=True)
                    start = [torch.add(begin, each, alpha=value - middle) for begin, each in moves]
            for point in row:
                step = point[0] - self.offset[0]
                for live, begin, each in zip(self._live, start, along, strict=True):
                    if step:
                        torch.add(begin, each, alpha=step, out=live)
                    else:  # the start itself, to the bit
                        live.copy_(begin)
                if self.buffers:
                    torch._foreach_copy_(self.buffers, self.started)
                if self.reseed is not None:
                    self.reseed()
                yield

    def _can_be_one(self, probe: Probe) -> bool:
        """Whether the parameters are few, of one kind, and share their memory with nothing else of the model."""
        if not self.parameters or sum(each.numel() for each in self.parameters) > FEW_PARAMETERS:
            return False
        if len({(each.dtype, each.device) for each in self.parameters}) > 1:
            return False
        tensors = [*probe.model.parameters(), *probe.model.buffers()]
        places = {each.untyped_storage().data_ptr() for each in tensors}
        return len(places) == len(tensors) and all(each.is_contiguous() for each in self.parameters)

    def _as_one(self, parameters: Sequence[nn.Parameter]) -> None:
        """Lay the parameters side by side: one operation then moves them all, which a small network notices.

        `untouched` lays them back.
        """
        whole = torch.cat([each.flatten() for each in self.parameters])
        parts = whole.split([each.numel() for each in self.parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)
        self._live = [whole]
        self._start = [torch.cat([each.flatten() for each in self.origin])]
        self._along = [[torch.cat([each.flatten() for each in direction])] for direction in self.directions]


@contextmanager
def on_plane(probe: Probe, plane: Plane) -> Iterator[Mover]:
    """The model in the probe's mode, at the plane's origin and movable; afterwards as it was.

    Raises:
        UsageError: The plane does not fit the model.
    """
    with untouched(probe.model, probe.loss_fn):
        probe.ready()
        yield Mover(probe, plane)


def losses(
    probe: Probe,
    mover: Mover,
    points: Floats,
    readings: Sequence[Reading] = (),
    *,
    rows: list[Sequence[float]] | None = None,
    after: Callable[[], None] | None = None,
) -> Floats:
    """The loss, and what else is read, at points of a plane.

    Args:
        probe: The model, its loss and its data.
        mover: Of `on_plane`.
        points: (P, D) coordinates. Points of one row (equal in all but the first) should follow each other.
        readings: Of further numbers.
        rows: Gets the numbers of each point as soon as they are there, also where the evaluation is interrupted.
        after: Called after each point.

    Returns:
        (P, 1 + numbers), the loss first. NaN and infinite values are kept.
    """
    rows = [] if rows is None else rows
    begun = len(rows)
    together = None if readings else _together(probe, mover, points)
    if together is None:
        _one_by_one(probe, mover, points, readings, rows, after)
    else:
        chunk = min(1024, AT_ONCE // sum(parameter.numel() for parameter in mover.parameters))
        for start in range(0, len(points), chunk):
            rows.extend((loss,) for loss in together(points[start : start + chunk]))
            if after is not None:
                after()
    width = 1 + sum(len(reading.names) for reading in readings)
    return np.array(rows[begun:], float).reshape(len(points), width)


def _one_by_one(
    probe: Probe,
    mover: Mover,
    points: Floats,
    readings: Sequence[Reading],
    rows: list[Sequence[float]],
    after: Callable[[], None] | None = None,
) -> None:
    differentiates = any(reading.differentiates for reading in readings)
    take, loss_fn = probe.outputs, probe.loss_fn
    with torch.no_grad():  # not inference mode: what a model keeps for later would be spoilt for training
        for _ in mover.visit(points.tolist()):
            if not readings:
                rows.append((loss_fn(*take()).item(),))
            else:
                with (
                    torch.set_grad_enabled(differentiates),
                    sdpa_kernel(SDPBackend.MATH) if differentiates else nullcontext(),
                ):
                    output, target = take()
                    loss = loss_fn(output, target)
                    numbers = [loss.item()]
                    for reading in readings:
                        numbers.extend(reading.take(output, target, loss))
                rows.append(numbers)
            if after is not None:
                after()


class _Whole(nn.Module):
    """The model with its loss, which may look at the parameters too."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.model = probe.model
        self.loss = probe.loss

    def forward(self) -> Tensor:
        return self.loss()


def _together(probe: Probe, mover: Mover, points: Floats) -> Callable[[Floats], list[float]] | None:
    """The losses of many points in one call; None where that does not pay, or does not agree with the loop."""
    if not _tiny(probe, len(points)):
        return None
    whole = _Whole(probe)
    names = [f"model.{probe.names[i]}" for i in mover.moved]

    def one(steps: Tensor) -> Tensor:
        moved = mover.origin
        for k in reversed(range(len(mover.directions))):  # in the order of the loop
            moved = [m + steps[k].to(m.dtype) * d for m, d in zip(moved, mover.directions[k], strict=True)]
        loss = functional_call(whole, dict(zip(names, moved, strict=True)), ())
        return loss.reshape(())

    def many(points: Floats) -> list[float]:
        steps = torch.from_numpy(points - np.asarray(mover.offset[: points.shape[1]]))
        with torch.no_grad():
            return torch.vmap(one)(steps).tolist()

    ends = points[[0, -1]]
    looped: list[Sequence[float]] = []
    _one_by_one(probe, mover, ends, (), looped)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says of itself when it loads vmap's rules
            warnings.filterwarnings("error", message=".*performance drop")  # there is no rule
            batched = many(ends)
    except Exception:  # vmap refuses what it cannot follow, in many ways; the loop raises what is the model's own
        return None
    return many if np.allclose(batched, np.ravel(looped), rtol=1e-3, atol=1e-6, equal_nan=True) else None


def _tiny(probe: Probe, points: int) -> bool:
    """Whether a call costs more than its arithmetic, and nothing in the model minds many nodes at a time."""
    count = size(probe.batches[0][1]) if len(probe.batches) == 1 else None
    parameters = sum(parameter.numel() for parameter in probe.parameters)
    if count is None or count > FEW_SAMPLES or parameters > FEW_PARAMETERS or points < MANY_NODES or not parameters:
        return False
    hooked = any(module._forward_hooks or module._forward_pre_hooks for module in probe.model.modules())
    return not (hooked or probe.training or probe.random)


def _same_shapes(parameters: Sequence[Tensor], plane: Plane) -> None:
    """Refuse a plane of another model."""
    wanted = [tuple(parameter.shape) for parameter in parameters]
    for what, direction in (("origin", plane.origin), *(("direction", each) for each in plane.directions)):
        if [tuple(tensor.shape) for tensor in direction] != wanted:
            raise UsageError(
                f"the plane's {what} does not fit the model: it has to hold one tensor for each of the model's "
                f"{len(wanted)} trainable parameters, of the same shape"
            )
    if not 1 <= len(plane.directions) <= 2 or len(plane.offset) < len(plane.directions):
        raise UsageError(f"a slice has one or two directions; this plane has {len(plane.directions)}")


def _like(direction: Direction, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Copies with the parameters' types and devices."""
    return [
        tensor.detach().to(device=parameter.device, dtype=parameter.dtype, copy=True)
        for tensor, parameter in zip(direction, parameters, strict=True)
    ]
