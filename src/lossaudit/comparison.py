"""What came of training the same model under several losses: plain data, complete in itself.

A comparison is stored and shown again from this alone, without the data, the model, or torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lossaudit.result import Calibration


class Better(Enum):
    """Which way a measure is better."""

    LARGER = "larger"
    SMALLER = "smaller"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured of every trial.

    Attributes:
        name: For machines: `"accuracy"`, `"nll"`, `"epochs_to_level"`.
        title: For people, with the unit: `"accuracy"`, `"NLL (nats)"`.
        better: Which way.
        percent: Whether it is shown in percent.
    """

    name: str
    title: str
    better: Better
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one loss over the seeds.

    Attributes:
        values: One for each seed, in the order of the comparison's seeds. NaN: not a number there (a diverged run);
            infinity: never (epochs to a level that was not reached).
        mean: Over the seeds; the median where a value is infinite, NaN where one is NaN.
        low, high: 95 % interval; NaN where there is none (one seed).
    """

    values: tuple[float, ...]
    mean: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Curve:
    """What was measured after every epoch of one trial at the chosen rate; entry 0 is before the first step.

    Attributes:
        seed: Of the trial.
        values: One for each epoch; NaN where it is not a number.
    """

    seed: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A learning rate that was tried for a loss.

    Attributes:
        rate: Learning rate.
        seeds: With which it was tried.
        score: Mean over the seeds of the tuning of what the choice was made by, on validation data; NaN if one
            diverged.
        diverged: `(seed, epoch)` of the trials whose loss or weights were no longer finite.
    """

    rate: float
    seeds: tuple[int, ...]
    score: float
    diverged: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Contestant:
    """One loss of a comparison.

    Attributes:
        name: As it was asked for, unique: `"mse:softmax"`.
        words: In words: `"squared error on softmax"`.
        rate: The learning rate that was chosen on validation data; NaN where the user's own function chose, or where
            nothing is finished.
        tried: All rates, in order.
        at_edge: Whether the best rate was still the outermost that was tried.
        seeds: That are finished at the chosen rate.
        figures: By the name of the measure; a measure that this loss has not is left out.
        curves: By the name of what is drawn (`"validation accuracy"`, `"training loss"`).
        reliability: On test data, first seed; None where the loss speaks of no probabilities.
        convex: Whether it is convex in the logits: True proved, False refuted, None not known.
        notes: What has to be said of this loss, a sentence each.
        seconds: Of training, over all its trials.
    """

    name: str
    words: str
    rate: float = math.nan
    tried: tuple[Tried, ...] = ()
    at_edge: bool = False
    seeds: tuple[int, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict[str, Figure])
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict[str, tuple[Curve, ...]])
    reliability: Calibration | None = None
    convex: bool | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Contrast:
    """The paired difference of two losses in one measure: `first - second`, over the seeds and the test samples.

    Attributes:
        measure: Its name.
        first, second: Names of the losses.
        difference: Mean of the paired differences; NaN where there is none.
        low, high: 95 % interval, corrected for the number of comparisons that are made.
        p: Corrected as well.
        better: The name of the loss that is better, decided; None: not decided.
    """

    measure: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    better: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several losses, side by side.

    Attributes:
        key: Of the comparison in the store: its first eight characters name it on the command line.
        title: What was compared on what, in one line.
        setting: What was the same for all: data, split, model, recipe; a sentence each.
        measures: In the order of the table; the first is the one that decides.
        contestants: In the order that was asked for.
        reference: The name of the loss that the others are compared with.
        contrasts: Of every other loss with the reference, in every measure that can be compared.
        sentences: What is decided and what is not, in plain words.
        seeds: All that were asked for.
        level: For `epochs_to_level`: what has to be reached on validation data; NaN if nothing is.
        warnings: What a reader has to know before believing it, a sentence each.
        missing: Trials that are not finished: the comparison is partial if it is above 0.
        made: Date and time, ISO 8601.
        versions: Of lossaudit and what it trained with.
    """

    key: str
    title: str
    setting: tuple[str, ...]
    measures: tuple[Measure, ...]
    contestants: tuple[Contestant, ...]
    reference: str
    contrasts: tuple[Contrast, ...]
    sentences: tuple[str, ...]
    seeds: tuple[int, ...]
    level: float = math.nan
    warnings: tuple[str, ...] = ()
    missing: int = 0
    made: str = ""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
