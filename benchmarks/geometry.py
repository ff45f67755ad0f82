"""How long does a verdict take? Warm medians over the zoo, and the two large cases, beside what is promised.

python -m benchmarks.geometry
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from tests.zoo.catalogue import all_cases
from tests.zoo.judge import Outcome, judge
from torch import Tensor

import lossaudit

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, in milliseconds."""

    what: str
    measured: float
    promised: float
    verdict: str = ""

    @property
    def ratio(self) -> float:
        return self.measured / self.promised


def _warm(prove: Callable[[], Any]) -> tuple[float, str]:
    """Median milliseconds of a warm call, and its verdict."""
    status, times = prove().status.value, []
    for _ in range(REPEATS):
        start = time.perf_counter()
        prove()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), status


def _median(outcomes: list[Outcome], status: str) -> float:
    return statistics.median(o.seconds * 1e3 for o in outcomes if o.status == status)


def many_classes(classes: int = 1000) -> Line:
    """Cross-entropy of one row of many logits."""
    z, y = torch.zeros(1, classes, dtype=torch.float64), torch.tensor([3])
    measured, status = _warm(lambda: lossaudit.prove(F.cross_entropy, z, y))  # type: ignore[attr-defined]
    return Line(f"cross-entropy, {classes:,} classes", measured, 100, status)


class Classifier(torch.nn.Module):
    """Cross-entropy of a linear model on a small batch: a function of its parameters."""

    def __init__(self, inputs: int, classes: int, rows: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(inputs, classes)
        self.register_buffer("x", torch.randn(rows, inputs, generator=torch.Generator().manual_seed(0)))
        self.register_buffer("y", torch.arange(rows) % classes)

    def forward(self) -> Tensor:
        return F.cross_entropy(self.linear(self.x), self.y)


def many_weights(inputs: int = 10_000, classes: int = 100, rows: int = 4) -> Line:
    """A linear classifier, proved convex in its weights."""
    model = Classifier(inputs, classes, rows).double()
    measured, status = _warm(lambda: lossaudit.prove(model, wrt="linear.weight"))  # type: ignore[attr-defined]
    return Line(f"linear classifier, {inputs * classes:,} weights", measured, 1000, status)


def lines() -> list[Line]:
    outcomes = [judge(case, warm=True) for case in all_cases()]
    return [
        Line("zoo, proved: median", _median(outcomes, "proved"), 10),
        Line("zoo, refuted with a witness: median", _median(outcomes, "refuted"), 250),
        many_classes(),
        many_weights(),
    ]


def main() -> int:
    """Print the table; 1 if a promise is not kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = lines()
    print(f"{'':40}{'ms':>9}{'promised':>10}{'ratio':>8}  verdict")
    for line in found:
        print(f"{line.what:40}{line.measured:9.1f}{line.promised:10.0f}{line.ratio:8.2f}  {line.verdict}")
    return int(any(line.ratio > 1 for line in found))


if __name__ == "__main__":
    sys.exit(main())
