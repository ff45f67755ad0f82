"""The error band of a landscape that is drawn from a part of the data.

What matters is the shape, so the band is that of the loss minus the loss at the trained parameters: the same samples
are on both sides, and most of what they differ in cancels. The samples are dealt into folds at random; how much the
folds' differences scatter gives the standard error of their mean, made smaller by what a sample without replacement
already knows (the finite-population correction), and Student's t the 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor

from lossaudit.landscape.evaluate import Mover, Reading
from lossaudit.landscape.probe import Probe, rows, size

FOLDS = 20


def band(probe: Probe, mover: Mover) -> Reading | None:
    """Half the width of a 95 % band around loss minus loss at the centre, as a number to be read at each node.

    Args:
        probe: With `available`, the number of samples that these are drawn from.
        mover: Of `on_plane`.

    Returns:
        None where all data is used, where there are fewer than four samples, or where the loss is neither a mean nor
        a sum over samples, as far as its folds tell.
    """
    with torch.no_grad():
        next(mover.visit([mover.offset[: len(mover.directions)]]))
        output, target = probe.outputs()
        loss = float(probe.loss_fn(output, target))
        count = size(target) or 0
        if probe.available is None or count < 4:
            return None
        folds = torch.randperm(count, generator=torch.Generator().manual_seed(probe.seed)).chunk(min(FOLDS, count))
        shares = [len(fold) / count for fold in folds]
        targets = [rows(target, fold, count) for fold in folds]

        def of_folds(output: Any) -> list[float]:
            parts = (rows(output, fold, count) for fold in folds)
            return [float(probe.loss_fn(part, target)) for part, target in zip(parts, targets, strict=True)]

        centre = of_folds(output)
    summed = math.isclose(sum(centre), loss, rel_tol=1e-3)
    scale = [1 / share if summed else 1.0 for share in shares]
    centre = [value * factor for value, factor in zip(centre, scale, strict=True)]
    mean, error = _mean(centre, shares)
    if not summed and abs(mean - loss) > 2 * error + 1e-3 * abs(loss):
        return None
    width = _quantile(len(folds) - 1) * math.sqrt(max(0.0, 1 - count / probe.available))

    def take(output: Any, _target: Any, _loss: Tensor) -> tuple[float]:
        with torch.no_grad():
            values = of_folds(output)
        differences = [value * factor - c for value, factor, c in zip(values, scale, centre, strict=True)]
        return (width * _mean(differences, shares)[1],)

    return Reading(("band",), take)


def _mean(values: Sequence[float], shares: Sequence[float]) -> tuple[float, float]:
    """The weighted mean and its standard error, from how much the values scatter."""
    mean = sum(share * value for share, value in zip(shares, values, strict=True))
    scatter = sum(share * (value - mean) ** 2 for share, value in zip(shares, values, strict=True))
    return mean, math.sqrt(scatter / (len(values) - 1))


def _quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t by its expansion at the normal one, good to 1 % from three degrees on.

    >>> round(_quantile(19), 3)
    2.093
    """
    z = NormalDist().inv_cdf(0.975)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))
