"""Connectionist temporal classification, by all alignments one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, product

import numpy as np
from scipy.special import log_softmax
from tests.catalogue.truth.case import Case

LOGITS = (
    ((0.31, -1.24, 0.87), (1.6, 0.4, -0.7), (-0.2, 0.9, 1.7), (0.15, 0.6, -0.45)),
    ((-0.9, 0.35, 0.2), (0.5, -0.1, 1.3), (0.75, 1.15, -0.6), (-1.4, 0.05, 0.95)),
)
LOGS = log_softmax(np.array(LOGITS), axis=-1)


def minus_log_probability(rows: np.ndarray, labels: Sequence[int]) -> float:
    """Every way to label the frames whose repeats and blanks leave these labels."""
    total = 0.0
    for way in product(range(rows.shape[1]), repeat=len(rows)):
        if [k for k, _ in groupby(way) if k != 0] == list(labels):
            total += math.exp(sum(row[k] for row, k in zip(rows, way, strict=True)))
    return -math.log(total)


def pytorch() -> float:
    import torch

    logs, labels = torch.tensor(FRAMES_FIRST, dtype=torch.float64), torch.tensor(LABELS)
    return float(torch.nn.functional.ctc_loss(logs, labels, (4, 3), (2, 1), reduction="sum"))


def optax() -> float:
    import jax.numpy as jnp
    from optax import ctc_loss

    losses = ctc_loss(jnp.array(LOGITS), jnp.zeros((2, 4)), jnp.array([[1, 2], [2, 0]]), jnp.array([[0.0, 0], [0, 1]]))
    return float(losses.sum())


FRAMES_FIRST = tuple(tuple(map(tuple, rows)) for rows in LOGS.transpose(1, 0, 2).tolist())
LABELS = ((1, 1), (2, 0))
SOURCE = "the sum over all alignments, one by one"

CASES = {
    "ctc": (
        Case(
            (FRAMES_FIRST, LABELS, (4, 3), (2, 1)),
            minus_log_probability(LOGS[0], (1, 1)) + minus_log_probability(LOGS[1, :3], (2,)),
            SOURCE,
            call=pytorch,
        ),
    ),
    "ctc_with_logits": (
        Case(
            (LOGITS, ((1, 2), (2, 0))),
            minus_log_probability(LOGS[0], (1, 2)) + minus_log_probability(LOGS[1], (2,)),
            SOURCE,
            call=optax,
        ),
    ),
}
