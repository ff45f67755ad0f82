"""Random directions, scaled to the weights: Li, Xu, Taylor, Studer & Goldstein 2018 (arXiv 1712.09913), section 4.

A filter is what makes one output: a row of a linear layer, an output channel of a convolution (along axis 1 of a
transposed one, group by group), the vector of one token of an embedding, so that a padding row of zeros stays zero. Of
any other parameter it is a slice along the first axis. Norm layers and parameters of at most one dimension stay.
"""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from lossaudit.errors import UsageError
from lossaudit.landscape.directions.vectors import cosine, inner, moved, norm, present, usable
from lossaudit.landscape.plane import Direction, Plane
from lossaudit.landscape.probe import Probe


class Normalization(StrEnum):
    """What gets the norm of the weights."""

    FILTER = "filter"
    LAYER = "layer"
    NONE = "none"


_FIXED = "Norm layers and parameters of at most one dimension (biases) stay as they are."
_SENTENCES = {
    Normalization.FILTER: "Filter normalisation (Li et al. 2018): each filter of a direction has the norm of the same "
    f"filter of the weights. {_FIXED}",
    Normalization.LAYER: f"Layer normalisation: each tensor of a direction has the norm of the same weight. {_FIXED}",
    Normalization.NONE: "No normalisation: every parameter moves, by Gaussian numbers of variance 1. Pictures of "
    "different networks cannot be compared.",
}
_UNITS = {
    Normalization.FILTER: " (filter norms)",
    Normalization.LAYER: " (layer norms)",
    Normalization.NONE: "",
}
_NORMS = (_NormBase, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def random_plane(
    probe: Probe,
    seed: int = 0,
    normalize: Normalization | str = Normalization.FILTER,
    dims: int = 2,
    *,
    orthogonal: bool = False,
) -> Plane:
    """One or two Gaussian directions.

    Args:
        probe: Whose parameters.
        seed: The directions are the same for the same seed, whatever the parameters' dtype and device.
        normalize: `filter`, `layer` or `none`.
        dims: 1 for a line, 2 for a plane.
        orthogonal: Make the second direction orthogonal to the first; its filters then miss the norm by a little.

    Raises:
        UsageError: The model has no trainable parameters, or none that the normalisation would move.

    >>> from lossaudit.landscape.probe import probe
    >>> model = torch.nn.Linear(3, 2)
    >>> made = random_plane(probe(model, torch.nn.functional.mse_loss, (torch.ones(4, 3), torch.ones(4, 2))))
    >>> weight, bias = made.directions[0]
    >>> bool(torch.allclose(weight.norm(dim=1), model.weight.norm(dim=1))), bias.tolist()
    (True, [0.0, 0.0])
    """
    kind = normalization(normalize)
    origin = present(probe)
    generator = torch.Generator().manual_seed(seed)
    directions = tuple(normalized(probe, gaussian(origin, generator), kind) for _ in range(count(dims)))
    for direction in directions:
        usable(direction, f"normalisation `{kind}` leaves all parameters of this model fixed; take `none`")
    notes = [f"{'Random directions' if dims == 2 else 'A random direction'}, seed {seed}. {_SENTENCES[kind]}"]
    if dims == 2:
        first, second = directions
        if orthogonal:
            second = moved(second, -inner(first, second) / inner(first, first), first)
            directions = (first, second)
        angle = "made orthogonal" if orthogonal else "not made orthogonal"
        notes.append(f"The two directions were {angle}; the cosine between them is {cosine(first, second):.2g}.")
    reach = 1.0 if kind is not Normalization.NONE else max(norm(origin), 1e-12) / norm(directions[0])
    return Plane(
        origin,
        directions,
        tuple(f"{which} random direction{_UNITS[kind]}" for which in ("first", "second"))[:dims],
        (reach,) * dims,
        notes=tuple(notes),
        settings={"directions": "random", "seed": seed, "normalize": str(kind), "orthogonal": orthogonal, "dims": dims},
    )


def normalization(name: Normalization | str) -> Normalization:
    """The normalisation of that name.

    Raises:
        UsageError: There is none.
    """
    try:
        return Normalization(name)
    except ValueError:
        raise UsageError(f"there is no normalisation {name!r}: take {', '.join(Normalization)}") from None


def count(dims: int) -> int:
    """How many directions a slice has.

    Raises:
        UsageError: Neither 1 nor 2.
    """
    if dims not in (1, 2):
        raise UsageError(f"a slice has 1 or 2 directions, not {dims}")
    return dims


def gaussian(parameters: Direction, generator: torch.Generator) -> Direction:
    """Independent standard normal numbers; drawn in float64 so that they do not depend on the dtype."""
    return tuple(torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p) for p in parameters)


def normalized(probe: Probe, direction: Direction, kind: Normalization) -> Direction:
    """The direction with the norms of the probe's parameters."""
    if kind is Normalization.NONE:
        return direction
    groups = {id(m.weight): m.groups for m in probe.model.modules() if isinstance(m, _TRANSPOSED)}
    norms = {id(parameter) for m in probe.model.modules() if isinstance(m, _NORMS) for parameter in m.parameters(False)}
    parts: list[Tensor] = []
    for parameter, part in zip(probe.parameters, direction, strict=True):
        if parameter.ndim < 2 or id(parameter) in norms:
            parts.append(torch.zeros_like(part))
        elif kind is Normalization.LAYER:
            parts.append(_rescaled(part, parameter.detach(), tuple(range(parameter.ndim))))
        elif id(parameter) in groups:
            parts.append(_transposed(part, parameter.detach(), groups[id(parameter)]))
        else:
            parts.append(_rescaled(part, parameter.detach(), tuple(range(1, parameter.ndim))))
    return tuple(parts)


def _rescaled(part: Tensor, weight: Tensor, within: tuple[int, ...]) -> Tensor:
    """Slices of `part` over the axes `within` get the norms of those of `weight`; a zero filter stays zero."""
    wanted = torch.linalg.vector_norm(weight.double(), dim=within, keepdim=True)
    had = torch.linalg.vector_norm(part.double(), dim=within, keepdim=True)
    return torch.where(had > 0, part.double() * (wanted / had), 0.0).to(part.dtype)


def _transposed(part: Tensor, weight: Tensor, groups: int) -> Tensor:
    """A transposed convolution keeps its filters along axis 1: (in, out / groups, ...), inputs group by group."""
    shape = (groups, weight.shape[0] // groups, *weight.shape[1:])
    within = (1, *range(3, len(shape)))
    return _rescaled(part.reshape(shape), weight.reshape(shape), within).reshape(weight.shape)
