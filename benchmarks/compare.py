"""What a trial of `lossaudit compare` costs beside a loop written by hand, and what the cheap race saves.

    python -m benchmarks.compare [--rounds 15] [--quick]

The hand-written loop does the same training, and measures the same accuracy after every epoch. Rounds are interleaved
on one thread; the ratio is that of the least CPU times per step, and a second run of the hand-written loop is the
control: it says what the machine's noise alone does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.training import cnn, mlp
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import load
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem
from lossaudit.trials.race import race
from lossaudit.trials.trial import Recipe, Trial

BATCH, RATE = 64, 0.05
BAR, SAVED = 1.03, 20.0


def squared(z: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(torch.softmax(z, 1), F.one_hot(y, 10).float())


def focal(z: Tensor, y: Tensor) -> Tensor:
    """In double precision, as the trials compute a loss that is written in probabilities."""
    p = torch.softmax(z.double(), 1).gather(1, y[:, None])[:, 0]
    return -((1 - p) ** 2 * p.log()).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"ce": F.cross_entropy, "mse:softmax": squared, "focal": focal}


def by_hand(
    make: Callable[[], nn.Module], loss_fn: Callable[[Tensor, Tensor], Tensor], problem: Problem, epochs: int
) -> list[tuple[float, float]]:
    """A training loop as people write it."""
    torch.manual_seed(0)
    train, validation, model = problem.train, problem.validation, make()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    curve: list[tuple[float, float]] = []
    for _ in range(epochs):
        model.train()
        total = torch.zeros(())
        for rows in torch.randperm(len(train)).split(BATCH):
            loss = loss_fn(model(train.x[rows]), train.y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        model.eval()
        with torch.no_grad():
            right = (model(validation.x).argmax(1) == validation.y).float().mean()
        curve.append((float(total) / len(train), float(right)))
    return curve


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def least(arms: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least CPU seconds of each arm, over interleaved rounds."""
    for work in arms.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds):
        order = list(arms.items())
        for name, work in order if number % 2 == 0 else order[::-1]:
            times[name].append(seconds(work))
    return {name: min(each) for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few short rounds, to see that it works")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds, epochs = (2, 2) if options.quick else (options.rounds, Recipe().epochs)
    problem, sealed = load("digits")
    entered = contenders(list(LOSSES), problem)
    for name, make in (("digits MLP 64-64-10", mlp), ("digits CNN, 100k", cnn)):
        for loss, loss_fn in LOSSES.items():
            loop = Loop(Factory(name, make, name), problem, entered, Recipe(epochs=epochs, batch=BATCH))
            plain = partial(by_hand, make, loss_fn, problem, epochs)
            arms = {"plain": plain, "loop": partial(loop.train, Trial(loss, RATE, 0)), "control": plain}
            best = least(arms, rounds if make is mlp else max(2, rounds // 3))
            ratio, control = best["loop"] / best["plain"], best["control"] / best["plain"]
            print(f"{name:<22} {loss:<12} loop / plain {ratio:.3f}x (control {control:.3f}x; bar {BAR}x)", flush=True)
    factory = Factory("cnn", cnn, "cnn")
    last, features, _ = race(factory, problem, sealed)
    recipe = Recipe(epochs=3, batch=BATCH)
    whole, raced = Loop(factory, problem, entered, recipe), Loop(last, features, entered, recipe)
    trial = Trial("ce", RATE, 0)
    best = least({"whole": lambda: whole.train(trial), "race": lambda: raced.train(trial)}, rounds)
    print(f"{'digits CNN, 100k':<22} {'ce':<12} whole / race {best['whole'] / best['race']:.1f}x (bar {SAVED:g}x)")


if __name__ == "__main__":
    main()
