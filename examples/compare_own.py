"""A model of one's own for the data of machine.csv: five readings of a machine, and its state.

The machine is invented: `python examples/compare_own.py` makes the file again, from seed 0.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from torch import nn

ROWS = 900
STATES = ("running", "worn", "broken")


def make(inputs: int, outputs: int, hidden: int = 32) -> nn.Module:
    """Returns logits: each loss of a comparison brings its own head."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )


def readings() -> list[tuple[object, ...]]:
    """Wear grows with age and load. It shows in the vibration, and the more there is, the likelier the worse state."""
    rng = np.random.default_rng(0)
    age, load = rng.uniform(0, 10, ROWS), rng.uniform(0.2, 1, ROWS)
    wear = age * load + rng.normal(0, 1, ROWS)
    state = np.digitize(wear + rng.normal(0, 0.7, ROWS), (4.0, 6.5))
    temperature = 40 + 30 * load + 4 * (state == 2) + rng.normal(0, 3, ROWS)
    vibration = np.exp(0.25 * wear + rng.normal(0, 0.2, ROWS))
    current = 5 * load * (1 - 0.3 * (state == 2)) + rng.normal(0, 0.3, ROWS)
    columns = (age, load, temperature, vibration, current)
    return [(*(f"{value:.3f}" for value in row), STATES[s]) for *row, s in zip(*columns, state, strict=True)]


if __name__ == "__main__":
    with open(Path(__file__).with_name("machine.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("age", "load", "temperature", "vibration", "current", "state"))
        writer.writerows(readings())
