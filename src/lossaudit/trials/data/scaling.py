"""Numbers of a table on one scale, by the training samples alone."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

IN_WORDS = "Inputs are standardised with the means and standard deviations of the training samples."


def standardised(parts: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
    """All parts, shifted and divided so that each column of the first has mean 0 and variance 1.

    A column that is constant there is shifted only.

    Returns:
        The parts in single precision, and the means and standard deviations that were used.

    >>> import torch
    >>> parts, mean, deviation = standardised([torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0]])])
    >>> parts[0].flatten().tolist(), parts[1].item(), mean.item(), deviation.item()
    ([-1.0, 1.0], 3.0, 2.0, 1.0)
    """
    first = parts[0].double()
    mean, deviation = first.mean(0), first.std(0, correction=0)
    scale = deviation.where(first.amax(0) > first.amin(0), 1.0)
    return tuple(((part.double() - mean) / scale).float() for part in parts), mean, scale
