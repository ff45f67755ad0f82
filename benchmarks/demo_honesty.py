"""How much does squared error on softmax cost? Four starts, the losing ones and the others.

Each row trains the same network on scikit-learn's digits twice, with squared error on the softmax and with
cross-entropy: same start, same order of batches, same number of epochs, each at the learning rate which did best on
validation data. The figures are test accuracies, mean and half-range over the seeds.

    python -m benchmarks.demo_honesty            # about four minutes on one core
    python -m benchmarks.demo_honesty --quick    # a few seconds; too short to mean anything
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WRONG_LABELS = 0.4


@dataclass(frozen=True, slots=True)
class Budget:
    """What each training run may use; the same for both losses."""

    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    epochs: int


FULL = {
    "sgd": Budget(seeds=(0, 1, 2, 3, 4), rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), epochs=40),
    "adam": Budget(seeds=(0, 1, 2, 3, 4), rates=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), epochs=40),
}
QUICK = Budget(seeds=(0, 1), rates=(0.01, 0.1), epochs=2)


@dataclass(frozen=True, slots=True)
class Split:
    """Images of shape (n, 64) with class ids of shape (n,)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class Start:
    """Where a training run begins: its network and its data. Only the test labels are always right."""

    model: nn.Module
    train: Split
    validation: Split
    test: Split


@dataclass(frozen=True, slots=True)
class Score:
    """One loss at its chosen rate; accuracies in [0, 1], one for each seed."""

    rate: float
    accuracies: tuple[float, ...]

    def __str__(self) -> str:
        mean = sum(self.accuracies) / len(self.accuracies)
        half_range = (max(self.accuracies) - min(self.accuracies)) / 2
        return f"{mean:6.1%} ± {half_range:5.1%}  at {self.rate:<5g}"


def digits(scale: float = 1.0) -> tuple[Split, Split, Split]:
    """Train, validation and test digits (60, 15 and 25 %), pixels in [0, scale]."""
    sixteenths, labels = load_digits(return_X_y=True)
    x = torch.tensor(sixteenths / 16 * scale, dtype=torch.float32)
    y = torch.tensor(labels)
    rest_x, test_x, rest_y, test_y = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    train_x, val_x, train_y, val_y = train_test_split(rest_x, rest_y, test_size=0.2, random_state=0, stratify=rest_y)
    return Split(train_x, train_y), Split(val_x, val_y), Split(test_x, test_y)


def network() -> nn.Module:
    """The network of the examples."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def squared_error(logits: Tensor, y: Tensor) -> Tensor:
    """Squared error between softmax and one-hot labels, as `nn.MSELoss` averages it."""
    return F.mse_loss(logits.softmax(1), F.one_hot(y, 10).float())  # lossaudit: ignore[mse-on-softmax]


def train(model: nn.Module, split: Split, loss_fn: Callable, optimizer: torch.optim.Optimizer, epochs: int, seed: int):
    """Train in batches of 64, whose order depends on the seed alone."""
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(split.x), generator=order).split(64):
            loss = loss_fn(model(split.x[batch]), split.y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, split: Split) -> float:
    """Share of the images whose largest logit is the label's."""
    with torch.no_grad():
        return (model(split.x).argmax(1) == split.y).double().mean().item()


def ordinary(seed: int, epochs: int) -> Start:
    """Pixels in [0, 1], PyTorch's own initial weights."""
    torch.manual_seed(seed)
    return Start(network(), *digits())


def raw_pixels(seed: int, epochs: int) -> Start:
    """As ordinary, with pixels in [0, 255]."""
    torch.manual_seed(seed)
    return Start(network(), *digits(scale=255))


def migrated(seed: int, epochs: int) -> Start:
    """The weights of a regressor of ten scores in [0, 100]; then classes are renumbered by their names."""
    start = ordinary(seed, epochs)
    optimizer = torch.optim.Adam(start.model.parameters(), lr=0.01)
    train(
        start.model,
        start.train,
        lambda out, y: F.mse_loss(out, 100 * F.one_hot(y, 10).float()),
        optimizer,
        epochs,
        seed,
    )
    new_id = torch.tensor([sorted(NAMES).index(name) for name in NAMES])
    return Start(
        start.model, *(Split(split.x, new_id[split.y]) for split in (start.train, start.validation, start.test))
    )


def noisy_labels(seed: int, epochs: int) -> Start:
    """As ordinary, with 40 % of the training and validation labels wrong; the test labels stay right."""
    start = ordinary(seed, epochs)
    noise = torch.Generator().manual_seed(seed)
    return Start(start.model, spoil(start.train, noise), spoil(start.validation, noise), start.test)


def spoil(split: Split, noise: torch.Generator) -> Split:
    """Give `WRONG_LABELS` of the images one of the nine wrong labels, each as likely."""
    chosen = torch.randperm(len(split.y), generator=noise)[: round(WRONG_LABELS * len(split.y))]
    y = split.y.clone()
    y[chosen] = (y[chosen] + torch.randint(1, 10, chosen.shape, generator=noise)) % 10
    return Split(split.x, y)


STARTS = {
    "migrated scorer": migrated,
    "raw pixels": raw_pixels,
    "ordinary": ordinary,
    "40 % wrong labels": noisy_labels,
}
LOSSES = {"squared error on softmax": squared_error, "cross-entropy": F.cross_entropy}
OPTIMIZERS = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
}


def measure(
    start: Start, loss_fn: Callable, optimizer: str, rate: float, epochs: int, seed: int
) -> tuple[float, float]:
    """Train a copy of the start's network; validation and test accuracy."""
    model = network()
    model.load_state_dict(start.model.state_dict())
    train(model, start.train, loss_fn, OPTIMIZERS[optimizer](model.parameters(), rate), epochs, seed)
    return accuracy(model, start.validation), accuracy(model, start.test)


def score(starts: dict[int, Start], loss_fn: Callable, optimizer: str, budget: Budget) -> Score:
    """Test accuracies at the rate with the best mean validation accuracy; `starts` has one for each seed."""
    measured = {
        rate: [measure(start, loss_fn, optimizer, rate, budget.epochs, seed) for seed, start in starts.items()]
        for rate in budget.rates
    }
    best = max(measured, key=lambda rate: sum(validation for validation, _ in measured[rate]))
    return Score(best, tuple(test for _, test in measured[best]))


def rows(optimizer: str, budget: Budget) -> Iterator[tuple[str, list[Score]]]:
    """One row for each start: its name and a score for each loss."""
    for name, make in STARTS.items():
        starts = {seed: make(seed, budget.epochs) for seed in budget.seeds}
        yield name, [score(starts, loss_fn, optimizer, budget) for loss_fn in LOSSES.values()]


def main(argv: list[str] | None = None) -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description="Squared error on softmax against cross-entropy, from four starts.")
    parser.add_argument("--quick", action="store_true", help="two seeds, two rates, two epochs")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd", help="sgd has momentum 0.9 (default)")
    args = parser.parse_args(argv)
    budget = QUICK if args.quick else FULL[args.optimizer]
    torch.set_num_threads(1)

    print(
        f"Test accuracy after {budget.epochs} epochs of {args.optimizer}, {len(budget.seeds)} seeds, mean ± half-range,"
    )
    print(f"at the best rate on validation out of {', '.join(f'{rate:g}' for rate in budget.rates)}")
    print(f"{'start':<18}  " + "  ".join(f"{name:<26}" for name in LOSSES))
    for name, scores in rows(args.optimizer, budget):
        print(f"{name:<18}  " + "  ".join(f"{score!s:<26}" for score in scores), flush=True)


if __name__ == "__main__":
    main()
