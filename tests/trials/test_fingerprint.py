"""A fingerprint changes with all that changes an outcome, and with nothing that is only another process."""

from __future__ import annotations

import functools
import importlib
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lossaudit.trials import fingerprint

HELPER = "import torch\n\ndef squash(z):\n    return torch.tanh(z)\n"
MODEL = """
import torch
from torch import nn

WIDTH = 4


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(3, WIDTH), nn.Dropout(0.5), nn.Linear(WIDTH, 2)

    def forward(self, x):
        from {helper} import squash

        return self.last(self.drop(squash(self.first(x))))


def make():
    return Net()
"""


class Project:
    """A user's model in two files, which a test edits."""

    def __init__(self, folder: Path, name: str) -> None:
        self.model, self.helper = folder / f"{name}_model.py", folder / f"{name}_helper.py"
        self.helper.write_text(HELPER)
        self.model.write_text(MODEL.format(helper=self.helper.stem))

    def fingerprint(self, width: int | None = None) -> dict[str, str]:
        for file in (self.model, self.helper):
            sys.modules.pop(file.stem, None)
            for compiled in file.parent.glob(f"__pycache__/{file.stem}*"):
                compiled.unlink()
        importlib.invalidate_caches()
        loaded = importlib.import_module(self.model.stem)
        if width is not None:
            loaded.WIDTH = width
        return fingerprint.of_model(loaded.make, torch.arange(12.0).reshape(4, 3))

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    return Project(tmp_path, f"project_{tmp_path.name.replace('-', '_')}")


def test_the_same_model_has_the_same_fingerprint(project):
    assert project.fingerprint() == project.fingerprint()


def test_an_edit_of_forward_changes_what_it_answers(project):
    before = project.fingerprint()
    project.edit(project.model, "self.last(self.drop(", "2 * self.last(self.drop(")
    after = project.fingerprint()
    assert all(before[part] != after[part] for part in ("factory", "code", "answers"))
    assert before["state"] == after["state"]


def test_an_edit_that_no_probe_shows_changes_it_too(project):
    before = project.fingerprint()
    project.edit(
        project.model,
        "    def forward(self, x):\n",
        "    def forward(self, x):\n        x = x if len(x) != 999 else -x\n",
    )
    after = project.fingerprint()
    assert before["answers"] == after["answers"]
    assert before["code"] != after["code"]
    assert before["factory"] != after["factory"]


def test_an_edit_of_what_is_imported_inside_a_function_changes_it(project):
    before = project.fingerprint()
    project.edit(project.helper, "torch.tanh(z)", "torch.tanh(z) + 0 * torch.exp(z.clamp(max=0))")
    after = project.fingerprint()
    assert before["answers"] == after["answers"]
    assert before["factory"] != after["factory"]


def test_the_rate_of_dropout_shows_in_training_mode_only(project):
    before = project.fingerprint()
    project.edit(project.model, "nn.Dropout(0.5)", "nn.Dropout(0.25)")
    assert project.fingerprint()["answers"] != before["answers"]


def test_a_global_that_was_set_at_run_time_counts(project):
    assert project.fingerprint(width=5)["factory"] != project.fingerprint()["factory"]


def test_random_states_and_threads_are_left_alone(project):
    torch.manual_seed(7)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    project.fingerprint()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_random_numbers_of_every_kind_begin_at_the_seed():
    def make():
        layer = torch.nn.Linear(2, 1)
        torch.nn.init.constant_(layer.bias, random.random() + float(np.random.rand()))
        return layer

    states = random.getstate(), np.random.get_state()[1].tolist()
    assert fingerprint.of_model(make, torch.zeros(2, 2)) == fingerprint.of_model(make, torch.zeros(2, 2))
    assert states == (random.getstate(), np.random.get_state()[1].tolist())


def scaled(z, by=2.0):
    return z * by


class Scaled:
    def __init__(self, by):
        self.by = by

    def __call__(self, z):
        return z * self.by


def closed(by):
    return lambda z: z * by


OTHER = torch.tensor([0.0, -0.0])
DIFFERENT = [
    (closed(2.0), closed(3.0)),
    (Scaled(2.0), Scaled(3.0)),
    (Scaled(2.0).__call__, Scaled(3.0).__call__),
    (functools.partial(scaled, by=2.0), functools.partial(scaled, by=3.0)),
    (functools.partial(torch.mul, other=torch.ones(2)), functools.partial(torch.mul, other=torch.zeros(2))),
    (scaled, closed(2.0)),
    (OTHER, -OTHER),
    (OTHER, OTHER.double()),
    (OTHER, OTHER[None]),
    (np.zeros(2), np.zeros(2, dtype=np.float32)),
    (torch.ones(2, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.bfloat16)),
    (torch.nn.functional.mse_loss, torch.nn.functional.l1_loss),
    (torch.nn.CrossEntropyLoss(label_smoothing=0.1), torch.nn.CrossEntropyLoss()),
    (torch.nn.CrossEntropyLoss(weight=torch.ones(2)), torch.nn.CrossEntropyLoss(weight=torch.zeros(2))),
    (True, 1),
    ("1", 1),
    (1, 1.0),
    ({"a": 1}, {"a": 2}),
    ([1, [2]], [[1], 2]),
    (iter([1]), iter([2])),
]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_differs_has_another_fingerprint(first, second):
    assert fingerprint.of(first) == fingerprint.of(first)
    assert fingerprint.of(first) != fingerprint.of(second)


def test_what_cannot_be_looked_into_is_never_the_same():
    made = (each for each in "ab")
    assert fingerprint.of(made) != fingerprint.of(made)


def test_what_refers_to_itself_ends():
    ring: list[object] = [1]
    ring.append(ring)
    assert fingerprint.of(ring) == fingerprint.of(ring)


def test_a_call_counts_what_is_given_and_what_is_raised():
    def fails(z):
        raise ValueError("no")

    one, two = torch.ones(3), torch.zeros(3)
    assert fingerprint.of_call(scaled, one)["gives"] != fingerprint.of_call(scaled, two)["gives"]
    assert fingerprint.of_call(fails, one) == fingerprint.of_call(fails, two)


PROGRAM = """
import torch
from lossaudit.trials import fingerprint

NAMES = {"b", "a", "c"}

class Net(torch.nn.Module):
    WIDTH = 3

    def forward(self, x):
        return x if x.dtype in {torch.float32, torch.float64} and "a" in {"a", "b"} else helper(x, NAMES)

def helper(x, names):
    return FACTOR * x

for FACTOR in (2, 3):
    print(fingerprint.of(Net), fingerprint.of_model(Net, torch.ones(2, 1)))
"""


def test_another_process_finds_the_same_and_sees_what_a_notebook_refers_to():
    programs = [
        subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
        for text in (PROGRAM, "\n\n" + PROGRAM)
    ]
    first, again = [program.communicate()[0].splitlines() for program in programs]
    assert len(first) == 2
    assert first == again
    assert first[0] != first[1]
