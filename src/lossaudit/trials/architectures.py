"""Models by name: linear, a multilayer perceptron, and a small convolutional network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from lossaudit.errors import UsageError

HIDDEN = (64,)
_CHANNELS, _DENSE = (32, 64), 80


def perceptron(inputs: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """Linear layers with ReLU between them; without hidden layers, a linear model.

    >>> sum(p.numel() for p in perceptron(64, [64], 10).parameters())
    4810
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for width, following in pairwise([inputs, *hidden]):
        layers += [nn.Linear(width, following), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear([inputs, *hidden][-1], outputs))


def convolutional(shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Two 3 by 3 convolutions, one pooling, one hidden layer.

    Args:
        shape: Of a sample, as `image` takes it.
        outputs: How many.

    >>> sum(p.numel() for p in convolutional((64,), 10).parameters())
    101626
    """
    channels, side, _ = image(shape)
    first, second = _CHANNELS
    return nn.Sequential(
        nn.Flatten(),
        nn.Unflatten(1, (channels, side, side)),
        nn.Conv2d(channels, first, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(second * (side // 2) ** 2, _DENSE),
        nn.ReLU(),
        nn.Linear(_DENSE, outputs),
    )


def image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of a square image of at least 2 by 2 pixels: (C, S, S), (S, S) or (S * S,).

    Raises:
        UsageError: It is none.

    >>> image((64,)), image((3, 32, 32))
    ((1, 8, 8), (3, 32, 32))
    """
    side = math.isqrt(shape[0]) if len(shape) == 1 else shape[-1]
    full = {1: (1, side, side), 2: (1, *shape), 3: shape}.get(len(shape), ())
    if len(full) != 3 or full[1] != full[2] or side < 2 or math.prod(full) != math.prod(shape):
        raise UsageError(
            f"cnn takes square images, (channels, side, side), (side, side) or so many pixels; a sample here is {shape}"
        )
    return full[0], full[1], full[2]
