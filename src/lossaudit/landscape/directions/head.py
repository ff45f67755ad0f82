"""Directions that move the head block alone. The logits are affine in it, so that nothing but head and loss is seen."""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

from lossaudit.errors import UsageError
from lossaudit.landscape.block import Head, find_head
from lossaudit.landscape.directions.random import Normalization, count, gaussian, normalization, normalized
from lossaudit.landscape.directions.vectors import cosine, norm, present, scaled, usable
from lossaudit.landscape.plane import Direction, Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.untouched import untouched


class Towards(StrEnum):
    """Where a head plane leads."""

    RANDOM = "random"
    GRADIENT = "gradient"
    WRONG = "wrong"


_AFFINE = (
    "Only the head block ({name}) moves: the logits are affine in it, so a loss that is convex in the logits is convex "
    "everywhere here, and negative curvature comes from the head function and the loss, not from the network."
)


def head_plane(
    probe: Probe,
    head: Head | None = None,
    towards: Towards | str = Towards.RANDOM,
    *,
    seed: int = 0,
    normalize: Normalization | str = Normalization.FILTER,
    dims: int = 2,
) -> Plane:
    """One or two directions in the weights of the last affine map before the loss.

    Args:
        probe: Whose head.
        head: As `find_head` found it; it is looked for where it is None.
        towards: `random`: Gaussian directions. `gradient`: steepest descent first, then a random one. `wrong`: towards
            the head whose classes are exchanged in a circle, at 1 (of one logit: negated), and then along the head's
            own weights, which is towards confidence; at (0, -1) all logits are zero.
        seed: Of random directions.
        normalize: Of random directions.
        dims: 1 for the first alone.

    Raises:
        UsageError: The model has no head block, or a direction is zero.
    """
    if towards not in tuple(Towards):
        raise UsageError(f"a head plane cannot lead towards {towards!r}: take {', '.join(Towards)}")
    kind = normalization(normalize)
    head = find_head(probe) if head is None else head
    if head is None:
        raise UsageError(
            "the model has no head block: its output is no function of the output of a last linear layer with weights "
            "of its own; take random directions"
        )
    origin = present(probe)
    generator = torch.Generator().manual_seed(seed)

    def random() -> Direction:
        return normalized(probe, _within(gaussian(origin, generator), head), kind)

    reach: tuple[float, ...] = (1.0, 1.0)
    unit = {Normalization.FILTER: "row norms", Normalization.LAYER: "norm of the weight"}.get(kind, "")
    named = f"random head direction{unit and f' ({unit})'}"
    made: tuple[tuple[str, Direction], ...]
    if towards == Towards.WRONG:
        exchanged = _within(tuple(_exchanged(each) - each for each in origin), head)
        made = (
            ("towards exchanged classes (1 = exchanged)", exchanged),
            (
                "along the head's weights (-1 = zero)",
                _within(origin, head),
            ),
        )
        reach = (1.25, 1.0)
    elif towards == Towards.GRADIENT:
        descent = _descent(probe, head, norm(_within(origin, head)))
        made = ("steepest descent (norm of the head)", descent), (named, random())
    else:
        made = (f"first {named}", random()), (f"second {named}", random())
    made = made[: count(dims)]
    for axis, direction in made:
        usable(direction, f"{axis}: the weights of {head.name or 'the model'} are zero, or do not matter")
    return Plane(
        origin,
        tuple(direction for _, direction in made),
        tuple(axis for axis, _ in made),
        reach[:dims],
        notes=(_AFFINE.format(name=head.name or "the model itself"), *_how(made, kind, seed, towards)),
        settings={"directions": "head", "towards": str(towards), "seed": seed, "normalize": str(kind), "dims": dims},
    )


def _how(made: tuple[tuple[str, Direction], ...], kind: Normalization, seed: int, towards: Towards | str) -> list[str]:
    said: list[str] = []
    if towards != Towards.WRONG and (len(made) == 2 or towards == Towards.RANDOM):
        fixed = "" if kind is Normalization.NONE else ", the bias fixed"
        said.append(f"Random directions: seed {seed}, normalisation {kind}{fixed}.")
    if len(made) == 2:
        said.append(f"The cosine between the directions is {cosine(made[0][1], made[1][1]):.2g}.")
    return said


def _within(direction: Direction, head: Head) -> Direction:
    """Zero outside of the head."""
    return tuple(part if i in head.indices else torch.zeros_like(part) for i, part in enumerate(direction))


def _exchanged(weight: Tensor) -> Tensor:
    """The same for the next class in a circle; the opposite where there is one logit alone."""
    return weight.roll(-1, 0) if weight.ndim and len(weight) > 1 else -weight


def _descent(probe: Probe, head: Head, size: float) -> Direction:
    """Minus the gradient in the head, at a given norm."""
    parameters = probe.parameters
    with untouched(probe.model, probe.loss_fn), torch.enable_grad():
        probe.ready()
        chosen = [parameters[i] for i in head.indices]
        gradient = torch.autograd.grad(probe.loss(), chosen, materialize_grads=True)
    found = dict(zip(head.indices, gradient, strict=True))
    direction = tuple(found.get(i, torch.zeros_like(parameter)) for i, parameter in enumerate(parameters))
    length = norm(usable(direction, "the gradient in the head vanishes here; take random directions"))
    return scaled(direction, -size / length)
