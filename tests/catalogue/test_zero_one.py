"""The zero-one loss over a row of scores."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from lossaudit.catalogue.losses.bounded_margin import zero_one


def test_a_row_is_wrong_where_another_score_is_larger_and_half_wrong_in_a_tie():
    for scores in itertools.product((-1.0, 0.0, 2.0), repeat=3):
        for label in range(3):
            lead = scores[label] - max(np.delete(scores, label))
            wanted = 0.5 if lead == 0 else float(lead < 0)
            assert zero_one(torch.tensor([scores]), torch.tensor([label])).item() == wanted


def test_two_scores_are_one_sign():
    z, y = torch.tensor([[1.0, 3.0], [2.0, -1.0]]), torch.tensor([0, 0])
    signed = zero_one(z[:, 0] - z[:, 1], torch.ones(2))
    assert zero_one(z, y) == signed == 1
