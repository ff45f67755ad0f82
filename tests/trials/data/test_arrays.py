"""Arrays in `.npz` files, and what Python hands over: each form is the same problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from lossaudit.errors import UsageError
from lossaudit.trials.data import load, made
from lossaudit.trials.problem import Problem, Samples, Task

N = 60
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
Y = np.arange(N) % 3
TX, TY = torch.tensor(X), torch.tensor(Y)
TRAIN, VALIDATION, TEST = (TX[:30], TY[:30]), (TX[30:42], TY[30:42]), (TX[42:], TY[42:])


def same(first: Problem, second: Problem) -> bool:
    pairs = ((first.train, second.train), (first.validation, second.validation))
    return all(torch.equal(a.x, b.x) and torch.equal(a.y, b.y) for a, b in pairs)


class Pairs(Dataset[Any]):
    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.x[index], int(self.y[index])


WHOLE: dict[str, Any] = {
    "tensors": (TX, TY),
    "arrays": (X, Y),
    "a list": [X.tolist(), Y.tolist()],
    "double precision": (X.astype(np.float64), Y.astype(np.int32)),
    "a mapping": {"x": X, "y": Y},
    "a dataset": TensorDataset(TX, TY),
    "an own dataset": Pairs(TX, TY),
    "a loader": DataLoader(TensorDataset(TX, TY), batch_size=7),
    "samples": Samples(TX, TY),
    "backwards in memory": (X[::-1, ::-1].copy()[::-1, ::-1], Y[::-1].copy()[::-1]),
    "big-endian": (X.astype(">f4"), Y.astype(">i8")),
    "sparse": (TX.to_sparse(), TY),
    "small integers": (TX, TY.to(torch.int8)),
    "a column of targets": (X, Y[:, None]),
    "one-hot": (X, np.eye(3)[Y]),
    "a generator": ((TX[i : i + 9], TY[i : i + 9]) for i in range(0, N, 9)),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_all_samples_in_any_form_are_split_the_same(data: Any) -> None:
    problem, sealed = load(data, seed=3)
    assert same(problem, load((TX, TY), seed=3)[0])
    assert (problem.task, problem.outputs, len(sealed)) == (Task.MULTICLASS, 3, 15)


PARTS: dict[str, Any] = {
    "pairs": (TRAIN, VALIDATION, TEST),
    "a mapping": {"train": TRAIN, "validation": VALIDATION, "test": TEST},
    "datasets": tuple(TensorDataset(*part) for part in (TRAIN, VALIDATION, TEST)),
    "loaders": [DataLoader(TensorDataset(*part), batch_size=8) for part in (TRAIN, VALIDATION, TEST)],
    "samples": tuple(Samples(*part) for part in (TRAIN, VALIDATION, TEST)),
    "by names": {
        **dict(zip(("x_train", "x_validation", "x_test"), (X[:30], X[30:42], X[42:]), strict=True)),
        **dict(zip(("y_train", "y_validation", "y_test"), (Y[:30], Y[30:42], Y[42:]), strict=True)),
    },
    "what made gives": made("made", TRAIN, VALIDATION, TEST),
}


@pytest.mark.parametrize("data", PARTS.values(), ids=PARTS)
def test_parts_that_are_given_stay_as_they_are(data: Any) -> None:
    problem, sealed = load(data)
    assert same(problem, made("", TRAIN, VALIDATION, TEST)[0])
    assert torch.equal(sealed.open().x, TEST[0])


def test_a_test_that_is_given_is_never_touched() -> None:
    whole = (TX[:42], TY[:42])
    for seed in (0, 1):
        problem, sealed = load((whole, TEST), seed=seed, noise=0.3)
        assert torch.equal(sealed.open().x, TEST[0])
        assert torch.equal(sealed.open().y, TEST[1])
        assert [len(problem.train), len(problem.validation)] == [33, 9]


def test_a_loader_that_shuffles_is_taken_once_and_left_as_it_was() -> None:
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(TX, TY), batch_size=8, shuffle=True, generator=generator)
    before, state = generator.get_state(), torch.get_rng_state()
    first, again = load(loader)[0], load(loader)[0]
    assert same(first, again)
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(torch.get_rng_state(), state)
    assert any("collected once" in word for word in first.words)


@pytest.mark.parametrize("form", [tuple, dict])
def test_inputs_of_several_tensors_are_split_together(form: Callable[..., Any]) -> None:
    pair = {"a": X, "b": X[:, :1] * 2}
    inputs: Any = pair if form is dict else tuple(pair.values())
    train: Any = load((inputs, Y))[0].train.x
    first, second = train.values() if form is dict else train
    assert torch.equal(second, first[:, :1] * 2)


def test_bytes_are_numbers_from_0_to_1_and_floats_are_as_they_are(tmp_path: Path) -> None:
    images = np.arange(N * 4, dtype=np.uint8).reshape(N, 2, 2)
    np.savez(
        tmp_path / "bytes.npz",
        train_images=images[:40],
        train_labels=Y[:40],
        test_images=images[40:],
        test_labels=Y[40:],
    )
    problem, sealed = load(str(tmp_path / "bytes.npz"))
    torch.testing.assert_close(sealed.open().x, torch.tensor(images[40:] / 255, dtype=torch.float32))
    assert "The bytes of the inputs, 0 to 255, are numbers from 0 to 1." in problem.words
    np.savez(tmp_path / "floats.npz", x_train=X[:40] * 9, y_train=Y[:40], x_test=X[40:] * 9, y_test=Y[40:])
    assert torch.equal(load(tmp_path / "floats.npz")[1].open().x, TX[40:] * 9)


def test_what_targets_are_is_told_by_their_type() -> None:
    assert load((X, Y.astype(str)))[0].labels == ("0", "1", "2")
    assert load((X, Y.astype(np.float32) + 0.5))[0].task is Task.REGRESSION
    assert load((X, (Y > 0).astype(np.float32)))[0].task is Task.MULTICLASS  # 0 and 1, as binary losses take them
    labels = np.stack([Y > 0, Y < 2], 1)
    problem, _ = load((X, labels))
    assert (problem.task, problem.outputs, problem.train.y.dtype) == (Task.MULTILABEL, 2, torch.float32)
    numbers, _ = load((X, X[:, :2] * 3))
    assert (numbers.task, numbers.outputs) == (Task.REGRESSION, 2)


BAD: dict[str, tuple[Any, str]] = {
    "lengths": ((X, Y[:-1]), "60 rows of inputs and 59 targets"),
    "no rows": ((X[:0], Y[:0]), "is empty"),
    "one class": ((X, Y * 0 + 7), "every target is 7; two classes are needed"),
    "one number": ((X, np.full(N, 0.5)), "every target is 0.5"),
    "no number": (
        (X + np.where(np.arange(N) == 5, np.nan, 0)[:, None], Y),
        "4 values NaN or infinite, the first in row 6",
    ),
    "no target": ((X, np.where(Y == 1, np.inf, 0.5)), "20 values NaN or infinite, the first in row 2"),
    "soft labels": ((X, np.full((N, 2), 0.5) + [[0.1, -0.1]] * N * (Y[:, None] - 1)), "probabilities of classes"),
    "identifiers": ((X, np.arange(N)), "60 different targets in 60 rows; give them as floats"),
    "one label": ((X, np.stack([Y > 0, Y > 5, Y > 1], 1)), "label 1 of 3 has the same value"),
    "a vector": ((X[:, 0], Y), r"has shape \(60,\); a row for each sample is wanted"),
    "texts": ((X.astype(str), Y), "inputs have to be numbers, and it holds texts"),
    "ragged": (([[1.0], [1.0, 2.0]], [0, 1]), "its rows have different lengths"),
    "a number": (5, "gives int; the forms are"),
    "four parts": ((1, 2, 3, 4), "gives tuple of 4; the forms are"),
    "names": (
        {"images": X, "labels": Y},
        "has images, labels; the names are x, y; or x_train, y_train, x_test, y_test",
    ),
    "a new class": (((TX[:30], TY[:30]), (TX[30:], TY[30:] + 5)), "a part holds the class 5"),
    "shapes": ((TRAIN, (X[:, :2], Y)), "different shapes for a sample"),
    "no pairs": (DataLoader(TX, batch_size=5), "the data gives no pairs"),
    "a part of three": ((TRAIN, VALIDATION, (TX, TY, TY)), "gives tuple of 3; the forms are"),
}


@pytest.mark.parametrize(("data", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_one_clear_line(data: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load(data)
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "names.npz", a=X, b=Y)
    np.savez(tmp_path / "objects.npz", x=X, y=np.array([print] * N, dtype=object))
    np.save(tmp_path / "one.npy", X)
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "broken.npz").write_bytes((tmp_path / "names.npz").read_bytes()[:300])
    (tmp_path / "folder.npz").mkdir()
    for name, said in {
        "names.npz": "has a, b; the names are x, y; or",
        "objects.npz": "it holds Python objects",
        "one.npy": "holds one array; save inputs and targets by numpy.savez",
        "text.npz": "cannot be read",
        "broken.npz": "cannot be read",
        "folder.npz": "cannot be read",
        "none.npz": "No such file",
    }.items():
        with pytest.raises(UsageError, match=said):
            load(str(tmp_path / name))
