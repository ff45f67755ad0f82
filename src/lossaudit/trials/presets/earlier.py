"""Our figures beside those of an earlier table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lossaudit.trials.presets.figures import judged, percent

NEAR = 0.15
"""What counts as the same rough size, in accuracy."""


def compared(
    what: str, earlier: Mapping[tuple[str, str], float], ours: Mapping[tuple[str, str], float], near: float = NEAR
) -> str:
    """How many accuracies are of the same rough size, and which are not; agreed if more than three in four are.

    Args:
        what: The earlier table.
        earlier: Accuracies by loss and column.
        ours: The same; what is missing or NaN is left out.
        near: How far apart they may be.

    >>> compared("It", {("ce", "x1"): 0.9, ("mae", "x1"): 0.2}, {("ce", "x1"): 0.95, ("mae", "x1"): 0.6})
    'It: our figures do not agree. 1 of 2 accuracies are within 15 points. Others: mae x1 60.0 % (there 20.0 %).'
    """
    pairs = {cell: (ours[cell], value) for cell, value in earlier.items() if not math.isnan(ours.get(cell, math.nan))}
    if not pairs:
        return judged(what, None, "No figure is there to be compared.")
    apart = {cell: both for cell, both in pairs.items() if abs(both[0] - both[1]) > near}
    listed = "; ".join(
        f"{' '.join(cell)} {percent(mine)} (there {percent(theirs)})" for cell, (mine, theirs) in apart.items()
    )
    count = len(pairs) - len(apart)
    others = f" Others: {listed}." if apart else ""
    because = f"{count} of {len(pairs)} accuracies are within {100 * near:.0f} points.{others}"
    return judged(what, count > 0.75 * len(pairs), because)
