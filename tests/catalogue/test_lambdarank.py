"""LambdaRank's gradients are those of no function: round a closed way that crosses a change of order they do work."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from scipy.special import roots_legendre

from lossaudit.catalogue.losses.ranking import lambdarank, ranknet

GRADES = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64)
Point = tuple[float, float, float]


def work(loss: object, corners: list[Point]) -> float:
    """The gradient along a closed way of straight pieces, on none of which the order of the scores changes midway."""
    places, weights = roots_legendre(30)
    total = 0.0
    for start, end in pairwise([*corners, corners[0]]):
        a, b = (torch.tensor(x, dtype=torch.float64) for x in (start, end))
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            z = (a + (b - a) * place).requires_grad_()
            (slope,) = torch.autograd.grad(loss(z, GRADES), z)  # type: ignore[operator]
            total += float(weight * (slope @ (b - a)))
    return total


# First and second are exchanged where both scores are 1 and where both are 0, the third stays last: the way goes out
# with the right order, and comes back with the wrong one.
ROUND_A_SWAP: list[Point] = [(1, 1, -1), (1.5, 0.5, -1), (0, 0, -1), (-0.5, 0.5, -1)]
IN_ONE_ORDER: list[Point] = [(2.0, 1.0, 0.0), (3.0, 1.5, 0.2), (2.5, 0.6, -1.0), (1.5, 0.9, -0.4)]


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_it_does_work_round_a_way_through_a_change_of_order() -> None:
    """As much as its potentials of the two orders differ between the two places at which the order changes."""
    first, second, third = (1 / math.log2(k) for k in (2, 3, 4))
    best = 3 * first + second
    gains = (first - third) / best, (second - third) / best

    def potential(z: Point, order: int) -> float:
        """Of the pairs with the third document; the weight of the first two is the same in both orders."""
        high, low = gains if order == 0 else gains[::-1]
        return 3 * high * softplus(z[2] - z[0]) + 1 * low * softplus(z[2] - z[1])

    high, low = ROUND_A_SWAP[0], ROUND_A_SWAP[2]
    expected = potential(low, 0) - potential(high, 0) + potential(high, 1) - potential(low, 1)
    assert abs(expected) > 0.01
    assert work(lambdarank, ROUND_A_SWAP) == pytest.approx(expected, rel=1e-9)


def test_it_does_none_while_the_order_stays() -> None:
    assert work(lambdarank, IN_ONE_ORDER) == pytest.approx(0, abs=1e-12)


def test_a_loss_does_none_anywhere() -> None:
    assert work(ranknet, ROUND_A_SWAP) == pytest.approx(0, abs=1e-12)
    assert work(ranknet, IN_ONE_ORDER) == pytest.approx(0, abs=1e-12)
