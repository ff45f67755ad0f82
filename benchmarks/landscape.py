"""What a slice through the parameters costs, beside one plain forward pass a node, and beside other packages.

    python -m benchmarks.landscape [--size 41] [--rounds 3] [--only mlp] [--rivals FOLDER]

One thread, processor time, one run: in each round every engine draws the same kind of picture once, one after the
other, and what is printed is its best time as a multiple of the floor's best. The floor is what nobody can go below who
computes every node: as many forward passes with their loss, on data that is already there, and nothing else.

FOLDER holds unpacked wheels of loss-landscapes 3.0.6, losscape 1.5.10 and landscaper 1.3.1; what does not import is
left out, with its reason. Beside the times stands what each engine makes of four questions whose answers are known:

- affine: a loss that is affine in the parameters has no second differences.
- NaN: where the loss is not a number, neither is the picture.
- centre: the node in the middle has the loss of the trained parameters.
- restored: the model is as it was, also after an exception at a node.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib
import io
import os
import random
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.training import cnn, digits, mlp
from lossaudit.landscape import head as head_block
from lossaudit.landscape.directions import head_plane, random_plane
from lossaudit.landscape.parameters import surface
from lossaudit.landscape.picture import Coordinate, Surface
from lossaudit.landscape.probe import probe

TOLERANCE = 0.005
Grid: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be drawn: a model in eval mode, its loss, and one batch."""

    model: nn.Module
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    x: Tensor
    y: Tensor


Engine: TypeAlias = Callable[[Task, int], Grid]
"""Draws so many nodes each way over a random plane."""


def axes(size: int) -> tuple[Coordinate, Coordinate]:
    ticks = np.linspace(-1, 1, size)
    return Coordinate("a", ticks), Coordinate("b", ticks)


def drawn(task: Task, size: int, tolerance: float | None = None) -> Surface:
    """Our own picture of a task."""
    made = probe(task.model, task.loss_fn, (task.x, task.y))
    return surface(made, random_plane(made), *axes(size), name="loss", tolerance=tolerance)


def floor(task: Task, size: int) -> Grid:
    """Plain forward passes with their loss."""
    values = np.empty(size * size)
    with torch.inference_mode():
        for node in range(size * size):
            values[node] = task.loss_fn(task.model(task.x), task.y).item()
    return values.reshape(size, size)


def ours(task: Task, size: int) -> Grid:
    return drawn(task, size).loss


def coarse_to_fine(task: Task, size: int) -> Grid:
    return drawn(task, size, TOLERANCE).loss


def head_plane_exact(task: Task, size: int) -> Grid:
    """The head block with its exact slope and curvature at every node."""
    made = probe(task.model, task.loss_fn, (task.x, task.y))
    found = head_block.find_head(made)
    if found is None:
        raise LookupError("no head was found")
    plane = head_plane(made)
    picture = head_block.surface(made, found, plane, *axes(size), name="loss")
    if picture.slope is None or picture.curvature is None:
        raise LookupError("slope or curvature is missing")
    return picture.loss


# the other packages, called as their documentation says


def loss_landscapes() -> Engine:
    package: Any = importlib.import_module("loss_landscapes")
    metrics: Any = importlib.import_module("loss_landscapes.metrics")

    def draw(task: Task, size: int) -> Grid:
        metric = metrics.Loss(task.loss_fn, task.x, task.y)
        with torch.no_grad():
            return np.asarray(package.random_plane(task.model, metric, 1.0, size, normalization="filter"))

    return draw


def losscape() -> Engine:
    module: Any = importlib.import_module("losscape.create_landscape")

    def draw(task: Task, size: int) -> Grid:
        loader = DataLoader(TensorDataset(task.x, task.y), len(task.x))
        with tempfile.TemporaryDirectory() as folder:
            return module.create_3D_losscape(
                task.model,
                loader,
                criterion=task.loss_fn,
                save_only=True,
                output_path=folder,
                output_h5=False,
                num_points=size,
            )[2]

    return draw


def landscaper() -> Engine:
    spec = importlib.util.find_spec("landscaper")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("landscaper is not there")
    package = types.ModuleType("landscaper")  # its own __init__ asks for plotting and topology, which are not measured
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["landscaper"] = package
    module: Any = importlib.import_module("landscaper.compute")

    def draw(task: Task, size: int) -> Grid:
        directions = [[torch.randn_like(p) for p in task.model.parameters()] for _ in range(2)]

        def loss(model: nn.Module, data: tuple[Tensor, Tensor]) -> float:
            return task.loss_fn(model(data[0]), data[1]).item()

        data = task.x, task.y
        return module.compute_loss_landscape(task.model, data, directions, loss, size, 1.0, dim=2, device="cpu")[0]

    return draw


RIVALS: dict[str, Callable[[], Engine]] = {
    "loss-landscapes 3.0.6": loss_landscapes,
    "losscape 1.5.10": losscape,
    "landscaper 1.3.1": landscaper,
}


# questions whose answers are known


class Affine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weight).sum((1, 2))


class Logarithm(Affine):
    """Not a number on one side of a line through the trained parameters."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(super().forward(x) - super().forward(x).detach() * 0 - 6.0)


def mean(output: Tensor, _target: Tensor) -> Tensor:
    return output.mean()


def task_of(model: nn.Module, loss_fn: Callable[[Tensor, Tensor], Tensor] = mean) -> Task:
    return Task(model.eval(), loss_fn, torch.ones(2, 3, 4, dtype=torch.float64), torch.zeros(2))


def is_affine(engine: Engine) -> bool:
    """Whether an affine loss has no second differences, along rows, columns and across."""
    grid = quietly(engine, task_of(Affine()), 9)
    differences = np.diff(grid, 2, axis=0), np.diff(grid, 2, axis=1), np.diff(np.diff(grid, axis=0), axis=1)
    return all(bool((abs(each) <= 1e-6 * np.ptp(grid)).all()) for each in differences)


def keeps_nan(engine: Engine) -> bool:
    """Whether there is NaN in a picture where about half of the nodes are not a number."""
    return bool(np.isnan(quietly(engine, task_of(Logarithm()), 9)).mean() > 0.1)


def is_centred(engine: Engine) -> bool:
    torch.manual_seed(0)
    task = Task(mlp().eval(), F.cross_entropy, *(each[:32] for each in digits()))
    grid = quietly(engine, own_copy(task), 9)
    with torch.no_grad():
        return bool(grid[4, 4] == task.loss_fn(task.model(task.x), task.y).item())


def restores(engine: Engine) -> bool:
    """Whether the parameters and the mode are as before, after success and after an exception at the 20th node."""
    calls: list[int] = []

    def failing(output: Tensor, _target: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) == 20:
            raise RuntimeError("at a node")
        return output.mean()

    for loss_fn in (mean, failing):
        task = task_of(Affine(), loss_fn)
        before = copy.deepcopy(task.model.state_dict())
        with contextlib.suppress(RuntimeError):
            quietly(engine, task, 9)
        after = task.model.state_dict()
        if task.model.training or not all(torch.equal(before[name], after[name]) for name in before):
            return False
    return True


def own_copy(task: Task) -> Task:
    return Task(copy.deepcopy(task.model), task.loss_fn, task.x, task.y)


QUESTIONS: dict[str, Callable[[Engine], bool]] = {
    "affine": is_affine,
    "NaN": keeps_nan,
    "centre": is_centred,
    "restored": restores,
}


def answers(engine: Engine) -> str:
    """`yes` or `no` to each question; the error's name where there is one."""
    said: list[str] = []
    for question, ask in QUESTIONS.items():
        try:
            said.append(f"{question} {'yes' if ask(engine) else 'NO'}")
        except Exception as error:  # another package's, of any kind
            said.append(f"{question} {type(error).__name__}")
    return ", ".join(said)


# measuring


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def quietly(engine: Engine, task: Task, size: int) -> Grid:
    torch.manual_seed(0)
    np.random.seed(0)
    with silence():
        return np.asarray(engine(task, size), float)


def best_times(
    engines: dict[str, Engine], task: Task, size: int, rounds: int
) -> tuple[dict[str, float], dict[str, Grid]]:
    """Seconds of processor time, and what was drawn.

    Each draws a copy of the model, since not all leave it as it was. What takes five times as long as the floor is
    drawn twice at most.
    """
    best = dict.fromkeys(engines, float("inf"))
    grids: dict[str, Grid] = {}
    order = random.Random(0)
    for engine in engines.values():
        quietly(engine, own_copy(task), 3)  # what is loaded at the first call
    for turn in range(rounds):
        for name in order.sample(list(engines), len(engines)):
            if turn > 1 and best[name] > 5 * best["floor"]:
                continue
            own = own_copy(task)
            started = time.process_time()
            grids[name] = quietly(engines[name], own, size)
            best[name] = min(best[name], time.process_time() - started)
    return best, grids


def trained(make: Callable[[], nn.Module], steps: int) -> nn.Module:
    torch.manual_seed(0)
    model, (x, y) = make(), digits()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(steps):
        rows = slice(step * 128 % 1600, step * 128 % 1600 + 128)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model.eval()


@dataclass(frozen=True, slots=True)
class Problem:
    """A trained network, and how many samples of the digits."""

    name: str
    make: Callable[[], nn.Module]
    samples: int
    rounds: int | None = None

    def task(self, steps: int = 120) -> Task:
        x, y = digits()
        return Task(trained(self.make, steps), F.cross_entropy, x[: self.samples], y[: self.samples])


PROBLEMS = {
    "mlp": Problem("digits MLP 64-64-10, N = 512", mlp, 512),
    "cnn-64": Problem("digits CNN, 101,626 parameters, N = 64", cnn, 64, 2),
    "cnn-512": Problem("digits CNN, 101,626 parameters, N = 512", cnn, 512, 1),
}
HEAD = "head plane, exact slope and curvature"
BARS = {"ours": 1.15, "coarse to fine": 0.25, HEAD: 0.02}


def errors(task: Task, full: Grid) -> str:
    """What coarse to fine says of its error, and what the error is beside the full grid."""
    fine = drawn(task, len(full), TOLERANCE)
    if fine.residual is None or fine.computed is None:
        raise LookupError("no residual")
    share = np.max(abs(fine.loss - full)) / np.ptp(full)
    return (
        f"{fine.computed.mean():.1%} of the nodes computed; of the range: held-out error {fine.residual:.3%}, "
        f"true error {share:.3%}"
    )


def rivals(folder: Path | None) -> dict[str, Engine]:
    """Those that import; the reasons of the others are printed."""
    if folder is None:
        return {}
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.append(str(folder))
    found: dict[str, Engine] = {}
    for name, load in RIVALS.items():
        try:
            found[name] = load()
        except ImportError as error:
            print(f"{name}: left out, {error}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=41)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", action="append", choices=PROBLEMS)
    parser.add_argument("--rivals", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    torch.set_num_threads(1)
    others = rivals(args.rivals)
    own = {"ours": ours, "coarse to fine": coarse_to_fine, HEAD: head_plane_exact}
    for name, engine in {"ours": ours, **others}.items():
        print(f"{name:<38} {answers(engine)}")
    for key in args.only or PROBLEMS:
        problem = PROBLEMS[key]
        task = problem.task()
        rounds = min(args.rounds, problem.rounds or args.rounds)
        times, grids = best_times({"floor": floor, **own, **others}, task, args.size, rounds)
        print(f"\n{problem.name}, {args.size} x {args.size} nodes, best of {rounds}; floor {times['floor']:.2f} s")
        for name in (*own, *others):
            bar = f"   bar {BARS[name]}" if name in BARS and (name != HEAD or key == "cnn-512") else ""
            print(f"  {name:<38} {times[name] / times['floor']:8.3f}{bar}")
        print(f"  coarse to fine: {errors(task, grids['ours'])}", flush=True)


if __name__ == "__main__":
    main()
