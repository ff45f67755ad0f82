"""What is measured of a trained model's outputs: by the loss's own meaning of them, and by one that is fair to all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from torch import Tensor
from torch.nn import functional as F

from lossaudit.comparison import Better, Measure
from lossaudit.errors import UsageError
from lossaudit.geometry.calibration import bin_of, calibration
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.proving.loading import load
from lossaudit.result import Calibration
from lossaudit.trials import fingerprint
from lossaudit.trials.contender import Link
from lossaudit.trials.problem import Problem, Task

_BINS = 15
_DECIDES = {Task.REGRESSION: Measure("rmse", "RMSE", Better.SMALLER)}
_ACCURACY = Measure("accuracy", "accuracy", Better.LARGER, percent=True)
_LABELS = (
    Measure("nll", "NLL (nats)", Better.SMALLER),
    Measure("brier", "Brier score", Better.SMALLER),
    Measure("ece", "calibration error", Better.SMALLER, percent=True),
    Measure("nll_scaled", "scaled NLL (nats)", Better.SMALLER),
    Measure("ece_scaled", "scaled calibration error", Better.SMALLER, percent=True),
)
_LEVEL = Measure("epochs_to_level", "epochs to level", Better.SMALLER)
_STUCK = Measure("stuck", "stuck", Better.SMALLER, percent=True)
_NUMBERS = (Measure("mae", "MAE", Better.SMALLER), Measure("r2", "R²", Better.LARGER))


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A measure of the user's, which then decides.

    Attributes:
        name: In the table.
        function: `function(outputs, y) -> float`: of the model's outputs, or of what they predict where they are
            numbers.
        better: Which way it is better.
        source: What it depends on, for the store.
    """

    name: str
    function: Callable[[Tensor, Tensor], Any]
    better: Better = Better.LARGER
    source: str = ""

    def __call__(self, outputs: Tensor, y: Tensor) -> float:
        """The figure; NaN where an output is not finite.

        Raises:
            UsageError: It raises, or returns something else.
        """
        if not bool(torch.isfinite(outputs).all()):
            return math.nan
        try:
            return float(self.function(outputs, y))
        except Exception as error:
            raise UsageError(f"the metric {self.name} raises {described(error)}") from None

    def check(self, problem: Problem) -> None:
        """Try it on targets of the validation data, with outputs drawn by chance.

        Raises:
            UsageError: It raises, or returns something else than a number.
        """
        y = problem.validation.y
        shape = (len(y), problem.outputs) if problem.task is Task.MULTICLASS else y.shape
        with untouched():
            self(torch.randn(shape, generator=torch.Generator().manual_seed(0)), y)


def metric(given: str | Callable[[Tensor, Tensor], Any], better: Better = Better.LARGER) -> Metric:
    """A metric of the user's.

    Args:
        given: `FILE.py:NAME`, `MODULE:NAME`, or the callable.
        better: Which way it is better.

    Raises:
        UsageError: There is none.
    """
    function = load(given) if isinstance(given, str) else given
    if not callable(function):
        raise UsageError(f"the metric is {type(function).__name__}; give a function metric(outputs, y) -> float")
    name = given.rpartition(":")[2] if isinstance(given, str) else getattr(function, "__name__", "metric")
    return Metric(name, function, better, fingerprint.of(function))


def measures(task: Task, own: Metric | None = None) -> tuple[Measure, ...]:
    """What the table has, in its order; the first decides.

    >>> [measure.name for measure in measures(Task.REGRESSION)]
    ['rmse', 'mae', 'r2', 'epochs_to_level']
    """
    first = () if own is None else (Measure(own.name, own.name, own.better),)
    if task is Task.REGRESSION:
        return (*first, _DECIDES[task], *_NUMBERS, _LEVEL)
    return (*first, _ACCURACY, *_LABELS, _LEVEL, _STUCK)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measures of outputs.

    Attributes:
        values: By name.
        samples: Of those that are means over samples: one number for each.
    """

    values: Mapping[str, float]
    samples: Mapping[str, NDArray[np.float64]]


def of_labels(outputs: Tensor, y: Tensor, task: Task, link: Link, inverse: float | None = None) -> Measured:
    """Accuracy, and how good the probabilities are.

    Brier's score is summed over the classes; of a binary label, and of each of several labels, it is that of label 1.
    Where sigmoids stand for a row of classes, their probabilities are divided by their sum. Measures of several labels
    are means over these.

    Args:
        outputs: (N, K), or (N,) where there is one binary label.
        y: (N,) class indices, (N,) labels 0 and 1, or (N, K) of these.
        task: What the targets are.
        link: What the outputs mean; with `SCORES` there are no probabilities but scaled ones.
        inverse: One over the temperature, see `inverse_temperature`; None: nothing is scaled.

    Uniform probabilities of four classes have the NLL log 4 and Brier's score 1 - 1/4:

    >>> uniform = of_labels(torch.zeros(8, 4), torch.arange(8) % 4, Task.MULTICLASS, Link.SOFTMAX)
    >>> round(uniform.values["nll"] - math.log(4), 12), uniform.values["brier"], uniform.values["ece"]
    (0.0, 0.75, 0.0)
    """
    z = outputs.detach().double()
    right = (z.argmax(1) == y) if task is Task.MULTICLASS else ((z > 0) == (y > 0.5))
    samples = {"accuracy": _per_sample(right.double())}
    finite = bool(torch.isfinite(z).all())
    if not finite:
        samples["accuracy"] = np.full(len(y), math.nan)
    readings = [("", z, link)] if link in (Link.SOFTMAX, Link.SIGMOID) else []
    finite = finite and (inverse is None or math.isfinite(inverse))
    if inverse is not None:
        readings.append(("_scaled", inverse * z, Link.SOFTMAX if task is Task.MULTICLASS else Link.SIGMOID))
    for name, logits, meaning in readings:
        log_yes, log_no = _log_probabilities(logits, task, meaning)
        if task is Task.MULTICLASS:
            nll = F.nll_loss(log_yes, y, reduction="none")
            brier = (log_yes.exp() - F.one_hot(y, z.shape[1])).square().sum(1)
            said, predicted = log_yes.exp().max(1)
            came = predicted == y
        else:
            target = y.double()
            nll = -(target * log_yes + (1 - target) * log_no)
            brier = (log_yes.exp() - target).square()
            said, came = log_yes.exp().flatten(), target.flatten()
        samples[f"nll{name}"] = _per_sample(nll)
        if not name:
            samples["brier"] = _per_sample(brier)
        gaps = _gaps(said, came.double()).reshape(len(y), -1)
        samples[f"ece{name}"] = gaps.mean(1) if finite else np.full(len(y), math.nan)
    return Measured({name: float(each.mean()) for name, each in samples.items()}, samples)


def _per_sample(values: Tensor) -> NDArray[np.float64]:
    return (values if values.ndim == 1 else values.mean(1)).numpy()


def _log_probabilities(z: Tensor, task: Task, link: Link) -> tuple[Tensor, Tensor]:
    """Logarithms of the probabilities of the classes; or of label 1 and of label 0."""
    if task is not Task.MULTICLASS:
        return F.logsigmoid(z), F.logsigmoid(-z)
    return F.log_softmax(z if link is Link.SOFTMAX else F.logsigmoid(z), 1), z


def _gaps(said: Tensor, came: Tensor) -> NDArray[np.float64]:
    """What each probability adds to the expected calibration error, in bins of equal width.

    The error is the mean over the samples of |sum of came - said in a bin|: with the signs of the bins that is a mean
    of came - said, so that a finite test set's part in its uncertainty is known, to first order.
    """
    gaps, where = (came - said).numpy(), bin_of(said.nan_to_num().numpy(), _BINS)
    signs: NDArray[np.float64] = np.sign(np.bincount(where, gaps, _BINS))
    return signs[where] * gaps


def reliability_of(outputs: Tensor, y: Tensor, task: Task, link: Link) -> Calibration | None:
    """Of the probabilities that the outputs mean under a loss; None where it speaks of none."""
    if link not in (Link.SOFTMAX, Link.SIGMOID) or not bool(torch.isfinite(outputs).all()):
        return None
    if task is Task.MULTICLASS:  # softmax leaves logarithms of probabilities as they are
        return calibration(_log_probabilities(outputs.detach().double(), task, link)[0], y)
    return calibration(outputs.flatten(), y.flatten())


def inverse_temperature(outputs: Tensor, y: Tensor, task: Task) -> float:
    """One over the temperature T that makes softmax(outputs / T), or sigmoid, likeliest (Guo et al. 2017).

    The negative log-likelihood is convex in 1/T; its derivative has one root. The labels count as N of N + 1 samples,
    of which the last one's label is uniform, as Platt (1999) has it: T stays above 0 where no sample is wrong. 0 where
    outputs say less than nothing: every probability is then the same.

    Args:
        outputs: (N, K), or (N,) of one binary label; of validation data.
        y: As `of_labels` takes it.
        task: What the targets are.

    Of 999 labels, 749 are 1 where the output is 2. With half of the uniform one, these are 749.5 of 1000.

    >>> y = torch.cat([torch.ones(749), torch.zeros(250)])
    >>> inverse = inverse_temperature(torch.full((999,), 2.0), y, Task.BINARY)
    >>> math.isclose(inverse, math.log(749.5 / 250.5) / 2, rel_tol=1e-9)
    True
    """
    z = outputs.detach().double()
    if not bool(torch.isfinite(z).all()):
        return math.nan
    share = 1 / (len(y) + 1)
    if task is Task.MULTICLASS:
        z = z - z.amax(1, keepdim=True)
        q = (1 - share) * F.one_hot(y, z.shape[1]) + share / z.shape[1]
    else:
        q = (1 - share) * y.double() + share / 2

    def slope(inverse: float) -> float:
        p = torch.softmax(inverse * z, 1) if task is Task.MULTICLASS else torch.sigmoid(inverse * z)
        return float(((p - q) * z).mean())

    if slope(0.0) >= 0:
        return 0.0
    high = 1 / float(z.abs().max())
    while slope(high) < 0 and high < 1e12:
        high *= 2
    if high >= 1e12:
        return high
    root: Any = brentq(slope, 0.0, high, xtol=1e-12 * high, rtol=1e-12)
    return float(root)


def of_numbers(predicted: Tensor, y: Tensor) -> Measured:
    """Errors of predicted numbers. Means over all numbers; the samples' own are means over a row.

    >>> errors = of_numbers(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 6.0])).values
    >>> errors["mae"], errors["rmse"] == math.sqrt(3), round(errors["r2"], 12)  # 1 - 9 / 14
    (1.0, True, 0.357142857143)
    """
    difference = predicted.detach().double() - y.double()
    squared, absolute = _per_sample(difference.square()), _per_sample(difference.abs())
    around = _per_sample((y.double() - y.double().mean(0)).square())
    spread, mse = float(around.mean()), float(squared.mean())
    values = {
        "rmse": math.sqrt(mse),
        "mae": float(absolute.mean()),
        "r2": 1 - mse / spread if spread > 0 else math.nan,
    }
    samples = {"mae": absolute, "mse": squared}
    if spread > 0:  # to first order, as a ratio of means
        samples["r2"] = values["r2"] + ((1 - values["r2"]) * around - squared) / spread
    return Measured(values, samples)
