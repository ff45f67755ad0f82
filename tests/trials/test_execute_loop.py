"""The real loop with a user's own model file: the same bits in other processes; run again when the file is edited."""

from __future__ import annotations

from tests.trials.honest import plain
from tests.trials.problems import problem

from lossaudit.proving.loading import find
from lossaudit.trials.backend import Loky, Serial
from lossaudit.trials.contender import contenders
from lossaudit.trials.execute import execute
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Task
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.workshop import Workshop

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear({inputs}, 8), nn.Dropout(0.3), nn.Linear(8, {outputs})

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.first(x))))


def make():
    return Net()
"""
TRIALS = [Trial(loss, 0.1, seed) for loss in ("ce", "mse:softmax") for seed in range(2)]


def test_a_model_file_is_sent_to_workers_and_an_edit_of_forward_runs_all_again(tmp_path):
    whole, _ = problem(Task.MULTICLASS)
    file, store = tmp_path / "net.py", Store(tmp_path / "trials.db")
    text = MODEL.format(inputs=whole.train.x.shape[1], outputs=whole.outputs)

    def run(text: str, *, where: Serial | Loky, store: Store):
        file.write_text(text)
        factory = Factory("net", find(f"{file}:make"), "")
        trainer = Loop(factory, whole, contenders(("ce", "mse:softmax"), whole), Recipe(epochs=2, batch=32))
        told: list[str] = []
        workshop = Workshop(store, where, lambda done, total, words: told.append(words))
        outcomes = execute(trainer, TRIALS, workshop).outcomes
        return [plain(outcome) for outcome in outcomes.values()], len(told) - 1

    there, ran = run(text, where=Loky(2), store=store)
    assert ran == len(TRIALS)
    here, _ = run(text, where=Serial(), store=Store())
    assert here == there
    assert run(text, where=Serial(), store=store) == (there, 0)
    edited, ran = run(text.replace("torch.relu(", "torch.tanh("), where=Serial(), store=store)
    assert ran == len(TRIALS)
    assert edited != there
    assert run(text, where=Serial(), store=store) == (there, 0)
