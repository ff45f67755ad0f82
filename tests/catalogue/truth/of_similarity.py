"""Losses over the similarities of a batch: pytorch-metric-learning, and the formulas worked out with `math`."""

from __future__ import annotations

import math

import numpy as np
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ArcFaceLoss, CircleLoss, NTXentLoss, SupConLoss
from tests.catalogue.truth.case import Case

# Of length 1, for Keras, which does not normalise.
Z = ((0.6, 0.8), (5 / 13, 12 / 13), (-0.28, 0.96), (8 / 17, -15 / 17), (-0.6, -0.8))
LONG = ((0.8, 0.3, -0.4), (0.5, -0.6, 0.9), (1.1, 0.2, 0.7), (-0.3, 0.6, 0.15), (0.2, 0.5, 1.4))
Y = (0, 0, 1, 1, 0)
CENTRES = ((0.9, 0.2, 0.4), (-0.3, 0.7, 0.1), (0.25, -0.8, 0.55))


def peer(loss: torch.nn.Module, z: tuple[tuple[float, ...], ...], y: tuple[int, ...] = Y) -> float:
    with torch.no_grad():
        return float(loss(torch.tensor(z, dtype=torch.float64), torch.tensor(y)))


def angle(x: tuple[float, ...], y: tuple[float, ...]) -> float:
    return math.acos(float(np.dot(x, y)) / (math.hypot(*x) * math.hypot(*y)))


def info_nce(temperature: float) -> float:
    total = 0.0
    for i, z in enumerate(LONG):
        weights = [math.exp(math.cos(angle(z, other)) / temperature) for other in LONG]
        others = sum(w for w, y in zip(weights, Y, strict=True) if y != Y[i])
        total -= sum(math.log(w / (w + others)) for j, w in enumerate(weights) if j != i and Y[j] == Y[i])
    return total


def arcface(margin: float, scale: float) -> float:
    total = 0.0
    for z, y in zip(LONG, (0, 2, 1, 1, 0), strict=True):
        logits = [scale * math.cos(angle(z, c) + (margin if k == y else 0)) for k, c in enumerate(CENTRES)]
        total -= math.log(math.exp(logits[y]) / sum(map(math.exp, logits)))
    return total


def arcface_of_peer() -> float:
    loss = ArcFaceLoss(3, 3, margin=math.degrees(0.3), scale=4.0)
    loss.W.data = torch.tensor(CENTRES, dtype=torch.float64).T.contiguous()
    return 5 * peer(loss, LONG, (0, 2, 1, 1, 0))


PAIRS = 3 * 2 + 2 * 1  # within the groups of three and of two, both ways
NCE = info_nce(0.2)

CASES = {
    "info_nce": (
        Case((LONG, Y), NCE, "the formula of Chen et al. with math", {"temperature": 0.2}, reference=NCE / PAIRS),
        Case(
            (LONG, Y),
            PAIRS * peer(NTXentLoss(temperature=0.5), LONG),
            "pytorch-metric-learning, which takes the mean of the pairs",
            {"temperature": 0.5},
            reference=peer(NTXentLoss(temperature=0.5), LONG),
        ),
    ),
    "supcon": (
        Case((LONG, Y), 5 * peer(SupConLoss(temperature=0.1), LONG), "pytorch-metric-learning, mean of five anchors"),
    ),
    "circle": (
        Case(
            (Z, Y),
            5 * peer(CircleLoss(m=0.25, gamma=4, distance=CosineSimilarity()), Z),
            "pytorch-metric-learning, mean of five anchors",
            {"margin": 0.25, "gamma": 4.0},
        ),
    ),
    "arcface": (
        Case(
            (LONG, (0, 2, 1, 1, 0), CENTRES),
            arcface(0.3, 4.0),
            "Deng et al. eq. 3 with the angles from math.acos",
            {"margin": 0.3, "scale": 4.0},
        ),
        Case(
            (LONG, (0, 2, 1, 1, 0), CENTRES),
            arcface_of_peer(),
            "pytorch-metric-learning, mean of five",
            {"margin": 0.3, "scale": 4.0},
        ),
    ),
}
