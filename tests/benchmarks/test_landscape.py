"""The benchmark's questions tell a right engine from a wrong one."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import landscape


def shifted(task: landscape.Task, size: int) -> np.ndarray:
    """Every other row stands one step aside."""
    grid = landscape.ours(task, size)
    grid[1::2] = np.roll(grid[1::2], 1, axis=1)
    return grid


def filled(task: landscape.Task, size: int) -> np.ndarray:
    grid = landscape.ours(task, size)
    return np.where(np.isnan(grid), 0.0, grid)


def leaving(task: landscape.Task, size: int) -> np.ndarray:
    grid = landscape.ours(task, size)
    with torch.no_grad():
        next(task.model.parameters()).add_(1.0)
    return grid


def beside(task: landscape.Task, size: int) -> np.ndarray:
    """The trained point lies between the nodes."""
    return landscape.ours(task, size + 1)[:-1, :-1]


def test_ours_passes_and_each_mistake_is_told() -> None:
    assert landscape.answers(landscape.ours) == "affine yes, NaN yes, centre yes, restored yes"
    assert not landscape.is_affine(shifted)
    assert not landscape.keeps_nan(filled)
    assert not landscape.restores(leaving)
    assert not landscape.is_centred(beside)


def test_a_failing_engine_is_named_by_its_error() -> None:
    def fails(task: landscape.Task, size: int) -> np.ndarray:
        raise LookupError

    assert landscape.answers(fails).startswith("affine LookupError, NaN LookupError")


def test_times_and_errors_of_a_small_picture() -> None:
    task = landscape.PROBLEMS["mlp"].task(steps=5)
    engines = {"floor": landscape.floor, "ours": landscape.ours}
    times, grids = landscape.best_times(engines, task, 13, 1)
    assert all(0 < seconds < 60 for seconds in times.values())
    assert np.ptp(grids["floor"]) == 0
    assert grids["ours"].shape == (13, 13)
    assert "held-out error" in landscape.errors(task, grids["ours"])
