"""A picture of a model: its loss over a slice through its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from lossaudit import catalogue
from lossaudit.drawing import model_words
from lossaudit.errors import UsageError
from lossaudit.landscape import differences, parameters
from lossaudit.landscape import head as head_block
from lossaudit.landscape.directions import (
    Checkpoint,
    Normalization,
    Recorder,
    Towards,
    Which,
    between,
    head_plane,
    hessian_plane,
    loaded,
    permutation_path,
    random_plane,
    scalar_names,
    scalar_plane,
    trajectory_plane,
)
from lossaudit.landscape.directions.checkpoints import listed, set_state
from lossaudit.landscape.directions.vectors import flat
from lossaudit.landscape.evaluate import losses, on_plane
from lossaudit.landscape.picture import (
    Coordinate,
    Curvature,
    Floats,
    Mark,
    MarkKind,
    Panel,
    Picture,
    Scale,
    Setting,
    Surface,
)
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe, probe
from lossaudit.landscape.probe import size as count
from lossaudit.landscape.untouched import untouched

if TYPE_CHECKING:
    from lossaudit.training import Training

_PLANE, _LINE = 41, 201  # nodes along an axis
_MOST = {1: 100_001, 2: 1001}  # of them
_SHORTEST = 1e-6  # reach: nodes of a shorter one are alike but for rounding
_AFFORDABLE = 10**7  # parameters times samples: about 2 s for a plane
_MARKED = 5  # minima
_MARGIN = 0.15  # beyond each end of a path, as a share of its extent
_WIDE = 100.0  # ratio of the largest to the smallest loss from which on the scale is logarithmic


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """What a kind of directions is made from."""

    probe: Probe
    normalize: str
    seed: int
    dims: int
    checkpoints: tuple[Checkpoint, ...]

    def other(self) -> Checkpoint:
        """The one checkpoint that a straight line leads to."""
        if len(self.checkpoints) != 1:
            raise UsageError(f"a straight line between two networks needs one checkpoint, not {len(self.checkpoints)}")
        return self.checkpoints[0]


_KINDS: Mapping[str, Callable[[_Request], Plane]] = {
    "random": lambda r: random_plane(r.probe, r.seed, r.normalize, r.dims),
    "hessian": lambda r: hessian_plane(r.probe, Which.EXTREMES, r.dims, seed=r.seed),
    "hessian-largest": lambda r: hessian_plane(r.probe, Which.LARGEST, r.dims, seed=r.seed),
    "trajectory": lambda r: trajectory_plane(r.probe, r.checkpoints, r.dims),
    "between": lambda r: between(r.probe, r.other(), name="the checkpoint"),
    "permutation": lambda r: permutation_path(r.probe),
}
_HEADS: Mapping[str, Towards] = {
    "head": Towards.RANDOM,
    "head-gradient": Towards.GRADIENT,
    "head-wrong": Towards.WRONG,
}
_WITH_CHECKPOINTS = ("trajectory", "between")
DIRECTIONS = (*_KINDS, *_HEADS)


def draw_model(
    training: Training,
    *,
    directions: str = "random",
    normalize: str = Normalization.FILTER,
    size: int | None = None,
    reach: float | None = None,
    samples: int | None = None,
    training_mode: bool = False,
    seed: int = 0,
    checkpoints: Sequence[Checkpoint] | Recorder = (),
    dims: int = 2,
    tolerance: float | None = 0.005,
    curvature: Curvature | None = None,
    progress: Callable[[int, int], None] | None = None,
    partial: Path | None = None,
) -> Picture:
    """The loss of a model over a line or a plane through its parameters.

    Parameters, buffers, gradients, mode and random states of the model are as before, also after an exception.

    Args:
        training: The model, its loss and data.
        directions: One of `DIRECTIONS`, or one or two scalars, `w1,w2` or `layer.weight:0,2,layer.bias:1`. `trajectory`
            is drawn about the last checkpoint; `between` leads to the one checkpoint; `permutation:LAYER` names the
            layer whose units are permuted.
        normalize: Of random directions: `filter`, `layer` or `none`.
        size: Nodes along an axis, an odd number, so that the model itself is a node; by default 41, on a line 201.
        reach: How far the axes lead from the middle; by default what suits the directions.
        samples: Use so many of the samples, and draw the band that this leaves.
        training_mode: Evaluate in train mode.
        seed: Of random directions, sub-samples and dropout.
        checkpoints: State dicts, files of them, or a `Recorder`.
        dims: 1 for a line; scalars and straight lines say it themselves.
        tolerance: On a plane, compute only what cannot be predicted within this share of the range, and show no
            curvature. Where parameters times samples are at most ten million, and where it is None or 0 or a
            curvature is asked for, all nodes are computed.
        curvature: By second differences, the default, or by automatic differentiation, which costs about ten times as
            much and sees neither kinks nor what is detached. In the head block derivatives are exact and checked.
        progress: Called with the number of nodes that are done, and of all.
        partial: A file for nodes that are done, to resume from.

    Raises:
        UsageError: What was asked for does not exist or does not fit the model; one line says what.
    """
    if tolerance is not None and not 0 <= tolerance < 1:
        raise UsageError(f"tolerance {tolerance:g}: it is a share of the range, such as 0.005")
    if listed(checkpoints) and directions not in _WITH_CHECKPOINTS:
        raise UsageError(f"checkpoints are for the directions {' and '.join(_WITH_CHECKPOINTS)}, not for {directions}")
    taken = probe(training.model, training.loss_fn, training.data, training=training_mode, samples=samples, seed=seed)
    request = _Request(taken, normalize, seed, dims, listed(checkpoints))
    with untouched(training.model, training.loss_fn):
        if directions == "trajectory":
            _to_last(request)
        head = head_block.find_head(taken) if directions in _HEADS else None
        plane = _plane(request, directions, head)
        x, y = _coordinates(plane, size, reach)
        name = model_words.loss_name(training)
        if head is not None:
            made = head_block.surface(taken, head, plane, x, y, name=name)
        else:
            tolerance = None if y is None or curvature is not None or _affordable(taken) else tolerance or None
            made = parameters.surface(
                taken,
                plane,
                x,
                y,
                name=name,
                tolerance=tolerance,
                curvature=curvature,
                progress=progress,
                partial=partial,
            )
        made, minima = _with_minima(made, taken, plane)
        arrays = _arrays(taken, plane)
    view = model_words.View(training, taken, plane, made, minima)
    shown = replace(made, notes=(), arrows=None)  # of one surface, they stand in the caption; arrows would hide it
    return Picture(
        model_words.title(view),
        model_words.caption(view),
        (Panel((shown,)),),
        _scale(name, made.loss),
        directions=arrays,
        settings=_settings(view, tolerance),
    )


def _plane(request: _Request, directions: str, head: head_block.Head | None) -> Plane:
    """The slice that a word or names of scalars ask for."""
    if directions in _HEADS:
        towards, seed, dims = _HEADS[directions], request.seed, request.dims
        return head_plane(request.probe, head, towards, seed=seed, normalize=request.normalize, dims=dims)
    if directions in _KINDS:
        return _KINDS[directions](request)
    if directions.startswith("permutation:"):
        return permutation_path(request.probe, directions.removeprefix("permutation:"))
    names = scalar_names(directions)
    known = dict(request.probe.model.named_parameters(remove_duplicate=False))
    if len(names) == 1 and names[0].partition(":")[0] not in known:
        near = catalogue.nearest(directions, (*DIRECTIONS, *known)) or DIRECTIONS
        raise UsageError(
            f"{directions!r} is no kind of directions and no parameter of the model; there is {', '.join(near)}"
        )
    return scalar_plane(request.probe, names)


def _to_last(request: _Request) -> None:
    """Give the model the parameters and buffers of the last checkpoint, so that the centre is that one."""
    given = request.checkpoints
    if len(given) > 1:
        set_state(request.probe, loaded(request.probe, given[-1], f"checkpoint {len(given)}"))


def _coordinates(plane: Plane, size: int | None, reach: float | None) -> tuple[Coordinate, Coordinate | None]:
    """Evenly spaced nodes; one is the model itself, and on a straight line one is the other end."""
    dims = len(plane.directions)
    size = (_PLANE if dims == 2 else _LINE) if size is None else size
    if not 3 <= size <= _MOST[dims] or size % 2 != 1:
        raise UsageError(f"size {size}: take an odd number from 3 to {_MOST[dims]}, so that the model itself is a node")
    if reach is not None and not _SHORTEST <= reach <= 1 / _SHORTEST:
        raise UsageError(f"reach {reach:g}: take a number from {_SHORTEST:g} to {1 / _SHORTEST:g}")
    made = [
        Coordinate(axis, offset + (_steps(size, plane, k) if reach is None else reach * _even(size)))
        for k, (axis, offset) in enumerate(zip(plane.axes, plane.offset, strict=False))
    ]
    return made[0], made[1] if dims == 2 else None


def _affordable(taken: Probe) -> bool:
    """Whether every node may be computed without a thought: for the curvature all are needed."""
    numbers = sum(parameter.numel() for parameter in taken.parameters)
    return numbers * sum(count(y) or 1 for _, y in taken.batches) <= _AFFORDABLE


def _even(size: int) -> Floats:
    """From -1 to 1, with 0 exactly in the middle."""
    half = (size - 1) // 2
    return (np.arange(size) - half) / half


def _steps(size: int, plane: Plane, axis: int) -> Floats:
    """What suits the plane, with the model at 0 exactly, and the other end of a straight line at 1 exactly."""
    if plane.settings.get("directions") in ("between", "permutation"):
        beyond = (size - 1) // 6
        return (np.arange(size) - beyond) / (size - 1 - 2 * beyond)
    for mark in plane.marks:
        if mark.kind is MarkKind.PATH:  # a trajectory comes from one side: its end is not the middle
            low, high = float(mark.points[:, axis].min()), float(mark.points[:, axis].max())
            step = (1 + 2 * _MARGIN) * (high - low) / (size - 1)
            before = round((_MARGIN * (high - low) - low) / step)
            return step * (np.arange(size, dtype=np.float64) - before)
    return plane.reach[axis] * _even(size)


def _with_minima(surface: Surface, taken: Probe, plane: Plane) -> tuple[Surface, int]:
    """Marks the lowest minima of the nodes, with the loss computed there, also where it was predicted; and their count.

    A narrow valley, or noise, has many; marks on all of them would say nothing.
    """
    loss = surface.loss
    noise = 8 * max(torch.finfo(part.dtype).eps for part in plane.origin) * np.abs(loss)
    if not lowest(loss, noise).any():
        return surface, 0
    axes = (surface.x,) if surface.y is None else (surface.y, surface.x)
    with on_plane(taken, plane) as mover:
        measured = differences.noise(
            taken, mover, loss, surface.x.values, None if surface.y is None else surface.y.values
        )
        places = np.argwhere(lowest(loss, noise + 2 * measured))
        count = len(places)
        if not count:
            return surface, 0
        places = places[np.sort(np.argsort(loss[tuple(places.T)], kind="stable")[:_MARKED])]
        points = np.stack([axis.values[places[:, k]] for k, axis in enumerate(axes)][::-1], -1)
        true = losses(taken, mover, points)[:, 0]
    mark = Mark(MarkKind.MINIMUM, "minimum", points, true)
    return replace(surface, marks=(*surface.marks, mark)), count


def lowest(loss: Floats, noise: Floats | float = 0.0) -> NDArray[np.bool_]:
    """Inner nodes that lie below each of their neighbours by more than noise; beside a NaN there is none.

    In a narrow valley that runs across the grid many nodes are so, and none is a minimum. So the quadratic through the
    neighbours has to have its vertex within one cell.

    >>> lowest(np.array([3.0, 1.0, 2.0, 0.0])).tolist()
    [False, True, False, False]
    """
    inner = tuple(slice(1, -1) for _ in loss.shape)
    margin = np.broadcast_to(np.asarray(noise, float), loss.shape)[inner]
    found = np.isfinite(loss[inner])

    def beside(step: tuple[int, ...]) -> Floats:
        return loss[tuple(slice(1 + k, n - 1 + k) for k, n in zip(step, loss.shape, strict=True))]

    with np.errstate(all="ignore"):  # infinite values are compared, too
        for step in np.ndindex(*(3,) * loss.ndim):
            if any(each != 1 for each in step):
                found &= loss[inner] + margin < beside(tuple(each - 1 for each in step))
        if loss.ndim == 2:
            dx, dy = (beside((0, 1)) - beside((0, -1))) / 2, (beside((1, 0)) - beside((-1, 0))) / 2
            xx = beside((0, 1)) - 2 * loss[inner] + beside((0, -1))
            yy = beside((1, 0)) - 2 * loss[inner] + beside((-1, 0))
            xy = (beside((1, 1)) - beside((1, -1)) - beside((-1, 1)) + beside((-1, -1))) / 4
            size = xx * yy - xy**2
            vertex = np.maximum(np.abs(yy * dx - xy * dy), np.abs(xx * dy - xy * dx))
            found &= (size > 0) & (vertex <= size)
    result = np.zeros(loss.shape, bool)
    result[inner] = found
    return result


def _scale(name: str, loss: Floats) -> Scale:
    """From the smallest to the largest finite value; logarithmic where these are far apart.

    A logarithmic one ends at a tenth of what 2 % of the nodes undercut, so that one node of loss 0 does not make all
    others alike.
    """
    finite = loss[np.isfinite(loss)]
    if not finite.size:
        return Scale(name, 0.0, 1.0)
    low, high, few = float(finite.min()), float(finite.max()), float(np.quantile(finite, 0.02))
    if low >= 0 and few > 0 and high > _WIDE * few:
        return Scale(name, max(low, few / 10), high, log=True)
    return Scale(name, low, high if high > low else low + 1.0)


def _arrays(taken: Probe, plane: Plane) -> dict[str, NDArray[np.generic]]:
    """The origin and the directions, each as one vector; and the surface under a path."""
    wide = any(part.dtype.itemsize > 4 for part in plane.origin)
    kind = np.float64 if wide else np.float32
    arrays: dict[str, NDArray[np.generic]] = {"origin": flat(plane.origin).numpy().astype(kind)}
    for name, direction in zip(("first", "second"), plane.directions, strict=False):
        arrays[name] = flat(direction).numpy().astype(kind)
    for mark in plane.marks:
        if mark.kind is MarkKind.PATH:
            with on_plane(taken, plane) as mover:
                arrays["path_on_surface"] = losses(taken, mover, mark.points)[:, 0]
    return arrays


def _settings(view: model_words.View, tolerance: float | None) -> dict[str, Setting]:
    surface, taken = view.surface, view.probe
    ends: dict[str, Setting] = {"x_low": float(surface.x.values[0]), "x_high": float(surface.x.values[-1])}
    if surface.y is not None:
        ends |= {"y_low": float(surface.y.values[0]), "y_high": float(surface.y.values[-1])}
    return {
        "model": view.name,
        "loss": model_words.loss_name(view.training),
        **view.plane.settings,
        **ends,
        "size": len(surface.x.values),
        "samples": view.samples,
        "available": taken.available,
        "batches": len(taken.batches),
        "training_mode": taken.training,
        "seed": taken.seed,
        "tolerance": tolerance,
        "curvature": None if surface.curvature_by is None else str(surface.curvature_by),
        "parameters": sum(part.numel() for part in view.plane.origin),
    }
