"""One training run of a comparison: what it is, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lossaudit.result import Calibration
from lossaudit.trials.problem import Samples


@dataclass(frozen=True, slots=True, order=True)
class Trial:
    """A training under one loss, at one rate, with one seed.

    Attributes:
        loss: Name of the contender.
        rate: Learning rate.
        seed: Of weights, order of the data, and dropout.
    """

    loss: str
    rate: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How every loss is trained.

    Attributes:
        epochs: Passes over the training data.
        batch: Samples in a step; the last, smaller batch of an epoch is used too.
        optimizer: `"sgd"` (with momentum 0.9), `"adam"` or `"adamw"`.
        momentum: Of `"sgd"`.
        weight_decay: Of the optimizer.
        clip: Largest norm of the gradient; None: as it is.
    """

    epochs: int = 30
    batch: int = 64
    optimizer: str = "sgd"
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a trial, without anything of the test samples in the clear.

    Attributes:
        trial: Which one.
        curves: By name, one number for each epoch, entry 0 before the first step. `"score"` is what rates are chosen
            by, on validation data, larger is better; the others are for people (`"training loss"`,
            `"validation accuracy"`).
        validation: Measures on validation data at the end, by name; and `"stuck"`, on training data.
        diverged: The epoch in which loss or weights were no longer finite; None: they stayed so. The curves go on as
            NaN.
        seconds: Of training.
        sealed: What `Trainer.test` needs, as bytes of an `.npz` file: the weights at the end, or a user's own results
            on test data.
    """

    trial: Trial
    curves: Mapping[str, tuple[float, ...]]
    validation: Mapping[str, float]
    diverged: int | None
    seconds: float
    sealed: bytes

    @property
    def score(self) -> float:
        """What rates are chosen by, at the end; NaN of a diverged trial."""
        return self.curves["score"][-1]


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """What a trial reached on test data.

    Attributes:
        values: Measures by name.
        samples: Of the measures that are means over samples (or 0-1 correctness): one number for each test sample, in
            the order of the test data, so that two trials can be compared sample by sample.
        outputs: Outputs of the model (N, K) or (N,); None where a user's own function gave only figures.
        reliability: Gives that of the probabilities which the outputs mean under this loss; None where it speaks of
            none. One seed is asked for it: its intervals take a while.
    """

    values: Mapping[str, float]
    samples: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, "NDArray[np.float64]"])
    outputs: NDArray[np.float32] | None = None
    reliability: Callable[[], Calibration | None] | None = None


class Trainer(Protocol):
    """Trains and tests. It is sent to other processes and machines (by cloudpickle); it holds no test samples."""

    def identity(self, loss: str) -> Mapping[str, Any]:
        """All on which an outcome depends, besides rate and seed, as JSON: model, data, loss, recipe, versions."""
        ...

    def train(self, trial: Trial) -> Outcome:
        """Run a trial. The same trial gives the same outcome, bit for bit, but for `seconds`."""
        ...

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        """What the trial reached on test samples. Only after all choices are made; in the calling process."""
        ...


def key(identity: Mapping[str, Any], trial: Trial) -> str:
    """The name of a trial in the store: SHA-256 of all that its outcome depends on.

    >>> key({"model": "m"}, Trial("ce", 0.1, 0))[:8] == key({"model": "m"}, Trial("ce", 0.1, 1))[:8]
    False
    """
    said = {"identity": identity, "rate": trial.rate.hex(), "seed": trial.seed}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
