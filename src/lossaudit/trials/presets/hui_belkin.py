"""Hui and Belkin 2021: squared error on raw outputs, plain and rescaled, against cross-entropy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from types import MappingProxyType

from lossaudit.comparison import Comparison
from lossaudit.study import Chart, Line, Section, Study, Table
from lossaudit.trials.asked import RATES, Asked
from lossaudit.trials.contender import contenders
from lossaudit.trials.data import load
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import load_model
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign
from lossaudit.trials.presets.figures import (
    across,
    by_name,
    contrast,
    difference,
    expected,
    figure,
    judged,
    mean,
    percent,
    points,
    written,
)
from lossaudit.trials.presets.golik2013 import CLOSE, DIMENSIONS, mixture
from lossaudit.trials.presets.margins import at_least
from lossaudit.trials.trial import Recipe
from lossaudit.trials.workshop import Workshop

CROSS_ENTROPY, SQUARE, RESCALED = "ce", "squared_outputs", "hui_belkin(k=15, m=30)"
LOSSES = (CROSS_ENTROPY, SQUARE, RESCALED, "hui_belkin(k=15, m=1)", "mse:softmax")
"""The rescaled loss as for ImageNet, and with its weight alone: targets 0 and 1."""

HIDDEN = 256
MARGIN = 0.01
"""Accuracies that differ by less are called comparable."""

SOURCE = (
    "L. Hui, M. Belkin: Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in Classification "
    "Tasks. ICLR 2021, arXiv 2006.07322. With A. Demirkaya, J. Chen, S. Oymak: Exploring the Role of Loss Functions in "
    "Multiclass Classification. CISS 2020."
)
CLAIMS = (
    "With the settings of the literature, networks perform comparably or better when they are trained with the square "
    "loss; cross-entropy has a slight edge on vision tasks (Hui and Belkin).",
    "Training with the square loss is less sensitive to the randomness in initialization (Hui and Belkin).",
    "The accuracy with quadratic loss disproportionately degrades with a growing number of classes (Demirkaya, Chen, "
    "Oymak).",
    "Encouraging quadratic loss to focus on the correct class results in a drastically improved performance "
    "(Demirkaya, Chen, Oymak); Hui and Belkin rescale the loss for many classes.",
)
LIMITS = (
    "Only the abstracts of both papers could be read. Their data (speech, text, ImageNet, CIFAR-100) and architectures "
    "are not repeated; ours are small images and made-up classes.",
    "Hui and Belkin take learning rates from the literature on cross-entropy. Here each loss has its own, chosen on "
    "validation data, which takes away what rescaling does by the size of the gradient alone.",
    "k = 15 and M = 30 are known as those for ImageNet. They are not tuned here.",
    "How much results vary with the seed is compared as if the runs of two losses were independent; few seeds say "
    "little about it.",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        classes: Of the mixtures.
        samples: Training samples of a mixture, whatever the number of classes.
        epochs: On digits.
        mixture_epochs: On the mixtures.
        seeds: How many.
        rates: That the tuning starts with.
    """

    classes: tuple[int, ...] = (10, 30, 100)
    samples: int = 6000
    epochs: int = 30
    mixture_epochs: int = 10
    seeds: int = 5
    rates: tuple[float, ...] = RATES


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {Scale.SMALL: Setting(), Scale.TINY: Setting((3, 5), 60, 1, 1, 2, (0.03, 0.1))}
)


def make(workshop: Workshop, scale: Scale) -> Study:
    """Run what is not stored yet, and write it down."""
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    digits = _compared(campaign, setting, None, LOSSES)
    mixtures = {classes: _compared(campaign, setting, classes, LOSSES) for classes in setting.classes}
    most = max(mixtures)
    repaired = _compared(campaign, setting, most, (SQUARE, RESCALED))
    return Study(
        name="hui-belkin",
        title="Squared error on raw outputs, plain and rescaled, against cross-entropy",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting),
        sections=(
            _classes(mixtures),
            _calibration({"digits": digits, f"{most} classes": mixtures[most]}),
            _seeds({"digits": digits} | {f"{classes} classes": each for classes, each in mixtures.items()}),
            Section("Digits", comparison=digits),
            *(Section(f"{classes} classes", comparison=each) for classes, each in mixtures.items()),
        ),
        agrees=(*_agreement(digits, mixtures), _repaired(repaired)),
        limits=LIMITS,
        command="lossaudit compare --preset hui-belkin",
        missing=campaign.missing,
    )


def _compared(campaign: Campaign, setting: Setting, classes: int | None, losses: Sequence[str]) -> Comparison:
    """On a mixture of so many classes; None: on digits. What an earlier one has trained is in the store."""
    problem, sealed = load("digits") if classes is None else mixture(classes, CLOSE, setting.samples)
    model = "mlp" if classes is None else f"mlp:{HIDDEN}"
    epochs = setting.epochs if classes is None else setting.mixture_epochs
    loop = Loop(load_model(model, problem), problem, contenders(losses, problem), Recipe(epochs=epochs))
    asked = Asked(losses=losses, seeds=setting.seeds, rates=setting.rates)
    title = f"{', '.join(losses)}, {problem.name}"
    return campaign.compare(title, loop, asked, sealed)


def _classes(mixtures: Mapping[int, Comparison]) -> Section:
    """Accuracy as the classes become more."""
    columns = {f"{classes} classes": comparison for classes, comparison in mixtures.items()}
    table = across(
        "Test accuracy, mean and 95 % interval over the seeds",
        "loss",
        columns,
        lambda comparison, loss: written(figure(comparison, loss)),
    )
    behind = across(
        "Points behind cross-entropy, paired over seeds and test samples, corrected for the number of losses",
        "loss",
        columns,
        _behind,
    )
    lines = tuple(
        Line(loss, tuple(map(float, mixtures)), tuple(mean(comparison, loss) for comparison in mixtures.values()))
        for loss in LOSSES
    )
    chart = Chart("Test accuracy by the number of classes", "classes", "accuracy", lines, log_across=True, percent=True)
    text = (
        "The classes overlap more as there are more of them, so that every loss falls. What counts is how far a loss "
        "is behind cross-entropy. The number of training samples, and so of steps, is always the same.",
    )
    return Section("More classes", text, (table, behind), (chart,))


def _behind(comparison: Comparison, loss: str) -> str:
    found = contrast(comparison, loss)
    if found is None:
        return "reference" if loss == comparison.reference else "–"
    return f"{points(found.difference)} [{points(found.low)}, {points(found.high)}]"


def _calibration(comparisons: Mapping[str, Comparison]) -> Section:
    """Raw outputs of a squared error are no logits; one temperature makes them comparable."""
    columns = {f"{name}: {title}": (each, m) for name, each in comparisons.items() for m, title in _SCALED}
    rows = tuple(
        (loss, *(written(figure(each, loss, measure), _three) for each, measure in columns.values())) for loss in LOSSES
    )
    text = (
        "The outputs of a squared error are no logits, so their softmax means nothing as it is. For every loss alike, "
        "one temperature is fitted on validation data; then they are compared.",
    )
    return Section("Probabilities", text, (Table("After temperature scaling, on test data", ("loss", *columns), rows),))


_SCALED = (("nll_scaled", "NLL"), ("ece_scaled", "calibration error"))


def _three(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _seeds(comparisons: Mapping[str, Comparison]) -> Section:
    """How much the accuracy varies with the seed."""
    table = across(
        "Standard deviation of the test accuracy over the seeds",
        "loss",
        comparisons,
        lambda c, loss: percent(spread(c, loss)),
    )
    return Section("How much the seed matters", (), (table,))


def spread(comparison: Comparison, loss: str) -> float:
    """Standard deviation of the test accuracy over the seeds; NaN for less than two."""
    found = figure(comparison, loss)
    finite = () if found is None else tuple(value for value in found.values if math.isfinite(value))
    return stdev(finite) if len(finite) > 1 else math.nan


def spread_ratio(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of two standard deviations and its 95 % interval, by Fisher's F; NaN where there is none.

    >>> [round(each, 2) for each in spread_ratio((1.0, 2.0, 3.0), (0.0, 2.0, 4.0))]  # F quantile 39 for (2, 2)
    [0.5, 0.08, 3.12]
    """
    from scipy.stats import f

    if len(first) < 2 or len(second) < 2 or not all(map(math.isfinite, (*first, *second))) or not stdev(second):
        return math.nan, math.nan, math.nan
    ratio = stdev(first) / stdev(second)
    ends = f.ppf((0.975, 0.025), len(first) - 1, len(second) - 1)
    low, high = (ratio / math.sqrt(end) for end in ends)
    return ratio, low, high


def _agreement(digits: Comparison, mixtures: Mapping[int, Comparison]) -> tuple[str, ...]:
    fewest, most = min(mixtures), max(mixtures)
    return (
        _comparable("digits", digits),
        _comparable(f"{fewest} classes", mixtures[fewest]),
        _less_varied("digits", digits),
        _less_varied(f"{most} classes", mixtures[most]),
        _degrades(fewest, mixtures[fewest], most, mixtures[most]),
    )


def _comparable(where: str, comparison: Comparison) -> str:
    found = contrast(comparison, SQUARE)
    because = f"In test accuracy {difference(found)}; comparably or better means above -{100 * MARGIN:g} point."
    return judged(f"Claim 1 ({where})", at_least(found, -MARGIN), because)


def _less_varied(where: str, comparison: Comparison) -> str:
    square, reference = (by_name(comparison, loss) for loss in (SQUARE, CROSS_ENTROPY))
    values = [
        () if each is None or "accuracy" not in each.figures else each.figures["accuracy"].values
        for each in (square, reference)
    ]
    ratio, low, high = spread_ratio(values[0], values[1])
    agrees = True if high < 1 else False if low > 1 else None
    because = (
        f"The standard deviation over the seeds with {SQUARE} is {ratio:.2f} times that with {CROSS_ENTROPY} "
        f"[{low:.2f}, {high:.2f}]."
    )
    if math.isnan(ratio):
        because = "There are no standard deviations to be compared."
    return judged(f"Claim 2 ({where})", agrees, because)


def _degrades(fewest: int, few: Comparison, most: int, many: Comparison) -> str:
    """Whether the square loss falls behind further with the most classes: both intervals are apart."""
    first, last = contrast(few, SQUARE), contrast(many, SQUARE)
    if first is None or last is None or not math.isfinite(first.difference + last.difference):
        return judged("Claim 3", None, "There are no differences to be compared.")
    agrees = True if last.high < first.low else False if last.low >= first.high else None
    because = (
        f"With {fewest} classes, {difference(first)}; with {most}, {difference(last)}. The claim holds where the "
        "second interval lies below the first."
    )
    return judged("Claim 3", agrees, because)


def _repaired(comparison: Comparison) -> str:
    """Whether weight on the true class helps, against the plain loss."""
    found = contrast(comparison, RESCALED)
    return judged(f"Claim 4 ({comparison.title})", expected(found, RESCALED), f"In test accuracy {difference(found)}.")


def _words(setting: Setting) -> tuple[str, ...]:
    counts = ", ".join(map(str, setting.classes))
    return (
        f"Digits: scikit-learn's, one hidden layer of 64 ReLU, {setting.epochs} epochs.",
        f"Mixtures of {counts} normal classes in {DIMENSIONS} dimensions that overlap, {setting.samples} training "
        f"samples in all, one hidden layer of {HIDDEN} ReLU, {setting.mixture_epochs} epochs.",
        f"SGD with momentum 0.9, batches of 64, {setting.seeds} seeds; each loss has its own rate.",
        f"{SQUARE} is sum over the classes of (z_i - y_i)²; hui_belkin(k, m) is (k (z_y - m)² + sum over the wrong "
        "classes of z_i²) / K. No softmax in either. mse:softmax is what Hui and Belkin do not do.",
    )


PRESET = Preset("hui-belkin", "squared error on raw outputs, plain and rescaled, against cross-entropy", make)
