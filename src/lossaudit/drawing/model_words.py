"""What a picture of a model shows and how it was made, in sentences that are read off its arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from lossaudit.landscape.picture import Curvature, MarkKind, Surface
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe, size

if TYPE_CHECKING:
    from lossaudit.training import Training

_KINDS = {
    "random": "random",
    "hessian": "Hessian",
    "trajectory": "trajectory",
    "head": "head",
    "between": "straight",
    "permutation": "straight",
}
_READING = {
    "random": "{directions} of {parameters:,} {verb} seen. Through a minimum most networks show a bowl in any such, "
    "and a bowl here does not make the loss convex; negative curvature here does make it non-convex.",
    "hessian": "The directions were chosen for their curvature at the model, so most others are flatter; further out, "
    "the curvature is another one.",
    "trajectory": "The path is projected onto the slice: where a point lies off it, its true loss is not the "
    "one drawn there.",
    "between": "A barrier on the straight line does not exclude a curved way around it.",
    "permutation": "Both ends are the same function, so a convex loss could not rise between them.",
}


_VISIBLE = 1e-3  # a smaller rise is not called a barrier


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A surface, and what it is a surface of."""

    training: Training
    probe: Probe
    plane: Plane
    surface: Surface
    minima: int = 0
    """Nodes that are lower than all neighbours; marks show the lowest of them."""

    @property
    def name(self) -> str:
        """Of the training: of a file, its name alone; who reads a report does not know the folders."""
        name = self.training.name or type(self.training.model).__name__
        place, dot, factory = name.partition(".py:")
        return os.path.basename(place) + dot + factory if dot and os.path.isabs(place) else name

    @property
    def kind(self) -> str:
        """Of the directions."""
        named = str(self.plane.settings.get("directions"))
        return named if named in _KINDS else "scalars"

    @property
    def samples(self) -> int | None:
        counts = [size(y) for _, y in self.probe.batches]
        return None if None in counts else sum(each or 0 for each in counts)

    @property
    def slice(self) -> str:
        """`plane` or `line`."""
        return "line" if self.surface.y is None else "plane"

    @property
    def centre(self) -> float:
        """The loss at the model's own parameters."""
        for mark in self.surface.marks:
            if mark.kind is MarkKind.CENTRE and mark.loss is not None:
                return float(mark.loss[0])
        return float("nan")


def loss_name(training: Training) -> str:
    """The loss, as the code calls it."""
    loss = training.loss_fn
    return getattr(loss, "__name__", type(loss).__name__).replace("<lambda>", "loss")


def title(view: View) -> str:
    """What is seen, in one sentence."""
    what = view.slice
    where = f"{_KINDS[view.kind]} {what}" if view.kind in _KINDS else f"{what} over {' and '.join(view.plane.axes)}"
    seen = [_barrier(view) if view.kind in ("between", "permutation") else _lowest(view), _curved(view), _broken(view)]
    return f"{view.name}, {where}: {'; '.join(each for each in seen if each)}"


def _lowest(view: View) -> str:
    finite = view.surface.loss[np.isfinite(view.surface.loss)]
    if not finite.size:
        return "no value of the loss is finite"
    least, most, centre = float(finite.min()), float(finite.max()), view.centre
    model = "the last checkpoint" if view.kind == "trajectory" else "the model"
    if not np.isfinite(centre):
        return f"the loss at {model} is not finite"
    if np.isneginf(view.surface.loss).any():
        return f"the loss falls to minus infinity ({centre:.3g} at {model})"
    if least == most:
        where = "everywhere" if finite.size == view.surface.loss.size else "wherever it is finite"
        return f"the loss is {least:.3g} {where}"
    if centre <= least:
        return f"{model} is the lowest node (loss {centre:.3g})"
    if least > 0 and centre <= 1.01 * least:
        return f"{model} is within 1 % of the lowest node (loss {centre:.3g})"
    return f"{model} (loss {centre:.3g}) is not the lowest node ({least:.3g})"


def _barrier(view: View) -> str:
    """What lies between two ends."""
    t, loss = view.surface.x.values, view.surface.loss
    between = loss[(t >= 0) & (t <= 1)]
    start, end = float(between[0]), float(between[-1])
    if not np.isfinite(between).all():
        return f"loss {start:.3g} and {end:.3g} at the ends, not finite somewhere between"
    top = float(between.max())
    if top > max(start, end) + _VISIBLE * abs(max(start, end)):
        return f"loss {start:.3g} and {end:.3g} at the ends, up to {top:.3g} between them"
    return f"loss {start:.3g} and {end:.3g} at the ends, no barrier between them"


def _curved(view: View) -> str:
    negative, curvature = view.surface.negative, view.surface.curvature
    if negative is None or curvature is None or not np.isfinite(curvature).any():
        return ""
    share = float(negative.sum() / np.isfinite(curvature).sum())
    return f"negative curvature at {percent(share)} of the nodes" if share else "no negative curvature beyond rounding"


def _broken(view: View) -> str:
    share = float(np.mean(~np.isfinite(view.surface.loss)))
    return f"{percent(share)} of the nodes not finite" if 0 < share < 1 else ""


def percent(share: float) -> str:
    """A share, never rounded to none or to all.

    >>> percent(0.314), percent(0.001), percent(0.9999), percent(1.0)
    ('31 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def caption(view: View) -> tuple[str, ...]:
    """How the picture was made, and how to read it."""
    return tuple(
        each
        for each in (
            _data(view),
            _mode(view.probe),
            *view.plane.notes,
            _range(view),
            _minima(view),
            *_curvature(view.surface),
            *view.surface.notes,
            _reading(view),
        )
        if each
    )


def _reading(view: View) -> str:
    """What one should not conclude."""
    directions, verb = ("Two random directions", "are") if view.slice == "plane" else ("One random direction", "is")
    count = sum(part.numel() for part in view.plane.origin)
    return _READING.get(view.kind, "").format(parameters=count, directions=directions, verb=verb)


def _data(view: View) -> str:
    probe, count = view.probe, view.samples
    if count is None:
        return f"{loss_name(view.training)} over {_plural(len(probe.batches), 'batch', 'batches')}."
    batches = "" if len(probe.batches) == 1 else f" in {len(probe.batches)} batches, which are joined before the loss"
    of = "" if probe.available is None else f", drawn at random (seed {probe.seed}) from {probe.available:,}"
    band = "" if probe.available is None or view.kind != "head" else " There is no error band for the head block."
    return f"{loss_name(view.training)} over {_plural(count, 'sample', 'samples')}{of}{batches}.{band}"


def _mode(probe: Probe) -> str:
    """What the mode means for this model."""
    modules = list(probe.model.modules())
    norms = [module for module in modules if isinstance(module, _NormBase)]
    own = any(norm.running_mean is not None for norm in norms)
    drops = any(isinstance(module, _DropoutNd) and module.p for module in modules)
    drops = drops or any(isinstance(m, nn.RNNBase | nn.MultiheadAttention) and m.dropout for m in modules)
    said = [f"Evaluated in {'train' if probe.training else 'eval'} mode"]
    if norms and own and not probe.training:
        said.append("batch normalisation keeps the model's running statistics at every node")
    elif norms:
        said.append("batch normalisation uses the statistics of each batch at every node")
    if drops and not probe.training:
        said.append("dropout is off")
    elif drops or probe.random:
        what = "dropout" if drops else "the model"
        said.append(f"{what} draws the same random numbers at every node (seed {probe.seed})")
    if not norms and not drops and not probe.random:
        said.append("the model has no batch normalisation and no dropout")
    return f"{'; '.join(said)}."


def _range(view: View) -> str:
    surface = view.surface
    axes = [axis.values for axis in (surface.x, surface.y) if axis is not None]
    nodes = " x ".join(str(len(values)) for values in axes)
    ends = [f"{letter} from {values[0]:.3g} to {values[-1]:.3g}" for letter, values in zip("xy", axes, strict=False)]
    return f"{nodes} nodes, {', '.join(ends)}; one of them is the model's own parameters, exactly."


def _minima(view: View) -> str:
    count = sum(len(mark.points) for mark in view.surface.marks if mark.kind is MarkKind.MINIMUM)
    if not count:
        return ""
    if view.minima > count:
        return (
            f"{view.minima} nodes are lower than all of their neighbours; the {count} lowest of them are marked. "
            "A valley that is narrower than a cell, or noise, makes many; none need be one of the network's loss."
        )
    nodes, they = ("One node is a minimum", "it") if count == 1 else (f"{count} nodes are minima", "they")
    return f"{nodes} of what is drawn, lower than all neighbours; {they} need not be so for the network's loss."


def _curvature(surface: Surface) -> tuple[str, ...]:
    if surface.curvature_by is None:
        return ("No curvature is shown: nodes were predicted.",) if surface.computed is not None else ()
    what = "second derivative along the line" if surface.y is None else "smallest eigenvalue of the plane's Hessian"
    said = (
        f"Negative curvature: the {what}, by {surface.curvature_by.value}, is below zero by more than rounding can do."
    )
    if surface.curvature_by is Curvature.DIFFERENCES:
        return said, "Second differences see kinks, such as those of ReLU; at the edges of the picture there are none."
    return (said,)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
