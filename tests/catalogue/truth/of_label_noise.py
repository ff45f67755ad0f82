"""Losses for wrong labels, worked out with `math` and SciPy."""

from __future__ import annotations

from math import log

from scipy.spatial.distance import jensenshannon
from tests.catalogue.truth.case import Case

P = ((0.2, 0.5, 0.3), (0.62, 0.07, 0.31))
Y = (0, 2)
HOT = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def absolute_error() -> float:
    import torch

    return float(torch.nn.functional.l1_loss(torch.tensor(P), torch.tensor(HOT), reduction="sum"))


CASES: dict[str, tuple[Case, ...]] = {
    "gce": (
        Case((P, Y), (2 - 0.2**0.7 - 0.31**0.7) / 0.7, "Zhang and Sabuncu 2018, eq. 6", {"q": 0.7}),
        Case((P, Y), 0.8 + 0.69, "with q = 1 half the absolute error", {"q": 1.0}),
    ),
    "sce": (
        Case((P, Y), -0.1 * (log(0.2) + log(0.31)) + 4 * (0.8 + 0.69), "Wang et al. 2019, with log 0 = -4"),
        Case(
            (P, Y),
            -6 * (log(0.2) + log(0.31)) + 0.1 * 3 * (0.8 + 0.69),
            "the same",
            {"alpha": 6.0, "beta": 0.1, "floor": -3.0},
        ),
    ),
    "nce": (
        Case(
            (P, Y),
            log(0.2) / (log(0.2) + log(0.5) + log(0.3)) + log(0.31) / (log(0.62) + log(0.07) + log(0.31)),
            "Ma et al. 2020: cross-entropy over its sum over all labels",
        ),
    ),
    "js": (
        Case(
            (P, Y),
            sum(float(jensenshannon(p, y)) ** 2 for p, y in zip(P, HOT, strict=True)),
            "SciPy's distance, squared",
        ),
    ),
    "mae_softmax": (Case((P, Y), 2 * (0.8 + 0.69), "2 (1 - p_y)", call=absolute_error),),
}
