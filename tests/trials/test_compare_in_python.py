"""`lossaudit.compare`: what a notebook hands over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import lossaudit
from lossaudit.errors import UsageError

X, Y = torch.randn(90, 4, generator=torch.Generator().manual_seed(0)), torch.arange(90) % 3

NOTEBOOK = """
import torch, lossaudit
from torch.nn import functional as F

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 3)
    def forward(self, x):
        return self.layer(x)

if __name__ == "__main__":
    x, y = torch.randn(90, 4, generator=torch.Generator().manual_seed(0)), torch.arange(90) % 3
    losses = ["ce", lambda z, y: F.cross_entropy(z, y)]
    made = [
        lossaudit.compare(Network, (x, y), losses, seeds=2, epochs=2, rates=[0.1], backend=backend, jobs=2)
        for backend in ("loky", "serial")
    ]
    far, near = (
        [(each.name, each.figures["accuracy"], each.curves) for each in shown.contestants] for shown in made
    )
    assert repr(far) == repr(near)
    ours, theirs = near[0][1:], near[1][1:]
    assert repr(ours) == repr(theirs), "a lambda that is cross-entropy trains as cross-entropy"
    print("same")
"""


def test_a_lambda_and_a_class_of_the_notebook_train_in_other_processes(tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    done = subprocess.run([sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "same\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "notebook.py"]


def test_nothing_of_the_users_is_touched() -> None:
    torch.manual_seed(7)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    x, y = X.clone(), Y.clone()
    options = {"seeds": 1, "epochs": 1, "rates": [0.1], "backend": "serial"}
    shown = lossaudit.compare(lambda: torch.nn.Linear(4, 3), (x, y), ["ce", "mse:softmax"], **options)
    assert shown.comparison.missing == 0
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert torch.equal(x, X)
    assert torch.equal(y, Y)


def test_a_function_of_the_users_trains() -> None:
    def train(loss, seed, lr, budget):
        reached = {"a": 0.6, "b": 0.9}[loss] - abs(lr - 0.1)
        return {"validation": {"accuracy": reached}, "test": {"accuracy": reached}}

    shown = lossaudit.compare(train=train, losses=["a", "b"], seeds=2, rates=[0.1, 0.5], epochs=3, backend="serial")
    assert [each.rate for each in shown.contestants] == [0.1, 0.1]
    assert shown.contestants[1].figures["accuracy"].mean == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 0}, "^seeds 0: give a whole number"),
        ({"weight_decay": -1.0}, "^weight_decay -1"),
        ({"budget": "soon"}, "'soon' is no time"),
        ({"start": "warm"}, "^start warm"),
        ({"losses": ["ce"], "reference": "mse"}, "^reference mse: is none of the losses"),
        ({"backend": "slurm"}, "no backend 'slurm'"),
    ],
)
def test_mistakes_are_named_as_arguments(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lossaudit.compare("linear", (X, Y), **{"epochs": 1, **options})
