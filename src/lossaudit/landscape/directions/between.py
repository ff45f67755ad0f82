"""The straight line from the network's parameters to others, or to the same network with its hidden units permuted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.landscape.directions.checkpoints import Checkpoint, State, differing, loaded, set_state
from lossaudit.landscape.directions.vectors import minus, norm, present, usable
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.untouched import untouched

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def between(probe: Probe, other: Checkpoint, *, name: str = "the other") -> Plane:
    """The line `(1 - t) present + t other`: t = 0 is the model as it is, t = 1 the other.

    Args:
        probe: Whose parameters.
        other: A state dict, a file of one, or one tensor for each parameter.
        name: What the other is, for the axis.

    Raises:
        UsageError: The other does not fit the model, or is the same.
    """
    origin = present(probe)
    state = loaded(probe, other, name)
    direction = usable(minus(state.parameters, origin), f"{name} has the same parameters as the model")
    notes = [f"The straight line from the model (0) to {name} (1), {norm(direction):.3g} apart in Euclidean distance."]
    if differing(probe, state):
        notes.append(f"Buffers are the model's own along the whole line; those of {name} differ.")
    return Plane(
        origin,
        (direction,),
        (f"share of the way to {name}",),
        (1.25,),
        notes=tuple(notes),
        settings={"directions": "between", "dims": 1},
    )


def permutation_path(probe: Probe, layer: str | None = None, order: Sequence[int] | None = None) -> Plane:
    """The line from the network to itself with the hidden units of one layer in another order.

    Both ends compute the same function, which is measured; a barrier between them shows that the loss is not convex in
    the parameters.

    Args:
        probe: Whose parameters.
        layer: Name of the layer whose units are permuted; by default the first one that another layer follows.
        order: Where each unit comes from; by default all in reverse.

    Raises:
        UsageError: There is no such layer, no such order, or the permuted network computes another function.
    """
    first, second, name = _pair(probe, layer)
    units = first.weight.shape[0]
    chosen = list(range(units))[::-1] if order is None else [int(unit) for unit in order]
    if sorted(chosen) != list(range(units)) or chosen == list(range(units)):
        raise UsageError(f"layer {name} has {units} units: give each of 0 to {units - 1} once, in another order")
    index = torch.tensor(chosen)
    permuted: dict[int, Tensor] = {id(second.weight): second.weight.detach()[:, index.to(second.weight.device)]}
    for parameter in (first.weight, first.bias):
        if parameter is not None:
            permuted[id(parameter)] = parameter.detach()[index.to(parameter.device)]
    if not set(permuted) <= {id(parameter) for parameter in probe.parameters}:
        raise UsageError(f"layer {name} or the layer after it is frozen: its units cannot be permuted")
    other = tuple(permuted.get(id(p), p.detach()).clone() for p in probe.parameters)
    difference, scale = _outputs_apart(probe, State(other))
    if not difference <= 1e-4 * max(scale, 1e-12):
        raise UsageError(
            f"permuting the units of {name} changes the outputs by {difference:.3g} of {scale:.3g}: something between "
            "it and the next layer does not treat units alike; name another layer"
        )
    made = between(probe, other, name="the permuted copy")
    return Plane(
        made.origin,
        made.directions,
        ("share of the way to the copy with permuted hidden units",),
        made.reach,
        notes=(
            *made.notes,
            f"The copy has the {units} units of layer {name} in the order {_order(chosen)}. It computes the same "
            f"function: outputs differ by at most {difference:.1g} on the data.",
        ),
        settings={"directions": "permutation", "layer": name, "dims": 1},
    )


def _order(chosen: Sequence[int]) -> str:
    shown = ", ".join(str(unit) for unit in chosen[:8])
    return shown if len(chosen) <= 8 else f"{shown}, ..."


def _pair(probe: Probe, layer: str | None) -> tuple[Any, Any, str]:
    """The layer whose units are permuted, and the one that reads them."""
    layers = [(name, module) for name, module in probe.model.named_modules() if isinstance(module, _LAYERS)]
    names = [name for name, _ in layers]
    if layer is not None and layer not in names:
        near = ", ".join(catalogue.nearest(layer, names) or names[:3]) or "none"
        raise UsageError(f"the model has no linear or convolution layer {layer!r}; there is {near}")
    for (name, first), (_, second) in pairwise(layers):
        fits = type(first) is type(second) and second.weight.shape[1] == first.weight.shape[0] > 1
        if fits and layer in (None, name):
            return first, second, name
    which = "no layer" if layer is None else f"layer {layer} is not one"
    raise UsageError(f"a permutation path needs a layer of several units that a layer of the same kind reads: {which}")


def _outputs_apart(probe: Probe, other: State) -> tuple[float, float]:
    """Largest difference between the outputs of the two, and the largest output."""
    with untouched(probe.model), torch.no_grad():
        probe.ready()
        here, _ = probe.outputs()
        if not isinstance(here, Tensor):
            raise UsageError(f"a permutation path needs a model that returns a tensor, not {type(here).__name__}")
        set_state(probe, other)
        probe.ready()
        there, _ = probe.outputs()
    return float((here - there).abs().max()), float(here.abs().max())
