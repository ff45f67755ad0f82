"""One sample's logits, without a network: rays towards a corner of the simplex, and gradient descent on the logits.

Losses are named as in `training`; class 0 is the true one, and class 1 the one that is believed when it is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING

from lossaudit.advise.claims.grounds import decided, gradient
from lossaudit.advise.claims.training import LOSSES
from lossaudit.catalogue.later import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossaudit.card import Entry
    from lossaudit.verdict import Verdict


def verdict(name: str, classes: int) -> Verdict:
    """On the convexity of a loss of the catalogue, for every label."""
    from lossaudit.proving.request import by_name

    asked = by_name(name, None, classes, {})
    return decided(asked.function, *asked.arguments, wrt=asked.positions)


def established(entry: Entry) -> bool:
    """Whether an entry of a card is a theorem, not a measurement."""
    return entry.ground.value in ("proved", "refuted")


def ends_at_nothing(entry: Entry) -> bool:
    """Whether a gradient is proved to vanish along a ray."""
    return entry.ground.value == "proved" and entry.value.startswith(("decays", "0"))


def ends_above_nothing(entry: Entry) -> bool:
    """Whether a gradient is proved to stay away from 0 along a ray."""
    return entry.ground.value == "proved" and entry.value.startswith(("constant", "grows"))


def believing(index: int, gap: float, classes: int = 3) -> torch.Tensor:
    """Logits that are 0 except for one."""
    z = torch.zeros(classes, dtype=torch.float64)
    z[index] = gap
    return z


def value(loss: str, z: torch.Tensor) -> torch.Tensor:
    """The loss of one sample whose class is 0."""
    return LOSSES[loss](z, torch.tensor(0))


def slopes(loss: str, z: torch.Tensor) -> torch.Tensor:
    """Its gradient in the logits."""
    return gradient(partial(value, loss), z)


def size(loss: str, z: torch.Tensor) -> float:
    """Norm of the gradient."""
    return slopes(loss, z).norm().item()


def rate(sizes: Sequence[float], gaps: Sequence[float]) -> float:
    """The exponent c in e^(-c t) between the last two gaps; infinite where nothing is left.

    >>> round(rate([math.exp(-4), math.exp(-10)], [2, 5]), 12)
    2.0
    """
    if sizes[-1] == 0:
        return math.inf
    return (math.log(sizes[-2]) - math.log(sizes[-1])) / (gaps[-1] - gaps[-2])


def descent(loss: str, z: torch.Tensor, step: float) -> Iterator[torch.Tensor]:
    """The logits of gradient descent, the first ones included, without end."""
    for _ in count():
        yield z
        z = z - step * slopes(loss, z)


def steps_until_right(loss: str, z: torch.Tensor, step: float, most: int = 500) -> float:
    """How many steps until the true class has a probability of 0.9; infinite if more than `most`."""
    reached = (torch.softmax(at, 0)[0].item() >= 0.9 for at in islice(descent(loss, z, step), most + 1))
    return next((number for number, right in enumerate(reached) if right), math.inf)


def drawn(classes: int, number: int, spread: float = 2.0) -> torch.Tensor:
    """Random logits with a seed, a row each."""
    source = torch.Generator().manual_seed(classes)
    return spread * torch.randn(number, classes, generator=source, dtype=torch.float64)
