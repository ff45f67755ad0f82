"""What is proved of the Lovasz losses is said of the maximum over all orders; what people run sorts once."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.catalogue.losses import lovasz

SCORES = st.lists(st.floats(-3, 3), min_size=4, max_size=4)
MASKS = st.lists(st.sampled_from([0.0, 1.0]), min_size=4, max_size=4)


def doubles(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@given(SCORES, MASKS)
@settings(deadline=None, max_examples=100)
def test_hinge(scores: list[float], mask: list[float]) -> None:
    z, y = doubles(scores), doubles(mask)
    torch.testing.assert_close(lovasz.lovasz_hinge(z, y), lovasz.lovasz_hinge_over_orders(z, y))


@given(st.lists(SCORES, min_size=4, max_size=4), st.lists(st.integers(0, 3), min_size=4, max_size=4))
@settings(deadline=None, max_examples=100)
def test_softmax(scores: list[list[float]], labels: list[int]) -> None:
    p, y = torch.tensor(scores, dtype=torch.float64).softmax(-1), torch.tensor(labels)
    torch.testing.assert_close(lovasz.lovasz_softmax(p, y), lovasz.lovasz_softmax_over_orders(p, y))


def test_gradients_are_the_same_away_from_ties() -> None:
    y = doubles([1, 0, 1, 1])
    for function in (lovasz.lovasz_hinge, lovasz.lovasz_hinge_over_orders):
        z = doubles([0.3, -0.4, 0.8, -1.2]).requires_grad_()
        function(z, y).backward()
        # errors 0.7, 0.6, 0.2, 2.2; Jaccard losses 1/3, 2/3, 3/4, 1 as pixels 3, 0, 1, 2 become wrong
        torch.testing.assert_close(z.grad, doubles([-1 / 3, 1 / 12, -1 / 4, -1 / 3]))
