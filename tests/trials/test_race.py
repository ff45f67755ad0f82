"""The cheap race: the features of the trunk, and the same code on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from tests.trials.problems import factory, network, problem
from torch import Tensor, nn

from lossaudit.errors import UsageError
from lossaudit.trials.contender import contenders
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Task
from lossaudit.trials.race import race
from lossaudit.trials.start import Checkpoint
from lossaudit.trials.trial import Recipe, Trial
from lossaudit.trials.weights import unpacked


def test_the_layer_gets_what_the_whole_model_would_give_it() -> None:
    whole, sealed = problem()
    torch.manual_seed(0)
    model = network().eval()
    raced, features, test = race(factory(), whole, sealed)
    assert not sealed.opened
    assert not test.opened
    with torch.no_grad():
        assert torch.equal(model[-1](features.train.x), model(whole.train.x))
        assert torch.equal(model[-1](test.open().x), model(sealed.open().x))
    assert torch.equal(test.open().y, sealed.open().y)
    torch.manual_seed(1)
    layer = raced.make()
    assert isinstance(layer, nn.Linear)
    assert layer.weight.requires_grad
    said = " ".join(features.words)
    assert "random features" in said
    assert "drawn with the seed of each trial" in said


def test_a_checkpoint_brings_the_trunk_and_the_layer(tmp_path) -> None:
    whole, sealed = problem()
    torch.manual_seed(9)
    trained = network().eval()
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    raced, features, _ = race(factory(), whole, sealed, Checkpoint(str(tmp_path / "w.pt")))
    assert torch.equal(raced.make().weight, trained[-1].weight)
    with torch.no_grad():
        assert torch.equal(raced.make()(features.train.x), trained(whole.train.x))
    said = " ".join(features.words)
    assert "random" not in said
    assert "not trained further" in said


def test_cross_entropy_on_features_is_logistic_regression() -> None:
    """A convex problem, and with weight decay a strongly convex one: its one minimum is scikit-learn's."""
    whole, sealed = problem()
    raced, features, _ = race(factory(), whole, sealed)
    decay, count = 0.1, len(features.train)
    made = Loop(raced, features, contenders(["ce"], features), Recipe(epochs=300, batch=count, weight_decay=decay))
    found = unpacked(made.train(Trial("ce", 0.5, 0)).sealed)
    x = np.hstack([features.train.x.double().numpy(), np.ones((count, 1))])
    reference = LogisticRegression(C=1 / (decay * count), fit_intercept=False, tol=1e-10, max_iter=10_000)
    reference.fit(x, features.train.y)
    assert np.allclose(found["weight"], reference.coef_[:, :-1], atol=2e-3)
    assert np.allclose(found["bias"], reference.coef_[:, -1], atol=2e-3)


def test_entrants_say_where_the_race_is_convex() -> None:
    whole, sealed = problem()
    raced, features, _ = race(factory(), whole, sealed)
    entered = contenders(["ce", "mse:softmax"], features)
    convex, other = Loop(raced, features, entered).entrants()
    assert any("convex problem" in note for note in convex.notes)
    assert not any("convex problem" in note for note in other.notes)
    assert not any(
        "convex problem" in note for entrant in Loop(factory(), whole, entered).entrants() for note in entrant.notes
    )


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.layer(x)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.layer(x))


@pytest.mark.parametrize("make", [Scaled, Twice, lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU())])
def test_a_model_that_does_not_end_in_a_layer_is_refused(make) -> None:
    whole, sealed = problem()
    with pytest.raises(UsageError, match=r"does not end in an nn\.Linear") as raised:
        race(Factory("odd", make, "odd"), whole, sealed)
    assert "\n" not in str(raised.value)


def test_one_output_may_be_squeezed() -> None:
    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(4, 5), nn.Linear(5, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x).tanh()).squeeze(1)

    whole, sealed = problem(Task.REGRESSION)
    raced, features, _ = race(Factory("one", One, "one"), whole, sealed)
    assert features.train.x.shape == (len(whole.train), 5)
    outcome = Loop(raced, features, contenders(["mse"], features)).train(Trial("mse", 0.03, 0))
    assert outcome.diverged is None
