"""A real Ray cluster of this machine."""

from __future__ import annotations

import pytest
from tests.trials.honest import Softmax, plain

from lossaudit.trials.backend import Serial, backend
from lossaudit.trials.execute import execute
from lossaudit.trials.store import Store
from lossaudit.trials.trial import Trial
from lossaudit.trials.workshop import Workshop

TRIALS = [Trial("ce", 0.1, seed) for seed in range(5)]


@pytest.mark.slow
def test_ray_makes_the_same_bits():
    pytest.importorskip("ray")
    told: list[int] = []
    with backend("ray", 2) as cluster:
        workshop = Workshop(Store(), cluster, lambda done, total, words: told.append(done))
        there = execute(Softmax(), TRIALS, workshop)
    here = execute(Softmax(), TRIALS, Workshop(Store(), Serial()))
    assert told == [0, 1, 2, 3, 4, 5]
    assert [plain(each) for each in there.outcomes.values()] == [plain(each) for each in here.outcomes.values()]
