"""Pictures of models: what they promise, on a digits MLP and on models with traps."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from lossaudit.drawing.model import DIRECTIONS, draw_model, lowest
from lossaudit.drawing.model_words import percent
from lossaudit.errors import UsageError
from lossaudit.landscape.directions import Recorder
from lossaudit.landscape.picture import Curvature, Mark, MarkKind, Picture, Surface
from lossaudit.landscape.store import load, save
from lossaudit.training import Training


def only(picture: Picture) -> Surface:
    (panel,) = picture.panels
    return panel.surface


def mark(picture: Picture, kind: MarkKind) -> Mark:
    (found,) = [each for each in only(picture).marks if each.kind is kind]
    return found


@pytest.fixture(scope="module")
def digits() -> tuple[Training, Recorder]:
    x, y = load_digits(return_X_y=True)
    x, y = torch.tensor(x[:128] / 16, dtype=torch.float32), torch.tensor(y[:128])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    recorder = Recorder(model)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for step in range(30):
        if step % 5 == 0:
            recorder()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    recorder()
    return Training(model, nn.CrossEntropyLoss(), (x, y), name="digits MLP"), recorder


def everything(model: nn.Module) -> dict[str, object]:
    return {
        "state": {name: value.clone() for name, value in model.state_dict().items()},
        "gradients": [None if p.grad is None else (id(p.grad), p.grad.clone()) for p in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "random": (torch.get_rng_state(), np.random.get_state()[1].copy()),
    }


def assert_untouched(before: dict[str, object], after: dict[str, object]) -> None:
    torch.testing.assert_close(after, before, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("directions", [*DIRECTIONS, "0.bias:3,2.weight:1,5"])
def test_the_centre_node_is_the_models_own_loss_bit_for_bit_and_the_model_is_as_before(digits, directions):
    training, recorder = digits
    given = {"trajectory": recorder, "between": recorder.checkpoints[:1]}.get(directions, ())
    with torch.no_grad():
        own = float(training.loss_fn(training.model.eval()(training.data[0]), training.data[1]))
    training.model.train()
    before = everything(training.model)
    pictures = [
        draw_model(training, directions=directions, size=13, checkpoints=given, curvature=Curvature.DIFFERENCES)
        for _ in range(2)
    ]
    assert_untouched(before, everything(training.model))
    surface = only(pictures[0])
    offset = mark(pictures[0], MarkKind.CENTRE).points[0]
    at = surface.loss[surface.x.values == offset[0]] if surface.y is None else surface.loss[
        np.ix_(surface.y.values == offset[1], surface.x.values == offset[0])
    ]  # fmt: skip
    if directions.startswith("head"):  # from cached features, in another order of summation
        assert at.item() == pytest.approx(own, rel=1e-6)
    else:
        assert at.item() == own
    np.testing.assert_array_equal(only(pictures[1]).loss, surface.loss)
    np.testing.assert_array_equal(only(pictures[1]).curvature, surface.curvature)
    assert pictures[0].title.startswith("digits MLP, ")
    assert all("\n" not in sentence for sentence in (pictures[0].title, *pictures[0].caption))


def test_the_title_is_read_off_the_arrays(digits):
    training, _ = digits
    picture = draw_model(training, size=13)
    surface = only(picture)
    share = surface.negative.sum() / np.isfinite(surface.curvature).sum()
    said = f"negative curvature at {percent(share)} of the nodes" if share else "no negative curvature beyond rounding"
    assert said in picture.title
    centre = surface.loss[6, 6]
    assert ("the model is the lowest node" in picture.title) == (centre == surface.loss.min())
    # What the model is not, it is not called: the same plane around an untrained model.
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    fresh = draw_model(Training(model, nn.CrossEntropyLoss(), training.data), size=13)
    least = float(only(fresh).loss.min())
    assert only(fresh).loss[6, 6] > 1.01 * least
    assert f"is not the lowest node ({least:.3g})" in fresh.title


def test_in_the_head_block_squared_error_on_softmax_dips_and_cross_entropy_does_not(digits):
    training, _ = digits
    x, y = training.data

    def squared_error(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.mse_loss(p, nn.functional.one_hot(y, 10).to(p.dtype))

    wrong = Training(nn.Sequential(training.model, nn.Softmax(1)), squared_error, (x, y))
    picture = draw_model(wrong, directions="head-wrong", size=13)
    assert only(picture).negative.any()
    assert "negative curvature at" in picture.title
    right = draw_model(training, directions="head-wrong", size=13)
    assert not only(right).negative.any()
    assert "no negative curvature beyond rounding" in right.title
    # Where classes are exchanged, cross-entropy is far above that of uniform logits; squared error has nowhere to go.
    assert only(right).loss[6, -1] > 3 * np.log(10)
    assert only(picture).loss.max() <= 0.2


def test_a_trajectory_is_drawn_about_its_end_with_true_losses(digits):
    training, recorder = digits
    picture = draw_model(training, directions="trajectory", checkpoints=recorder, size=13)
    path = mark(picture, MarkKind.PATH)
    model = copy.deepcopy(training.model).eval()
    for state, loss in zip(recorder.checkpoints, path.loss, strict=True):
        model.load_state_dict(state)
        with torch.no_grad():
            assert float(training.loss_fn(model(training.data[0]), training.data[1])) == loss
    surface = only(picture)
    assert picture.directions["path_on_surface"][-1] == path.loss[-1]
    assert surface.x.values[0] < path.points[:, 0].min()
    assert surface.x.values[-1] > path.points[:, 0].max()
    said = " ".join(picture.caption)
    assert "they explain" in said
    assert "off the slice" in said
    first, second = (picture.directions[name].astype(float) for name in ("first", "second"))
    assert first @ second == pytest.approx(0, abs=1e-5)
    vector = (
        torch.cat([value.flatten() for value in recorder.checkpoints[0].values()]).numpy()
        - picture.directions["origin"]
    )
    off = vector - (vector @ first) * first - (vector @ second) * second
    assert np.linalg.norm(off) == pytest.approx(path.distance[0], rel=1e-4)


def test_the_centre_of_a_trajectory_has_the_last_checkpoints_buffers():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Linear(6, 1))
    data = torch.randn(32, 3), torch.randn(32, 1)
    recorder = Recorder(model)
    for _ in range(4):
        model.train()(data[0] + 1)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        recorder()
    with torch.no_grad():
        last = float(nn.functional.mse_loss(model.eval()(data[0]), data[1]))
        model.train()(data[0] * 5)  # and the model goes on
        model[0].weight += 1
    before = everything(model)
    picture = draw_model(Training(model, nn.MSELoss(), data), directions="trajectory", checkpoints=recorder, size=9)
    assert_untouched(before, everything(model))
    assert mark(picture, MarkKind.CENTRE).loss[0] == pytest.approx(last, rel=1e-6)
    assert mark(picture, MarkKind.PATH).loss[-1] == pytest.approx(last, rel=1e-6)
    assert "batch normalisation keeps the model's running statistics" in " ".join(picture.caption)


def test_train_mode_is_said_and_repeats():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 1)).eval()
    training = Training(model, nn.MSELoss(), (torch.randn(32, 3), torch.randn(32, 1)))
    before = everything(model)
    pictures = [draw_model(training, training_mode=True, size=7, seed=3) for _ in range(2)]
    assert_untouched(before, everything(model))
    np.testing.assert_array_equal(only(pictures[0]).loss, only(pictures[1]).loss)
    said = " ".join(pictures[0].caption)
    assert "Evaluated in train mode; batch normalisation uses the statistics of each batch at every node" in said
    assert "dropout draws the same random numbers at every node (seed 3)" in said
    assert "dropout is off" in " ".join(draw_model(training, size=7).caption)


def test_a_sub_sample_is_said_and_has_a_band(digits):
    training, _ = digits
    picture = draw_model(training, size=7, samples=40, seed=2)
    assert "CrossEntropyLoss over 40 samples, drawn at random (seed 2) from 128." in picture.caption
    assert only(picture).band is not None
    assert "band" in " ".join(picture.caption)
    assert picture.settings["samples"] == 40


def test_after_an_exception_the_model_is_as_before(digits):
    training, recorder = digits

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    before = everything(training.model)
    with pytest.raises(Stop):
        draw_model(training, directions="trajectory", checkpoints=recorder.checkpoints[:3], progress=stop, size=13)
    assert_untouched(before, everything(training.model))


def test_what_is_not_finite_stays_so_and_is_said():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)

    def loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return z.log().mean()

    picture = draw_model(Training(model, loss, (torch.ones(1, 1), torch.ones(1, 1))), directions="weight", size=5)
    surface = only(picture)
    assert surface.x.values.tolist() == [-1.0, 0.0, 1.0, 2.0, 3.0]
    assert np.isnan(surface.loss[0])
    assert surface.loss[1] == -np.inf
    assert surface.loss[2] == 0
    assert "40 % of the nodes not finite" in picture.title


def test_a_constant_loss_is_called_constant():
    model = nn.Linear(1, 1)
    training = Training(model, lambda z, y: 0 * z.sum() + 3, (torch.ones(1, 1), torch.ones(1, 1)))
    picture = draw_model(training, size=5)
    assert "the loss is 3 everywhere" in picture.title
    assert "no negative curvature" in picture.title
    assert picture.scale.low < picture.scale.high


def test_it_can_be_saved_and_loaded(digits, tmp_path):
    training, recorder = digits
    picture = draw_model(training, directions="trajectory", checkpoints=recorder, size=7)
    save(picture, tmp_path / "picture.npz")
    again = load(tmp_path / "picture.npz")
    assert again.title == picture.title
    assert again.settings == picture.settings
    np.testing.assert_array_equal(only(again).loss, only(picture).loss)
    np.testing.assert_array_equal(again.directions["first"], picture.directions["first"])


def test_a_valley_across_the_grid_has_no_minima_and_a_bowl_has_one():
    x, y = np.meshgrid(np.linspace(-1, 1, 21), np.linspace(-1, 1, 21))
    valley = (x - 0.37 * y) ** 2 + 1e-4 * x
    assert not lowest(valley).any()
    bowl = (x - 0.03) ** 2 + (y + 0.4) ** 2
    assert np.argwhere(lowest(bowl)).tolist() == [[6, 10]]
    assert not lowest(np.zeros((5, 5))).any()
    bowl[5, 10] = np.nan
    assert not lowest(bowl).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"directions": "randm"}, "'randm' is no kind of directions and no parameter of the model; there is random"),
        ({"directions": "0.wieght:3"}, "there is 0.weight"),
        ({"directions": "0.weight:99,0"}, "index 99 is out of range"),
        ({"directions": "0.weight:0,0,0.bias:0,2.bias:0"}, "1 or 2 scalars, not 3"),
        ({"directions": "trajectory"}, "needs at least two checkpoints, there are 0"),
        ({"directions": "between"}, "needs one checkpoint, not 0"),
        ({"normalize": "filters"}, "no normalisation 'filters'"),
        ({"size": 40}, "size 40: take an odd number"),
        ({"size": 1}, "size 1: take an odd number from 3 to 1001"),
        ({"reach": 0.0}, "take a number from 1e-06"),
        ({"reach": float("nan")}, "take a number from 1e-06"),
        ({"dims": 3}, "1 or 2 directions, not 3"),
    ],
)
def test_bad_requests_get_one_line(digits, options, said):
    training, _ = digits
    before = everything(training.model)
    with pytest.raises(UsageError, match=said) as raised:
        draw_model(training, **options)
    assert "\n" not in str(raised.value)
    assert_untouched(before, everything(training.model))


class Wave(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cos(self.w * x)


def test_of_many_minima_the_lowest_are_marked_and_all_are_counted():
    data = torch.ones(1, 1), torch.zeros(1, 1)
    training = Training(Wave(), lambda wave, _: wave.mean(), data)  # cos w: minima at the odd multiples of pi
    picture = draw_model(training, directions="w", reach=40.0, size=401)
    assert len(mark(picture, MarkKind.MINIMUM).points) == 5
    assert "12 nodes are lower than all of their neighbours; the 5 lowest of them are marked" in " ".join(
        picture.caption
    )
