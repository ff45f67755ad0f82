"""Single parameters as coordinates: `w1`, `layer.bias:3`, `layer.weight:0,2`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.landscape.directions.vectors import present
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe

_INTEGER = re.compile(r"-?\d+")


def scalar_names(text: str) -> tuple[str, ...]:
    """The scalars of a list with commas, in which an index may have commas as well.

    >>> scalar_names("w1,w2")
    ('w1', 'w2')
    >>> scalar_names("layer.weight:0,2,layer.bias:1")
    ('layer.weight:0,2', 'layer.bias:1')
    """
    names: list[str] = []
    for part in text.split(","):
        word = part.strip()
        if _INTEGER.fullmatch(word) and names and ":" in names[-1]:
            names[-1] += f",{word}"
        else:
            names.append(word)
    return tuple(names)


def scalar_plane(probe: Probe, scalars: Sequence[str]) -> Plane:
    """A slice whose coordinates are the values of one or two single parameters; all others stay.

    Args:
        probe: Whose parameters.
        scalars: `NAME` for a parameter with one element, else `NAME:INDEX` with one index for each dimension, or with
            one index that counts through all elements, row by row.

    Raises:
        UsageError: There is no such parameter or index, or it is the same scalar twice.

    >>> from lossaudit.landscape.probe import probe
    >>> model = torch.nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[0.5, -2.0]]))
    >>> data = torch.ones(1, 2), torch.ones(1, 1)
    >>> made = scalar_plane(probe(model, torch.nn.functional.mse_loss, data), ["weight:1"])
    >>> made.axes, made.offset, made.directions[0][0].tolist()
    (('weight[0, 1]',), (-2.0,), [[0.0, 1.0]])
    """
    if not 1 <= len(scalars) <= 2:
        raise UsageError(f"a slice has 1 or 2 scalars, not {len(scalars)}")
    origin = present(probe)
    found = [_found(probe, scalar) for scalar in scalars]
    if len(set(found)) < len(found):
        raise UsageError(f"{scalars[0]} and {scalars[1]} are the same scalar: name two different ones")
    directions: list[tuple[torch.Tensor, ...]] = []
    for position, index in found:
        direction = tuple(torch.zeros_like(p) for p in origin)
        direction[position][index] = 1.0
        directions.append(direction)
    offset = tuple(float(origin[position][index]) for position, index in found)
    axes = tuple(_spelled(probe.names[position], index) for position, index in found)
    others = sum(p.numel() for p in origin) - len(found)
    fixed = f"the other {others:,} parameters stay fixed" if others else "the model has no other parameters"
    return Plane(
        origin,
        tuple(directions),
        axes,
        tuple(max(2.0, 2 * abs(value)) for value in offset),
        offset=offset,
        notes=(
            f"The axes are the values of {' and '.join(axes)} themselves, at present "
            f"{' and '.join(f'{value:.4g}' for value in offset)}; {fixed}.",
        ),
        settings={"directions": ",".join(scalars), "dims": len(found)},
    )


def _spelled(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _found(probe: Probe, scalar: str) -> tuple[int, tuple[int, ...]]:
    """Which parameter, and where in it."""
    name, colon, text = scalar.partition(":")
    position = _position(probe, name)
    shape = tuple(probe.parameters[position].shape)
    elements = math.prod(shape)
    if not colon:
        if elements != 1:
            raise UsageError(f"{name} has {elements} elements, shape {shape}: name one, such as {name}:0")
        return position, (0,) * len(shape)
    parts = [part.strip() for part in text.split(",")]
    if not all(_INTEGER.fullmatch(part) for part in parts):
        raise UsageError(f"{scalar}: the index has to be whole numbers, such as {name}:0")
    index = tuple(int(part) for part in parts)
    sizes = (elements,) if len(index) == 1 and len(shape) != 1 else shape
    if len(index) != len(sizes):
        raise UsageError(f"{scalar}: {name} has shape {shape}; give {len(shape)} indices, or one through all elements")
    for each, size in zip(index, sizes, strict=True):
        if not -size <= each < size:
            raise UsageError(f"{scalar}: index {each} is out of range; {name} has shape {shape}")
    index = tuple(each % size for each, size in zip(index, sizes, strict=True))
    if len(index) != len(shape):
        index = tuple(int(each) for each in torch.unravel_index(torch.tensor(index[0]), shape))
    return position, index


def _position(probe: Probe, name: str) -> int:
    """Where the parameter stands; a shared one may go by any of its names."""
    positions = {id(parameter): position for position, parameter in enumerate(probe.parameters)}
    named = dict(probe.model.named_parameters(remove_duplicate=False))
    if name in named:
        if id(named[name]) not in positions:
            raise UsageError(f"{name} is not trainable: set requires_grad=True to draw over it")
        return positions[id(named[name])]
    near = catalogue.nearest(name, named) or tuple(probe.names[:3])
    raise UsageError(f"the model has no parameter {name!r}; there is {', '.join(near)}")
