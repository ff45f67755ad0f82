"""Principal directions of a training trajectory, about its final point."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lossaudit.errors import UsageError
from lossaudit.landscape.directions import Recorder, trajectory_plane
from lossaudit.landscape.directions.trajectory import random_walk_share
from lossaudit.landscape.picture import MarkKind
from lossaudit.landscape.probe import Probe


def quadratic(size: int) -> tuple[nn.Module, Probe]:
    """The loss is the squared length of the parameters."""
    model = nn.Linear(size, 1, bias=False).double()
    nn.init.zeros_(model.weight)

    def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (model.weight**2).sum() + 0 * output.sum()

    return model, Probe(model, loss, ((torch.ones(1, size).double(), torch.zeros(1)),))


def points(*rows: list[float]) -> list[dict[str, torch.Tensor]]:
    return [{"weight": torch.tensor([row], dtype=torch.float64)} for row in rows]


def test_a_path_in_a_plane_is_on_it():
    _, probe = quadratic(3)
    plane = trajectory_plane(probe, points([3, 4, 0], [3, 0, 0], [0, 0, 0]))
    (path,) = plane.marks
    assert path.kind is MarkKind.PATH
    np.testing.assert_allclose(path.distance, 0, atol=1e-12)
    np.testing.assert_allclose(path.loss, [25, 9, 0], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(path.points, axis=1), [5, 3, 0], atol=1e-12)
    assert plane.settings["explained_1"] + plane.settings["explained_2"] == pytest.approx(1)


def test_axes_and_shares_are_those_of_the_singular_value_decomposition():
    rng = np.random.default_rng(0)
    walk = rng.standard_normal((12, 6)).cumsum(0)
    _, probe = quadratic(6)
    plane = trajectory_plane(probe, points(*walk.tolist()))
    about = walk - walk[-1]
    _, singular, right = np.linalg.svd(about)
    shares = singular**2 / (singular**2).sum()
    assert plane.settings["explained_1"] == pytest.approx(shares[0])
    assert plane.settings["explained_2"] == pytest.approx(shares[1])
    (path,) = plane.marks
    np.testing.assert_allclose(np.abs(path.points), np.abs(about @ right[:2].T), atol=1e-10)
    left = about - about @ right[:2].T @ right[:2]
    np.testing.assert_allclose(path.distance, np.linalg.norm(left, axis=1), atol=1e-10)
    np.testing.assert_allclose(path.loss, (walk**2).sum(1))
    # The loss is the squared length: off the plane by d, the surface is lower or higher by what d adds.
    shown = ((walk[-1] + path.points @ np.array([d[0].numpy()[0] for d in plane.directions])) ** 2).sum(1)
    worst = np.abs(path.loss - shown).argmax()
    assert f"{path.loss[worst]:.4g} against {shown[worst]:.4g} on the surface" in " ".join(plane.notes)
    np.testing.assert_array_equal(path.points[-1], 0)


def test_share_of_a_random_walk():
    """Karhunen-Loeve of Brownian motion, pinned at one end: shares 8 / (pi (2k - 1))^2."""
    assert random_walk_share(100_000, 1) == pytest.approx(8 / np.pi**2, rel=1e-4)
    assert random_walk_share(100_000, 2) == pytest.approx(8 / np.pi**2 * 10 / 9, rel=1e-4)
    assert random_walk_share(1, 1) == pytest.approx(1)
    assert random_walk_share(2, 2) == pytest.approx(1)
    steps = np.random.default_rng(1).standard_normal((30, 20_000)).cumsum(0)
    steps = np.vstack([np.zeros(20_000), steps]) - steps[-1]
    values = np.linalg.svd(steps, compute_uv=False) ** 2
    assert random_walk_share(30, 1) == pytest.approx(values[0] / values.sum(), rel=0.02)
    assert random_walk_share(30, 2) == pytest.approx(values[:2].sum() / values.sum(), rel=0.02)


def test_each_loss_is_taken_with_the_checkpoints_own_buffers_and_all_is_put_back():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    x, y = torch.randn(20, 3), torch.randn(20, 1)
    probe = Probe(model, nn.MSELoss(), ((x, y),))
    recorder, true = Recorder(model), []
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(5):
        recorder()
        with torch.no_grad():
            true.append(float(nn.functional.mse_loss(model.eval()(x), y)))
        model.train()
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    plane = trajectory_plane(probe, recorder)
    np.testing.assert_allclose(plane.marks[0].loss, true, rtol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    said = " ".join(plane.notes)
    assert "not the model as given" in said
    assert "buffers are not those of the last checkpoint" in said


def test_files_are_loaded_with_weights_only(tmp_path):
    model, probe = quadratic(2)
    names = []
    for number, row in enumerate(([1.0, 1.0], [1.0, 0.0], [0.0, 0.0])):
        names.append(tmp_path / f"{number}.pt")
        torch.save({"epoch": number, "model_state_dict": {"module.weight": torch.tensor([row])}}, names[-1])
    plane = trajectory_plane(probe, names)
    np.testing.assert_allclose(plane.marks[0].loss, [2, 1, 0])
    whole = tmp_path / "whole.pt"
    torch.save(model, whole)
    with pytest.raises(UsageError, match=r"cannot be loaded with weights only: save model.state_dict\(\)") as raised:
        trajectory_plane(probe, [whole, whole])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("checkpoints", "said"),
    [
        ([], "needs at least two checkpoints, there are 0"),
        (points([1, 2]), "needs at least two checkpoints, there is 1"),
        (points([1, 2], [1, 2], [1, 2]), "the checkpoints are all the same"),
        (points([1, 1], [2, 2], [4, 4]), "lie on one line"),
        (points([1, 2], [1, 2, 3]), r"checkpoint 2 is of another architecture: weight has shape \(1, 3\) there"),
        ([*points([1, 2]), {"weigth": torch.zeros(1, 2)}], "checkpoint 2 has no weight; it has weigth"),
        ([*points([1, 2]), {}], "checkpoint 2 has no weight, it is empty"),
        (points([1, 2], [float("nan"), 2]), "checkpoint 2: weight holds NaN"),
        ([*points([1, 2]), "/nowhere/at/all.pt"], "there is no checkpoint /nowhere/at/all.pt"),
        ([*points([1, 2]), [torch.zeros(1, 2), torch.zeros(1)]], "checkpoint 2 has 2 tensors; the model has 1"),
    ],
)
def test_bad_checkpoints_get_one_line(checkpoints, said):
    _, probe = quadratic(2)
    with pytest.raises(UsageError, match=said) as raised:
        trajectory_plane(probe, checkpoints)
    assert "\n" not in str(raised.value)
