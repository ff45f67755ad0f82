"""A probe takes the data once, and leaves loaders, data and random states as they were."""

from __future__ import annotations

import random
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

from lossaudit.errors import UsageError
from lossaudit.landscape.probe import joined, probe
from lossaudit.landscape.untouched import untouched

X = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
Y = torch.arange(50) % 3
WEIGHTED = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 0.2]))


def network() -> nn.Module:
    model = nn.Linear(4, 3)
    with torch.no_grad():
        model.weight.copy_(X[:3])
    return model


@pytest.mark.parametrize("loss_fn", [WEIGHTED, nn.CrossEntropyLoss(reduction="sum")])
def test_batches_of_unequal_size_equal_one_batch(loss_fn: nn.Module) -> None:
    model = network()
    parts = [(X[a:b], Y[a:b]) for a, b in ((0, 20), (20, 41), (41, 50))]
    whole = loss_fn(model(X), Y).item()
    for data in (parts, DataLoader(TensorDataset(X, Y), 16), iter(parts)):
        assert probe(model, loss_fn, data).loss().item() == pytest.approx(whole, rel=1e-6)


def states(generator: torch.Generator) -> list[object]:
    drawn = generator.get_state(), torch.get_rng_state()
    return [*(each.numpy().tobytes() for each in drawn), random.getstate(), np.random.get_state()[1].tobytes()]


def test_a_shuffled_loader_gives_the_same_samples_and_keeps_its_random_state() -> None:
    generator = torch.Generator().manual_seed(5)
    for loader in (
        DataLoader(TensorDataset(X, Y), 16, shuffle=True, generator=generator),
        DataLoader(TensorDataset(X, Y), 16, sampler=SubsetRandomSampler(range(30), generator=generator)),
        DataLoader(TensorDataset(X, Y), 16, shuffle=True),
    ):
        model = network()
        before = states(generator)
        first = probe(model, F.cross_entropy, loader)
        assert states(generator) == before
        torch.manual_seed(3)
        generator.manual_seed(99)
        second = probe(network(), F.cross_entropy, loader)
        for (x, _), (again, _) in zip(first.batches, second.batches, strict=True):
            assert torch.equal(x, again)


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        [(X[:20], Y[:20]), (X[20:], Y[20:])],
        DataLoader(TensorDataset(X, Y), 8),
        DataLoader(TensorDataset(X, Y), 8, shuffle=True),
    ],
    ids=["batch", "list", "loader", "shuffled"],
)
def test_samples_are_drawn_at_random_without_repetition(data: object) -> None:
    firsts = []
    for seed in range(5):
        made = probe(network(), F.cross_entropy, data, samples=20, seed=seed)
        drawn = torch.cat([x for x, _ in made.batches])
        assert (len(drawn), made.available) == (20, 50)
        assert len({tuple(row) for row in drawn.tolist()}) == 20
        assert all((row == X).all(1).any() for row in drawn)
        firsts.append(drawn)
    assert not any(torch.equal(firsts[0], other) for other in firsts[1:])


def test_an_iterable_of_unknown_length_gives_its_first_samples() -> None:
    made = probe(network(), F.cross_entropy, ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 50, 8)), samples=20)
    assert torch.equal(torch.cat([x for x, _ in made.batches]), X[:20])
    assert made.available is None


def test_all_samples_are_no_sub_sample() -> None:
    for samples in (None, 50, 70):
        assert probe(network(), F.cross_entropy, (X, Y), samples=samples).available is None


Pair = namedtuple("Pair", "left right")


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.layer(left + right)}


@pytest.mark.parametrize("kind", [lambda a, b: {"left": a, "right": b}, lambda a, b: [a, b], Pair])
def test_inputs_and_outputs_may_be_containers(kind) -> None:
    def loss_fn(output: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(output["logits"], target)

    model = Named()
    whole = probe(model, loss_fn, (kind(X, X), Y))
    parts = probe(model, loss_fn, [(kind(X[:9], X[:9]), Y[:9]), (kind(X[9:], X[9:]), Y[9:])])
    assert parts.loss().item() == pytest.approx(whole.loss().item(), rel=1e-6)
    assert probe(model, loss_fn, (kind(X, X), Y), samples=7).loss().isfinite()


def test_a_model_that_writes_into_its_inputs_gets_copies() -> None:
    class Writes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x.add_(1.0))

    data = X.clone()
    made = probe(Writes(), F.cross_entropy, (data, Y))
    assert made.overwrites
    assert made.loss().item() == made.loss().item()
    assert torch.equal(data, X)
    assert not probe(network(), F.cross_entropy, (data, Y)).overwrites


def test_it_knows_whether_random_numbers_are_drawn() -> None:
    dropped = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
    assert not probe(dropped, F.cross_entropy, (X, Y)).random
    assert probe(dropped, F.cross_entropy, (X, Y), training=True).random


@pytest.mark.parametrize(
    ("model", "loss_fn", "data", "words"),
    [
        (network(), F.cross_entropy, 3, "give a batch"),
        (network(), F.cross_entropy, {"x": X}, "give a batch"),
        (network(), F.cross_entropy, [], "empty"),
        (network(), F.cross_entropy, [X], "no pairs"),
        (network(), lambda o, y: o, (X, Y), "one number as a tensor"),
        (network(), lambda o, y: 1.0, (X, Y), "returned float"),
        (nn.ReLU(), F.cross_entropy, (X, Y), "no trainable parameters"),
        (nn.LazyLinear(3), F.cross_entropy, (X, Y), "lazy parameters"),
    ],
)
def test_what_cannot_be_a_probe_is_refused_in_one_line(model: nn.Module, loss_fn, data, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        probe(model, loss_fn, data)
    assert "\n" not in str(caught.value)


def test_no_sample_is_no_landscape() -> None:
    with pytest.raises(UsageError, match="at least one"):
        probe(network(), F.cross_entropy, (X, Y), samples=0)


def test_outputs_that_cannot_be_joined_are_refused() -> None:
    with pytest.raises(UsageError, match="give one batch"):
        joined([torch.zeros(2, 3), torch.zeros(2, 4)])


def test_a_loss_with_a_state_and_an_expanded_buffer_are_left_alone() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(()))
            self.register_buffer("wide", torch.zeros(1).expand(5))

        def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            self.count += 1
            return F.cross_entropy(output, target) + self.wide.sum()

    loss_fn = Counts()
    probe(network(), loss_fn, (X, Y))
    assert loss_fn.count == 0


def test_gradients_that_were_removed_or_made_come_back() -> None:
    model = network()
    model.weight.grad = torch.ones(3, 4)
    held = model.weight.grad

    def spoil() -> None:
        with untouched(model):
            model.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            model.weight.grad.fill_(7.0)
            held.fill_(2.0)
            model.weight.requires_grad_(False)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spoil()
    assert model.weight.grad is held
    assert (held == 1).all()
    assert model.bias.grad is None
    assert model.weight.requires_grad
