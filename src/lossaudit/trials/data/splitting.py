"""Training, validation and test samples, drawn by a seed: every class keeps its share in each part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lossaudit.advise.choose.words import one_line
from lossaudit.errors import UsageError
from lossaudit.trials.data.source import plural

THREE = {"training": 0.6, "validation": 0.15, "test": 0.25}
"""Parts of all samples."""
TWO = {"training": 0.8, "validation": 0.2}
"""Parts of what is not the test."""


def split(y: Tensor, shares: dict[str, float], seed: int, labels: Sequence[str], name: str) -> tuple[Tensor, ...]:
    """The rows of each part, in their order.

    Args:
        y: Class indices (samples,) where there are labels: then every class is split by itself. Else anything.
        shares: Of the parts by name, the first takes what is left over.
        seed: Of the draw.
        labels: Names of the classes; empty: no classes.
        name: For messages.

    Raises:
        UsageError: A class, or the whole, has fewer samples than there are parts.

    >>> [len(part) for part in split(torch.arange(20) % 2, THREE, 0, ["a", "b"], "")]
    [12, 4, 4]
    """
    generator = torch.Generator().manual_seed(seed)
    groups = [(y == index).nonzero()[:, 0] for index in range(len(labels))] or [torch.arange(len(y))]
    parts = [list[Tensor]() for _ in shares]
    for index, rows in enumerate(groups):
        if len(rows) < len(shares):
            what = f"the class {one_line(labels[index])}" if labels else "the data"
            raise UsageError(
                f"{name}: {what} has {plural(len(rows), 'sample')}, and {' and '.join(shares)} need one each"
                + ("; leave the class out, or join it with another" if labels else "")
            )
        rest = [max(1, round(share * len(rows))) for share in list(shares.values())[1:]]
        drawn = rows[torch.randperm(len(rows), generator=generator)].split([len(rows) - sum(rest), *rest])
        for part, chosen in zip(parts, drawn, strict=True):
            part.append(chosen)
    return tuple(torch.cat(part).sort().values for part in parts)
