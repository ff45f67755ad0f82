"""Losses over exclusive classes, worked out with `math`."""

from __future__ import annotations

from math import exp, log
from typing import Any

from tests.catalogue.truth.case import Case

Z = ((0.3, -1.2, 2.1), (1.7, 0.4, -0.6))
P = ((0.2, 0.5, 0.3), (0.62, 0.07, 0.31))
Y = (0, 2)
HOT = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
SOFT = ((0.7, 0.1, 0.2), (0.25, 0.15, 0.6))


def log_p(row: tuple[float, ...], true: int) -> float:
    """The logarithm of softmax at one class."""
    return row[true] - log(sum(map(exp, row)))


def rows(times: tuple[tuple[float, ...], ...], weights: tuple[tuple[float, ...], ...]) -> list[tuple[float, ...]]:
    """Rows times a matrix."""
    return [tuple(sum(a * b for a, b in zip(x, w, strict=True)) for w in weights) for x in times]


X = ((0.4, -0.7), (1.3, 0.6))
W = ((0.9, 0.2), (-0.3, 1.1), (0.5, -0.6))
LINEAR = rows(X, W)

# Two frequent classes and a cluster of three rare ones, behind a projection to one number.
HEAD, DOWN, RARE = W, ((0.8, -0.4),), ((0.7,), (-0.5,), (0.2,))
FEATURES = ((0.4, -0.7), (1.3, 0.6), (-0.9, 0.35))
FIRST = rows(FEATURES, HEAD)
SECOND = rows(tuple(rows(FEATURES, DOWN)), RARE)


def linear_cross_entropy() -> float:
    import torch

    x, w = torch.tensor(X, dtype=torch.float64), torch.tensor(W, dtype=torch.float64)
    return float(torch.nn.functional.linear_cross_entropy(x, w, torch.tensor(Y), reduction="sum"))


def adaptive_softmax() -> float:
    import torch

    layer: Any = torch.nn.AdaptiveLogSoftmaxWithLoss(2, 5, [2], div_value=2.0, dtype=torch.float64)
    weights = (layer.head.weight, layer.tail[0][0].weight, layer.tail[0][1].weight)
    with torch.no_grad():
        for weight, numbers in zip(weights, (HEAD, DOWN, RARE), strict=True):
            weight.copy_(torch.tensor(numbers, dtype=torch.float64))
        return 3 * float(layer(torch.tensor(FEATURES, dtype=torch.float64), torch.tensor([1, 4, 2])).loss)


CASES: dict[str, tuple[Case, ...]] = {
    "cross_entropy": (
        Case((Z, Y), -log_p(Z[0], 0) - log_p(Z[1], 2), "logsumexp minus the true logit"),
        Case(
            (Z, SOFT),
            -sum(y * log_p(z, k) for z, row in zip(Z, SOFT, strict=True) for k, y in enumerate(row)),
            "the expectation over the target distribution",
        ),
    ),
    "nll": (Case((tuple(tuple(map(log, p)) for p in P), Y), -log(0.2) - log(0.31), "minus the entry at the class"),),
    "linear_cross_entropy": (
        Case(
            (X, W, Y),
            -log_p(LINEAR[0], 0) - log_p(LINEAR[1], 2),
            "cross-entropy of the products",
            call=linear_cross_entropy,
        ),
    ),
    "adaptive_log_softmax": (
        Case(
            (FEATURES, (1, 4, 2), HEAD, DOWN, RARE),
            -log_p(FIRST[0], 1)
            - (log_p(FIRST[1], 2) + log_p(SECOND[1], 2))
            - (log_p(FIRST[2], 2) + log_p(SECOND[2], 0)),
            "log-probabilities of the cluster and within it, added",
            call=adaptive_softmax,
        ),
    ),
    "categorical_cross_entropy": (
        Case((P, HOT), -log(0.2) - log(0.31), "minus the logarithm at the class"),
        Case(
            (((0.4, 1.0, 0.6),), ((0.1, 0.7, 0.2),)), -0.1 * log(0.2) - 0.7 * log(0.5) - 0.2 * log(0.3), "divided by 2"
        ),
        Case((((1e-9, 0.3, 0.7 - 1e-9),), ((1.0, 0.0, 0.0),)), -log(1e-7), "Keras 3: clipped at 1e-7"),
    ),
    "sparse_categorical_cross_entropy": (
        Case((P, Y), -log(0.2) - log(0.31), "minus the logarithm at the class"),
        Case((((0.4, 1.0, 0.6),), (1,)), -log(0.5), "divided by their sum, 2"),
        Case((((1e-9, 0.3, 0.7 - 1e-9),), (0,)), -log(1e-7), "Keras 3: clipped at 1e-7"),
    ),
    # The projections are (0.75, 0.25, 0), (1, 0, 0) and (1.3, 1, 0.7) / 3.
    "sparsemax": (
        Case(
            (((0.9, 0.4, -1.2), (2.5, 1.0, 0.7), (0.3, 0.2, 0.1)), (1, 2, 0)),
            (0.75 * 0.9 + 0.25 * 0.4 - (0.75**2 + 0.25**2) / 2 - 0.4 + 0.5)
            + (2.5 - 0.5 - 0.7 + 0.5)
            + ((1.3 * 0.3 + 0.2 + 0.07) / 3 - (1.69 + 1 + 0.49) / 18 - 0.3 + 0.5),
            "Martins and Astudillo 2016, eq. 8, with the projections found by hand",
        ),
        Case((((1.9, 0.6, -0.3),), (0,)), 0.0, "zero from a lead of 1"),
    ),
}
