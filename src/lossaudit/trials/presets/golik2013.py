"""Golik, Doetsch, Ney 2013: cross-entropy against squared error on softmax, from random and from good weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from lossaudit.comparison import Comparison, Contrast, Figure
from lossaudit.study import Chart, Line, Section, Study, Table
from lossaudit.trials.asked import Asked
from lossaudit.trials.contender import Contender, contender, contenders
from lossaudit.trials.data import load, made
from lossaudit.trials.loop import Loop
from lossaudit.trials.models import Factory, load_model
from lossaudit.trials.presets import Preset, Scale
from lossaudit.trials.presets.campaign import Campaign, beginning, learnt
from lossaudit.trials.presets.figures import (
    contrast,
    difference,
    expected,
    figure,
    general,
    judged,
    percent,
    points,
    written,
)
from lossaudit.trials.problem import Problem, Samples, Sealed, Task
from lossaudit.trials.statistics import figure as over_seeds
from lossaudit.trials.trial import Outcome, Recipe, Trial
from lossaudit.trials.workshop import Workshop

CROSS_ENTROPY, SQUARED, LEGACY = "ce", "brier", "mse:softmax"
"""Cross-entropy; squared error on softmax, summed over the classes; the same as PyTorch's mean over the classes."""

SOURCE = (
    "P. Golik, P. Doetsch, H. Ney: Cross-Entropy vs. Squared Error Training: a Theoretical and Experimental "
    "Comparison. Interspeech 2013, pages 1756-1760, doi:10.21437/Interspeech.2013-436."
)
CLAIMS = (
    "With randomly initialized weights, a network trained with the squared error does not converge to a good local "
    "optimum.",
    "With a good initialization by pre-training, a few additional fine-tuning iterations with the squared error lower "
    "the word error rate of the best cross-entropy system: from 30.9 % to 30.5 % in speech recognition, and from "
    "22.7 % to 21.9 % in handwriting recognition.",
)
LIMITS = (
    "Only the abstract of the paper could be read, so its networks, learning rates and bounds are not repeated.",
    "Word error rates need a hidden Markov model, a decoder and licensed corpora. Ours are error rates of single "
    "samples, of digits and of made-up classes.",
    "Hybrid recognisers of that time told apart thousands of states. Our sweep ends at a few hundred classes; the "
    "factor 2/K is exact for any number.",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How large it is run.

    Attributes:
        classes: Of the sweep.
        samples: Training samples of the mixtures, whatever the number of classes; a third more for validation and test.
        epochs: Of the sweep.
        tuned_classes: Of the mixture with tuned rates.
        tuned_epochs: With tuned rates on that mixture.
        digits_epochs: With tuned rates on digits.
        extra_epochs: Of fine-tuning.
        sweep_seeds, seeds: How many, in the sweep and with tuned rates.
        rates: That the tuning starts with.
        gentle: The same for fine-tuning.
    """

    classes: tuple[int, ...] = (10, 30, 100, 200)
    samples: int = 3000
    epochs: int = 20
    tuned_classes: int = 100
    tuned_epochs: int = 10
    digits_epochs: int = 20
    extra_epochs: int = 10
    sweep_seeds: int = 3
    seeds: int = 5
    rates: tuple[float, ...] = tuple(10 ** (k / 2) for k in range(-4, 1))
    gentle: tuple[float, ...] = tuple(10 ** (k / 2) for k in range(-6, 0))


SETTINGS: Mapping[Scale, Setting] = MappingProxyType(
    {
        Scale.SMALL: Setting(),
        Scale.TINY: Setting(
            classes=(3, 6),
            samples=60,
            epochs=2,
            tuned_classes=4,
            tuned_epochs=1,
            digits_epochs=1,
            extra_epochs=1,
            sweep_seeds=2,
            seeds=2,
            rates=(0.03, 0.1),
            gentle=(0.01, 0.1),
        ),
    }
)
DIMENSIONS, HIDDEN, BATCH = 32, 256, 64
APART, CLOSE = 1.5, 0.75
"""Standard deviation of the class means, in standard deviations of a class: apart, or with overlap."""

FIXED, LARGER = 0.03, 0.3
"""Learning rates of the sweep: one that suits cross-entropy, and ten times that."""

SWEEP = ((CROSS_ENTROPY, FIXED), (SQUARED, FIXED), (LEGACY, FIXED), (SQUARED, LARGER))


def mixture(classes: int, spread: float, samples: int, seed: int = 0) -> tuple[Problem, Sealed]:
    """Normal classes with unit covariance, whose means are drawn once; inputs scaled to variance 1 on average.

    Args:
        classes: As many samples of each, up to one.
        spread: Standard deviation of the class means.
        samples: For training; a third of it for validation and for the test each.
        seed: Of the means and the samples.
    """
    draw = torch.Generator().manual_seed(seed)
    means = spread * torch.randn(classes, DIMENSIONS, generator=draw)

    def part(count: int) -> tuple[Tensor, Tensor]:
        y = (torch.arange(count) % classes)[torch.randperm(count, generator=draw)]
        return (means[y] + torch.randn(count, DIMENSIONS, generator=draw)) / math.hypot(1, spread), y

    words = f"{classes} normal classes in {DIMENSIONS} dimensions, class means of standard deviation {spread:g}."
    train, validation, test = part(samples), part(samples // 3), part(samples // 3)
    return made(f"mixture of {classes}", train, validation, test, outputs=classes, words=(words,))


def gradient_ratio(loss: str, classes: int) -> float:
    """Length of a loss's gradient at uniform logits over that of cross-entropy's there, in float64.

    >>> round(gradient_ratio("brier", 10), 15), round(gradient_ratio("mse:softmax", 10), 15)
    (0.2, 0.02)
    """
    every = Samples(torch.zeros(classes, 1), torch.arange(classes))
    problem = Problem("one of each", Task.MULTICLASS, every, every, outputs=classes)
    return _slope(contender(loss, problem), classes) / _slope(contender(CROSS_ENTROPY, problem), classes)


def _slope(loss: Contender, classes: int) -> float:
    logits = torch.zeros(1, classes, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss.value(logits, loss.encode(torch.zeros(1, dtype=torch.int64))), logits)
    return slope.norm().item()


def network_ratio(loss: str, factory: Factory, problem: Problem, seed: int) -> float:
    """The same of the gradient of all parameters, at a network's own initial weights, on all training samples."""
    with torch.random.fork_rng(()):
        torch.manual_seed(seed)
        model = factory.make()
    entered = contenders([loss, CROSS_ENTROPY], problem)
    first, second = (_length(model, each, problem) for each in entered)
    return first / second


def _length(model: nn.Module, loss: Contender, problem: Problem) -> float:
    value = loss.value(model(problem.train.x), loss.encode(problem.train.y))
    slopes = torch.autograd.grad(value, list(model.parameters()))
    return math.sqrt(sum(slope.square().sum().item() for slope in slopes))


def factor(setting: Setting) -> Section:
    """How much smaller the squared error's first steps are."""
    rows: list[tuple[str, ...]] = []
    for classes in setting.classes:
        problem, _ = mixture(classes, APART, setting.samples)
        factory = load_model(f"mlp:{HIDDEN}", problem)
        ratios = over_seeds([network_ratio(SQUARED, factory, problem, seed) for seed in range(setting.sweep_seeds)])
        measured = (f"{gradient_ratio(loss, classes):.12g}" for loss in (SQUARED, LEGACY))
        theory = (f"{2 / classes:.12g}", f"{2 / classes**2:.12g}")
        rows.append((str(classes), theory[0], next(measured), written(ratios, general), theory[1], next(measured)))
    table = Table(
        "Length of the squared error's gradient, as a share of cross-entropy's",
        (
            "classes K",
            "theory, 2/K",
            "measured at uniform logits",
            "all parameters, initial network",
            "PyTorch's mean, theory 2/K²",
            "measured at uniform logits",
        ),
        tuple(rows),
    )
    text = (
        "At uniform logits p = 1/K. Cross-entropy's gradient at the logits is p - y; that of the squared error, summed "
        "over the classes, is 2 S (p - y) with S = diag(p) - p pᵀ, which there is exactly 2/K of it. "
        "F.mse_loss also divides by K. An untrained network is near uniform, so its first steps are smaller by about "
        "this factor, and the more classes, the more so.",
    )
    return Section("The factor 2/K", text, (table,))


@dataclass(frozen=True, slots=True)
class Swept:
    """Accuracies of one loss at one rate on one number of classes.

    Attributes:
        classes: How many.
        loss, rate: Which.
        curves: Validation accuracy for each seed that is finished: before the first step, and after each epoch.
    """

    classes: int
    loss: str
    rate: float
    curves: tuple[tuple[float, ...], ...]

    @property
    def name(self) -> str:
        return f"{self.loss}, rate {self.rate:g}"

    def after(self, epoch: int) -> Figure:
        """Accuracy after so many epochs, over the seeds."""
        return over_seeds([curve[epoch] for curve in self.curves], low=0.0, high=1.0)


def swept(campaign: Campaign, setting: Setting) -> tuple[Swept, ...]:
    """All runs of the sweep."""
    found: list[Swept] = []
    for classes in setting.classes:
        problem, _ = mixture(classes, APART, setting.samples)
        entered = contenders([CROSS_ENTROPY, SQUARED, LEGACY], problem)
        recipe = Recipe(epochs=setting.epochs, batch=BATCH)
        loop = Loop(load_model(f"mlp:{HIDDEN}", problem), problem, entered, recipe)
        trials = [Trial(loss, rate, seed) for seed in range(setting.sweep_seeds) for loss, rate in SWEEP]
        outcomes = campaign.train(loop, trials)
        found += [Swept(classes, loss, rate, _accuracies(outcomes, loss, rate)) for loss, rate in SWEEP]
    return tuple(found)


def _accuracies(outcomes: Mapping[Trial, Outcome], loss: str, rate: float) -> tuple[tuple[float, ...], ...]:
    mine = sorted(trial for trial in outcomes if (trial.loss, trial.rate) == (loss, rate))
    return tuple(outcomes[trial].curves["validation accuracy"] for trial in mine)


def sweep(runs: Sequence[Swept], setting: Setting) -> Section:
    """What one learning rate for all does as the classes become more."""
    epochs = sorted({1, max(1, setting.epochs // 4), setting.epochs})
    finished = [run for run in runs if run.curves]
    rows = ((str(run.classes), run.name, *(written(run.after(epoch)) for epoch in epochs)) for run in finished)
    header = ("classes K", "loss and rate", *(f"after {epoch} epoch{'s' * (epoch > 1)}" for epoch in epochs))
    table = Table("Accuracy on validation data, mean and 95 % interval over the seeds", header, tuple(rows))
    most = max(setting.classes)
    over = Chart(
        f"Accuracy over the epochs, {most} classes",
        "epochs",
        "accuracy",
        tuple(_line(run) for run in finished if run.classes == most),
        percent=True,
    )
    ends = Chart(
        f"Accuracy after {setting.epochs} epochs",
        "number of classes",
        "accuracy",
        tuple(_ends(name, finished) for name in dict.fromkeys(run.name for run in finished)),
        log_across=True,
        percent=True,
    )
    text = (
        f"Every loss is trained with the rate {FIXED:g}, which suits cross-entropy, and the squared error with "
        f"{LARGER:g} too. The number of training samples, and so of steps, is the same for every K. Nothing is chosen "
        "here, so the validation data measure it.",
        f"SGD on {LEGACY} is SGD on {SQUARED} at a rate that is K times smaller.",
    )
    return Section("More classes at one learning rate", text, (table,), (over, ends))


def _line(run: Swept) -> Line:
    means = [run.after(epoch).mean for epoch in range(len(run.curves[0]))]
    return Line(run.name, tuple(map(float, range(len(means)))), tuple(means))


def _ends(name: str, runs: Sequence[Swept]) -> Line:
    mine = [run for run in runs if run.name == name]
    return Line(name, tuple(float(run.classes) for run in mine), tuple(run.after(-1).mean for run in mine))


def random_start(campaign: Campaign, setting: Setting) -> tuple[Comparison, Comparison]:
    """Both losses from fresh weights, each with its own learning rate: on an overlapping mixture, and on digits."""
    losses = (CROSS_ENTROPY, SQUARED, LEGACY)
    asked = Asked(losses=losses, seeds=setting.seeds, rates=setting.rates)
    compared: list[Comparison] = []
    for (problem, sealed), model, epochs in _problems(setting):
        recipe = Recipe(epochs=epochs, batch=BATCH)
        loop = Loop(load_model(model, problem), problem, contenders(losses, problem), recipe)
        title = f"cross-entropy and squared error on softmax, random start, {problem.name}"
        compared.append(campaign.compare(title, loop, asked, sealed))
    return compared[0], compared[1]


def _problems(setting: Setting) -> tuple[tuple[tuple[Problem, Sealed], str, int], ...]:
    """What is trained with tuned rates: problem and test, model, epochs."""
    overlapping = mixture(setting.tuned_classes, CLOSE, setting.samples)
    return (overlapping, f"mlp:{HIDDEN}", setting.tuned_epochs), (load("digits"), "mlp:64", setting.digits_epochs)


@dataclass(frozen=True, slots=True)
class Tuned:
    """Fine-tuning of networks that have learnt with cross-entropy.

    Attributes:
        before: Test accuracy of the networks as they are, over the seeds.
        comparison: More of cross-entropy, and of the squared error.
    """

    before: Figure
    comparison: Comparison


def fine_tuning(campaign: Campaign, setting: Setting, starts: Sequence[Comparison]) -> tuple[Tuned, ...]:
    """The networks of the random start, as cross-entropy at its best rate left them, trained on with either loss."""
    found: list[Tuned] = []
    for start, ((problem, sealed), model, epochs) in zip(starts, _problems(setting), strict=True):
        rate = next(each.rate for each in start.contestants if each.name == CROSS_ENTROPY)
        if start.missing or math.isnan(rate):
            continue
        fresh = load_model(model, problem)
        first = Loop(fresh, problem, contenders([CROSS_ENTROPY], problem), Recipe(epochs=epochs, batch=BATCH))
        weights = learnt(campaign, first, CROSS_ENTROPY, rate, setting.seeds)
        if len(weights) < setting.seeds:
            continue
        losses = (CROSS_ENTROPY, SQUARED)
        factory = beginning(f"{fresh.name}, trained with cross-entropy", fresh, weights)
        recipe = Recipe(epochs=setting.extra_epochs, batch=BATCH)
        loop = Loop(factory, problem, contenders(losses, problem), recipe)
        asked = Asked(losses=losses, seeds=setting.seeds, rates=setting.gentle)
        title = f"fine-tuning after cross-entropy, {problem.name}"
        comparison = campaign.compare(title, loop, asked, sealed)
        before = figure(start, CROSS_ENTROPY) or Figure((), math.nan)
        found.append(Tuned(before, comparison))
    return tuple(found)


def polishing(tuned: Sequence[Tuned]) -> Section:
    """Error before and after fine-tuning."""
    rows: list[tuple[str, ...]] = []
    for each in tuned:
        after = (_error(figure(each.comparison, loss)) for loss in (CROSS_ENTROPY, SQUARED))
        found = contrast(each.comparison, SQUARED)
        rows.append((each.comparison.title, written(_error(each.before)), *map(written, after), _fewer(found)))
    header = ("problem", "error before", "after more cross-entropy", "after squared error", "difference in points")
    table = Table("Test error, mean and 95 % interval; paired difference", header, tuple(rows))
    text = (
        "Each network is first trained with cross-entropy, at the rate that its tuning chose. From the same weights it "
        "is then trained on with cross-entropy, or with the squared error, each at its own small rate chosen on "
        "validation data.",
    )
    return Section("A cross-entropy start, then the squared error", text, (table,))


def _error(accuracy: Figure | None) -> Figure | None:
    if accuracy is None:
        return None
    wrong = tuple(1 - value for value in accuracy.values)
    return Figure(wrong, 1 - accuracy.mean, 1 - accuracy.high, 1 - accuracy.low)


def _fewer(found: Contrast | None) -> str:
    """Error of the squared error minus that of cross-entropy."""
    if found is None or math.isnan(found.difference):
        return "–"
    return f"{-100 * found.difference:+.2f} [{-100 * found.high:+.2f}, {-100 * found.low:+.2f}]"


def agreement(runs: Sequence[Swept], starts: Sequence[Comparison], tuned: Sequence[Tuned]) -> tuple[str, ...]:
    """What our figures say of the claims."""
    return (
        *_at_one_rate(runs),
        *(_from_random(start) for start in starts),
        *(_after_learning(each) for each in tuned),
    )


def _at_one_rate(runs: Sequence[Swept]) -> tuple[str, ...]:
    """Claim 1 at the rate that suits cross-entropy, for the most classes; and whether a larger rate repairs it."""
    if not runs:
        return ()
    most = max(run.classes for run in runs)
    first, second, repaired = (
        next((run for run in runs if (run.classes, run.loss, run.rate) == (most, loss, rate)), None)
        for loss, rate in ((CROSS_ENTROPY, FIXED), (SQUARED, FIXED), (SQUARED, LARGER))
    )
    if first is None or second is None or repaired is None:
        return ()
    lower, gained = _paired(second, first), _paired(repaired, second)
    share = gained.mean / -lower.mean if lower.mean < 0 else math.nan
    return (
        judged(
            f"Claim 1, at the rate {FIXED:g}",
            True if lower.high < 0 else False if lower.low >= 0 else None,
            f"With {most} classes the squared error reaches {written(second.after(-1))} at the end, cross-entropy "
            f"{written(first.after(-1))}; the paired difference is {_points(lower)}.",
        ),
        judged(
            "A larger rate repairs that (our addition)",
            True if gained.low > 0 and share > 0.5 else False if gained.high <= 0 or share <= 0.5 else None,
            f"With {LARGER / FIXED:g} times the rate the squared error reaches {written(repaired.after(-1))}; that is "
            f"{_points(gained)} more, and {percent(share)} of what was missing.",
        ),
    )


def _points(figure: Figure) -> str:
    return f"{points(figure.mean)} points [{points(figure.low)}, {points(figure.high)}]"


def _paired(first: Swept, second: Swept) -> Figure:
    """Difference of the accuracies at the end, over the seeds."""
    return over_seeds([one[-1] - other[-1] for one, other in zip(first.curves, second.curves, strict=False)])


def _from_random(start: Comparison) -> str:
    """Claim 1 with each loss at its own rate."""
    found = contrast(start, SQUARED)
    return judged(
        f"Claim 1, each loss at its own rate ({start.title})",
        expected(found, CROSS_ENTROPY),
        f"In test accuracy, {difference(found)}.",
    )


def _after_learning(tuned: Tuned) -> str:
    """Claim 2."""
    found = contrast(tuned.comparison, SQUARED)
    after = figure(tuned.comparison, CROSS_ENTROPY)
    share = (
        ""
        if found is None or after is None or not after.mean < 1
        else (
            f" That changes the errors by {-100 * found.difference / (1 - after.mean):+.1f} %; in the paper it is "
            "-1.3 % and -3.5 %."
        )
    )
    return judged(
        f"Claim 2 ({tuned.comparison.title})",
        expected(found, SQUARED),
        f"In test accuracy, {difference(found)}.{share}",
    )


def make(workshop: Workshop, scale: Scale) -> Study:
    """Run what is not stored yet, and write it down."""
    setting = SETTINGS[scale]
    campaign = Campaign(workshop)
    runs = swept(campaign, setting)
    starts = random_start(campaign, setting)
    tuned = fine_tuning(campaign, setting, starts)
    return Study(
        name="golik2013",
        title="Cross-entropy against squared error on softmax, from random and from good weights",
        source=SOURCE,
        claims=CLAIMS,
        setting=_words(setting),
        sections=(
            factor(setting),
            sweep(runs, setting),
            *(Section(each.title.capitalize(), comparison=each) for each in starts),
            polishing(tuned),
            *(Section(each.comparison.title.capitalize(), comparison=each.comparison) for each in tuned),
        ),
        agrees=agreement(runs, starts, tuned),
        limits=LIMITS,
        command="lossaudit compare --preset golik2013",
        missing=campaign.missing,
    )


def _words(setting: Setting) -> tuple[str, ...]:
    return (
        f"Mixtures: normal classes in {DIMENSIONS} dimensions, {setting.samples} training samples whatever the number "
        f"of classes, a network with one hidden layer of {HIDDEN} ReLU. The class means have a standard deviation of "
        f"{APART:g} in the sweep, where the classes hardly overlap, and of {CLOSE:g} with {setting.tuned_classes} "
        "classes, where they do.",
        "Digits: scikit-learn's, a network with one hidden layer of 64 ReLU.",
        f"SGD with momentum 0.9, batches of {BATCH}. Sweep: {setting.epochs} epochs, {setting.sweep_seeds} seeds, "
        f"rates {FIXED:g} and {LARGER:g}. Tuned: {setting.seeds} seeds, {setting.tuned_epochs} epochs on the mixture "
        f"and {setting.digits_epochs} on digits. Fine-tuning: {setting.extra_epochs} epochs more.",
        f"{SQUARED} is the squared error on softmax summed over the classes, {LEGACY} what "
        "F.mse_loss(softmax(z), onehot) computes, their mean.",
    )


PRESET = Preset("golik2013", "cross-entropy against squared error: number of classes, random start, fine-tuning", make)
