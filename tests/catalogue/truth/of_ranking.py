"""Losses over the order of scores."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
from scipy.special import expit, log_softmax
from sklearn.metrics import log_loss, ndcg_score
from tests.catalogue.truth.case import Case
from tests.catalogue.truth.reference import in_order

SCORES = ((0.31, -1.24, 0.87, 0.05), (1.6, 0.4, -0.7, 2.2))
GRADES = ((2.0, 0.0, 1.0, 3.0), (0.0, 1.0, 2.0, 0.0))
TOP = ((0.15, 0.2, 0.55, 0.1), (0.4, 0.05, 0.25, 0.3))


def pairs(grades: tuple[float, ...]) -> list[tuple[int, int]]:
    return [(i, j) for i, j in permutations(range(len(grades)), 2) if grades[i] > grades[j]]


def ranknet() -> float:
    gaps = [z[i] - z[j] for z, y in zip(SCORES, GRADES, strict=True) for i, j in pairs(y)]
    return float(log_loss([1] * len(gaps), expit(gaps), labels=[0, 1], normalize=False))


def listmle(scores: tuple[float, ...], order: tuple[int, ...]) -> float:
    worth = [math.exp(z) for z in scores]
    chances = [worth[i] / sum(worth[j] for j in order[place:]) for place, i in enumerate(order)]
    return -math.log(math.prod(chances))


def lambdarank(scores: tuple[float, ...], grades: tuple[float, ...]) -> float:
    gains = [[2**y - 1 for y in grades]]
    now, total = ndcg_score(gains, [scores]), 0.0
    for i, j in pairs(grades):
        swapped = list(scores)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        total += abs(ndcg_score(gains, [swapped]) - now) * math.log1p(math.exp(scores[j] - scores[i]))
    return total


PAIRS = ((0.31, -1.24, 0.87), (1.1, 0.4, 0.85), (1.0, -1.0, 1.0))
LISTNET = -float((np.array(TOP) * log_softmax(SCORES, axis=-1)).sum())

CASES = {
    "margin_ranking": (
        Case(
            PAIRS,
            (1.1 - 0.31 + 0.5) + 0.0 + (0.85 - 0.87 + 0.5),
            "worked out by hand; the second pair keeps the margin",
            {"margin": 0.5},
            call=in_order("margin_ranking_loss", PAIRS, margin=0.5),
        ),
    ),
    "ranknet": (Case((SCORES, GRADES), ranknet(), "scikit-learn's log loss of the sigmoids of all differences"),),
    "listnet": (
        Case(
            (SCORES, TOP), LISTNET, "SciPy's log_softmax; optax takes the mean of the two lists", reference=LISTNET / 2
        ),
    ),
    "listmle": (
        Case(
            (SCORES, ((2.0, 0.0, 1.0, 3.0), (0.5, 1.0, 2.0, 0.0))),
            listmle(SCORES[0], (3, 0, 2, 1)) + listmle(SCORES[1], (2, 1, 0, 3)),
            "the product of the choices of a Plackett-Luce model (Plackett 1975)",
        ),
    ),
    "lambdarank": (
        Case(
            (SCORES, GRADES),
            sum(lambdarank(z, y) for z, y in zip(SCORES, GRADES, strict=True)),
            "each |delta NDCG| from scikit-learn's ndcg_score before and after the swap of two scores",
        ),
    ),
}
