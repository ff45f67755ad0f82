"""Data by address; and that loading changes nothing but what it returns."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from lossaudit.errors import UsageError
from lossaudit.trials.data import as_binary, load, made
from lossaudit.trials.problem import Task

OWN = """
import numpy as np, torch
x = torch.arange(40.0).reshape(20, 2)
pair = (x, torch.arange(20) % 2)
def drawn(shift=0): return (torch.randn(20, 2) + float(np.random.rand()) + shift, pair[1])
def raises(): raise ValueError("no data today")
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own_data.py"
    path.write_text(OWN)
    return str(path)


def test_digits_are_those_of_scikit_learn_each_in_one_part() -> None:
    problem, sealed = load("digits")
    pixels, labels = load_digits(return_X_y=True)
    parts = (problem.train, problem.validation, sealed.open())
    held = sorted((*(16 * row).tolist(), int(y)) for part in parts for row, y in zip(part.x, part.y, strict=True))
    assert held == sorted((*row.tolist(), int(y)) for row, y in zip(pixels, labels, strict=True))


def test_data_of_a_file_in_python(own: str) -> None:
    problem, sealed = load(f"{own}:pair")
    assert (problem.outputs, len(problem.train), len(problem.validation), len(sealed)) == (2, 12, 4, 4)
    assert problem.name.endswith("own_data.py:pair")


def test_data_that_is_drawn_is_the_same_with_the_same_seed(own: str) -> None:
    first, again, other = (load(f"{own}:drawn(shift=1)", seed=seed)[0].train.x for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_states_stay_as_they_were(own: str) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[union-attr]
    load(f"{own}:drawn", noise=0.2, imbalance=2)
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_is_a_whole_number_of_63_bits(seed: int) -> None:
    with pytest.raises(UsageError, match=f"seed {seed}: a whole number"):
        load("digits", seed=seed)


def test_two_classes_may_be_one_number() -> None:
    part = (torch.zeros(4, 1), torch.tensor([0, 1, 0, 1]))
    binary = as_binary(made("two", part, part, part, labels=("no", "yes"))[0])
    assert (binary.task, binary.outputs, binary.labels) == (Task.BINARY, 1, ("no", "yes"))
    assert binary.words[-1] == "The model returns one number for a sample: the logit of class yes."
    assert as_binary(binary) is binary
    with pytest.raises(UsageError, match="here are 10 classes"):
        as_binary(load("digits")[0])


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("digit", "no such data; give digits, FILE.csv:TARGET"),
        ("weights.pt", "load it in Python, and give FILE.py:DATA"),
        ("{folder}", "is a directory"),
        ("{own}:nothing", "has no nothing"),
        ("{own}:raises", "raises ValueError: no data today"),
        ("nowhere.py:x", "there is no file nowhere.py"),
        ("no_such_module:x", "there is no module"),
        ("", "no such data"),
    ],
)
def test_an_address_that_is_none_is_one_clear_line(own: str, address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load(address.format(own=own, folder=Path(own).parent))
    assert "\n" not in str(caught.value)
