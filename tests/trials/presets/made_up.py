"""Comparisons with figures that nobody measured, to see what the agreement code says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lossaudit.comparison import Better, Comparison, Contestant, Contrast, Curve, Figure, Measure

ACCURACY = Measure("accuracy", "accuracy", Better.LARGER, percent=True)


def comparison(
    accuracies: Mapping[str, float],
    decided: Mapping[str, bool] | None = None,
    curves: Mapping[str, tuple[tuple[float, ...], ...]] | None = None,
    title: str = "made up",
) -> Comparison:
    """A comparison with cross-entropy as the reference.

    Args:
        accuracies: Of each loss, cross-entropy first; intervals are one point to each side.
        decided: Of each other loss, whether its difference is decided; missing: yes.
        curves: Accuracy on right labels for each seed.
        title: Of the comparison.
    """
    reference = next(iter(accuracies))
    contestants = tuple(
        Contestant(
            name,
            name,
            rate=0.1,
            figures={"accuracy": Figure((value,), value, value - 0.01, value + 0.01)},
            curves={
                "validation accuracy, true labels": tuple(
                    Curve(seed, values) for seed, values in enumerate((curves or {}).get(name, ()))
                )
            },
        )
        for name, value in accuracies.items()
    )
    contrasts = tuple(
        _contrast(name, reference, value - accuracies[reference], (decided or {}).get(name, True))
        for name, value in accuracies.items()
        if name != reference
    )
    return Comparison("k", title, (), (ACCURACY,), contestants, reference, contrasts, (), (0, 1))


def _contrast(first: str, second: str, difference: float, decided: bool) -> Contrast:
    half = 0.005 if decided else 0.5
    better = None if not decided else first if difference > 0 else second
    p = 0.01 if decided else math.nan
    return Contrast("accuracy", first, second, difference, difference - half, difference + half, p, better)
