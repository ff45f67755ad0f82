"""Surfaces of every loss of the catalogue over two of its variables, 400 x 400 nodes, with curvature and plateau.

python -m benchmarks.logit_surfaces [LOSS ...]: a table of CPU seconds on one thread, beside one plain vectorised
evaluation of the same nodes. Losses that take a second or more are named.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from lossaudit.landscape.derivatives import Function, examined
from lossaudit.landscape.overlays import plateau
from lossaudit.landscape.picture import Coordinate, Floats, Surface
from lossaudit.landscape.slices import nodes, surface
from lossaudit.proving.named import Named, named, names

SIZE = 400
ROUNDS = 3
BAR = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A loss of one sample as a function of a flat point, and where to draw it."""

    name: str
    function: Function
    centre: Floats
    directions: Floats
    low: float
    high: float
    rows: bool

    def axis(self, size: int) -> Coordinate:
        return Coordinate("nats", np.linspace(self.low, self.high, size))

    def draw(self, size: int, curvature: bool = True) -> Surface:
        axes = [self.axis(size)] * len(self.directions)
        return surface(self.function, self.centre, self.directions, *axes, name=self.name, curvature=curvature)


def subject(name: str, reach: float = 8.0) -> Subject:
    """A loss of three classes over two logits; one of a single number over those of two samples."""
    known = named(name, classes=3)
    arguments = _one_sample(known)
    variables = [arguments[k] for k in known.wrt]

    def function(point: torch.Tensor) -> torch.Tensor:
        filled = list(arguments)
        parts = point.split([each.numel() for each in variables])
        for k, each, part in zip(known.wrt, variables, parts, strict=True):
            filled[k] = part.reshape(each.shape)
        return known.function(*filled)

    centre = torch.cat([each.reshape(-1).double() for each in variables]).numpy()
    if known.sampled or known.domain:
        centre = np.zeros_like(centre)
    low = 0.01 if known.domain else -reach
    rows = known.sampled and known.arguments[0].ndim > 1
    return Subject(name, function, centre, np.eye(len(centre))[:2], low, reach, rows)


def _one_sample(known: Named) -> list[torch.Tensor]:
    count = 1 if known.arguments[0].ndim > 1 else 2
    return [each[:count] for each in known.arguments] if known.sampled else list(known.arguments)


def plain(of: Subject, size: int) -> Callable[[], object]:
    """One evaluation of all nodes; point by point where it has to be, scaled from 1,000 of them by the caller."""
    made = examined(of.function, of.centre, of.directions, np.zeros((1, len(of.directions))))
    at = nodes((of.axis(size).values,) * len(of.directions))
    return lambda: made.at(at if made.batched else at[:1000], 0)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def complete(of: Subject, reference: Subject, size: int) -> Surface:
    drawn = of.draw(size)
    if of.rows:
        return plateau(drawn, reference.draw(size, curvature=False))
    return plateau(drawn, None, at=[of.axis(size).values[size // 2]] * len(of.directions))


def measure(name: str, reference: Subject) -> tuple[float, float, Surface]:
    """CPU seconds of the surface and of the plain evaluation, the best of interleaved rounds."""
    of = subject(name)
    evaluate = plain(of, SIZE)
    batched = examined(of.function, of.centre, of.directions, np.zeros((1, len(of.directions)))).batched
    drawn = complete(of, reference, SIZE)
    whole, floor = math.inf, math.inf
    for _ in range(ROUNDS):
        whole = min(whole, seconds(lambda: complete(of, reference, SIZE)))
        floor = min(floor, seconds(evaluate) * (1 if batched else drawn.loss.size / 1000))
    return whole, floor, drawn


def main(chosen: list[str]) -> None:
    torch.set_num_threads(1)
    reference = subject("cross_entropy")
    late: list[str] = []
    print(f"{'loss':34} {'CPU s':>7} {'plain':>8} {'ratio':>7}  curvature, nodes computed")
    for name in chosen or names():
        whole, floor, drawn = measure(name, reference)
        computed = "all" if drawn.computed is None else f"{int(drawn.computed.sum()):,}, residual {drawn.residual:.1e}"
        print(f"{name:34} {whole:7.3f} {floor:8.4f} {whole / floor:7.1f}  {drawn.curvature_by}, {computed}", flush=True)
        if whole >= BAR:
            late.append(f"{name} ({whole:.2f} s)")
    print(f"\n{BAR:g} s or more: {', '.join(late) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
