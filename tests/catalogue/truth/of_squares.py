"""Squared errors, worked out by hand, and the best shift of Output Reset found by SciPy."""

from __future__ import annotations

from math import hypot

from scipy.optimize import minimize_scalar
from tests.catalogue.truth.case import Case

Z = ((0.3, -1.2, 2.1), (1.7, 0.4, -0.6))
P = ((0.2, 0.5, 0.3), (0.62, 0.07, 0.31))
Y = (0, 2)
HOT = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def brier_score() -> float:
    from sklearn.metrics import brier_score_loss

    return len(Y) * float(brier_score_loss(Y, P, labels=[0, 1, 2]))


def squared_error() -> float:
    import torch

    return float(torch.nn.functional.mse_loss(torch.tensor(Z), torch.tensor(HOT), reduction="sum"))


def reset(row: tuple[float, ...], true: int) -> float:
    """The least over the shift of all targets of the squared errors on the wrong side."""

    def error(shift: float) -> float:
        above = (max(0.0, o - shift) ** 2 for i, o in enumerate(row) if i != true)
        return max(0.0, 1 + shift - row[true]) ** 2 + sum(above)

    found = minimize_scalar(error, bounds=(-10, 10), method="bounded", options={"xatol": 1e-10})
    return float(found.fun)


CASES: dict[str, tuple[Case, ...]] = {
    "brier": (
        Case(
            (P, Y),
            (0.8**2 + 0.5**2 + 0.3**2) + (0.62**2 + 0.07**2 + 0.69**2),
            "Brier 1950: squared distances to the one-hot rows",
            call=brier_score,
        ),
    ),
    "spherical": (Case((P, Y), 2 - 0.2 / hypot(*P[0]) - 0.31 / hypot(*P[1]), "1 minus the cosine with the label"),),
    "squared_outputs": (
        Case(
            (Z, Y),
            (0.7**2 + 1.2**2 + 2.1**2) + (1.7**2 + 0.4**2 + 1.6**2),
            "squared distances to the one-hot rows",
            call=squared_error,
        ),
    ),
    "hui_belkin": (
        Case(
            (Z, Y),
            (15 * 29.7**2 + 1.2**2 + 2.1**2 + 15 * 30.6**2 + 1.7**2 + 0.4**2) / 3,
            "Hui and Belkin 2021, section 2, k = 15 and M = 30",
        ),
        Case(
            (Z, Y),
            (4 * 1.7**2 + 1.2**2 + 2.1**2 + 4 * 2.6**2 + 1.7**2 + 0.4**2) / 3,
            "the same, k = 4 and M = 2",
            {"k": 4.0, "m": 2.0},
        ),
    ),
    "output_reset": (
        Case((Z, Y), reset(Z[0], 0) + reset(Z[1], 2), "SciPy's minimum over the shift"),
        Case(
            (((0.5, 0.3, 0.2), (0.9, -0.4, 0.65)), (1, 2)),
            reset((0.5, 0.3, 0.2), 1) + reset((0.9, -0.4, 0.65), 2),
            "the same with all classes or some of them above the shift",
        ),
        Case((((0.7, 0.1),), (0,)), (1 - 0.6) ** 2 / 2, "two classes: half the squared hinge of the margin 0.6"),
        Case((((0.5, 0.3, 0.2),), (0,)), 0.5**2 + 0.3**2 + 0.2**2, "at a distribution it is the Brier score"),
        Case((((2.7, 0.4, 1.6),), (0,)), 0.0, "zero from a lead of 1"),
    ),
    "output_reset_sigmoid": (Case((P, Y), reset(P[0], 0) + reset(P[1], 2), "SciPy's minimum over the shift"),),
}
