"""The audit of each loss's model: of the stored trial, after the choices, with the finding that the loss deserves."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from lossaudit.comparison import Comparison, Contestant
from lossaudit.result import Result
from lossaudit.trials.audits import audits
from lossaudit.trials.backend import backend
from lossaudit.trials.contender import contenders
from lossaudit.trials.execute import execute
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem, Samples, Sealed, Task
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.workshop import Workshop

RATE = {"ce": 0.1, "mse:softmax": 0.1, "gce": 0.1, "mse": 1e30}


def samples(count: int) -> Samples:
    x = torch.randn(count, 4, generator=torch.Generator().manual_seed(count))
    return Samples(x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long())


def test_each_model_is_audited_and_the_test_samples_only_if_they_were_opened() -> None:
    problem = Problem("made", Task.MULTICLASS, samples(48), samples(20), outputs=3)
    factory = Factory("linear", lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), "test")
    loop = Loop(factory, problem, contenders(tuple(RATE), problem), Recipe(epochs=2, batch=16))
    workshop = Workshop(Store(None), backend("serial", 1))
    execute(loop, [Trial(name, rate, 0) for name, rate in RATE.items()], workshop)
    told: list[str] = []
    watched = replace(workshop, progress=lambda done, left, what: told.append(what))
    entrants = tuple(Contestant(name, name, rate, seeds=(0,)) for name, rate in RATE.items())
    comparison = Comparison("", "", (), (), (*entrants, Contestant("unfinished", "")), "ce", (), (), (0,))

    sealed = Sealed(samples(30))
    found = audits(loop, comparison, watched, sealed)
    assert not sealed.opened
    assert told == []  # nothing was trained
    assert list(found) == list(RATE)
    assert "diverged in epoch" in str(found["mse"])
    results = {name: each for name, each in found.items() if isinstance(each, Result)}
    assert [finding.rule for finding in results["mse:softmax"].findings if finding.code] == ["mse-on-softmax"]
    assert results["ce"].findings == ()
    assert [split.name for split in results["ce"].splits] == ["data given"]
    with torch.no_grad():
        outcome = execute(loop, [Trial("gce", 0.1, 0)], workshop).outcomes[Trial("gce", 0.1, 0)]
        own = loop.contenders["gce"]
        value = own.value(loop.model(outcome)(problem.train.x), own.encode(problem.train.y))
    assert abs(results["gce"].splits[0].loss - float(value)) < 1e-6

    sealed.open()
    again = audits(loop, comparison, watched, sealed)["ce"]
    assert isinstance(again, Result)
    assert [(split.name, split.samples) for split in again.splits] == [("data given", 48), ("held-out", 30)]
