"""A surface of the loss over a slice through a network's parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lossaudit.errors import UsageError
from lossaudit.landscape import at_node, differences
from lossaudit.landscape.band import band
from lossaudit.landscape.evaluate import Reading, losses, on_plane
from lossaudit.landscape.nodes import Nodes
from lossaudit.landscape.picture import Bools, Coordinate, Curvature, Floats, Mark, MarkKind, Surface
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe, size
from lossaudit.landscape.refine import coarse_to_fine


def surface(
    probe: Probe,
    plane: Plane,
    x: Coordinate,
    y: Coordinate | None,
    *,
    name: str,
    tolerance: float | None = None,
    curvature: Curvature | None = None,
    slope: bool = False,
    progress: Callable[[int, int], None] | None = None,
    partial: Path | None = None,
) -> Surface:
    """The loss over a plane or a line through the parameters of a network.

    Every node is computed from the trained parameters, so that a node at the plane's middle has exactly their loss. The
    model, its buffers and gradients, its mode and all random states are as before, also after an exception.

    Args:
        probe: The model, its loss and its data; if these are a sub-sample, the surface has an error band.
        plane: The slice.
        x: Its first axis, with the nodes' coordinates.
        y: Its second axis; None on a line.
        name: What is drawn.
        tolerance: Compute only what cannot be predicted within this share of the loss's range; needs SciPy. None
            computes every node. On a line, and for a curvature by differences, every node is computed anyway.
        curvature: How to obtain it. By default second differences of what is drawn, which cost nothing; none where a
            tolerance is given. Derivatives cost a second backward pass at each node, and see neither kinks nor what
            was detached.
        slope: Also the norm of the gradient, and the gradient within the plane; costs a backward pass at each node.
        progress: Called as `progress(done, total)`, now and then and at the end.
        partial: A file that keeps what was computed where this is interrupted; the same request resumes from it. It is
            removed in the end.

    Raises:
        UsageError: The plane does not fit the model or the axes, an axis does not increase, or the partial file
            belongs to another request.

    >>> import torch
    >>> from lossaudit.landscape.probe import probe
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.constant_(model.weight, 3.0)
    >>> data = probe(model, torch.nn.MSELoss(), (torch.tensor([[2.0]]), torch.tensor([[4.0]])))
    >>> line = Plane((torch.tensor([[3.0]]),), ((torch.ones(1, 1),),), ("w",), (1.0,), offset=(3.0,))
    >>> drawn = surface(data, line, Coordinate("w", np.array([1.0, 2.0, 3.0])), None, name="mean squared error")
    >>> drawn.loss.tolist()  # (2 w - 4)^2
    [4.0, 0.0, 4.0]
    >>> drawn.curvature.tolist(), str(drawn.curvature_by)
    ([nan, 8.0, nan], 'second differences')
    """
    _check_axes(plane, x, y)
    flat = y is None
    with on_plane(probe, plane) as mover:
        by = curvature or (Curvature.DIFFERENCES if tolerance is None else None)
        of_band = band(probe, mover)
        readings = [*([of_band] if of_band else []), *([at_node.slope(probe, mover)] if slope else [])]
        if by is Curvature.DERIVATIVES:
            readings.append(at_node.curvature(probe, mover))
        nodes = Nodes(
            probe, plane, mover, x.values, None if flat else y.values, readings, progress=progress, partial=partial
        )
        residual = _fill(nodes, None if flat or by is Curvature.DIFFERENCES else tolerance, probe.seed)
        made = _surface(nodes, readings, x, y, name)
        made = replace(made, residual=residual, computed=None if residual is None else nodes.known)
        if by is Curvature.DIFFERENCES:
            axes = x.values, None if flat else y.values
            noise = differences.noise(probe, mover, made.loss, *axes)
            least, rounding = differences.curvature(made.loss, *axes, noise)
            made = replace(made, curvature=least, rounding=rounding)
        elif by is Curvature.DERIVATIVES:
            least = at_node.scatter(probe, mover, readings[-1], x.values, None if flat else y.values)
            made = replace(made, rounding=np.maximum(made.rounding, least))
        middle = np.array([plane.offset[: len(plane.directions)]], float)
        centre = Mark(MarkKind.CENTRE, "trained parameters", middle, losses(probe, mover, middle)[:, 0])
    nodes.done()
    marks = (centre, *plane.marks) if _within(middle[0], x, y) else plane.marks
    return replace(made, curvature_by=by, marks=marks, notes=_notes(probe, made, by, tolerance))


def _check_axes(plane: Plane, x: Coordinate, y: Coordinate | None) -> None:
    axes = [x] if y is None else [x, y]
    if len(axes) != len(plane.directions):
        raise UsageError(f"a slice along {len(plane.directions)} directions was given {len(axes)} axes")
    for axis in axes:
        values = axis.values
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
            raise UsageError(f"the axis {axis.name!r} has to hold finite numbers that increase")


def _within(point: Floats, x: Coordinate, y: Coordinate | None) -> bool:
    axes = [x] if y is None else [x, y]
    return all(axis.values[0] <= at <= axis.values[-1] for at, axis in zip(point, axes, strict=True))


def _fill(nodes: Nodes, tolerance: float | None, seed: int) -> float | None:
    """Compute what is needed; the residual, where some nodes are predicted."""
    if tolerance is None or nodes.y is None:
        nodes.compute(np.ones_like(nodes.known))
        return None

    def compute(wanted: Bools) -> Floats:
        nodes.compute(wanted)
        return nodes.values[..., 0]

    refined = coarse_to_fine(nodes.x, nodes.y, compute, tolerance=tolerance, seed=seed)
    nodes.values[..., 0] = refined.loss
    return refined.residual


def _surface(nodes: Nodes, readings: Sequence[Reading], x: Coordinate, y: Coordinate | None, name: str) -> Surface:
    """The numbers by their names. What stands beside the loss is NaN where the loss was predicted."""
    names = ["loss", *(each for reading in readings for each in reading.names)]
    held = {each: nodes.values[..., i] if y is not None else nodes.values[0, :, i] for i, each in enumerate(names)}
    arrows = [values for each, values in held.items() if each.startswith("arrow")]
    return Surface(
        name,
        x,
        y,
        held["loss"],
        slope=held.get("slope"),
        arrows=np.stack(arrows, axis=-1) if arrows else None,
        curvature=held.get("curvature"),
        rounding=held.get("rounding", 0.0),
        band=held.get("band"),
    )


def _notes(probe: Probe, made: Surface, by: Curvature | None, tolerance: float | None) -> tuple[str, ...]:
    """What belongs to this surface alone, in sentences."""
    notes: list[str] = []
    if made.computed is not None and made.residual is not None:
        notes.append(
            f"{int(made.computed.sum()):,} of {made.computed.size:,} nodes were computed, the others predicted by a "
            f"spline; the largest error at held-out nodes is {made.residual:.2%} of the range of the loss."
        )
    elif tolerance is not None and by is Curvature.DIFFERENCES:
        notes.append("All nodes were computed, for the curvature by second differences.")
    if made.slope is not None:
        notes.append("The slope is the norm of the gradient with respect to all trainable parameters.")
    if by is Curvature.DIFFERENCES:
        notes.append(
            "The curvature comes from second differences of the loss between neighbouring nodes; it counts as negative "
            "only where a node lies above the chord between two others."
        )
    elif by is Curvature.DERIVATIVES:
        notes.append(
            "The curvature comes from automatic differentiation, which sees neither kinks nor what is detached."
        )
    count = sum(size(target) or 1 for _, target in probe.batches)
    if made.band is not None:
        notes.append(
            f"{count:,} of {probe.available:,} samples were used; the band covers the loss of all, measured from the "
            "loss at the trained parameters, in 95 % of cases at each node."
        )
    elif probe.available is not None:
        notes.append(
            f"{count:,} of {probe.available:,} samples were used. There is no error band: the loss is no mean over "
            "samples, or there are fewer than four."
        )
    return tuple(notes)
