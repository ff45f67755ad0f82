"""Variants of cross-entropy, worked out with `math` from the papers' formulas."""

from __future__ import annotations

from math import exp, hypot, log

from tests.catalogue.truth.case import Case

Z = ((0.3, -1.2, 2.1), (1.7, 0.4, -0.6))
P = ((0.2, 0.5, 0.3), (0.62, 0.07, 0.31))
Y = (0, 2)
HOT = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def softmax(row: tuple[float, ...]) -> list[float]:
    return [exp(z) / sum(map(exp, row)) for z in row]


A, B = map(softmax, Z)
ENTROPY = -sum(p * log(p) for row in P for p in row)
LENGTH = (hypot(*Z[0]), hypot(*Z[1]))
UNIT = [softmax(tuple(z / (0.4 * n) for z in row)) for row, n in zip(Z, LENGTH, strict=True)]

CASES: dict[str, tuple[Case, ...]] = {
    "focal": (
        Case((P, Y), -(0.8**2) * log(0.2) - 0.69**2 * log(0.31), "Lin et al. 2017, eq. 4, gamma 2"),
        Case((P, Y), -(0.8**0.5) * log(0.2) - 0.69**0.5 * log(0.31), "the same, gamma 1/2", {"gamma": 0.5}),
    ),
    "categorical_focal": (
        Case((P, HOT), -0.25 * (0.8**2 * log(0.2) + 0.69**2 * log(0.31)), "Lin et al. 2017, eq. 5"),
        Case(
            (((1e-9, 1.2, 0.8),), ((0.5, 0.5, 0.0),)),
            -0.9 * (0.5 * (1 - 1e-7) ** 3 * log(1e-7) + 0.5 * 0.4**3 * log(0.6)),
            "divided by 2 and clipped at 1e-7",
            {"alpha": 0.9, "gamma": 3.0},
        ),
    ),
    "poly1": (
        Case((Z, HOT), -log(A[0]) - log(B[2]) + 2 * (2 - A[0] - B[2]), "Leng et al. 2022, eq. 4", {"epsilon": 2.0}),
        Case(
            (Z[:1], ((0.5, 0.2, 0.3),)),
            -0.5 * log(A[0]) - 0.2 * log(A[1]) - 0.3 * log(A[2]) - 0.8 * (1 - 0.5 * A[0] - 0.2 * A[1] - 0.3 * A[2]),
            "the same with a target distribution",
            {"epsilon": -0.8},
        ),
    ),
    "label_smoothing": (
        Case(
            (Z, Y),
            -0.7 * (log(A[0]) + log(B[2])) - 0.1 * sum(map(log, A + B)),
            "cross-entropy against 0.7 one-hot + 0.1 for every class",
            {"epsilon": 0.3},
        ),
    ),
    "confidence_penalty": (
        Case((P, Y), -log(0.2) - log(0.31) - 0.1 * ENTROPY, "Pereyra et al. 2017, section 3"),
        Case((P, Y), -log(0.2) - log(0.31) - 0.7 * ENTROPY, "the same", {"beta": 0.7}),
    ),
    "logit_penalty": (
        Case(
            (Z, Y),
            -log(A[0]) - log(B[2]) + 0.05 * (LENGTH[0] ** 2 + LENGTH[1] ** 2),
            "cross-entropy and the squared lengths",
            {"beta": 0.05},
        ),
    ),
    "logit_norm": (
        Case((Z, Y), -log(UNIT[0][0]) - log(UNIT[1][2]), "softmax of logits of length 1 / 0.4", {"temperature": 0.4}),
    ),
}
