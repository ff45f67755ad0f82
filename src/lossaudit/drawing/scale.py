"""One colour scale for several losses, which have no unit in common by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lossaudit.drawing.words import number
from lossaudit.landscape.picture import Scale, Surface

_NEAR_ZERO = 0.01  # of the largest value
_OUTLIERS = 8.0  # how far the largest values may stand out before they are drawn in the colour of the scale's end


def measured(surface: Surface, unit: float) -> Surface:
    """The surface in multiples of a unit: the loss and everything that is derived from it."""

    def parts(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values / unit

    return replace(
        surface,
        loss=surface.loss / unit,
        slope=parts(surface.slope),
        curvature=parts(surface.curvature),
        rounding=surface.rounding / unit,
        arrows=parts(surface.arrows),
        marks=tuple(replace(mark, loss=parts(mark.loss)) for mark in surface.marks),
    )


def scale(name: str, surfaces: Sequence[Surface]) -> tuple[Scale, str]:
    """From the least to the largest value, short of what stands far out; and a sentence where some does."""
    values = np.concatenate([surface.loss[np.isfinite(surface.loss)] for surface in surfaces])
    if not values.size:
        return Scale(name, 0.0, 1.0), "No value is finite."
    low, high = float(values.min()), float(values.max())
    if 0 < low < _NEAR_ZERO * high:
        low = 0.0  # a loss that falls to 0 further out, and the tick that belongs to it
    most = float(np.quantile(values, 0.98))
    if high - low > _OUTLIERS * (most - low) > 0:
        beyond = float(np.mean(values > most))
        note = f"{beyond:.0%} of the values lie above {number(most)}, up to {number(high)}, and have its colour."
        return Scale(name, low, most), note.replace("%", " %")
    return Scale(name, low, high if high > low else low + 1.0), ""
