"""Every loss of the catalogue: derivatives against differences of values, and signs against what is proved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.logit_surfaces import subject

from lossaudit import cards
from lossaudit.landscape.derivatives import examined
from lossaudit.landscape.picture import Curvature
from lossaudit.proving.named import names

STEP = 2.0**-12
SOME = ("cross_entropy", "categorical_focal", "mse", "tukey", "sparsemax", "rps", "dice", "listmle")
CLAMPED = {"bce": 30.0}  # as coded, its logarithm ends at -100 in a step once the sigmoid is 1

AT_ZERO = {"logit_norm"}  # z / |z| is 0 / 0 at one node


def compare(name: str) -> None:
    """Gradient and Hessian in the plane against central differences at points where the loss is smooth."""
    of = subject(name, 3.0)
    d = len(of.directions)
    rng = np.random.default_rng(0)
    points = torch.from_numpy(rng.uniform(max(of.low, 0.3) if of.low > 0 else of.low, of.high, (40, d)))
    made = examined(of.function, of.centre, of.directions, points.numpy()[:2])
    if not made.twice:
        return
    local = made.at(points, 2)

    def loss(move):
        return made.at(points + STEP * torch.tensor(move, dtype=torch.float64), 0).loss

    eye = np.eye(d)
    inside = local.gradient @ made.directions.T
    smooth = torch.ones(len(points), dtype=torch.bool)
    rows = []
    for i in range(d):
        slope = (loss(eye[i]) - loss(-eye[i])) / (2 * STEP)
        left, right = (local.loss - loss(-eye[i])) / STEP, (loss(eye[i]) - local.loss) / STEP
        smooth &= ~((right - left).abs() > 0.1 * (1 + slope.abs()))
        row = []
        for j in range(d):
            corners = [loss(a * eye[i] + b * eye[j]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            row.append((corners[0] - corners[1] - corners[2] + corners[3]) / (4 * STEP**2))
        rows.append(torch.stack(row, -1))
        scale = 1 + slope.abs().nan_to_num().max()
        assert torch.allclose(inside[smooth, i], slope[smooth], rtol=1e-4, atol=1e-5 * float(scale), equal_nan=True), (
            name
        )
    bent = torch.stack(rows, 1)
    off = (local.hessian - bent).abs().flatten(1).amax(1)
    size = 1 + bent.abs().flatten(1).amax(1)
    known = smooth & off.isfinite()
    near = off[known] <= 1e-3 * size[known] + 1e-7 * (1 + local.loss[known].abs()) / STEP
    assert near.double().mean() > 0.9, (name, off[known])  # a kink within a step of the point may spoil some


@pytest.mark.parametrize("name", SOME)
def test_derivatives_agree_with_differences(name):
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_derivatives_agree_with_differences_for_every_loss(name):
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_surface_is_complete_and_claims_nothing_against_a_proof(name):
    """A loss that is proved convex for all targets is nowhere negative, whatever the reach."""
    convex = next(iter(cards.said(name).values())) == ("yes", "proved")
    for reach in (3.0, 50.0, 800.0):
        of = subject(name, min(reach, CLAMPED.get(name, reach)))
        drawn = of.draw(41)
        assert drawn.loss.shape == (41,) * len(of.directions)
        undefined = np.isnan(drawn.loss)
        assert np.isnan(drawn.slope[undefined]).all()
        assert np.isnan(drawn.curvature[undefined]).all()
        assert not drawn.negative[undefined].any()
        assert drawn.curvature_by in Curvature
        if not (of.low > 0 or reach > 50 or name in AT_ZERO):
            assert not undefined.any()
        if convex:
            assert not drawn.negative.any(), reach
