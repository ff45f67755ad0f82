"""Random directions are scaled as Li et al. 2018 (arXiv 1712.09913), section 4, say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.directions import random_plane
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe


def probe(model: nn.Module) -> Probe:
    """Directions look at parameters only, so any data will do."""
    return Probe(model, nn.MSELoss(), ((torch.zeros(1), torch.zeros(1)),))


def by_name(plane: Plane, model: nn.Module, which: int = 0) -> dict[str, torch.Tensor]:
    return dict(zip(dict(model.named_parameters()), plane.directions[which], strict=True))


@pytest.mark.parametrize(
    ("layer", "filters"),
    [
        (nn.Linear(5, 3), lambda w: w.reshape(3, -1)),
        (nn.Conv1d(4, 6, 3, groups=2), lambda w: w.reshape(6, -1)),
        (nn.Conv2d(2, 3, 3), lambda w: w.reshape(3, -1)),
        (nn.Conv3d(2, 3, 2), lambda w: w.reshape(3, -1)),
        (nn.Embedding(7, 4), lambda w: w),
        # A transposed convolution is stored as (in, out / groups, ...): output channel o of group g reads the
        # input channels of that group alone.
        (nn.ConvTranspose1d(4, 3, 5), lambda w: w.transpose(0, 1).reshape(3, -1)),
        (nn.ConvTranspose2d(4, 3, 2), lambda w: w.transpose(0, 1).reshape(3, -1)),
        (nn.ConvTranspose3d(4, 3, 2), lambda w: w.transpose(0, 1).reshape(3, -1)),
        (
            nn.ConvTranspose2d(4, 6, 2, groups=2),
            lambda w: torch.cat([w[g * 2 : g * 2 + 2, o].reshape(1, -1) for g in range(2) for o in range(3)]),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_each_filter_gets_the_norm_of_the_weights_filter(layer, filters):
    plane = random_plane(probe(layer), seed=3)
    for which in range(2):
        direction = by_name(plane, layer, which)
        torch.testing.assert_close(filters(direction["weight"]).norm(dim=1), filters(layer.weight.detach()).norm(dim=1))
        if "bias" in direction:
            assert not direction["bias"].any()


def test_the_filter_of_a_transposed_convolution_is_what_makes_one_output_channel():
    layer = nn.ConvTranspose2d(4, 6, 2, groups=2, bias=False)
    with torch.no_grad():
        layer.weight[2:, 1] = 0.0  # group 1, second output: channel 4
    x = torch.randn(1, 4, 3, 3)
    assert [c for c in range(6) if not layer(x)[0, c].any()] == [4]
    direction = random_plane(probe(layer), dims=1).directions[0]
    with torch.no_grad():
        layer.weight.copy_(direction[0])
    assert [c for c in range(6) if not layer(x)[0, c].any()] == [4]


def test_norm_layers_stay_and_a_padding_row_stays_zero():
    model = nn.Sequential(nn.Embedding(5, 4, padding_idx=2), nn.LayerNorm((3, 4)), nn.Linear(4, 2))
    direction = by_name(random_plane(probe(model)), model)
    assert not direction["0.weight"][2].any()
    assert not direction["1.weight"].any()
    assert not direction["1.bias"].any()
    assert not direction["2.bias"].any()


def test_layer_normalisation_gives_each_tensor_its_norm():
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2))
    direction = by_name(random_plane(probe(model), normalize="layer"), model)
    for name in ("0.weight", "1.weight"):
        torch.testing.assert_close(direction[name].norm(), model.get_parameter(name).detach().norm())
    assert not direction["0.bias"].any()


def test_without_normalisation_all_parameters_move_by_standard_normal_numbers():
    layer = nn.Linear(200, 200)
    numbers = torch.cat([part.reshape(-1) for part in random_plane(probe(layer), normalize="none").directions[0]])
    assert abs(float(numbers.mean())) < 4 / 200
    assert abs(float(numbers.std()) - 1) < 4 / 200 / 2**0.5
    assert by_name(random_plane(probe(layer), normalize="none"), layer)["bias"].all()


def test_same_seed_same_directions_and_no_random_number_is_taken_from_the_user():
    model = nn.Linear(4, 3)
    before = torch.get_rng_state()
    first, second = random_plane(probe(model), 5), random_plane(probe(model), 5)
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(first.directions, second.directions, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert not torch.equal(first.directions[0][0], random_plane(probe(model), 6).directions[0][0])
    wide = random_plane(probe(nn.Linear(4, 3).double()), 5, "none").directions[0][0]
    torch.testing.assert_close(random_plane(probe(model), 5, "none").directions[0][0], wide.float())


def test_origin_is_a_copy_and_shared_weights_move_once():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    plane = random_plane(probe(model))
    assert len(plane.origin) == len(plane.directions[0]) == 1
    assert torch.equal(plane.origin[0], model[0].weight)
    with torch.no_grad():
        model[0].weight.zero_()
    assert plane.origin[0].any()


def test_orthogonal_only_where_it_is_asked_for_and_said():
    model = nn.Linear(3, 3)
    plain, made = random_plane(probe(model), 1), random_plane(probe(model), 1, orthogonal=True)
    inner = [
        sum(float((x.double() * y).sum()) for x, y in zip(*plane.directions, strict=True)) for plane in (plain, made)
    ]
    assert abs(inner[0]) > 1e-3
    assert abs(inner[1]) < 1e-6
    assert "not made orthogonal" in " ".join(plain.notes)
    assert "were made orthogonal" in " ".join(made.notes)
    assert made.settings["orthogonal"] is True


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (nn.ReLU(), {}, "no trainable parameters"),
        (nn.Linear(2, 2).requires_grad_(False), {}, "no trainable parameters"),
        (nn.LayerNorm(3), {}, "leaves all parameters of this model fixed; take `none`"),
        (nn.Linear(2, 2), {"normalize": "filters"}, "there is no normalisation 'filters': take filter, layer, none"),
        (nn.Linear(2, 2), {"dims": 3}, "1 or 2 directions, not 3"),
    ],
)
def test_bad_requests_get_one_line(model, options, said):
    with pytest.raises(UsageError, match=said) as raised:
        random_plane(probe(model), **options)
    assert "\n" not in str(raised.value)


def test_nan_parameters_are_named():
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.bias[0] = float("nan")
    with pytest.raises(UsageError, match="parameter bias holds NaN"):
        random_plane(probe(model))
