"""Sentences of a picture say what its arrays hold, whatever these are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lossaudit.drawing.model_words import View, percent, title
from lossaudit.landscape.directions import between, random_plane
from lossaudit.landscape.picture import Coordinate, Curvature, Mark, MarkKind, Surface
from lossaudit.landscape.probe import probe
from lossaudit.training import Training


def view(loss: list[float], curvature: list[float] | None = None, *, straight: bool = False) -> View:
    """A line of five nodes; the model is the middle one, on a straight line between two models the first."""
    model = nn.Linear(2, 1)
    data = torch.ones(3, 2), torch.ones(3, 1)
    training = Training(model, nn.MSELoss(), data, name="net")
    taken = probe(model, nn.MSELoss(), data)
    plane = between(taken, nn.Linear(2, 1).state_dict()) if straight else random_plane(taken, dims=1)
    t = np.linspace(0, 1, 5) if straight else np.linspace(-1, 1, 5)
    centre = Mark(MarkKind.CENTRE, "model", np.zeros((1, 1)), np.array([loss[0 if straight else 2]]))
    bent = None if curvature is None else np.array(curvature)
    by = None if curvature is None else Curvature.DIFFERENCES
    line = Surface("loss", Coordinate("t", t), None, np.array(loss), curvature=bent, curvature_by=by, marks=(centre,))
    return View(training, taken, plane, line)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("loss", "curvature", "said"),
    [
        ([4, 1, 0.5, 1, 4], [NAN, 1, 1, 1, NAN], "the model is the lowest node (loss 0.5); no negative curvature"),
        ([4, 1, 0.5, 0.25, 4], [NAN, 1, -1, 1, NAN], "the model (loss 0.5) is not the lowest node (0.25); negative "
         "curvature at 33 % of the nodes"),
        ([4, 1, 0.501, 0.5, 4], None, "the model is within 1 % of the lowest node (loss 0.501)"),
        ([2, 2, 2, 2, 2], None, "the loss is 2 everywhere"),
        ([2, 2, 2, NAN, 2], None, "the loss is 2 wherever it is finite; 20 % of the nodes not finite"),
        ([NAN, INF, 2, 3, 4], None, "the model is the lowest node (loss 2); 40 % of the nodes not finite"),
        ([2, 2, NAN, 3, 4], None, "the loss at the model is not finite; 20 % of the nodes not finite"),
        ([NAN] * 5, [NAN] * 5, "no value of the loss is finite"),
        ([-3, -2, -1, -2, -3], None, "the model (loss -1) is not the lowest node (-3)"),
        ([1, 1, -INF, 1, 1], None, "the loss at the model is not finite"),
        ([1, -INF, 1, 1, 1], None, "falls to minus infinity"),
    ],
)  # fmt: skip
def test_titles_of_slices(loss, curvature, said):
    assert said in title(view(loss, curvature))


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ([0.01, 2, 3, 2, 0.02], "loss 0.01 and 0.02 at the ends, up to 3 between them"),
        ([3, 2, 1, 0.5, 0.02], "loss 3 and 0.02 at the ends, no barrier between them"),
        ([3, NAN, 1, 0.5, 0.02], "loss 3 and 0.02 at the ends, not finite somewhere between"),
    ],
)
def test_titles_of_straight_lines(loss, said):
    assert said in title(view(loss, straight=True))


def test_shares_are_never_rounded_to_none_or_all():
    assert percent(1 / 1681) == "under 1 %"
    assert percent(1680 / 1681) == "over 99 %"
    assert percent(0.0) == "0 %"


def test_of_a_file_the_title_has_the_name_alone():
    for name, said in {
        "/srv/models/train.py:make": "train.py:make",
        "/srv/train.py:make(root='/data')": "train.py:make(root='/data')",
        "work/train.py:make": "work/train.py:make",
        "pkg.train:make": "pkg.train:make",
    }.items():
        seen = view([4, 1, 0.5, 1, 4])
        assert replace(seen, training=replace(seen.training, name=name)).name == said
