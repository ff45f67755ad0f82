"""Named scalars: the coordinates are the parameters' own values."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.directions import scalar_plane
from lossaudit.landscape.probe import Probe


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.tensor(0.5))
        self.w2 = nn.Parameter(torch.tensor([-1.5]))
        self.layer = nn.Linear(3, 2)
        self.frozen = nn.Parameter(torch.zeros(1), requires_grad=False)


def probe(model: nn.Module) -> Probe:
    return Probe(model, nn.MSELoss(), ((torch.zeros(1), torch.zeros(1)),))


def test_one_scalar_moves_and_its_coordinate_is_its_value():
    model = Named()
    plane = scalar_plane(probe(model), ["w1", "layer.weight:1,2"])
    assert plane.axes == ("w1", "layer.weight[1, 2]")
    assert plane.offset == (0.5, model.layer.weight[1, 2].item())
    ones = [[(name, tuple(map(int, at))) for name, part in zip(probe(model).names, direction, strict=True)
             for at in part.nonzero()] for direction in plane.directions]  # fmt: skip
    assert ones == [[("w1", ())], [("layer.weight", (1, 2))]]
    assert all(
        part.sum() == (name in {"w1"}) for name, part in zip(probe(model).names, plane.directions[0], strict=True)
    )


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("w2", "w2[0]"),
        ("w2:0", "w2[0]"),
        ("w2:-1", "w2[0]"),
        ("w1:0", "w1"),
        ("layer.bias:1", "layer.bias[1]"),
        ("layer.weight:3", "layer.weight[1, 0]"),
        ("layer.weight:-1", "layer.weight[1, 2]"),
        ("layer.weight: 0, 2", "layer.weight[0, 2]"),
    ],
)
def test_spellings(name, axis):
    assert scalar_plane(probe(Named()), [name]).axes == (axis,)


def test_a_shared_parameter_goes_by_any_of_its_names():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    model[1].weight = model[0].weight
    assert scalar_plane(probe(model), ["1.weight"]).directions[0][0].item() == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["layr.weight:0"], "no parameter 'layr.weight'; there is layer.weight"),
        (["zzz"], "no parameter 'zzz'; there is w1, w2, layer.weight"),
        (["layer.weight"], r"has 6 elements, shape \(2, 3\)"),
        (["layer.weight:6"], "index 6 is out of range"),
        (["layer.weight:2,0"], "index 2 is out of range"),
        (["layer.weight:0,0,0"], "give 2 indices, or one"),
        (["layer.weight:x"], "whole numbers"),
        (["layer.weight:"], "whole numbers"),
        (["frozen"], "frozen is not trainable"),
        (["w1", "w1:0"], "are the same scalar"),
        (["layer.weight:3", "layer.weight:1,0"], "are the same scalar"),
        ([], "1 or 2 scalars, not 0"),
        (["w1", "w2", "layer.bias:0"], "1 or 2 scalars, not 3"),
    ],
)
def test_bad_names_get_one_line(names, said):
    with pytest.raises(UsageError, match=said) as raised:
        scalar_plane(probe(Named()), names)
    assert "\n" not in str(raised.value)
