"""Losses over distances and angles between embeddings."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cosine, euclidean, minkowski
from tests.catalogue.truth.case import Case
from tests.catalogue.truth.reference import in_order

A = ((0.8, 0.3, -0.4), (0.5, -0.6, 0.9), (1.1, 0.2, 0.7))
B = ((0.2, 0.5, 0.1), (0.1, -0.4, 1.2), (-0.3, 0.6, 0.15))
C = ((0.7, -0.1, -0.2), (-0.5, 0.65, 0.3), (0.9, 0.25, 0.45))
EPS = 1e-6  # PyTorch adds it to each difference


def apart(x: tuple[float, ...], y: tuple[float, ...], p: float = 2) -> float:
    return float(minkowski(np.add(np.subtract(x, y), EPS), [0.0] * len(x), p))


def triplets(margin: float, p: float = 2) -> float:
    return sum(max(0.0, apart(a, b, p) - apart(a, c, p) + margin) for a, b, c in zip(A, B, C, strict=True))


COSINES = [cosine(a, b) for a, b in zip(A, B, strict=True)]
DISTANCES = [euclidean(a, b) for a, b in zip(A, B, strict=True)]

CASES = {
    "hinge_embedding": (
        Case(((0.4, 1.7, 0.9), (1.0, -1.0, -1.0)), 0.4 + 0.0 + (1.25 - 0.9), "by hand", {"margin": 1.25}),
    ),
    "cosine_embedding": (
        Case(
            (A, B, (1.0, -1.0, -1.0)),
            COSINES[0] + (1 - COSINES[1] - 0.3) + max(0.0, 1 - COSINES[2] - 0.3),
            "SciPy's cosine distance",
            {"margin": 0.3},
            call=in_order("cosine_embedding_loss", (A, B, (1.0, -1.0, -1.0)), margin=0.3),
        ),
    ),
    "cosine_distance": (Case((A, B), sum(COSINES), "SciPy's cosine distance"),),
    "contrastive": (
        Case(
            (A, B, (1.0, 0.0, 0.0)),
            (DISTANCES[0] ** 2 + (1.5 - DISTANCES[1]) ** 2 + max(0.0, 1.5 - DISTANCES[2]) ** 2) / 2,
            "SciPy's euclidean, Hadsell et al. eq. 4 by hand",
            {"margin": 1.5},
        ),
    ),
    "triplet_margin": (
        Case(
            (A, B, C),
            triplets(1.0),
            "SciPy's minkowski with p = 2",
            call=in_order("triplet_margin_loss", (A, B, C)),
        ),
        Case(
            (A, B, C),
            triplets(0.8, 1),
            "SciPy's minkowski with p = 1",
            {"margin": 0.8, "p": 1},
            call=in_order("triplet_margin_loss", (A, B, C), margin=0.8, p=1),
        ),
    ),
    "triplet_margin_with_distance": (
        Case(
            (A, B, C),
            triplets(1.4),
            "SciPy's minkowski with p = 2",
            {"margin": 1.4},
            call=in_order("triplet_margin_with_distance_loss", (A, B, C), margin=1.4),
        ),
    ),
}
